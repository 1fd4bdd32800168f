"""What an address, a password and a code must be, whichever provider keeps the account."""

import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import FaultCode, UserFault, UserFaults
from domain.identity import checked_sign_up, is_mailed_code, mailed_code, typed_code
from domain.passwords import checked_password
from domain.texts import person_name

KEY = b"k" * 32
GOOD = "seven green camels"


def test_a_good_sign_up_is_normalised() -> None:
    given = checked_sign_up("  Noura@Example.COM ", GOOD, "  نورة  ", "ar")
    assert (given.email, given.password, given.name, given.locale) == ("noura@example.com", GOOD, "نورة", "ar")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UserFaults) as raised:
        checked_sign_up("nobody", "short", "  ", "fr")
    told = {fault.field: fault.code for fault in raised.value.faults}
    assert told == {
        ("email",): FaultCode.INVALID,
        ("password",): FaultCode.INVALID,
        ("name",): FaultCode.REQUIRED,
        ("locale",): FaultCode.INVALID,
    }


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", FaultCode.REQUIRED),
        ("nine char", FaultCode.INVALID),
        ("long enough " * 30, FaultCode.TOO_LONG),
        ("with\x00a nul byte", FaultCode.INVALID),
        ("with \ud800 half a pair", FaultCode.INVALID),
        ("aaaaaaaaaaaaaa", FaultCode.INVALID),
        ("abababababab", FaultCode.INVALID),
        ("camelcamel", FaultCode.INVALID),
        ("1234567890", FaultCode.INVALID),
        ("0987654321", FaultCode.INVALID),
        ("8529637410258", FaultCode.INVALID),
        ("qwertyuiop", FaultCode.INVALID),
        ("abcdefghijkl", FaultCode.INVALID),
        ("Password2024!", FaultCode.INVALID),
        ("P@ssw0rd12345", FaultCode.INVALID),
        ("!!Welcome!!2025", FaultCode.INVALID),
        ("Kuwait123456", FaultCode.INVALID),
        ("my noura.alsabah dates", FaultCode.INVALID),
        ("MY NOURA.ALSABAH DATES", FaultCode.INVALID),
    ],
)
def test_a_weak_password_is_refused(password: str, code: FaultCode) -> None:
    with pytest.raises(UserFault) as raised:
        checked_password(password, "newPassword", email="noura.alsabah+shop@example.com")
    assert (raised.value.code, raised.value.field) == (code, ("newPassword",))


@pytest.mark.parametrize(
    "password", [GOOD, "تمور نورة اللذيذة", "x9$kL2!mQz", "password of my grandmother", "a" + GOOD]
)
def test_a_fair_password_is_taken(password: str) -> None:
    assert checked_password(password, "password", email="a@example.com") == password


def test_one_spelling_for_the_same_characters() -> None:
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    assert checked_password(composed, email="") == checked_password(decomposed, email="")


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_no_input_is_an_error_of_ours(email: str, password: str, name: str, locale: str) -> None:
    with pytest.raises(UserFaults):
        checked_sign_up(email, password, name, locale + "?")


def test_a_code_depends_on_key_and_row_and_spreads_over_all_digits() -> None:
    rows = [uuid.uuid4() for _ in range(500)]
    codes = [mailed_code(KEY, row) for row in rows]
    assert codes == [mailed_code(KEY, row) for row in rows]
    assert sum(mailed_code(b"x" * 32, row) == code for row, code in zip(rows, codes, strict=True)) < 3
    assert all(len(code) == 6 and code.isascii() and code.isdecimal() for code in codes)
    assert len(set(codes)) > 490
    assert set(Counter(code[0] for code in codes)) == set("0123456789")


@pytest.mark.parametrize("name", ["Dr.Ahmed Al-Sabah", "J.R. O'Neil-Smith", "نورة بنت محمد", "Ravi s/o Kumar", "李"])
def test_a_name_is_what_people_are_called(name: str) -> None:
    assert person_name(name, "name", limit=100) == name


@pytest.mark.parametrize(
    "name", ["Win at https://evil.example", "www.evil.example", "a@b.example", "Evil.com now", "a\nb"]
)
def test_a_name_carries_no_advertisement(name: str) -> None:
    with pytest.raises(UserFault):
        person_name(name, "name", limit=100)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("012345", "012345"),
        (" 012 345\n", "012345"),
        ("٠١٢٣٤٥", "012345"),
        ("۰۱۲۳۴۵", "012345"),
        ("12345", None),
        ("1234567", None),
        ("-12345", None),
        ("12345a", None),
        ("²²²²²²", None),
        ("", None),
        ("0" * 100_000, None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, read: str | None) -> None:
    assert typed_code(typed) == read


@given(st.text(max_size=60))
def test_only_the_code_itself_passes(typed: str) -> None:
    row = uuid.UUID(int=7)
    assert is_mailed_code(KEY, row, mailed_code(KEY, row))
    assert is_mailed_code(KEY, row, typed) == (typed_code(typed) == mailed_code(KEY, row))
