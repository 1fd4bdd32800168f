"""Mission C6: what the log of a payment keeps."""

from typing import Any

from integrations.payment_exchanges import LONGEST_TEXT, MOST_ITEMS, kept


def test_only_what_is_known_to_be_harmless_is_kept() -> None:
    given: dict[str, Any] = {
        "id": "pi_1",
        "client_secret": "pi_1_secret",
        "url": "https://checkout.example.com/secret",
        "access_token": "A21AA",
        "customer_details": {"email": "noura@example.com", "name": "Noura"},
        "something_new": "that nobody has looked at",
        "amount": 1234,
        "livemode": False,
        "latest_charge": None,
        "metadata": {"payment_id": "0198", "a merchant's own": "note"},
        "data": [{"id": "re_1", "destination_details": {"card": "4242"}}] * 50,
    }
    assert kept(given) == {
        "id": "pi_1",
        "amount": 1234,
        "livemode": False,
        "latest_charge": None,
        "metadata": {"payment_id": "0198"},
        "data": [{"id": "re_1"}] * MOST_ITEMS,
    }


def test_secrets_cards_and_addresses_are_taken_out_of_what_is_quoted() -> None:
    secret = "sk_test_0123456789abcdef"
    said = {
        "message": f"Invalid key {secret}; card 4242-4242-4242-4242 or 5555555555554444 of noura@example.com",
        "id": "5O190127TN364715T",
        "create_time": "2026-11-28T09:00:00Z",
        "custom_id": "0198c0de-0000-7000-8000-123456789012",
        "param": "x" * 1_000,
    }
    told = kept(said, [secret])
    assert told["message"] == "Invalid key [removed]; card [removed] or [removed] of [removed]"
    assert (told["id"], told["create_time"], told["custom_id"]) == (said["id"], said["create_time"], said["custom_id"])
    assert len(told["param"]) == LONGEST_TEXT


def test_a_long_text_is_read_once() -> None:
    """A store signs its messages itself: reading one may not hold everybody else up. It took hours, before."""
    long = "x" * 500_000
    told = kept({"message": f"to noura@example.com {long}", "param": f'{long} "{long}"', "reason": f"<{long}@b.com>"})
    assert told["message"].startswith("to [removed] xxx")
    assert told["reason"] == "<[removed]>"
