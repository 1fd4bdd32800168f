"""Mission S7, D4: visits are listed and found by their indexes, under the application's login."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy import event, text

from bootstrap import Parts
from db.queries.visits import SEE_VISITS
from db.security.roles import connected
from db.session import Scope
from domain.pages import PageRequest
from domain.visits import VisitFilter, list_visits
from settings import Settings
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop
from tests.support.own_database import parts_of_own

FILL = """INSERT INTO visits (tenant_id, id, started_at, last_seen_at, last_source, last_campaign)
          SELECT :tenant, gen_random_uuid(), now() - n * interval '1 minute', now(),
                 CASE WHEN n % 500 = 0 THEN 'rare' ELSE 'google' END, 'campaign-' || n % 300
          FROM generate_series(1, :many) n"""


@pytest.fixture(scope="module")
async def parts(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Parts]:
    """A database of its own, with nobody else's rows in its statistics."""
    async with parts_of_own(databases, settings, f"{process_name}_visit_plans") as built:
        yield built


@pytest.fixture(scope="module")
async def shop(parts: Parts) -> Shop:
    """20,000 visits of one shop beside those of smaller ones."""
    assert parts.settings.owner_database_url
    factory = Factory(parts, parts.settings.owner_database_url)
    shops = [await factory.shop() for _ in range(4)]
    for place, shop in enumerate(shops):
        async with parts.database.write(Scope(shop.tenant.id)) as session:
            await session.execute(text(FILL), {"tenant": shop.tenant.id, "many": 2_000 if place else 20_000})
    async with connected(factory.owner_url) as connection:
        await connection.execute(text("ANALYZE visits"))
    return shops[0]


async def plan_of_list(parts: Parts, shop: Shop, wanted: VisitFilter) -> str:
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM visits" in statement:
            sent.append((statement, parameters))

    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        async with parts.database.read(shop.actor.scope) as session:
            await list_visits(session, actor=shop.actor, page=PageRequest(20), wanted=wanted)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    (statement, given) = sent[0]
    async with parts.database.read(shop.actor.scope) as session:
        rows = await (await session.connection()).exec_driver_sql(f"EXPLAIN ANALYZE {statement}", given)
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (VisitFilter(), "ix_visits_tenant_id_started_at"),
        (VisitFilter(source="rare"), "ix_visits_tenant_id_last_source_started_at"),
        (VisitFilter(campaign="campaign-7"), "ix_visits_tenant_id_last_campaign_started_at"),
    ],
)
async def test_a_page_walks_its_index(parts: Parts, shop: Shop, wanted: VisitFilter, index: str) -> None:
    plan = await plan_of_list(parts, shop, wanted)
    assert index in plan, plan
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan
    assert "Rows Removed by Filter" not in plan, plan


async def test_a_plan_of_a_young_table_is_good_for_an_old_one(parts: Parts) -> None:
    """A statement keeps the plan that it was given: one that reads the few rows there are would go on to read all."""
    assert parts.settings.owner_database_url
    async with connected(parts.settings.owner_database_url) as owner:
        connection = (await owner.get_raw_connection()).driver_connection
        assert connection is not None
        undone = connection.transaction()
        await undone.start()
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan; TRUNCATE visits CASCADE")
        await connection.execute(f"PREPARE see_visits AS {SEE_VISITS.sql}")
        rows = await connection.fetch(f"EXPLAIN EXECUTE see_visits ({', '.join(['NULL'] * 11)})")
        await undone.rollback()
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on visits" not in plan, plan
    assert plan.count("pk_visits") == 2, plan


async def test_known_visits_are_found_by_their_key(parts: Parts, shop: Shop) -> None:
    """However many the shop has."""
    async with parts.database.write(shop.actor.scope) as session:
        ids = list((await session.execute(text("SELECT id FROM visits LIMIT 50"))).scalars())
        nothing: list[Any] = [None] * len(ids)
        given = [shop.tenant.id, ids, ids, [1] * len(ids), *[nothing] * 7]
        connection = (await (await session.connection()).get_raw_connection()).driver_connection
        assert connection is not None
        rows = await connection.fetch(f"EXPLAIN ANALYZE {SEE_VISITS.sql}", *given)
        plan = "\n".join(row[0] for row in rows)
        await session.rollback()
    assert "Seq Scan" not in plan, plan
    assert plan.count("pk_visits") == 2, plan
