"""The API of accounts, each found by its secret key, and what shoppers and merchants do at Stripe's own pages."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.provider_server import Answered, Asked, Failure, serving
from tests.support.stripe.objects import CARD, Intent, Refund, Session, body_of, event
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


@dataclass
class StripeAccount:
    """What Stripe knows of one merchant."""

    key: str
    webhook_secret: str
    sessions: dict[str, Session] = field(default_factory=dict[str, Session])
    intents: dict[str, Intent] = field(default_factory=dict[str, Intent])
    refunds: list[Refund] = field(default_factory=list[Refund])
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What Stripe has to tell, in the order in which it happened."""
    known: dict[str, tuple[str, bytes, Answered]] = field(default_factory=dict[str, tuple[str, bytes, Answered]])

    def pay(self, reference: str, *, status: str = "succeeded") -> None:
        """The shopper pays, whatever Stripe has been told meanwhile."""
        session, intent = self.begun(reference)
        intent.status, intent.error = status, None
        if session:
            session.status = "complete"
            self.events.append(event("checkout.session.completed", session.told()))
        if status == "succeeded":
            self.events.append(event("payment_intent.succeeded", intent.told()))

    def decline(self, reference: str, code: str = "insufficient_funds") -> None:
        """A page stays open for another card."""
        _, intent = self.begun(reference)
        message = f"Your card {CARD} was declined."
        intent.error = {"type": "card_error", "code": "card_declined", "decline_code": code, "message": message}
        intent.status = "requires_payment_method"
        self.events.append(event("payment_intent.payment_failed", intent.told()))

    def give_back(self, reference: str, amount: int) -> Refund:
        """The merchant does so by hand."""
        _, intent = self.begun(reference)
        self.refunds.insert(0, refund := Refund(intent, amount, {}))
        charge = {"id": f"ch_{intent.id}", "object": "charge", "payment_intent": intent.id, "metadata": intent.metadata}
        self.events.append(event("charge.refunded", charge))
        return refund

    def begun(self, reference: str) -> tuple[Session | None, Intent]:
        session = self.sessions.get(reference)
        if session is None:
            return None, self.intents[reference]
        if session.intent is None:
            made = Intent(session.amount, session.currency, session.intent_metadata, belongs_to_session=True)
            session.intent = self.intents[made.id] = made
        return session, session.intent

    def paid(self) -> list[Intent]:
        return [each for each in self.intents.values() if each.status == "succeeded"]

    def signed(
        self, told: Mapping[str, Any], *, secret: str | None = None, at: float | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of a webhook."""
        body, moment = body_of(dict(told)), int(time.time() if at is None else at)
        key = (secret or self.webhook_secret).encode()
        signature = hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        older = hmac.new(b"whsec_rolled", body, hashlib.sha256).hexdigest()
        header = (
            f"t={moment},v1={older},v1={signature},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
        )
        return {"stripe-signature": header, "content-type": "application/json"}, body


@dataclass
class FakeStripe:
    """Accounts, what was asked, and what is to go wrong."""

    url: str = ""
    accounts: dict[str, StripeAccount] = field(default_factory=dict[str, StripeAccount])
    asked: list[Asked] = field(default_factory=list[Asked])
    failures: list[Failure] = field(default_factory=list[Failure])
    turn: threading.Lock = field(default_factory=threading.Lock)

    def account(self, key: str, webhook_secret: str) -> StripeAccount:
        return self.accounts.setdefault(key, StripeAccount(key, webhook_secret))

    def fail(self, path: str, **how: Any) -> None:
        self.failures.append(Failure(path, **how))

    def answer(self, asked: Asked) -> Answered:
        try:
            with self.turn:
                return once(self.signed_in(asked), asked)
        except Refused as refused:
            return refused.answered()

    def signed_in(self, asked: Asked) -> StripeAccount:
        key = asked.headers.get("authorization", "").removeprefix("Bearer ")
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
        return before
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
