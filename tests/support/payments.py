"""Ways of paying, and payments, as shops and shoppers meet them."""

import socket
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Self

import httpx
from sqlalchemy import func, update

from bootstrap import Parts, build_parts, worker_parts
from db.models import Order, OutboxMessage
from db.session import Scope
from domain.order_placement import HOLD_ENDS
from domain.outbox import enqueue_job_for_later
from gql.ids import known_id
from jobs.worker import drain
from settings import Settings
from tests.support.api import Api, Reply, running_api
from tests.support.factories import Shop
from tests.support.orders import OnSale, Till, new_key, submission

ACCOUNT = """
fragment account on PaymentAccount {
  provider kind isAvailable unavailability isEnabled isSaved name { en ar } instructions { en ar }
  paymentLink holdMinutes hasRefunds hasPartialRefunds webhookUrl credentials { name isRequired isSet setAt }
}
"""
ACCOUNTS = f"{{ tenant {{ paymentAccounts {{ ...account }} }} }} {ACCOUNT}"
ERRORS = "userErrors { code field message }"


def change(name: str, answered: str) -> str:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {answered} {ERRORS} }} }}"


CHANGES = {
    **{
        name: f"{change(name, 'paymentAccount { ...account }')} {ACCOUNT}"
        for name in ("paymentAccountSave", "paymentAccountEnable", "paymentAccountDisable")
    },
    "paymentAccountReorder": change("paymentAccountReorder", "paymentAccounts { provider }"),
    "paymentAccountDelete": change("paymentAccountDelete", "deletedProvider"),
}
METHODS = """
query($total: Decimal) { store { paymentMethods(total: $total) {
  provider kind name { en ar } instructions { en } isAvailable unavailability
} } }
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one shop says how it is paid."""

    api: Api
    shop: Shop

    async def change(self, mutation: str, /, *, token: str | None = None, **given: Any) -> Reply:
        return await self.api.execute(
            CHANGES[mutation], {"input": given}, token=token or self.shop.token, tenant=self.shop.slug
        )

    async def changed(self, mutation: str, /, **given: Any) -> dict[str, Any]:
        """A change that must succeed."""
        return (await self.change(mutation, **given)).payload(mutation)

    async def offer(self, provider: str = "MOCK", **given: Any) -> None:
        """Set up and enabled."""
        if given:
            await self.changed("paymentAccountSave", provider=provider, **given)
        await self.changed("paymentAccountEnable", provider=provider)

    async def accounts(self, *, token: str | None = None) -> Mapping[str, dict[str, Any]]:
        """All there are, by provider, in their order."""
        reply = await self.api.execute(ACCOUNTS, token=token or self.shop.token, tenant=self.shop.slug)
        return {each["provider"]: each for each in reply.data["tenant"]["paymentAccounts"]}

    async def methods(self, total: str | None = None) -> list[dict[str, Any]]:
        """What shoppers are offered."""
        reply = await self.api.execute(METHODS, {"total": total}, tenant=self.shop.slug)
        found: list[dict[str, Any]] = reply.data["store"]["paymentMethods"]
        return found


START = f"""
mutation($input: PaymentStartInput!) {{ paymentStart(input: $input) {{ payment {{
  id provider status amount {{ amount currency }} failure expiresAt paidAt
  nextAction {{ redirectUrl clientSecret instructions {{ en ar }} paymentLink }}
}} {ERRORS} }} }}
"""
MARK_PAID = f"""
mutation($input: PaymentMarkPaidInput!) {{ paymentMarkPaid(input: $input) {{
  payment {{ id status reference amountPaid {{ amount }} paidAt }} order {{ id status paymentStatus }} {ERRORS}
}} }}
"""
SEEN = """
query($id: ID!) { tenant { order(id: $id) {
  status paymentStatus timeline { event actorKind from to }
  payments {
    id provider status failure returnReason amount { amount } amountPaid { amount } amountRefunded { amount }
    nextAction { redirectUrl } transactions { operation outcome request response httpStatus }
  }
} } }
"""
BACK = "http://localhost:3000/paid?order=1"


class Buttons(HTMLParser):
    """What a browser finds on a page: the buttons of its forms, and how the page is written."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.buttons: list[tuple[str, str]] = []
        self.language = self.direction = self.method = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language, self.direction = given["lang"], given["dir"]
        if tag == "form":
            self.method = given["method"]
        if tag == "button":
            self.buttons.append((given["name"], given["value"]))


@asynccontextmanager
async def reachable_api(settings: Settings) -> AsyncGenerator[tuple[Parts, Api]]:
    """A process that knows the port which it serves on, so that what it asks to be called back reaches it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    changed = {"public_url": f"http://127.0.0.1:{port}", "identity_issuer": settings.public_url}
    parts = build_parts(settings.model_copy(update=changed))
    async with running_api(parts, port) as api:
        yield parts, api


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop that sells and is paid, with its worker."""

    parts: Parts
    till: Till
    desk: Desk

    @classmethod
    async def open(cls, parts: Parts, api: Api, shop: Shop, *providers: str) -> Self:
        counter = cls(parts, Till(parts, api, shop), Desk(api, shop))
        for provider in providers:
            await counter.desk.offer(provider)
        return counter

    @property
    def tenant_id(self) -> uuid.UUID:
        return self.till.shop.tenant.id

    async def placed(self, *, stock: int | None = 10, price: str = "4.750", **changes: Any) -> "Placed":
        """An order of one thing."""
        sold = await self.till.sell(stock=stock, price=price)
        payload = (await self.till.submit(submission((sold, 1), **changes))).payload("orderSubmit")
        return Placed(self, sold, payload["order"]["id"], payload["orderToken"])

    async def lose(self, kind: str) -> None:
        """Work of a kind that waits is never done."""
        async with self.parts.database.write(Scope(self.tenant_id)) as session:
            waiting = update(OutboxMessage).where(OutboxMessage.kind == kind)
            await session.execute(waiting.values(status="done"))

    async def work(self) -> None:
        """All that the worker has to do now."""
        await drain(worker_parts(self.parts))

    async def work_later(self) -> None:
        """What is due later, too, as if the time had come."""
        async with self.parts.database.write(Scope(self.tenant_id)) as session:
            pending = update(OutboxMessage).where(OutboxMessage.status == "pending")
            await session.execute(pending.values(due_at=func.now()))
        await self.work()

    async def browse(self, url: str) -> Buttons:
        async with httpx.AsyncClient() as browser:
            answer = await browser.get(url)
        assert answer.status_code == 200, answer.text
        return Buttons(answer.text)

    async def press(self, url: str, decision: str) -> str:
        """Press a button of the mock gateway's page as a browser does; where that leads."""
        page = await self.browse(url)
        assert page.method == "post"
        [button] = [each for each in page.buttons if each[1] == decision]
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(url, data=dict([button]))
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that waits for its money."""

    counter: Counter
    sold: OnSale
    id: str
    token: str

    @property
    def row_id(self) -> uuid.UUID:
        found = known_id("order", self.id)
        assert found
        return found

    async def start(self, provider: str | None = "MOCK", *, key: str | None = None, **changes: Any) -> Reply:
        given = {"idempotencyKey": key or new_key(), "orderToken": self.token, "returnUrl": BACK, **changes}
        if provider:
            given["provider"] = provider
        till = self.counter.till
        return await till.api.execute(START, {"input": given}, tenant=till.shop.slug)

    async def started(self, provider: str | None = "MOCK", **changes: Any) -> dict[str, Any]:
        payment: dict[str, Any] = (await self.start(provider, **changes)).payload("paymentStart")["payment"]
        return payment

    async def page(self) -> str:
        """Where the shopper pays at the mock gateway."""
        return (await self.started())["nextAction"]["redirectUrl"]

    async def mark_paid(self, *, token: str | None = None, **changes: Any) -> Reply:
        given = {"idempotencyKey": new_key(), "orderId": self.id, "amount": "4.750", "reference": new_key(), **changes}
        till = self.counter.till
        return await till.api.execute(
            MARK_PAID, {"input": given}, token=token or till.shop.token, tenant=till.shop.slug
        )

    async def seen(self) -> dict[str, Any]:
        """As staff see it."""
        till = self.counter.till
        reply = await till.api.execute(SEEN, {"id": self.id}, token=till.shop.token, tenant=till.shop.slug)
        order: dict[str, Any] = reply.data["tenant"]["order"]
        return order

    async def hold_until(self, seconds: float) -> None:
        """As a checkout does, with so many seconds left."""
        tenant_id = self.counter.tenant_id
        async with self.counter.parts.database.write(Scope(tenant_id)) as session:
            until = func.now() + timedelta(seconds=seconds)
            held = update(Order).where(Order.id == self.row_id).values(held_until=until)
            await session.execute(held)
            enqueue_job_for_later(
                session, tenant_id=tenant_id, kind=HOLD_ENDS, due_in=timedelta(seconds=seconds), order_id=self.row_id
            )

    async def left(self) -> int | None:
        return await self.counter.till.left(self.sold)


def summary(order: dict[str, Any]) -> tuple[str, str, list[str]]:
    """Status, payment status, and those of the payments."""
    return order["status"], order["paymentStatus"], [each["status"] for each in order["payments"]]
