"""What is counted of an attempt, and that nobody has two counts for one account."""

from datetime import timedelta

import pytest

from domain.attempts import Attempt, AttemptKind, MostAttempts, one_account, tallied

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GUESS, VISIT = AttemptKind("guess", HOUR, DAY), AttemptKind("visit", HOUR)
MOST = MostAttempts(per_address=60, per_account=10)


@pytest.mark.parametrize(
    "written", ["noura@people.test", "NOURA@People.TEST", "  Noura@people.test\n", "noura@PEOPLE.test"]
)
def test_an_account_has_one_count_however_its_address_is_written(written: str) -> None:
    """Mission X5."""
    assert one_account(written) == "noura@people.test"


def test_a_domain_beyond_ascii_is_one_with_its_ascii_form() -> None:
    assert one_account("noura@مثال.test") == one_account("NOURA@xn--mgbh0fb.test")


@pytest.mark.parametrize(("written", "counted"), [(" Not An Address ", "not an address"), ("", ""), ("a@b@c", "a@b@c")])
def test_what_is_no_address_counts_as_it_is_written(written: str, counted: str) -> None:
    assert one_account(written) == counted


def test_an_attempt_counts_at_its_address_and_at_its_account_each_in_its_time() -> None:
    tallies = tallied([Attempt(GUESS, "Noura@people.test")], address="198.51.100.7", most=MOST)
    assert {(tally.subject, tally.most, tally.within): number for tally, number in tallies.items()} == {
        ("guess address 198.51.100.7", 60, HOUR): 1,
        ("guess account noura@people.test", 10, DAY): 1,
    }


def test_attempts_of_one_request_add_up() -> None:
    attempts = [Attempt(GUESS, "a@b.test"), Attempt(GUESS, "A@b.test"), Attempt(GUESS, "c@b.test"), Attempt(VISIT, "x")]
    tallies = tallied(attempts, address="::/64", most=MOST)
    assert {tally.subject: number for tally, number in tallies.items()} == {
        "guess address ::/64": 3,
        "guess account a@b.test": 2,
        "guess account c@b.test": 1,
        "visit address ::/64": 1,
    }


def test_an_attempt_that_names_no_account_counts_at_its_address() -> None:
    (tally,) = tallied([Attempt(GUESS, None)], address="198.51.100.7", most=MOST)
    assert tally.subject == "guess address 198.51.100.7"
