"""Webhooks: proven or refused alike, stored once, bounded."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bootstrap import Parts
from db.models import OutboxMessage, Payment, PaymentEvent
from db.session import Scope
from domain.payment_events import APPLY
from gql.ids import global_id
from integrations.mock_gateway import SIGNATURE_HEADER, signed
from server import payment_webhooks
from settings import Settings
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.payments import Counter, Placed, reachable_api, summary

SECRET = "a-signing-secret-of-the-shop"


@pytest.fixture(scope="module")
async def reachable(settings: Settings) -> AsyncGenerator[tuple[Parts, Api]]:
    async with reachable_api(settings) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Sender:
    """The gateway, or somebody who pretends to be it."""

    counter: Counter
    placed: Placed
    payment_id: str

    @property
    def path(self) -> str:
        return f"/webhooks/mock/{global_id('tenant', self.counter.tenant_id)}"

    def body(self, event_id: str = "event_1", **changes: Any) -> bytes:
        charge = {"id": "some charge", "payment": self.payment_id, "status": "paid", **changes}
        return json.dumps({"id": event_id, "type": "charge.paid", "charge": charge}).encode()

    async def send(
        self, body: bytes, *, path: str | None = None, key: str = SECRET, moment: float = 0, **headers: str
    ) -> httpx.Response:
        """Signed by `key`, as if it was sent `moment` seconds from now."""
        signature = {SIGNATURE_HEADER: signed(key.encode(), body, int(time.time() + moment))}
        http = self.counter.till.api.http
        return await http.post(path or self.path, content=body, headers={**signature, **headers})

    async def kept(self) -> int:
        counted = select(func.count()).select_from(PaymentEvent)
        async with self.counter.parts.database.read(Scope(self.counter.tenant_id)) as session:
            return (await session.execute(counted)).scalar_one()

    async def jobs(self) -> int:
        counted = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.kind == APPLY)
        async with self.counter.parts.database.read(Scope(self.counter.tenant_id)) as session:
            return (await session.execute(counted)).scalar_one()


@pytest.fixture
async def sender(reachable: tuple[Parts, Api], shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Sender:
    """Each test from an address of its own, as far as refusals are counted."""
    monkeypatch.setattr(payment_webhooks, "REJECTIONS", 1_000)
    monkeypatch.setattr(payment_webhooks, "REJECTIONS_OF_NETWORK", 1_000)
    counter = await Counter.open(*reachable, shop)
    await counter.desk.offer("MOCK", credentials=[{"name": "signingSecret", "value": SECRET}])
    placed = await counter.placed()
    await placed.page()
    async with counter.parts.database.read(Scope(counter.tenant_id)) as session:
        payment_id = str((await session.execute(select(Payment.id))).scalar_one())
    return Sender(counter, placed, payment_id)


async def test_a_message_is_stored_once_and_answered_200_each_time(sender: Sender) -> None:
    """Mission C6: also simultaneously."""
    answers = await asyncio.gather(*(sender.send(sender.body()) for _ in range(10)))
    assert {(each.status_code, each.text) for each in answers} == {(200, "Taken.\n")}
    assert (await sender.kept(), await sender.jobs()) == (1, 1)
    await sender.send(sender.body("event_2"))
    assert (await sender.kept(), await sender.jobs()) == (2, 2)


async def test_a_message_alone_is_no_money(sender: Sender) -> None:
    """Mission C6: whoever knows the secret can say `paid`; what counts is what the gateway answers."""
    await sender.send(sender.body())
    await sender.counter.work()
    assert summary(await sender.placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])


async def test_a_message_about_nothing_that_we_know_changes_nothing(sender: Sender) -> None:
    """Mission C6."""
    body = sender.body(payment="01a221f5-f2ea-7285-9cdd-63c49683e2e4")
    assert (await sender.send(body)).status_code == 200
    await sender.counter.work()
    assert summary(await sender.placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])


async def test_whatever_proves_nothing_is_refused_alike(sender: Sender, factory: Factory) -> None:
    """Mission C6: unknown tenants and ways of paying, forged, old and unreadable messages are told apart by nobody."""
    body, other = sender.body(), await factory.shop()
    unknown = global_id("tenant", other.owner.person.id)
    tenant = global_id("tenant", sender.counter.tenant_id)
    answers = [
        await sender.send(body, path=f"/webhooks/mock/{unknown}"),
        await sender.send(body, path=f"/webhooks/mock/{global_id('tenant', other.tenant.id)}"),
        await sender.send(body, path="/webhooks/mock/nothing"),
        await sender.send(body, path=f"/webhooks/nothing/{tenant}"),
        await sender.send(body, path=f"/webhooks/manual/{tenant}"),
        await sender.send(body, path=f"/webhooks/stripe/{tenant}"),
        await sender.send(body, key="another-secret-of-somebody"),
        await sender.send(body, moment=-301),
        await sender.send(body, moment=302),
        await sender.send(b"{}"),
        await sender.send(b"\xff\x00"),
        await sender.counter.till.api.http.post(sender.path, content=body),
        await sender.counter.till.api.http.post(sender.path, content=body, headers={SIGNATURE_HEADER: "t=1,v1="}),
    ]
    assert {(each.status_code, each.text) for each in answers} == {(400, "Not taken.\n")}
    assert await sender.kept() == 0


async def test_the_body_is_what_was_signed(sender: Sender) -> None:
    """Mission C6: a byte more or less proves nothing."""
    body = sender.body()
    signature = {SIGNATURE_HEADER: signed(SECRET.encode(), body)}
    for altered in (body + b" ", body[:-1], body.replace(b"paid", b"open")):
        answer = await sender.counter.till.api.http.post(sender.path, content=altered, headers=signature)
        assert answer.status_code == 400
    assert await sender.kept() == 0


async def test_a_body_has_a_mebibyte_at_most(sender: Sender) -> None:
    """Mission C6."""
    body = sender.body(status="paid", more="x" * 1_000_000)
    assert (await sender.send(body)).status_code == 200
    assert (await sender.send(body + b" " * (1024 * 1024 + 1 - len(body)))).status_code == 400
    assert await sender.kept() == 1


async def test_who_proves_nothing_too_often_has_to_wait(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mission C6: each network by itself; what is good meanwhile has to wait as well, and is sent again."""
    monkeypatch.setattr(payment_webhooks, "REJECTIONS", 3)
    rejections, tenant_id = payment_webhooks.Rejections(), sender.counter.tenant_id
    for _ in range(3):
        assert rejections.retry_after("192.0.2.1", tenant_id) is None
        rejections.add("192.0.2.1", tenant_id)
    assert rejections.retry_after("192.0.2.1", tenant_id) == 60
    assert rejections.retry_after("192.0.2.2", tenant_id) is None
    for number in range(payment_webhooks.MOST_KEPT + 10):
        rejections.add(f"network {number}", tenant_id)
    assert len(rejections.counts) == payment_webhooks.MOST_KEPT
    for _ in range(3):
        await sender.send(b"nothing")
    last = await sender.send(b"nothing")
    assert (last.status_code, last.text) == (429, "Try again later.\n")
    assert int(last.headers["retry-after"]) > 0


async def test_a_store_whose_secret_is_wrong_keeps_no_other_out(
    sender: Sender, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mission C6: a provider tells every store from the same few addresses; too many of them have to wait alike."""
    monkeypatch.setattr(payment_webhooks, "REJECTIONS", 3)
    other = f"/webhooks/mock/{global_id('tenant', (await factory.shop()).tenant.id)}"
    answers = [(await sender.send(sender.body(), path=other)).status_code for _ in range(5)]
    assert answers == [400, 400, 400, 429, 429]
    assert (await sender.send(sender.body())).status_code == 200
    monkeypatch.setattr(payment_webhooks, "REJECTIONS_OF_NETWORK", 3)
    assert (await sender.send(sender.body())).status_code == 429
