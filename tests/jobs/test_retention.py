"""What the worker deletes, and that it goes on doing so."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import text
from structlog.testing import capture_logs

from db.models import Tenant
from db.queries.visits import forget_old_visits
from db.session import Database, Scope, create_engine
from jobs.retention import forget_regularly
from jobs.worker import WorkerParts, run_worker
from tests.support.breakable import happens
from tests.support.outbox import Ground, eventually

NOTED = """INSERT INTO storefront_changes (tenant_id, transaction, oldest_running, created_at)
           VALUES (:tenant, '3', '3', now() - interval '2 hours'), (:tenant, '4', '4', now() - interval '61 minutes'),
                  (:tenant, '5', '5', now() - interval '59 minutes')"""
KEPT = "SELECT transaction FROM storefront_changes WHERE transaction < '6' ORDER BY transaction"


async def note_changes(ground: Ground) -> Tenant:
    tenant = await ground.tenant()
    async with ground.database.write(Scope(tenant.id)) as session:
        await session.execute(text(NOTED), {"tenant": tenant.id})
    return tenant


async def kept(ground: Ground, tenant: Tenant) -> Sequence[int]:
    async with ground.database.read(Scope(tenant.id)) as session:
        return (await session.execute(text(KEPT))).scalars().all()


async def test_the_worker_forgets_what_every_process_has_seen(ground: Ground, worker: WorkerParts) -> None:
    """Whoever wrote the fourth knew that the third had ended: an hour ago it was there to see."""
    tenants = [await note_changes(ground), await note_changes(ground)]
    working = asyncio.create_task(run_worker(worker))

    async def forgotten() -> bool:
        return [await kept(ground, tenant) for tenant in tenants] == [[4, 5]] * 2

    await happens(forgotten, within=5)
    await asyncio.sleep(0.2)
    assert await forgotten()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


VISITS = """INSERT INTO visits (tenant_id, id, started_at, last_seen_at, first_source)
            SELECT :tenant, gen_random_uuid(), now() - started, now() - seen, name FROM (VALUES
            ('ended long ago', interval '500 days', interval '427 days'), ('led to an order', '500 days', '427 days'),
            ('seen since', '500 days', '420 days'), ('new', '1 day', '1 day')) AS given (name, started, seen)"""
ORDER = """INSERT INTO orders (tenant_id, id, number, customer_name, customer_email, locale, currency, total, visit_id)
           SELECT tenant_id, id, 1001, 'Noura', 'noura@people.test', 'ar', 'KWD', 1, id FROM visits
           WHERE first_source = 'led to an order'"""


async def visits_of(ground: Ground, tenant: Tenant) -> set[str]:
    async with ground.database.read(Scope(tenant.id)) as session:
        return set((await session.execute(text("SELECT first_source FROM visits"))).scalars())


async def test_visits_are_forgotten_that_ended_long_ago_and_led_to_nothing(ground: Ground) -> None:
    """Mission S7: of each tenant so many at a time that none keeps those of others from being forgotten."""
    tenants = [await ground.tenant(), await ground.tenant()]
    for tenant in tenants:
        async with ground.database.write(Scope(tenant.id)) as session:
            for statement in (VISITS, ORDER):
                await session.execute(text(statement), {"tenant": tenant.id})
    for left in (1, 0, 0):
        async with ground.database.write(Scope()) as session:
            await forget_old_visits(session, most_of_one=5, most=1)
        remaining = [await visits_of(ground, tenant) for tenant in tenants]
        assert sum("ended long ago" in each for each in remaining) == left
    kept = {"led to an order", "seen since", "new"}
    assert [await visits_of(ground, tenant) for tenant in tenants] == [kept, kept]


async def test_the_worker_forgets_visits(ground: Ground, worker: WorkerParts) -> None:
    tenant = await ground.tenant()
    async with ground.database.write(Scope(tenant.id)) as session:
        await session.execute(text(VISITS), {"tenant": tenant.id})
    forgetting = asyncio.create_task(forget_regularly(worker.database))

    async def forgotten() -> bool:
        return await visits_of(ground, tenant) == {"seen since", "new"}

    await happens(forgotten, within=20)
    forgetting.cancel()
    await asyncio.gather(forgetting, return_exceptions=True)


async def test_it_goes_on_after_an_error() -> None:
    nowhere = create_engine("postgresql://sadu_app:secret@127.0.0.1:1/nothing", pool_size=1)
    with capture_logs() as logged:
        task = asyncio.create_task(forget_regularly(Database(nowhere), pause_seconds=0.05))
        await eventually(lambda: {line["event"] for line in logged} >= {"old_changes_kept", "old_visits_kept"}, 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await nowhere.dispose()
    assert {line["event"] for line in logged} == {"old_changes_kept", "old_visits_kept"}
    assert "secret" not in str(logged)
