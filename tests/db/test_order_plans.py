"""The plan of a customer's order history under the application's login: an index in the list's order."""

import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from bootstrap import Parts
from db.models import Customer, Order, new_id
from db.security.roles import connected
from db.session import AsyncSession, Scope
from domain import order_claims, orders
from domain.actors import Actor, ActorKind
from domain.pages import PageRequest, encode_cursor
from settings import Settings
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop
from tests.support.own_database import parts_of_own

CUSTOMERS, EACH = 40, 100
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MIDDLE = encode_cursor(BEGINNING + timedelta(minutes=EACH // 2), uuid.UUID(int=0))
GUEST = "guest@shoppers.test"


@pytest.fixture(scope="module")
async def parts(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Parts]:
    """A database of its own, with nobody else's rows in its statistics."""
    async with parts_of_own(databases, settings, f"{process_name}_order_plans") as built:
        yield built


@pytest.fixture(scope="module")
async def customer(parts: Parts) -> Actor:
    """One of 40 customers of a shop, each with 100 orders among those of a few guests; smaller shops beside it."""
    assert parts.settings.owner_database_url
    factory = Factory(parts, parts.settings.owner_database_url)
    shops = [await factory.shop() for _ in range(6)]
    people = [await factory.member() for _ in range(CUSTOMERS)]
    for place, shop in enumerate(shops):
        await fill(parts, shop, [each.person.id for each in people], EACH if place == 0 else 3)
    async with connected(factory.owner_url) as connection:
        await connection.execute(text("ANALYZE orders"))
    return Actor(ActorKind.PERSON, shops[0].tenant.id, people[7].person.id, customer_id=customer_id(shops[0], 7))


def customer_id(shop: Shop, place: int) -> uuid.UUID:
    return uuid.uuid5(shop.tenant.id, str(place))


async def fill(parts: Parts, shop: Shop, people: list[uuid.UUID], count: int) -> None:
    tenant = {"tenant_id": shop.tenant.id}
    told = {"email": "noura@people.test", "name": "Noura", "locale": "ar"}
    customers = [
        tenant | told | {"id": customer_id(shop, place), "person_id": person} for place, person in enumerate(people)
    ]
    placed = [order(shop, number, number % len(people)) for number in range(len(people) * count)]
    guests = [order(shop, len(placed) + number, None) for number in range(20)]
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(insert(Customer), customers)
        await session.execute(insert(Order), placed + guests)


def order(shop: Shop, number: int, place: int | None) -> dict[str, Any]:
    return {
        "tenant_id": shop.tenant.id,
        "id": new_id(),
        "number": number,
        "customer_id": None if place is None else customer_id(shop, place),
        "customer_name": "Noura",
        "customer_email": GUEST if place is None and number % 2 else f"{number}@shoppers.test",
        "locale": "ar",
        "currency": "KWD",
        "total": Decimal(1),
        "placed_at": BEGINNING + timedelta(minutes=number // CUSTOMERS),
    }


async def plan_of(parts: Parts, actor: Actor, read: Callable[[AsyncSession], Awaitable[object]]) -> str:
    """How Postgres executed the first statement about orders that a domain function sends, in the actor's scope."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM orders" in statement:
            sent.append((statement, parameters))

    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    async with parts.database.write(actor.scope) as session:
        try:
            await read(session)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        await session.rollback()
    statement, given = sent[0]
    async with parts.database.write(actor.scope) as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", given)
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("after", [None, MIDDLE], ids=["the first page", "a page in the middle"])
async def test_the_history_walks_its_index(parts: Parts, customer: Actor, after: str | None) -> None:
    page = PageRequest(20, after)
    plan = await plan_of(parts, customer, lambda session: orders.list_own_orders(session, actor=customer, page=page))
    assert "ix_orders_tenant_id_customer_id_placed_at" in plan, plan
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan
    assert "rows=21" in plan or "rows=21.00" in plan, plan
    assert "Rows Removed by Filter" not in plan, plan


async def test_counting_the_history_looks_at_that_customers_orders_alone(parts: Parts, customer: Actor) -> None:
    plan = await plan_of(parts, customer, lambda session: orders.count_own_orders(session, actor=customer))
    assert "ix_orders_tenant_id_customer_id_placed_at" in plan, plan
    assert "Rows Removed by Filter" not in plan, plan


async def test_guest_orders_are_found_by_their_address(parts: Parts, customer: Actor) -> None:
    plan = await plan_of(
        parts,
        customer,
        lambda session: order_claims.claim_all(session, actor=customer, customer_id=customer.customer, email=GUEST),
    )
    assert "ix_orders_tenant_id_customer_email" in plan, plan
    assert "Seq Scan" not in plan, plan
