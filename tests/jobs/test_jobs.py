"""Mission N4: work that is no mail. Real Postgres; the handlers are the tests' own."""

import asyncio
import uuid
from collections.abc import Mapping

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Category, OutboxMessage, Tenant
from db.queries.outbox import Lease
from db.session import Scope
from domain import job_runs, leases
from domain.job_runs import Workshop, perform
from domain.jobs import Handler, Job, Tools
from domain.leases import JOBS, MOST_TRIES, TENANTS, Outcome, claim
from domain.outbox import enqueue_job
from jobs.couriers import Courier
from jobs.worker import WorkerParts, courier_of_mails, drain
from tests.jobs.test_deliveries import order_mail
from tests.support.outbox import Ground, eventually
from tests.support.smtp_server import ScriptedServer

KIND = "job.test"


async def enqueue(ground: Ground, tenant: Tenant, kind: str = KIND, **payload: str) -> None:
    async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
        enqueue_job(session, tenant_id=tenant.id, kind=kind, **payload)


async def states(ground: Ground, tenant: Tenant) -> list[tuple[str, int, str | None]]:
    """Status, tries and last error of the tenant's jobs, oldest first."""
    wanted = select(OutboxMessage.status, OutboxMessage.attempts, OutboxMessage.last_error).order_by(OutboxMessage.id)
    async with ground.database.read(Scope(tenant_id=tenant.id)) as session:
        return [(status, tries, error) for status, tries, error in await session.execute(wanted)]


def workshop(ground: Ground, worker: WorkerParts, handlers: Mapping[str, Handler], renewal: float = 15) -> Workshop:
    return Workshop(Tools(ground.database, worker.objects, worker.images, worker.gateways), handlers, renewal)


def courier(ground: Ground, shop: Workshop) -> Courier:
    return Courier(
        ground.database, JOBS, lambda lease: perform(shop, lease), slots=4, sweep_seconds=3600, one_each=True
    )


async def test_a_job_is_done_once_under_its_tenants_scope(ground: Ground, worker: WorkerParts) -> None:
    tenant = await ground.tenant()
    seen: list[tuple[uuid.UUID, Mapping[str, str]]] = []

    async def handler(job: Job) -> None:
        async with job.read() as session:
            [found] = (await session.execute(select(OutboxMessage.tenant_id))).scalars()
        seen.append((found, job.payload))

    await ground.tenant()
    await enqueue(ground, tenant, about="this")
    doer = courier(ground, workshop(ground, worker, {KIND: handler}))
    assert (await doer.drain(), await doer.drain()) == (1, 0)
    assert seen == [(tenant.id, {"about": "this"})]
    assert await states(ground, tenant) == [("done", 1, None)]


async def test_jobs_and_mails_leave_each_other_alone(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """The worker's own couriers: the mail goes, the job of an unknown kind is put off, neither taken for the other."""
    tenant, _, address = await order_mail(ground)
    await enqueue(ground, tenant)
    assert await drain(worker) == 2
    assert server.recipients == [address]
    assert sorted(await states(ground, tenant), key=str) == [("done", 1, None), ("pending", 1, "UnknownJob")]


async def test_a_failing_job_is_tried_eight_times_and_then_dead(ground: Ground, worker: WorkerParts) -> None:
    tenant, tries = await ground.tenant(), 0

    async def handler(_job: Job) -> None:
        nonlocal tries
        tries += 1
        raise ConnectionError

    await enqueue(ground, tenant)
    doer = courier(ground, workshop(ground, worker, {KIND: handler}))
    for attempt in range(1, MOST_TRIES + 2):
        await ground.make_due(tenant)
        await doer.drain()
        assert await states(ground, tenant) == [
            ("pending" if attempt < MOST_TRIES else "dead", min(attempt, MOST_TRIES), "ConnectionError")
        ]
    assert tries == MOST_TRIES


async def test_a_long_job_keeps_its_lease(ground: Ground, worker: WorkerParts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is one second, the job lasts until it was renewed past that: nobody else gets it meanwhile."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1)
    tenant = await ground.tenant()
    ends: list[list[Lease]] = []

    async def handler(job: Job) -> None:
        first = job.lease.until
        while (job.lease.until - first).total_seconds() < 1.5:  # noqa: ASYNC110 - the lease has no event
            await asyncio.sleep(0.05)
        ends.append(await claim(ground.database, JOBS, 4))

    await enqueue(ground, tenant)
    [lease] = await claim(ground.database, JOBS, 4)
    assert await perform(workshop(ground, worker, {KIND: handler}, renewal=0.1), lease) is Outcome.DONE
    assert ends == [[]]
    assert await states(ground, tenant) == [("done", 1, None)]


async def lose(ground: Ground, tenant: Tenant) -> Lease:
    """Another worker takes the job over, as if the lease had run out."""
    await ground.make_due(tenant)
    [lease] = await claim(ground.database, JOBS, 1)
    return lease


async def test_who_lost_the_lease_is_cancelled_and_records_nothing(ground: Ground, worker: WorkerParts) -> None:
    tenant, cancelled = await ground.tenant(), asyncio.Event()

    async def handler(_job: Job) -> None:
        await lose(ground, tenant)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await enqueue(ground, tenant)
    [lease] = await claim(ground.database, JOBS, 1)
    assert await perform(workshop(ground, worker, {KIND: handler}, renewal=0.05), lease) is Outcome.LOST
    assert cancelled.is_set()
    assert await states(ground, tenant) == [("pending", 2, None)]


@pytest.mark.parametrize("way", ["conclude", "continue_with"])
async def test_of_two_workers_on_one_job_one_writes(ground: Ground, worker: WorkerParts, way: str) -> None:
    """What is written in the transaction that concludes is not written by who lost the lease."""
    tenant = await ground.tenant()

    async def handler(job: Job) -> None:
        if job.lease.attempt == 1:
            second = await lose(ground, tenant)
            assert await perform(shop, second) is Outcome.DONE
        async with job.write() as session:
            session.add(Category(tenant_id=tenant.id, slug=f"try-{job.lease.attempt}", name_en="Made"))
            await session.flush()
            await (job.conclude(session) if way == "conclude" else job.continue_with(session, step="2"))

    shop = workshop(ground, worker, {KIND: handler})
    await enqueue(ground, tenant)
    [lease] = await claim(ground.database, JOBS, 1)
    assert await perform(shop, lease) is Outcome.LOST
    async with ground.database.read(Scope(tenant_id=tenant.id)) as session:
        assert list((await session.execute(select(Category.slug))).scalars()) == ["try-2"]
    ended = ("done", 2, None)
    assert await states(ground, tenant) == ([ended] if way == "conclude" else [ended, ("pending", 0, None)])


async def test_a_job_goes_on_in_slices(ground: Ground, worker: WorkerParts) -> None:
    tenant = await ground.tenant()
    steps: list[int] = []

    async def handler(job: Job) -> None:
        step = int(job.payload["step"])
        steps.append(step)
        if step < 3:
            async with job.write() as session:
                await job.continue_with(session, step=str(step + 1))

    await enqueue(ground, tenant, step="1")
    assert await courier(ground, workshop(ground, worker, {KIND: handler})).drain() == 3
    assert steps == [1, 2, 3]
    assert await states(ground, tenant) == [("done", 1, None)] * 3


async def test_a_conclusion_that_is_rolled_back_is_none(ground: Ground, worker: WorkerParts) -> None:
    tenant = await ground.tenant()

    async def handler(job: Job) -> None:
        async with job.write() as session:
            await job.conclude(session)
            raise ConnectionError

    await enqueue(ground, tenant)
    await courier(ground, workshop(ground, worker, {KIND: handler})).drain()
    assert await states(ground, tenant) == [("pending", 1, "ConnectionError")]


async def test_one_tenants_long_work_delays_nobody_elses(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """A tenant with many jobs has one under way: another's job, and everybody's mails, go meanwhile."""
    busy, other = await ground.tenant(), await ground.tenant()
    done: list[uuid.UUID] = []
    may_end, most, now = asyncio.Event(), 0, 0

    async def handler(job: Job) -> None:
        nonlocal most, now
        now += job.tenant_id == busy.id
        most = max(most, now)
        if job.tenant_id == busy.id:
            await may_end.wait()
        now -= job.tenant_id == busy.id
        done.append(job.tenant_id)

    for _ in range(10):
        await enqueue(ground, busy)
    doer = courier(ground, workshop(ground, worker, {KIND: handler}))
    running = asyncio.create_task(doer.run())
    await eventually(lambda: now == 1)
    await enqueue(ground, other)
    _, _, address = await order_mail(ground, busy)
    doer.ring()
    await eventually(lambda: done == [other.id])
    await courier_of_mails(worker, TENANTS).drain()
    assert server.recipients == [address]
    may_end.set()
    await eventually(lambda: len(done) == 11)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await doer.finish(5)
    assert most == 1


@pytest.mark.parametrize("how", ["it fails", "it takes too long", "its worker has died"])
async def test_what_is_given_up_is_recorded_with_it(
    ground: Ground, worker: WorkerParts, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, in the transaction that makes the job `dead`; a try that is not the last records nothing."""
    monkeypatch.setattr(job_runs, "LONGEST_SECONDS", 0.05)
    tenant = await ground.tenant()
    await enqueue(ground, tenant)

    async def handler(job: Job) -> None:
        assert job.lease.attempt <= MOST_TRIES, "the worker has died at it often enough"
        if how == "it takes too long":
            await asyncio.Event().wait()
        raise OSError

    async def ending(session: AsyncSession, job: Job) -> None:
        session.add(Category(tenant_id=job.tenant_id, slug="given-up", name_en=job.kind))

    tools = Tools(ground.database, worker.objects, worker.images, worker.gateways)
    shop = Workshop(tools, {KIND: handler}, endings={KIND: ending})
    for tries in (0, MOST_TRIES if how == "its worker has died" else MOST_TRIES - 1):
        async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
            assert not (await session.execute(select(Category.id))).all()
            await session.execute(update(OutboxMessage).values(attempts=tries, due_at=func.now()))
        await courier(ground, shop).drain()
    assert [status for status, _, _ in await states(ground, tenant)] == ["dead"]
    async with ground.database.read(Scope(tenant_id=tenant.id)) as session:
        assert list((await session.execute(select(Category.name_en))).scalars()) == [KIND]
