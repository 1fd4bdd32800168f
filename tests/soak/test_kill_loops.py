"""Mission N4, O6: API and worker killed with -9 again and again under orders; nothing acknowledged is lost."""

import asyncio
import os
import random
import sys
import time
from asyncio.subprocess import Process
from collections import Counter as Tally
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bootstrap import Parts
from db.models import Order, OutboxMessage, Send
from db.session import Scope
from devstack.ports import LOOPBACK, choose_port
from settings import Settings
from tests.support.api import Api
from tests.support.deployment import environment_of
from tests.support.factories import Factory
from tests.support.orders import OnSale, Till, submission
from tests.support.smtp_server import ScriptedServer, smtp_server

KILLS = int(os.environ.get("SOAK_KILLS", "20"))
SHOPPERS = 4
PAUSE_SECONDS = 0.03
STOCK = 1_000_000
SETTLE_SECONDS = 240
"""A killed worker's leases end after a minute; what then fails again waits for its pause."""
SADU = Path(sys.executable).parent / "sadu"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1_800)]


@dataclass
class Tracked:
    """A program that is killed and started again, and how often it was."""

    command: str
    environment: Mapping[str, str]
    process: Process | None = None
    kills: int = 0

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            SADU, self.command, env=self.environment, stderr=asyncio.subprocess.DEVNULL
        )

    async def kill(self) -> None:
        assert self.process is not None
        assert self.process.returncode is None, f"sadu {self.command} ended by itself"
        self.process.kill()
        await self.process.wait()
        self.kills += 1

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 30)


@dataclass
class Acknowledged:
    """What shoppers were told: the number of their order, by their address."""

    orders: dict[str, int] = field(default_factory=dict)
    retries: int = 0


@dataclass(frozen=True)
class Findings:
    """What is there in the end. Lists hold Message-IDs, and are empty if all is well."""

    orders: dict[str, int]
    kinds: dict[str, int]
    missing: list[str]
    unrecorded: list[str]
    unexplained_doubles: list[str]
    doubles: int
    second_tries: int
    mails: int

    @property
    def numbers(self) -> list[int]:
        return sorted(self.orders.values())


@pytest.fixture
def server() -> Generator[ScriptedServer]:
    """A mail server that sometimes takes a moment between keeping a mail and saying so: that is where kills hurt."""

    def answer(_mail: EmailMessage) -> str:
        time.sleep(random.choice([0, 0, 0.005, 0.05]))  # noqa: S311 - in the server's own thread
        return "250 taken"

    with smtp_server() as running:
        running.to_content = answer
        yield running


@pytest.fixture
def environment(settings: Settings, server: ScriptedServer) -> dict[str, str]:
    """The settings of both processes, as a deployment gives them."""
    port = choose_port()
    changes = {"smtp_url": server.url, "port": port, "public_url": f"http://{LOOPBACK}:{port}"}
    return environment_of(settings.model_copy(update=changes))


async def test_nothing_acknowledged_is_lost(
    parts: Parts,
    factory: Factory,
    server: ScriptedServer,
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Mission N4, O6: 20 kills of each process; every acknowledged order has its two mails."""
    api = Api(environment["SADU_PUBLIC_URL"])
    till = Till(parts, api, await factory.shop())
    sold = await till.sell(stock=STOCK)
    told = Acknowledged()
    async with running("serve", environment) as serve, running("worker", environment) as worker:
        async with shoppers(till, sold, told):
            await asyncio.gather(kill_api(serve, api), kill_worker(worker))
        await settled(till)
    found = await findings(till, server)
    with capsys.disabled():
        sys.stdout.write(table(found, told, serve, worker))
    assert found.orders == told.orders
    assert found.numbers == list(range(1001, 1001 + len(told.orders)))
    assert await till.left(sold) == STOCK - len(told.orders)
    assert found.kinds == {"mail.order_received": len(told.orders), "mail.order_placed": len(told.orders)}
    assert found.missing == []
    assert found.unrecorded == []
    assert found.unexplained_doubles == []
    await api.http.aclose()


@asynccontextmanager
async def running(command: str, environment: Mapping[str, str]) -> AsyncGenerator[Tracked]:
    tracked = Tracked(command, environment)
    await tracked.start()
    try:
        yield tracked
    finally:
        await tracked.stop()


@asynccontextmanager
async def shoppers(till: Till, sold: OnSale, told: Acknowledged) -> AsyncGenerator[None]:
    """Shoppers who order all the time; at the end each gets the answer that it waits for."""
    over = asyncio.Event()
    ordering = [asyncio.create_task(order_until(over, till, sold, told)) for _ in range(SHOPPERS)]
    try:
        yield
        over.set()
        await asyncio.wait_for(asyncio.gather(*ordering), 60)
    finally:
        for task in ordering:
            task.cancel()


async def order_until(over: asyncio.Event, till: Till, sold: OnSale, told: Acknowledged) -> None:
    while not over.is_set():
        given = submission((sold, 1))
        order = await insist(till, given, told)
        told.orders[given["customer"]["email"]] = order["number"]
        await asyncio.sleep(PAUSE_SECONDS)


async def insist(till: Till, given: dict[str, Any], told: Acknowledged) -> dict[str, Any]:
    """As a good client does: the same request with the same key until there is an answer."""
    while True:
        with suppress(httpx.TransportError):
            order: dict[str, Any] = (await till.submit(given)).payload("orderSubmit")["order"]
            return order
        told.retries += 1
        await asyncio.sleep(0.05)


async def kill_api(serve: Tracked, api: Api) -> None:
    for _ in range(KILLS):
        await ready(api)
        await asyncio.sleep(random.uniform(0.05, 3))  # noqa: S311 - any moment will do
        await serve.kill()
        await serve.start()
    await ready(api)


async def kill_worker(worker: Tracked) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(1.0, 4.0))  # noqa: S311
        await worker.kill()
        await worker.start()


async def ready(api: Api) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                if (await api.http.get("/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def settled(till: Till) -> None:
    """Until nothing is pending any more."""
    pending = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.status == "pending")
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            async with till.parts.database.read(Scope(till.shop.tenant.id)) as session:
                if (await session.execute(pending)).scalar_one() == 0:
                    return
            await asyncio.sleep(0.5)


async def findings(till: Till, server: ScriptedServer) -> Findings:
    """What the database, the ledger and the mailbox say."""
    async with till.parts.database.read(Scope(till.shop.tenant.id)) as session:
        orders = (await session.execute(select(Order.customer_email, Order.number))).all()
        join = (Send.tenant_id == OutboxMessage.tenant_id) & (Send.message_id == OutboxMessage.id)
        columns = (OutboxMessage.kind, OutboxMessage.status, Send.reference, Send.status, Send.attempts)
        rows = (await session.execute(select(*columns).outerjoin(Send, join))).all()
    arrived = Tally(server.message_ids())
    return Findings(
        orders={address: number for address, number in orders},  # noqa: C416 - rows are no pairs to `dict`
        kinds=dict(Tally(kind for kind, *_ in rows)),
        missing=[reference for *_, reference, _, _ in rows if arrived[reference] == 0],
        unrecorded=[reference for _, done, reference, sent, _ in rows if (done, sent) != ("done", "sent")],
        unexplained_doubles=[reference for *_, reference, _, attempts in rows if arrived[reference] > attempts],
        doubles=sum(count > 1 for count in arrived.values()),
        second_tries=sum(attempts > 1 for *_, attempts in rows),
        mails=arrived.total(),
    )


def table(found: Findings, told: Acknowledged, serve: Tracked, worker: Tracked) -> str:
    lines = {
        "kills of the API": serve.kills,
        "kills of the worker": worker.kills,
        "orders acknowledged": len(told.orders),
        "requests repeated by shoppers": told.retries,
        "orders in the database": len(found.orders),
        "mails due": sum(found.kinds.values()),
        "mails missing": len(found.missing),
        "mails that arrived": found.mails,
        "messages tried more than once (ledger)": found.second_tries,
        "messages that arrived more than once": found.doubles,
        "of these not explained by the ledger": len(found.unexplained_doubles),
    }
    return "\n" + "".join(f"{name:42}{number:>8}\n" for name, number in lines.items())
