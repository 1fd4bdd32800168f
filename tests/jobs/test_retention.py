"""What the worker deletes, and that it goes on doing so."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import text
from structlog.testing import capture_logs

from db.models import Tenant
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


async def test_it_goes_on_after_an_error() -> None:
    nowhere = create_engine("postgresql://sadu_app:secret@127.0.0.1:1/nothing", pool_size=1)
    with capture_logs() as logged:
        task = asyncio.create_task(forget_regularly(Database(nowhere), pause_seconds=0.05))
        await eventually(lambda: len(logged) >= 2, 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await nowhere.dispose()
    assert {line["event"] for line in logged} == {"old_changes_kept"}
    assert "secret" not in str(logged)
