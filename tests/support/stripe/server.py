"""The API of accounts, each found by its secret key, and what shoppers and merchants do at Stripe's own pages."""

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.provider_pages import leads_to, not_there, page, pressed
from tests.support.provider_server import Answered, Asked, Failure, serving
from tests.support.stripe.accounts import StripeAccount
from tests.support.stripe.objects import Intent, Refund, Session, event
from tests.support.stripe.requests import (
    INTENT_PARAMETERS,
    LOCALES,
    REFUND_PARAMETERS,
    REFUND_REASONS,
    SESSION_PARAMETERS,
    VERSION,
    Refused,
    amount_in,
    currency_in,
    form,
    listed,
    metadata_in,
    only,
)

PAGES = "/c/pay/"


@dataclass
class FakeStripe:
    """Accounts, what was asked, and what is to go wrong."""

    url: str = ""
    accounts: dict[str, StripeAccount] = field(default_factory=dict[str, StripeAccount])
    asked: list[Asked] = field(default_factory=list[Asked])
    failures: list[Failure] = field(default_factory=list[Failure])
    turn: threading.Lock = field(default_factory=threading.Lock)
    is_open: bool = False
    """Every test key is somebody's: for `make dev`."""

    def account(self, key: str, webhook_secret: str) -> StripeAccount:
        return self.accounts.setdefault(key, StripeAccount(key, webhook_secret))

    def fail(self, path: str, **how: Any) -> None:
        self.failures.append(Failure(path, **how))

    def answer(self, asked: Asked) -> Answered:
        try:
            with self.turn:
                if asked.path.startswith(PAGES):
                    return self.shown(asked, asked.path.removeprefix(PAGES))
                return once(self.signed_in(asked), asked)
        except Refused as refused:
            return refused.answered()

    def shown(self, asked: Asked, reference: str) -> Answered:
        """The page that a shopper pays at."""
        account = next((each for each in self.accounts.values() if reference in each.sessions), None)
        if account is None or (session := found_session(account, reference)).status != "open":
            return not_there()
        match pressed(asked):
            case "pay":
                account.pay(reference)
                return leads_to(session.return_url)
            case "decline":
                account.decline(reference)
            case "back":
                return leads_to(session.return_url)
            case _:
                pass
        buttons = [("pay", "Pay"), ("decline", "Pay with a card that is declined"), ("back", "Back to the store")]
        return page("Stripe", f"{session.amount} {session.currency}", buttons)

    def signed_in(self, asked: Asked) -> StripeAccount:
        key = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.is_open and key.startswith("sk_test_"):
            self.account(key, f"whsec_{key.removeprefix('sk_test_')}")
        if key not in self.accounts:
            raise Refused(f"Invalid API Key provided: {key}", status=401)
        if asked.headers.get("stripe-version") != VERSION:
            raise Refused("This is not the version that was agreed on")
        return self.accounts[key]


def once(account: StripeAccount, asked: Asked) -> Answered:
    """A key that came before is answered as it was then. What is refused for its form is not remembered."""
    key = asked.headers.get("idempotency-key")
    if asked.method != "POST" or key is None:
        return answered(account, asked)
    if key in account.known:
        path, body, before = account.known[key]
        if (path, body) != (asked.path, asked.body):
            raise Refused("Keys can only be used with the same parameters", kind="idempotency_error")
        return replace(before, headers={**before.headers, "idempotent-replayed": "true"})
    made = answered(account, asked)
    account.known[key] = (asked.path, asked.body, made)
    return made


def answered(account: StripeAccount, asked: Asked) -> Answered:
    given = form(asked)
    match (asked.method, asked.path.split("/")[2:]):
        case ("POST", ["checkout", "sessions"]):
            told = begin_session(account, asked, given)
        case ("GET", ["checkout", "sessions", reference]):
            told = found_session(account, reference).told(expanded="payment_intent" in listed(given, "expand"))
        case ("POST", ["checkout", "sessions", reference, "expire"]):
            told = expire(account, reference)
        case ("POST", ["payment_intents"]):
            told = begin_intent(account, asked, given)
        case ("GET", ["payment_intents", reference]):
            told = found_intent(account, reference).told()
        case ("POST", ["payment_intents", reference, "cancel" | "capture" as verb]):
            told = change_intent(found_intent(account, reference), verb)
        case ("POST", ["refunds"]):
            told = refund(account, asked, given)
        case ("GET", ["refunds"]):
            told = refunds(account, given)
        case _:
            raise Refused(f"Unrecognized request URL ({asked.method}: {asked.path})", status=404)
    return Answered(200, json.dumps(told).encode(), {"content-type": "application/json", "request-id": "req_fake"})


def wants_key(asked: Asked) -> None:
    if not 1 <= len(asked.headers.get("idempotency-key", "")) <= 255:
        raise Refused("The tests want a key here")


def begin_session(account: StripeAccount, asked: Asked, given: dict[str, Any]) -> dict[str, Any]:
    wants_key(asked)
    only(given, SESSION_PARAMETERS)
    (line,) = listed(given, "line_items")
    price = line["price_data"]
    currency = currency_in(price)
    expires_at = int(given["expires_at"])
    if not time.time() + 30 * 60 <= expires_at <= time.time() + 24 * 60 * 60:
        raise Refused("The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from now.")
    if given["mode"] != "payment" or not given["success_url"].startswith("http") or line["quantity"] != "1":
        raise Refused("Invalid session")
    if given["locale"] not in LOCALES or given["adaptive_pricing"] != {"enabled": "false"}:
        raise Refused("Invalid locale or pricing")
    if not price["product_data"]["name"] or "@" not in given["customer_email"]:
        raise Refused("Invalid email address", code="email_invalid")
    made = Session(
        amount_in(price, "unit_amount", currency),
        currency,
        metadata_in(given),
        given["customer_email"],
        expires_at,
        metadata_in(given["payment_intent_data"]),
        given["client_reference_id"],
        given["success_url"],
        f"http://{asked.headers['host']}",
    )
    account.sessions[made.id] = made
    return made.told()


def found_session(account: StripeAccount, reference: str) -> Session:
    if reference not in account.sessions:
        raise Refused(f"No such checkout.session: {reference}", code="resource_missing", status=404)
    session = account.sessions[reference]
    if session.status == "open" and session.expires_at < time.time():
        session.status = "expired"
    return session


def expire(account: StripeAccount, reference: str) -> dict[str, Any]:
    session = found_session(account, reference)
    if session.status != "open":
        raise Refused(f"Only Checkout Sessions with a status in [open] can be expired. It is {session.status}.")
    session.status = "expired"
    if session.intent:
        session.intent.status = "canceled"
    account.events.append(event("checkout.session.expired", session.told()))
    return session.told()


def begin_intent(account: StripeAccount, asked: Asked, given: dict[str, Any]) -> dict[str, Any]:
    wants_key(asked)
    only(given, INTENT_PARAMETERS)
    currency = currency_in(given)
    made = Intent(amount_in(given, "amount", currency), currency, metadata_in(given), given.get("description", ""))
    account.intents[made.id] = made
    return made.told()


def found_intent(account: StripeAccount, reference: str) -> Intent:
    if reference not in account.intents:
        raise Refused(f"No such payment_intent: '{reference}'", code="resource_missing", status=404)
    return account.intents[reference]


def change_intent(intent: Intent, verb: str) -> dict[str, Any]:
    if verb == "cancel" and intent.belongs_to_session:
        raise Refused("You cannot cancel this PaymentIntent because it was created by a Checkout Session.")
    fits = intent.status == "requires_capture" if verb == "capture" else intent.status not in ("succeeded", "canceled")
    if not fits:
        told = f"You cannot {verb} this PaymentIntent because it has a status of {intent.status}."
        raise Refused(told, code="payment_intent_unexpected_state")
    intent.status = "succeeded" if verb == "capture" else "canceled"
    return intent.told()


def refund(account: StripeAccount, asked: Asked, given: dict[str, Any]) -> dict[str, Any]:
    wants_key(asked)
    only(given, REFUND_PARAMETERS)
    intent = found_intent(account, given["payment_intent"])
    amount = amount_in(given, "amount", intent.currency)
    given_back = sum(each.amount for each in account.refunds if each.intent is intent and each.status != "failed")
    if intent.status != "succeeded":
        raise Refused("This PaymentIntent does not have a successful charge to refund.")
    if given_back == intent.amount:
        raise Refused("Charge has already been refunded.", code="charge_already_refunded")
    if given_back + amount > intent.amount:
        raise Refused("Refund amount is greater than unrefunded amount on charge.", code="amount_too_large")
    if given.get("reason") not in REFUND_REASONS:
        raise Refused("Invalid reason")
    account.refunds.insert(0, made := Refund(intent, amount, metadata_in(given)))
    account.events.append(event("refund.created", made.told()))
    return made.told()


def refunds(account: StripeAccount, given: dict[str, Any]) -> dict[str, Any]:
    """The newest first."""
    found = [each.told() for each in account.refunds if each.intent.id == given["payment_intent"]]
    if after := given.get("starting_after"):
        found = found[[each["id"] for each in found].index(after) + 1 :]
    limit = int(given.get("limit", 10))
    return {"object": "list", "url": "/v1/refunds", "data": found[:limit], "has_more": len(found) > limit}


@contextmanager
def fake_stripe() -> Generator[FakeStripe]:
    """Serves on a free port of this machine until the block ends."""
    fake = FakeStripe()
    with serving(fake):
        yield fake
