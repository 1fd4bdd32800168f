"""Plans of searches as the functions really execute them: by an index, in a huge shop and among thousands of small."""

import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from db.security.roles import APP
from tests.support.databases import Databases

BIG, SHOPS, IN_EACH = 100_000, 5_000, 5

# Triggers and foreign keys are off: a hundred thousand items and variants would say nothing more of the plans. Every
# third thing is of dates and one in ten thousand of saffron.
FILL = """
INSERT INTO search_documents
SELECT tenant, gen_random_uuid(), CASE WHEN number % 20 = 0 THEN 'draft' ELSE 'active' END, 'product',
    number * 37 % 50000, number % 3, timestamptz '2026-01-01' + number * interval '1 minute', 'item ' || number,
    'item ' || number, '{}', '{}', named, named
FROM (SELECT shop.tenant, number, to_tsvector('simple', CASE number % 3 WHEN 0 THEN 'dates ' ELSE 'oud ' END
        || CASE WHEN number % 10000 = 7 THEN 'saffron ' ELSE '' END || 'thing' || number % 5000) AS named
      FROM (SELECT $1::uuid AS tenant, $2::int AS items
            UNION ALL SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(shop), 12, '0'))::uuid, $4
            FROM generate_series(1, $3) AS shop) AS shop
      CROSS JOIN LATERAL generate_series(1, shop.items) AS number) AS made
"""


@dataclass(slots=True)
class Market:
    """A database with one huge shop and many small ones, as the application's login meets it."""

    connection: "asyncpg.Connection[Any]"
    plans: list[str]
    big: uuid.UUID
    small: uuid.UUID

    async def ask(self, tenant: uuid.UUID, function: str) -> tuple[int, str]:
        """How many rows a function answers with, and the plans of all that it executed."""
        self.plans.clear()
        async with self.connection.transaction(readonly=True):
            await self.connection.execute(f"SET LOCAL ROLE {APP}")
            await self.connection.execute("SELECT set_config('app.current_tenant', $1, true)", str(tenant))
            rows = await self.connection.fetch(f"SELECT * FROM {function}")
        return len(rows), "\n".join(self.plans)


@pytest.fixture(scope="module")
async def market(databases: Databases, process_name: str) -> AsyncGenerator[Market]:
    name, big, plans = f"{process_name}_search_plans", uuid.uuid4(), list[str]()
    await databases.clone(name)
    connection = await asyncpg.connect(databases.url(name))
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(FILL, big, BIG, SHOPS, IN_EACH)
        await connection.execute("VACUUM ANALYZE search_documents")
        await connection.execute("LOAD 'auto_explain'")
        for setting, value in (
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_nested_statements", "on"),
            ("auto_explain.log_analyze", "on"),
            ("auto_explain.log_timing", "off"),
            ("client_min_messages", "log"),
        ):
            await connection.execute(f"SET {setting} = {value}")
        connection.add_log_listener(lambda _connection, message: plans.append(f"{message}"))
        yield Market(connection, plans, big, uuid.UUID("00000000-0000-7000-8000-000000000007"))
    finally:
        await connection.close()
        await databases.drop(name)


def find(text: str, sort: str = "relevance", *, price_from: str = "NULL") -> str:
    return (
        f"find_documents('{text}', NULL, false, ARRAY['active'], NULL, NULL, {price_from}, NULL, NULL, NULL, '{sort}', "
        "NULL, NULL, 21)"
    )


GIN = "ix_search_documents_tenant_id_words"
SPELLING = "search_spelling('{}', ARRAY['active'])"


@pytest.mark.parametrize("sort", ["relevance", "newest", "price_asc", "name_ar"])
@pytest.mark.parametrize(("text", "found"), [("saffron", 10), ("saf", 10), ("submarine", 0), ("subm", 0)])
async def test_a_rare_word_is_looked_up_in_whatever_order(market: Market, text: str, found: int, sort: str) -> None:
    """Mission S6: walking the huge shop in the order of the list would take a thousand times as long."""
    count, plan = await market.ask(market.big, find(text, sort))
    assert count == found
    assert GIN in plan
    assert "Seq Scan on search_documents" not in plan
    assert walked(plan) <= 20


@pytest.mark.parametrize("sort", ["relevance", "newest", "price_asc"])
async def test_a_common_word_reads_no_more_than_has_it(market: Market, sort: str) -> None:
    """Mission S6: a third of all have it; its rows are read once at most, and no others than those of the index."""
    count, plan = await market.ask(market.big, find("dates", sort))
    assert count == 21
    assert "ix_search_documents_tenant_id_" in plan
    assert "Seq Scan on search_documents" not in plan
    assert walked(plan) <= BIG / 3 + 1


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name_ar", "name_en"])
async def test_a_list_without_words_is_read_in_the_order_of_its_index(market: Market, sort: str) -> None:
    """Mission S6."""
    count, plan = await market.ask(market.big, find("", sort, price_from="100"))
    assert count == 21
    assert "ix_search_documents_tenant_id_status_" in plan
    assert walked(plan) <= 100


@pytest.mark.parametrize("text", ["dates", "saffron", "submarine", ""])
async def test_a_small_shop_among_thousands_reads_its_own_rows_alone(market: Market, text: str) -> None:
    """Mission S6."""
    _, plan = await market.ask(market.small, find(text))
    assert "Seq Scan on search_documents" not in plan
    assert walked(plan) <= IN_EACH


async def test_words_that_nobody_has_are_told_from_an_index(market: Market) -> None:
    """Mission S6: what begins with them is of unknown number, so that a plan for the first row would walk the shop."""
    count, plan = await market.ask(market.big, SPELLING.format("submarine safron"))
    assert count == 2
    assert GIN in plan
    assert "Seq Scan on search_documents" not in plan
    assert walked(plan) <= 20


async def test_similar_words_are_looked_up_each_by_the_index(market: Market) -> None:
    """Mission S6: words are told that something shown has, which must not be found out by walking the shop."""
    await market.connection.execute(
        "INSERT INTO search_vocabulary (tenant_id, word, sound) SELECT $1, word, search_sound(word) "
        "FROM (SELECT 'saffron' || repeat('n', place) AS word FROM generate_series(0, 50) AS place) AS words",
        market.big,
    )
    count, plan = await market.ask(market.big, SPELLING.format("safrom") + " WHERE similar_words = ARRAY['saffron']")
    assert count == 1
    assert "ix_search_vocabulary_tenant_id_sound" in plan or "pk_search_vocabulary" in plan
    assert "Seq Scan on search_documents" not in plan
    assert walked(plan) <= 20


async def test_without_a_tenant_there_is_nothing(market: Market) -> None:
    for function in (find("dates"), find(""), SPELLING.format("dates")):
        async with market.connection.transaction(readonly=True):
            await market.connection.execute(f"SET LOCAL ROLE {APP}")
            rows = await market.connection.fetch(f"SELECT * FROM {function}")
        assert [row for row in rows if row.get("is_known", True)] == []


def walked(plan: str) -> int:
    """The most rows that any node read of the documents, those included that it threw away."""
    most = 0
    lines = plan.splitlines()
    for place, line in enumerate(lines):
        if "search_documents" in line and "actual rows=" in line:
            kept = float(line.split("actual rows=")[1].split()[0])
            below = [each for each in lines[place + 1 : place + 6] if "Rows Removed by" in each]
            most = max(most, int(kept) + sum(int(each.rsplit(":", 1)[1]) for each in below[:1]))
    return most
