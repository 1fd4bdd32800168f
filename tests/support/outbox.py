"""Tenants, orders and outbox messages written straight into a database, for tests of what becomes of them."""

import asyncio
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update

from db.models import (
    AccountOutboxMessage,
    AccountSend,
    CatalogItem,
    CatalogVariant,
    EmailCode,
    Membership,
    Order,
    OrderLine,
    OutboxMessage,
    Person,
    Send,
    Tenant,
    new_id,
)
from db.session import Database, Scope


@dataclass(frozen=True, slots=True)
class Ground:
    """What an outbox needs around it. Every address is new, so that tests sharing a mail server do not meet."""

    database: Database

    @staticmethod
    def address() -> str:
        return f"{secrets.token_hex(6)}@people.test"

    async def tenant(self, **changes: Any) -> Tenant:
        tenant_id = new_id()
        values = {"slug": f"shop-{tenant_id}", "name_en": "Sadu Crafts", "name_ar": "حرف السدو", **changes}
        tenant = Tenant(id=tenant_id, **values)
        async with self.database.write(Scope(tenant_id=tenant_id)) as session:
            session.add(tenant)
        return tenant

    async def person(self, **changes: Any) -> Person:
        values = {"email": self.address(), "name": "Noura", "locale": "en", "subject": secrets.token_hex(16), **changes}
        person = Person(id=new_id(), **values)
        async with self.database.write(Scope(person_id=person.id)) as session:
            session.add(person)
        return person

    async def member(self, tenant: Tenant, person: Person, role: str) -> None:
        async with self.database.write(Scope(tenant_id=tenant.id)) as session:
            session.add(Membership(tenant_id=tenant.id, person_id=person.id, role=role))

    async def code(self, person: Person, purpose: str, **changes: Any) -> uuid.UUID:
        values = {"expires_at": datetime.now(UTC) + timedelta(minutes=30), **changes}
        code = EmailCode(person_id=person.id, id=new_id(), purpose=purpose, **values)
        async with self.database.write(Scope(person_id=person.id)) as session:
            session.add(code)
        return code.id

    async def order(
        self, tenant: Tenant, *, names: Sequence[tuple[str | None, str | None]] = (), **changes: Any
    ) -> Order:
        """An order of one line per name (English, Arabic): two of each at 12.5."""
        names = names or [("Woven cushion", "وسادة منسوجة")]
        values = {
            "number": 1001 + secrets.randbelow(10**9),
            "customer_name": "Fahad",
            "customer_email": self.address(),
            "locale": "en",
            "currency": "KWD",
            "total": Decimal("25.000") * len(names),
            **changes,
        }
        order = Order(tenant_id=tenant.id, id=new_id(), **values)
        item = CatalogItem(tenant_id=tenant.id, id=new_id(), kind="product", slug=f"item-{order.id}", name_en="Item")
        variant = CatalogVariant(tenant_id=tenant.id, id=new_id(), item_id=item.id, price=Decimal("12.5"))
        async with self.database.write(Scope(tenant_id=tenant.id)) as session:
            session.add_all([order, item])
            await session.flush()
            session.add(variant)
            await session.flush()
            session.add_all(line_of(order, variant, position, name) for position, name in enumerate(names))
        return order

    async def enqueue(self, tenant: Tenant, kind: str, **payload: object) -> uuid.UUID:
        [message_id] = await self.enqueue_many(tenant, kind, [payload])
        return message_id

    async def enqueue_many(self, tenant: Tenant, kind: str, payloads: Sequence[dict[str, Any]]) -> list[uuid.UUID]:
        plain = [{name: str(value) for name, value in payload.items()} for payload in payloads]
        messages = [OutboxMessage(tenant_id=tenant.id, id=new_id(), kind=kind, payload=each) for each in plain]
        async with self.database.write(Scope(tenant_id=tenant.id)) as session:
            session.add_all(messages)
        return [message.id for message in messages]

    async def enqueue_for(self, person: Person, kind: str, **payload: object) -> uuid.UUID:
        plain = {name: str(value) for name, value in payload.items()}
        message = AccountOutboxMessage(person_id=person.id, id=new_id(), kind=kind, payload=plain)
        async with self.database.write(Scope(person_id=person.id)) as session:
            session.add(message)
        return message.id

    async def message(self, tenant: Tenant, message_id: uuid.UUID) -> OutboxMessage:
        async with self.database.read(Scope(tenant_id=tenant.id)) as session:
            return await session.get_one(OutboxMessage, (tenant.id, message_id))

    async def sending(self, tenant: Tenant, message_id: uuid.UUID) -> Send | None:
        """The message's row in the ledger."""
        async with self.database.read(Scope(tenant_id=tenant.id)) as session:
            return (await session.execute(select(Send).filter_by(message_id=message_id))).scalar_one_or_none()

    async def account_sending(self, person: Person, message_id: uuid.UUID) -> AccountSend | None:
        async with self.database.read(Scope(person_id=person.id)) as session:
            return (await session.execute(select(AccountSend).filter_by(message_id=message_id))).scalar_one_or_none()

    async def account_message(self, person: Person, message_id: uuid.UUID) -> AccountOutboxMessage:
        async with self.database.read(Scope(person_id=person.id)) as session:
            return await session.get_one(AccountOutboxMessage, (person.id, message_id))

    async def make_due(self, tenant: Tenant) -> None:
        """As if the time until the tenant's leases and pauses are over had passed."""
        async with self.database.write(Scope(tenant_id=tenant.id)) as session:
            pending = update(OutboxMessage).where(OutboxMessage.status == "pending")
            await session.execute(pending.values(due_at=func.now()))


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for something that happens in another thread or process. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody there to set an event
            await asyncio.sleep(0.01)


def line_of(order: Order, variant: CatalogVariant, position: int, name: tuple[str | None, str | None]) -> OrderLine:
    return OrderLine(
        tenant_id=order.tenant_id,
        order_id=order.id,
        position=position,
        item_id=variant.item_id,
        variant_id=variant.id,
        sku=f"SKU-{position}",
        name_en=name[0],
        name_ar=name[1],
        unit_price=Decimal("12.5"),
        quantity=2,
        total=Decimal("25"),
    )
