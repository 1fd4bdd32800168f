"""Doing what the outbox's lane of jobs holds: lease → handler, while the lease is renewed → record."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import OutboxMessage
from db.queries.outbox import Lease
from domain.job_handlers import ENDINGS, HANDLERS
from domain.jobs import Ending, Handler, Job, Tools
from domain.leases import JOBS, MOST_TRIES, LeaseLost, Outcome, TriesExhausted, close_as_done, held, put_off, tell

LONGEST_SECONDS = 600.0
RENEWAL_SECONDS = 15.0
"""A quarter of the lease: two renewals may fail before it passes on."""

log = structlog.get_logger("sadu.jobs")


class UnknownJob(Exception):
    """No handler does this kind of job."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What doing jobs needs."""

    tools: Tools
    handlers: Mapping[str, Handler] = field(default_factory=lambda: HANDLERS)
    renewal_seconds: float = RENEWAL_SECONDS
    endings: Mapping[str, Ending] = field(default_factory=lambda: ENDINGS)


async def perform(workshop: Workshop, lease: Lease) -> Outcome:
    """Do one leased job to an end that is recorded. Raises only if the database cannot be reached."""
    job = Job(workshop.tools, lease, "", {})

    async def give_up(session: AsyncSession) -> None:
        if job.kind in workshop.endings:
            await workshop.endings[job.kind](session, job)

    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            await handle(workshop, job)
    except LeaseLost:
        outcome = Outcome.LOST
    except Exception as error:
        outcome = await put_off(workshop.tools.database, JOBS, job.lease, because=error, at_the_end=give_up)
    else:
        outcome = Outcome.DONE if job.is_concluded else await finish(job)
    log.info("job", message_id=str(lease.message_id), kind=job.kind, attempt=lease.attempt, outcome=outcome.value)
    return outcome


async def handle(workshop: Workshop, job: Job) -> None:
    async with job.read() as session:
        wanted = select(OutboxMessage.kind, OutboxMessage.payload).where(held(JOBS, job.lease))
        found = (await session.execute(wanted)).one_or_none()
    if found is None:
        raise LeaseLost
    job.kind, job.payload = found
    if job.lease.attempt > MOST_TRIES:
        raise TriesExhausted
    if job.kind not in workshop.handlers:
        raise UnknownJob
    await while_renewing(job, workshop.handlers[job.kind], workshop.renewal_seconds)


async def while_renewing(job: Job, handler: Handler, renewal_seconds: float) -> None:
    """Call the handler; cancel it once the lease is known to be lost."""
    working = asyncio.ensure_future(handler(job))
    renewing = asyncio.create_task(renew(job, renewal_seconds))
    try:
        await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise LeaseLost
        working.result()
    finally:
        for task in (working, renewing):
            task.cancel()
        await asyncio.gather(working, renewing, return_exceptions=True)


async def renew(job: Job, renewal_seconds: float) -> None:
    """Ends when the lease is lost."""
    while True:
        await asyncio.sleep(renewal_seconds)
        try:
            await job.renew()
        except LeaseLost:
            return
        except Exception as error:  # the next renewal may still be in time
            tell("lease_not_renewed", job.lease, error)


async def finish(job: Job) -> Outcome:
    async with job.write() as session:
        return Outcome.DONE if await close_as_done(session, JOBS, job.lease) else Outcome.LOST
