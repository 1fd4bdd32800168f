"""Payments in-process, at a provider that does what a test tells it to."""

import uuid
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from sqlalchemy import func, select, update

from bootstrap import Parts, worker_parts
from db.models import Order, OutboxMessage, Payment, PaymentTransaction, TimelineEntry
from db.session import AsyncSession, Database, Scope
from domain import payment_starts
from domain.order_placement import HOLD_ENDS
from domain.outbox import enqueue_job_for_later
from domain.payment_gateways import Gateways
from domain.payment_starts import Start, Started
from gql.ids import known_id
from jobs.worker import drain
from tests.support.api import Api
from tests.support.factories import Shop
from tests.support.orders import OnSale, Till, new_key
from tests.support.payments import BACK, Desk
from tests.support.scripted_payments import Scripted


@dataclass(frozen=True, slots=True)
class Transactions:
    """What a request or a job has."""

    database: Database
    scope: Scope

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self.database.read(self.scope)

    def write(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self.database.write(self.scope)


@dataclass(frozen=True, slots=True)
class PaymentBench:
    """One order of one thing at 4.750, of which there were two."""

    parts: Parts
    shop: Shop
    till: Till
    sold: OnSale
    order_id: uuid.UUID
    provider: Scripted
    is_scripted: bool = True
    """False: at the mock gateway itself."""

    @classmethod
    async def set_up(cls, parts: Parts, api: Api, shop: Shop, *, held_for: float | None = 900) -> Self:
        await Desk(api, shop).offer("MOCK")
        till = Till(parts, api, shop)
        sold = await till.sell(stock=2)
        order_id = known_id("order", (await till.order((sold, 1)))["id"])
        assert order_id
        bench = cls(parts, shop, till, sold, order_id, Scripted(tenant_id=shop.tenant.id))
        if held_for is not None:
            await bench.hold_for(held_for)
        return bench

    @property
    def gateways(self) -> Gateways:
        if not self.is_scripted:
            return self.parts.gateways
        return replace(self.parts.gateways, providers={"mock": self.provider}, mock=None)

    @property
    def transactions(self) -> Transactions:
        return Transactions(self.parts.database, Scope(self.shop.tenant.id))

    async def start(self, key: str | None = None) -> Started:
        given = Start(self.order_id, "mock", BACK, "orderToken")
        return await payment_starts.start(
            self.transactions,
            actor=self.shop.guest,
            gateways=self.gateways,
            given=given,
            idempotency_key=key or new_key(),
        )

    async def hold_for(self, seconds: float) -> None:
        """As a checkout does it; the job is due then."""
        due_in = timedelta(seconds=seconds)
        async with self.transactions.write() as session:
            held = update(Order).where(Order.id == self.order_id)
            await session.execute(held.values(held_until=func.now() + due_in))
            tenant_id = self.shop.tenant.id
            enqueue_job_for_later(session, tenant_id=tenant_id, kind=HOLD_ENDS, due_in=due_in, order_id=self.order_id)

    async def work(self) -> None:
        await drain(worker_parts(replace(self.parts, gateways=self.gateways)))

    async def work_later(self, *kinds: str) -> None:
        """What is waiting, as if its time had come; of these kinds alone, if any are named."""
        async with self.transactions.write() as session:
            pending = update(OutboxMessage).where(OutboxMessage.status == "pending")
            pending = pending.where(OutboxMessage.kind.in_(kinds)) if kinds else pending
            await session.execute(pending.values(due_at=func.now()))
        await self.work()

    async def order(self) -> Order:
        async with self.transactions.read() as session:
            return (await session.execute(select(Order).where(Order.id == self.order_id))).scalar_one()

    async def payments(self) -> list[Payment]:
        async with self.transactions.read() as session:
            found = select(Payment).where(Payment.order_id == self.order_id).order_by(Payment.id)
            return list((await session.execute(found)).scalars())

    async def payment(self) -> Payment:
        [found] = await self.payments()
        return found

    async def events(self) -> list[str]:
        """Of the order's timeline, without the first."""
        async with self.transactions.read() as session:
            found = select(TimelineEntry.event).where(TimelineEntry.subject_id == self.order_id)
            events = (await session.execute(found.order_by(TimelineEntry.id))).scalars()
            return [event.removeprefix("order.") for event in events][1:]

    async def log(self) -> list[tuple[str, str]]:
        async with self.transactions.read() as session:
            found = select(PaymentTransaction).order_by(PaymentTransaction.id)
            return [(each.operation, each.outcome) for each in (await session.execute(found)).scalars()]

    async def lose_mails(self) -> None:
        """Whoever works next need not send them all."""
        async with self.transactions.write() as session:
            mails = update(OutboxMessage).where(OutboxMessage.kind.like("mail.%"))
            await session.execute(mails.values(status="done"))

    async def mails(self) -> Counter[str]:
        async with self.transactions.read() as session:
            found = select(OutboxMessage.kind).where(OutboxMessage.kind.like("mail.%"))
            return Counter((await session.execute(found)).scalars())

    async def end(self) -> tuple[Any, ...]:
        """How order and payments stand, and what has happened to the order."""
        order, payments = await self.order(), await self.payments()
        told = tuple((each.status, each.amount_paid, each.amount_refunded, each.return_reason) for each in payments)
        return order.status, order.payment_status, told, tuple(sorted(await self.events()))

    async def orders_like_it(self, count: int) -> list[uuid.UUID]:
        """So many more of unlimited stock."""
        await self.till.change(self.sold, stock=None)
        placed = [known_id("order", (await self.till.order((self.sold, 1)))["id"]) for _ in range(count)]
        return [each for each in placed if each]

    async def standing(self) -> tuple[Any, ...]:
        """All that must be the same in the end, whatever came before."""
        order, payments = await self.order(), await self.payments()
        told = [(each.status, each.amount_paid, each.amount_refunded, each.return_reason) for each in payments]
        left = await self.till.left(self.sold)
        return order.status, order.payment_status, told, left, Counter(await self.events()), await self.mails()
