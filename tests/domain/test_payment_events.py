"""Messages of the gateway in its own writing: five times each, shuffled, some before what they tell of has happened."""

import json
import random
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update

from bootstrap import Parts
from db.models import MockCharge, OutboxMessage, PaymentEvent
from domain import payment_events
from domain.errors import UserFault
from domain.mock_gateway import CALLBACK
from domain.payment_checks import CHECK
from domain.payment_providers import Account, ChargeStatus, NewRefund, ProviderRefused, WebhookEvent
from integrations.mock_gateway import SIGNATURE_HEADER, TableMockGateway, signed
from tests.support.api import Api
from tests.support.factories import Shop
from tests.support.payment_bench import PaymentBench

CHARGES = 100
KINDS = ("charge.paid", "charge.refunded")
PART = Decimal("1.000")


def body(charge: MockCharge, kind: str) -> bytes:
    told = {"id": charge.token, "payment": str(charge.payment_id), "status": "whatever it says"}
    return json.dumps({"id": f"{kind} of {charge.id}", "type": kind, "charge": told}).encode()


async def receive(bench: PaymentBench, message: bytes) -> None:
    """As the route does, without HTTP."""
    gateways, tenant_id = bench.gateways, bench.shop.tenant.id
    assert isinstance(gateways.mock, TableMockGateway)
    headers = {SIGNATURE_HEADER: signed(gateways.mock.key(tenant_id, {}), message)}
    provider = gateways.providers["mock"]
    event = await provider.parse_webhook(Account(tenant_id, {}), headers, message, now=datetime.now(UTC))
    async with bench.transactions.write() as session:
        await payment_events.keep(session, tenant_id=tenant_id, provider="mock", event=event)


async def happen(bench: PaymentBench, charge: MockCharge) -> None:
    """The shopper pays, and gets a part back; the gateway tells nobody of it by itself."""
    gateway, tenant_id = bench.gateways.mock, bench.shop.tenant.id
    assert isinstance(gateway, TableMockGateway)
    async with bench.transactions.write() as session:
        await session.execute(update(MockCharge).where(MockCharge.id == charge.id).values(status="paid"))
    wanted = NewRefund(uuid.uuid4(), f"{charge.id}-part", charge.token, PART, "KWD")
    await gateway.give_back(tenant_id, wanted)


async def test_every_message_five_times_in_a_hundred_orders_ends_alike(parts: Parts, api: Api, shop: Shop) -> None:
    """Mission C6."""
    bench, chance = await PaymentBench.set_up(parts, api, shop, held_for=None), random.Random(11)  # noqa: S311 - the same each time
    bench = replace(bench, is_scripted=False)
    order_ids = await bench.orders_like_it(CHARGES)
    await bench.lose_mails()
    for order_id in order_ids:
        await replace(bench, order_id=order_id).start()
    async with bench.transactions.read() as session:
        charges = list((await session.execute(select(MockCharge))).scalars())
    early: list[bytes] = []
    late: list[bytes] = []
    for charge in charges:
        stream = [body(charge, kind) for kind in KINDS] * 5
        chance.shuffle(stream)
        cut = chance.randrange(len(stream) + 1)
        early += stream[:cut]
        late += stream[cut:]
    chance.shuffle(early)
    chance.shuffle(late)
    await receive_all(bench, early)
    for charge in charges:
        await happen(bench, charge)
    await forget(bench, CALLBACK)
    await receive_all(bench, late)
    await bench.work_later(CHECK)
    ends: Counter[tuple[Any, ...]] = Counter([await replace(bench, order_id=each).end() for each in order_ids])
    paid = ("paid", Decimal("4.750"), PART, None)
    assert ends == {("confirmed", "partially_refunded", (paid,), ("confirmed", "paid", "refunded")): CHARGES}
    assert (await bench.mails())["mail.order_confirmed"] == CHARGES
    await bench.lose_mails()
    kept = select(func.count(), func.count(PaymentEvent.applied_at)).select_from(PaymentEvent)
    async with bench.transactions.read() as session:
        assert (await session.execute(kept)).one() == (CHARGES * len(KINDS), CHARGES * len(KINDS))


async def closed_with_an_open_page(parts: Parts, api: Api, shop: Shop) -> tuple[PaymentBench, WebhookEvent]:
    """The answer was lost, and asking again was refused: nobody has written down which charge it is."""
    bench = await PaymentBench.set_up(parts, api, shop, held_for=None)
    bench.provider.after["create"] = [ProviderRefused("lost")]
    with suppress(UserFault):
        await bench.start()
    payment, [reference] = await bench.payment(), bench.provider.charges
    assert (payment.status, payment.reference) == ("failed", None)
    bench.provider.before["create"] = [ProviderRefused("other parameters") for _ in range(5)]
    return bench, WebhookEvent("e", "told", reference, payment.id, {})


async def test_a_message_names_the_charge_of_a_payment_that_was_closed_without_one(
    parts: Parts, api: Api, shop: Shop
) -> None:
    """Mission C6: its money is found."""
    bench, event = await closed_with_an_open_page(parts, api, shop)
    bench.provider.pay()
    await keep(bench, event)
    assert (await bench.standing())[:2] == ("confirmed", "paid")
    assert ((await bench.payment()).reference, bench.provider.calls) == (event.reference, ["create", "status"])


async def test_a_charge_that_a_message_names_is_watched_from_then_on(parts: Parts, api: Api, shop: Shop) -> None:
    """Mission C6: no other message may come."""
    bench, event = await closed_with_an_open_page(parts, api, shop)
    await bench.work_later(CHECK)
    await keep(bench, event)
    bench.provider.pay()
    await bench.work_later(CHECK)
    assert (await bench.standing())[:2] == ("confirmed", "paid")


async def test_a_message_gives_no_payment_the_charge_of_another(parts: Parts, api: Api, shop: Shop) -> None:
    """Mission C6."""
    bench = await PaymentBench.set_up(parts, api, shop, held_for=None)
    [other_id] = await bench.orders_like_it(1)
    await replace(bench, order_id=other_id).start()
    [taken] = bench.provider.charges
    bench.provider.before["create"] = [ProviderRefused("no") for _ in range(5)]
    with suppress(UserFault):
        await bench.start()
    bench.provider.become(taken, ChargeStatus.PAID, Decimal("4.750"))
    payment = await bench.payment()
    await keep(bench, WebhookEvent("e", "told", taken, payment.id, {}))
    payment = await bench.payment()
    assert (payment.status, payment.reference) == ("failed", None)
    async with bench.transactions.read() as session:
        assert (await session.execute(select(PaymentEvent.applied_at))).scalar_one(), "and is not tried for ever"


async def keep(bench: PaymentBench, event: WebhookEvent) -> None:
    async with bench.transactions.write() as session:
        await payment_events.keep(session, tenant_id=bench.shop.tenant.id, provider="mock", event=event)
    await bench.work()


async def receive_all(bench: PaymentBench, messages: list[bytes]) -> None:
    for message in messages:
        await receive(bench, message)
    await bench.work()


async def forget(bench: PaymentBench, kind: str) -> None:
    async with bench.transactions.write() as session:
        waiting = update(OutboxMessage).where(OutboxMessage.kind == kind)
        await session.execute(waiting.values(status="done"))
