"""A merchant's account at Stripe, and what shoppers and the merchant do there."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.provider_server import Answered
from tests.support.stripe.objects import CARD, Intent, Refund, Session, body_of, event


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
