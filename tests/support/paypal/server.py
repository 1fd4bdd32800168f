"""The API of merchants, and what shoppers and merchants do at PayPal's own pages."""

import base64
import json
import re
import secrets
import threading
import uuid
import zlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.paypal.certificates import Authority, new_key
from tests.support.paypal.orders import Capture, Order, Refund, body_of, event
from tests.support.provider_pages import leads_to, not_there, page, pressed
from tests.support.provider_server import Answered, Asked, Failure, serving

NO_DECIMALS = {"HUF", "JPY", "TWD"}
CURRENCIES = NO_DECIMALS | set(
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD".split()  # noqa: SIM905
)
CERTIFICATE = "/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"
PAGES = "/checkoutnow/"
LOCALE = re.compile(r"[a-z]{2}-[A-Z]{2}")


class Refused(Exception):
    """How PayPal tells what is wrong."""

    def __init__(self, name: str, issue: str | None = None, *, status: int = 422) -> None:
        super().__init__(name)
        self.name, self.issue, self.status = name, issue, status

    def answered(self) -> Answered:
        details = [{"issue": self.issue, "description": "What is wrong"}] if self.issue else []
        return told({"name": self.name, "message": "No.", "debug_id": "f1e2d3", "details": details}, self.status)


def told(body: Mapping[str, Any], status: int = 200) -> Answered:
    return Answered(status, json.dumps(body).encode(), {"content-type": "application/json"})


@dataclass
class PayPalAccount:
    """What PayPal knows of one merchant."""

    client_id: str
    client_secret: str
    webhook_id: str
    fake: "FakePayPal"
    tokens: set[str] = field(default_factory=set[str])
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What PayPal has to tell, in the order in which it happened."""
    known: dict[str, tuple[str, Answered]] = field(default_factory=dict[str, tuple[str, Answered]])

    def approve(self, reference: str) -> None:
        """The shopper does, at PayPal."""
        self.orders[reference].status = "APPROVED"
        self.events.append(event("CHECKOUT.ORDER.APPROVED", "checkout-order", self.orders[reference].told()))

    def give_back(self, reference: str, value: str) -> Refund:
        """The merchant does so by hand."""
        order = self.orders[reference]
        return self.refunded(order, order.captures[0], value, order.captures[0].custom_id)

    def refunded(self, order: Order, capture: Capture, value: str, custom_id: str) -> Refund:
        refund = Refund(value, capture.currency, custom_id, capture)
        order.refunds.append(refund)
        capture.status = "REFUNDED" if order.given_back == Decimal(capture.value) else "PARTIALLY_REFUNDED"
        self.events.append(event("PAYMENT.CAPTURE.REFUNDED", "refund", refund.told()))
        return refund

    def paid(self) -> list[Capture]:
        return [each for order in self.orders.values() for each in order.captures]

    def signed(
        self,
        given: Mapping[str, Any],
        *,
        at: datetime | None = None,
        webhook_id: str | None = None,
        url: str | None = None,
        key: RSAPrivateKey | None = None,
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of a webhook."""
        return self.signed_body(body_of(dict(given)), at=at, webhook_id=webhook_id, url=url, key=key)

    def signed_body(
        self,
        body: bytes,
        *,
        at: datetime | None = None,
        webhook_id: str | None = None,
        url: str | None = None,
        key: RSAPrivateKey | None = None,
    ) -> tuple[dict[str, str], bytes]:
        transmission = str(uuid.uuid4())
        moment = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
        said = f"{transmission}|{moment}|{webhook_id or self.webhook_id}|{zlib.crc32(body)}"
        signature = (key or self.fake.key).sign(said.encode(), PKCS1v15(), SHA256())
        return {
            "paypal-auth-algo": "SHA256withRSA",
            "paypal-cert-url": url or f"{self.fake.url}{CERTIFICATE}",
            "paypal-transmission-id": transmission,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-transmission-time": moment,
            "content-type": "application/json",
        }, body


@dataclass
class FakePayPal:
    """Merchants, certificates, what was asked, and what is to go wrong."""

    url: str = ""
    accounts: dict[str, PayPalAccount] = field(default_factory=dict[str, PayPalAccount])
    asked: list[Asked] = field(default_factory=list[Asked])
    failures: list[Failure] = field(default_factory=list[Failure])
    turn: threading.Lock = field(default_factory=threading.Lock)
    authority: Authority = field(default_factory=Authority)
    key: RSAPrivateKey = field(default_factory=new_key)
    certificates: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """By their paths."""
    is_open: bool = False
    """Every client is somebody: for `make dev`."""
    redirects: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.certificates[CERTIFICATE] = self.authority.chain(self.authority.vouch(self.key))

    def account(self, client_id: str, client_secret: str, webhook_id: str) -> PayPalAccount:
        return self.accounts.setdefault(client_id, PayPalAccount(client_id, client_secret, webhook_id, self))

    def fail(self, path: str, **how: Any) -> None:
        self.failures.append(Failure(path, **how))

    def answer(self, asked: Asked) -> Answered:
        try:
            with self.turn:
                return self.answered(asked)
        except Refused as refused:
            return refused.answered()

    def answered(self, asked: Asked) -> Answered:
        if asked.path.startswith(PAGES):
            return self.shown(asked, asked.path.removeprefix(PAGES))
        if asked.path in self.redirects:
            return Answered(302, b"", {"location": self.redirects[asked.path]})
        if asked.path in self.certificates:
            return Answered(200, self.certificates[asked.path])
        if asked.path == "/v1/oauth2/token":
            return self.let_in(asked)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        account = next((each for each in self.accounts.values() if token in each.tokens), None)
        if account is None:
            return told({"error": "invalid_token", "error_description": "Token signature verification failed"}, 401)
        return once(account, asked)

    def shown(self, asked: Asked, reference: str) -> Answered:
        """The page that a shopper approves at."""
        account = next((each for each in self.accounts.values() if reference in each.orders), None)
        if account is None or (order := account.orders[reference]).status != "PAYER_ACTION_REQUIRED":
            return not_there()
        if pressed(asked) == "approve":
            account.approve(reference)
        if pressed(asked):
            return leads_to(f"{order.return_url}{'&' if '?' in order.return_url else '?'}token={reference}")
        amount = order.unit["amount"]
        buttons = [("approve", "Approve"), ("back", "Back to the store")]
        return page("PayPal", f"{amount['value']} {amount['currency_code']}", buttons)

    def let_in(self, asked: Asked) -> Answered:
        given = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        client_id, _, secret = given.partition(":")
        if self.is_open:
            self.account(client_id, secret, "WEBHOOKOFTHEDEMO")
        account = self.accounts.get(client_id)
        if account is None or account.client_secret != secret or asked.body != b"grant_type=client_credentials":
            return told({"error": "invalid_client", "error_description": "Client Authentication failed"}, 401)
        account.tokens.add(token := f"A21AA{secrets.token_urlsafe(40)}")
        return told({"access_token": token, "token_type": "Bearer", "expires_in": 32_400, "app_id": "APP-80W284485P"})


def once(account: PayPalAccount, asked: Asked) -> Answered:
    """A request that came before is answered as it was then. What is refused is not remembered."""
    key = asked.headers.get("paypal-request-id")
    if asked.method != "POST":
        return answered(account, asked, {})
    if key is None or not 1 <= len(key) <= 108:
        raise Refused("INVALID_REQUEST", "PAYPAL_REQUEST_ID_REQUIRED", status=400)
    if key in account.known and account.known[key][0] == asked.path:
        return replace(account.known[key][1], status=200)
    made = answered(account, asked, json.loads(asked.body))
    account.known[key] = (asked.path, made)
    return made


def answered(account: PayPalAccount, asked: Asked, given: dict[str, Any]) -> Answered:
    match (asked.method, asked.path.split("/")[1:]):
        case ("POST", ["v2", "checkout", "orders"]):
            return told(create(account, given), 201)
        case ("GET", ["v2", "checkout", "orders", reference]):
            return told(found(account, reference).told())
        case ("POST", ["v2", "checkout", "orders", reference, "capture"]):
            return told(capture(account, found(account, reference)), 201)
        case ("POST", ["v2", "payments", "captures", reference, "refund"]):
            return told(refund(account, reference, given), 201)
        case _:
            raise Refused("RESOURCE_NOT_FOUND", status=404)


def check_amount(amount: Mapping[str, str]) -> None:
    currency, value = amount["currency_code"], amount["value"]
    if currency not in CURRENCIES:
        raise Refused("UNPROCESSABLE_ENTITY", "CURRENCY_NOT_SUPPORTED")
    decimals = 0 if currency in NO_DECIMALS else 2
    if not re.fullmatch(r"[0-9]{1,10}" + (rf"\.[0-9]{{{decimals}}}" if decimals else ""), value):
        raise Refused("UNPROCESSABLE_ENTITY", "DECIMAL_PRECISION")
    if Decimal(value) <= 0:
        raise Refused("UNPROCESSABLE_ENTITY", "CANNOT_BE_ZERO_OR_NEGATIVE")


def create(account: PayPalAccount, given: dict[str, Any]) -> dict[str, Any]:
    (unit,) = given["purchase_units"]
    paypal = given["payment_source"]["paypal"]
    context = paypal["experience_context"]
    check_amount(unit["amount"])
    fits = (
        given["intent"] == "CAPTURE"
        and set(unit) == {"amount", "custom_id", "invoice_id", "description"}
        and max(len(unit[name]) for name in ("custom_id", "invoice_id", "description")) <= 127
        and context["user_action"] == "PAY_NOW"
        and context["shipping_preference"] == "NO_SHIPPING"
        and context["return_url"].startswith("http")
        and LOCALE.fullmatch(context["locale"])
    )
    if not fits:
        raise Refused("INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX", status=400)
    order = Order(unit, paypal["email_address"], account.fake.url, context["return_url"])
    account.orders[order.id] = order
    return order.told()


def found(account: PayPalAccount, reference: str) -> Order:
    if reference not in account.orders:
        raise Refused("RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", status=404)
    return account.orders[reference]


def capture(account: PayPalAccount, order: Order) -> dict[str, Any]:
    if order.status == "COMPLETED":
        raise Refused("UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED")
    if order.status != "APPROVED":
        raise Refused("UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED")
    if order.declines:
        raise Refused("UNPROCESSABLE_ENTITY", order.declines)
    amount = order.unit["amount"]
    made = Capture(amount["value"], amount["currency_code"], order.unit["custom_id"], status=order.captured_as)
    order.captures.append(made)
    order.status = "COMPLETED"
    related = {"supplementary_data": {"related_ids": {"order_id": order.id}}}
    account.events.append(event(f"PAYMENT.CAPTURE.{made.status}", "capture", {**made.told(), **related}))
    return order.told()


def refund(account: PayPalAccount, reference: str, given: dict[str, Any]) -> dict[str, Any]:
    for order in account.orders.values():
        for capture in order.captures:
            if capture.id == reference:
                return refund_of(account, order, capture, given)
    raise Refused("RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", status=404)


def refund_of(account: PayPalAccount, order: Order, capture: Capture, given: dict[str, Any]) -> dict[str, Any]:
    check_amount(given["amount"])
    value = given["amount"]["value"]
    if set(given) - {"amount", "custom_id", "note_to_payer"} or len(given["custom_id"]) > 127:
        raise Refused("INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX", status=400)
    if given["amount"]["currency_code"] != capture.currency:
        raise Refused("UNPROCESSABLE_ENTITY", "REFUND_CAPTURE_CURRENCY_MISMATCH")
    if capture.status == "REFUNDED":
        raise Refused("UNPROCESSABLE_ENTITY", "CAPTURE_FULLY_REFUNDED")
    if order.given_back + Decimal(value) > Decimal(capture.value):
        raise Refused("UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED")
    return account.refunded(order, capture, value, given["custom_id"]).told()


@contextmanager
def fake_paypal() -> Generator[FakePayPal]:
    """Serves on a free port of this machine until the block ends."""
    fake = FakePayPal()
    with serving(fake):
        yield fake
