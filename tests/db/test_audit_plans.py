"""Who stands in an audit log is found by an index, under the application's login."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from bootstrap import Parts
from db.models import AuditEntry, new_id
from db.queries.audit import find_audited_people
from db.security.roles import connected
from db.session import Scope
from domain import timeline
from settings import Settings
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop
from tests.support.own_database import parts_of_own

ENTRIES, PEOPLE = 20_000, 20
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
PAGES = re.compile(r"Buffers: shared hit=(\d+)(?: read=(\d+))?")


@pytest.fixture(scope="module")
async def parts(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Parts]:
    """A database of its own, with nobody else's rows in its statistics."""
    async with parts_of_own(databases, settings, f"{process_name}_audit_plans") as built:
        yield built


@pytest.fixture(scope="module")
async def factory(parts: Parts) -> Factory:
    assert parts.settings.owner_database_url
    return Factory(parts, parts.settings.owner_database_url)


@pytest.fixture(scope="module")
async def busy(parts: Parts, factory: Factory) -> Shop:
    """A shop of a long log, most of it by its owner; a quiet one beside it."""
    shops = [await factory.shop(), await factory.shop()]
    for shop, count in zip(shops, (ENTRIES, 200), strict=True):
        async with parts.database.write(Scope(shop.tenant.id)) as session:
            await session.execute(insert(AuditEntry), [entry(shop, number) for number in range(count)])
    async with connected(factory.owner_url) as connection:
        await connection.execute(text("ANALYZE audit_entries"))
    return shops[0]


def entry(shop: Shop, number: int) -> dict[str, Any]:
    return {
        "tenant_id": shop.tenant.id,
        "id": new_id(),
        "act": "session.sign_in",
        "actor_kind": "person",
        "actor_id": shop.owner.person.id,
        "created_at": BEGINNING + timedelta(minutes=number),
    }


async def test_names_are_found_without_reading_the_log(parts: Parts, factory: Factory, busy: Shop) -> None:
    """Most of all for people who do not stand in it: nothing ends the search for them early."""
    people = [busy.owner.person.id, *[(await factory.member()).person.id for _ in range(PEOPLE)]]
    found = text("EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM find_audited_people(:ids)")
    async with parts.database.read(Scope(busy.tenant.id)) as session:
        assert [each.id for each in await find_audited_people(session, ids=people)] == [busy.owner.person.id]
        plan = "\n".join((await session.execute(found, {"ids": people})).scalars())
    pages = PAGES.search(plan)
    assert pages, plan
    assert sum(int(count or 0) for count in pages.groups()) < 10 * len(people), plan


async def test_who_works_here_is_found_by_it_as_well(parts: Parts, factory: Factory, busy: Shop) -> None:
    """It is asked for each page of orders whose timelines are shown."""
    people = [busy.owner.person.id, (await factory.member()).person.id]
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM audit_entries" in statement:
            sent.append((statement, parameters))

    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    async with parts.database.read(busy.actor.scope) as session:
        assert await timeline.staff_by_person(session, people) == {people[0]: True}
        event.remove(engine, "before_cursor_execute", note)
        [(statement, given)] = sent
        rows = await (await session.connection()).exec_driver_sql(f"EXPLAIN {statement}", given)
        plan = "\n".join(row[0] for row in rows)
    assert "ix_audit_entries_tenant_id_actor_id" in plan, plan
    assert "Seq Scan on audit_entries" not in plan, plan
