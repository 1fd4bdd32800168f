"""Mission N4: the worker process: woken by signals, sweeping by itself, outliving Redis, ending well, killed."""

import asyncio
import json
import os
import signal
import statistics
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from arq.connections import ArqRedis
from arq.constants import default_queue_name
from sqlalchemy import text

from db.security.roles import connected
from devstack.ports import choose_port
from devstack.valkey import Valkey
from jobs.queue import DELIVER, queue_at
from jobs.work_signal import ArqWorkSignal
from jobs.worker import WorkerParts, run_worker
from tests.jobs.test_deliveries import order_mail, outcome
from tests.support.databases import Databases
from tests.support.outbox import Ground, eventually
from tests.support.smtp_server import ScriptedServer

ROOT = Path(__file__).parents[2]
DISCONNECT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"


@pytest.fixture
def redis_url(tmp_path: Path) -> Generator[str]:
    """A Redis of this test's own."""
    with valkey(tmp_path, choose_port()) as url:
        yield url


@contextmanager
def valkey(folder: Path, port: int) -> Generator[str]:
    server = Valkey(folder, port, durable=False)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@asynccontextmanager
async def working(parts: WorkerParts) -> AsyncGenerator[None]:
    """A running worker in this process."""
    task = asyncio.create_task(run_worker(parts))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def signalling(redis_url: str) -> AsyncGenerator[ArqWorkSignal]:
    work_signal = ArqWorkSignal(redis_url)
    try:
        yield work_signal
    finally:
        await work_signal.close()


@asynccontextmanager
async def client(redis_url: str) -> AsyncGenerator[ArqRedis]:
    redis = queue_at(redis_url, connect_seconds=5, answer_seconds=5)
    try:
        yield redis
    finally:
        await redis.aclose(close_connection_pool=True)


NEVER = 3600.0


async def test_a_signal_brings_the_mail_within_a_second(
    ground: Ground, worker: WorkerParts, server: ScriptedServer, redis_url: str
) -> None:
    """Mission N4."""
    seconds: list[float] = []
    tenant = await ground.tenant()
    parts = replace(worker, redis_url=redis_url, sweep_seconds=NEVER)
    async with working(parts), signalling(redis_url) as work_signal:
        for _ in range(25):
            _, _, address = await order_mail(ground, tenant)
            committed = time.monotonic()
            await work_signal.wake()
            await arrival(server, address)
            seconds.append(time.monotonic() - committed)
    assert statistics.quantiles(seconds, n=20)[-1] < 1, seconds


async def test_no_signal_is_lost_while_an_earlier_one_is_being_heard(
    ground: Ground, worker: WorkerParts, server: ScriptedServer, redis_url: str
) -> None:
    """Signals fold into one job; each must still be followed by a look at the outbox."""
    tenant = await ground.tenant()
    addresses: list[str] = []
    parts = replace(worker, redis_url=redis_url, sweep_seconds=NEVER)
    async with working(parts), signalling(redis_url) as work_signal:
        for _ in range(150):
            _, _, address = await order_mail(ground, tenant)
            await work_signal.wake()
            addresses.append(address)
        await eventually(lambda: set(addresses) <= set(server.recipients), 20)
    assert sorted(server.recipients) == sorted(addresses)


async def test_without_any_redis_the_sweep_delivers(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    async with working(replace(worker, sweep_seconds=0.3)):
        for _ in range(3):
            _, _, address = await order_mail(ground)
            await arrival(server, address)


async def test_the_worker_outlives_redis_and_hears_it_again(
    ground: Ground, worker: WorkerParts, server: ScriptedServer, tmp_path: Path
) -> None:
    """Mission N4: Redis away at the start, then there, lost, and there again and empty."""
    port = choose_port()
    url = f"redis://127.0.0.1:{port}/0"
    async with working(replace(worker, redis_url=url, sweep_seconds=NEVER)), signalling(url) as work_signal:
        await asyncio.sleep(0.3)  # the first look is over
        for _ in range(2):
            tenant, _, unheard = await order_mail(ground)
            await work_signal.wake()
            await asyncio.sleep(1)  # long enough for the worker to notice
            with valkey(tmp_path, port):
                await arrival(server, unheard)  # connecting again counts as a signal
                await asyncio.sleep(2)  # the signal is silent for two seconds after a failure
                for _ in range(2):
                    _, _, heard = await order_mail(ground, tenant)
                    await work_signal.wake()
                    await arrival(server, heard)


async def test_the_worker_outlives_its_connections_to_postgres(
    ground: Ground, worker: WorkerParts, server: ScriptedServer, databases: Databases
) -> None:
    async with working(replace(worker, sweep_seconds=0.3)):
        tenant, _, address = await order_mail(ground)
        await arrival(server, address)
        async with connected(databases.admin_url) as connection:
            mine = {"name": worker.database.engine.url.database}
            await connection.execute(text(f"{DISCONNECT} WHERE datname = :name"), mine)
        await ground.database.dispose()
        _, _, address = await order_mail(ground, tenant)
        await arrival(server, address)


async def arrival(server: ScriptedServer, address: str) -> None:
    await eventually(lambda: server.count(address) == 1, 20)


# --- the signal


async def test_a_signal_never_raises_and_never_waits() -> None:
    async with signalling("redis://127.0.0.1:1/0") as work_signal:
        for _ in range(20):
            await wake_at_once(work_signal)
            await asyncio.sleep(0.01)


async def test_a_silent_redis_costs_little_and_is_forgiven(redis_url: str) -> None:
    async with client(redis_url) as redis, signalling(redis_url) as work_signal:
        await work_signal.wake()
        await until_signalled(redis)
        await redis.delete(default_queue_name, f"arq:job:{DELIVER}")
        await redis.execute_command("CLIENT", "PAUSE", "1500", "ALL")  # pyright: ignore[reportUnknownMemberType]
        for _ in range(20):
            await wake_at_once(work_signal)
            await asyncio.sleep(0.01)
        await asyncio.sleep(3)
        await redis.delete(default_queue_name, f"arq:job:{DELIVER}")
        await work_signal.wake()
        await until_signalled(redis)


async def wake_at_once(work_signal: ArqWorkSignal) -> None:
    """Fails when the event loop turns meanwhile: the signal has waited for something."""
    turned: list[bool] = []
    asyncio.get_running_loop().call_soon(turned.append, True)
    await work_signal.wake()
    assert not turned


async def until_signalled(redis: ArqRedis) -> None:
    """Nobody waits for a signal to arrive; the one job is in the queue soon after."""
    for _ in range(2_000):
        if await redis.zcard(default_queue_name) == 1:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("no signal came")


async def test_signals_fold_into_one_job_in_json(redis_url: str) -> None:
    async with signalling(redis_url) as work_signal:
        await asyncio.gather(*(work_signal.wake() for _ in range(20)))
    async with client(redis_url) as redis:
        assert await redis.zcard(default_queue_name) == 1
        job = json.loads(await redis.get(f"arq:job:{DELIVER}") or b"")
    assert (job["f"], job["a"], job["k"]) == (DELIVER, [], {})


# --- the process


@asynccontextmanager
async def process(outbox_url: str, server: ScriptedServer) -> AsyncGenerator[Process]:
    given = {"database_url": outbox_url, "smtp_url": server.url, "redis_url": "redis://127.0.0.1:1/0"}
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.worker_process",
        cwd=ROOT,
        env={**os.environ, "WORKER": json.dumps(given)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def test_killed_after_hand_over_the_mail_is_sent_again_with_the_same_message_id(
    ground: Ground, outbox_url: str, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, address = await order_mail(ground)
    server.to_content = lambda _mail: 60.0
    async with process(outbox_url, server) as worker:
        await eventually(lambda: server.count(address) == 1, 20)
        worker.kill()
        await worker.wait()
    assert await outcome(ground, tenant, message_id) == ("pending", 1, "claimed", 1)

    server.to_content = lambda _mail: "250 taken"
    await ground.make_due(tenant)
    async with process(outbox_url, server):
        await eventually(lambda: server.count(address) == 2, 20)
        await asyncio.sleep(0.5)
    assert server.message_ids() == [f"<{message_id}@api.sadu.test>"] * 2
    assert await outcome(ground, tenant, message_id) == ("done", 2, "sent", 2)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_end_it_finishes_what_is_under_way(
    ground: Ground, outbox_url: str, server: ScriptedServer, end: signal.Signals
) -> None:
    tenant, message_id, address = await order_mail(ground)

    def slowly(_mail: object) -> str:
        time.sleep(1)  # in the server's own thread
        return "250 taken"

    server.to_content = slowly
    async with process(outbox_url, server) as worker:
        await eventually(lambda: server.count(address) == 1, 20)
        worker.send_signal(end)
        assert await asyncio.wait_for(worker.wait(), 10) == 0
    assert await outcome(ground, tenant, message_id) == ("done", 1, "sent", 1)
