"""The worker process: delivers what the outboxes hold.

The truth is in Postgres, and three couriers, for the tenants' mails, their jobs and people's mails, look there by
themselves every five seconds. arq only rings their bell: its one job says that something was committed, which makes the
usual delay a fraction of a second. The sweep is a loop of the process and no cron job of arq's, because arq's cron
lives in Redis: with Redis away, restarted or flushed, only the bell is missing.
"""

import asyncio
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import structlog

from db.session import Database
from domain.deliveries import Post, deliver
from domain.images import ImageRenderer
from domain.job_runs import Workshop, perform
from domain.jobs import Tools
from domain.leases import JOBS, PEOPLE, TENANTS, Outbox
from domain.object_store import ObjectStore
from domain.payment_gateways import Gateways
from domain.ports import MailSender
from domain.search_indexes import SearchIndexes
from domain.store_pages import StorePages
from jobs.bell import Bell
from jobs.couriers import JOB_SLOTS, MAIL_SLOTS, Courier
from jobs.retention import forget_regularly, sweep_regularly

GRACE_SECONDS = 20.0
"""How long what is under way may take to end after SIGTERM; within the 30 s that an orchestrator usually grants."""

log = structlog.get_logger("sadu.worker")


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What the worker works with. The caller made the database's pool and disposes of it."""

    database: Database
    mail: MailSender
    objects: ObjectStore
    images: ImageRenderer
    gateways: Gateways
    secret_key: bytes
    redis_url: str
    public_url: str
    base_domain: str = "localhost"
    search_indexes: SearchIndexes | None = None
    sweep_seconds: float = 5.0


async def run_worker(parts: WorkerParts) -> None:
    """Work until SIGTERM, SIGINT or cancellation; then end what is under way."""
    couriers = couriers_of(parts)
    with stop_signal() as stop:
        running = [asyncio.create_task(work) for work in (*(each.run() for each in couriers), stop.wait())]
        running.append(asyncio.create_task(Bell(parts.redis_url, lambda: ring(couriers)).run()))
        running.append(asyncio.create_task(forget_regularly(parts.database)))
        running.append(asyncio.create_task(sweep_regularly(tools_of(parts))))
        log.info("worker_started")
        try:
            ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await asyncio.gather(*(courier.finish(GRACE_SECONDS) for courier in couriers))
            log.info("worker_stopped")


async def drain(parts: WorkerParts) -> int:
    """Deliver everything that is due right now. Returns how many messages were handled, whatever became of them."""
    return sum(await asyncio.gather(*(courier.drain() for courier in couriers_of(parts))))


def couriers_of(parts: WorkerParts) -> Sequence[Courier]:
    return [
        courier_of_mails(parts, TENANTS),
        courier_of_mails(parts, PEOPLE),
        Courier(
            parts.database,
            JOBS,
            partial(perform, Workshop(tools_of(parts))),
            slots=JOB_SLOTS,
            sweep_seconds=parts.sweep_seconds,
            one_each=True,
        ),
    ]


def tools_of(parts: WorkerParts) -> Tools:
    return Tools(parts.database, parts.objects, parts.images, parts.gateways, parts.search_indexes)


def courier_of_mails(parts: WorkerParts, outbox: Outbox) -> Courier:
    host = urlsplit(parts.public_url).hostname or "localhost"
    store_pages = StorePages.beside(parts.public_url, parts.base_domain)
    post = Post(parts.database, parts.mail, parts.secret_key, host, store_pages)
    return Courier(
        parts.database,
        outbox,
        partial(deliver, post, outbox),
        slots=MAIL_SLOTS,
        sweep_seconds=parts.sweep_seconds,
    )


def ring(couriers: Sequence[Courier]) -> None:
    for courier in couriers:
        courier.ring()


@contextmanager
def stop_signal() -> Generator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set instead of ending the process."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    try:
        yield stop
    finally:
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
