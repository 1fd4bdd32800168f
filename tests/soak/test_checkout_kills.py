"""Mission C1 to C7, O6, N4: shoppers check out and pay while everything is killed at random; then the books agree."""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import pytest
from sqlalchemy import text

from db.security.roles import connected
from devstack.stack import throwaway_directory
from settings import Settings
from tests.support.api import Api
from tests.support.checkouts import Market
from tests.support.deployment import Deployment, deployment
from tests.support.discounts import DiscountDesk
from tests.support.factories import Factory
from tests.support.orders import OnSale, Till
from tests.support.persistent_shoppers import CODE, Shopper, Told
from tests.support.smtp_server import ScriptedServer, smtp_server

CHECKOUTS = int(os.environ.get("SOAK_CHECKOUTS", "200"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(2**32))))  # noqa: S311 - any will do
SHOPPERS, CUSTOMERS = 8, 3
SETTLE_SECONDS = 420
"""A killed worker's leases end after a minute; so do holds, which are a minute long here."""
UNITS = (None, CHECKOUTS, CHECKOUTS, CHECKOUTS // 4, CHECKOUTS // 8, 10_000)
"""Of each thing on sale: some of them run out."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1_800)]


@pytest.fixture
def server() -> Generator[ScriptedServer]:
    """Takes a moment between keeping a mail and saying so: that is where kills hurt."""

    def answer(_mail: EmailMessage) -> str:
        time.sleep(random.choice([0, 0, 0.005, 0.05]))  # noqa: S311 - in the server's own thread
        return "250 taken"

    with smtp_server() as running:
        running.to_content = answer
        yield running


@pytest.fixture
async def running(settings: Settings, server: ScriptedServer) -> AsyncGenerator[Deployment]:
    with throwaway_directory() as folder:
        async with deployment(settings, folder, smtp_url=server.url) as running:
            yield running


async def test_the_books_agree_whatever_is_killed(
    running: Deployment, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mission C4, C6, O6, N4: database, Redis, API and worker are killed in the middle of 200 checkouts."""
    api, told = Api(running.url), Told()
    owner_url = running.settings.owner_database_url
    assert owner_url
    factory = Factory(running.parts, owner_url)
    market, shelf = await opened(running, api, factory)
    units = running.folder / "units.json"
    before = await running.sadu("balance", "--save-units", str(units))
    assert before[0] == 0, before[1]
    shopper = Shopper(market, api, told, random.Random(SEED), shelf)  # noqa: S311 - the same dice again
    members = [await factory.customer(market.till.shop) for _ in range(CUSTOMERS)]
    crowd = [shopper.another(random.Random(SEED + n), m) for n, m in enumerate([*members, *[None] * SHOPPERS])]  # noqa: S311
    began = time.monotonic()
    async with kills(running):
        await shop(crowd[:SHOPPERS], CHECKOUTS)
        await asyncio.gather(*told.late)
    shopped = time.monotonic() - began
    await running.ready()
    await settle(running)
    status, said = await running.sadu("balance", "--units-since", str(units))
    orders = await rows(running, "SELECT id::text, number::text, total::text, status, payment_status FROM orders")
    lost = await unaccounted_mails(running, server)
    with capsys.disabled():
        sys.stdout.write(
            f"\nSOAK_SEED={SEED}: {CHECKOUTS} checkouts in {shopped:.0f} s\n{summary(running, told)}{said}"
        )
    assert told.surprises == []
    assert running.api.faults + running.worker.faults == []
    assert status == 0, said
    assert {(number, total) for _, number, total, *_ in orders} == {
        (str(order["number"]), order["total"]["amount"]) for order in told.orders.values()
    }, "every answer is an order, and there is no other"
    assert lost == []
    await api.http.aclose()


async def opened(running: Deployment, api: Api, factory: Factory) -> tuple[Market, list[OnSale]]:
    """A shop that sells some things, is paid within a minute, and gives a code to a fifth of its shoppers."""
    till = Till(running.parts, api, await factory.shop())
    market = await Market.of(till)
    # Stores may ask for five minutes at least.
    await running.statement("UPDATE payment_accounts SET hold_minutes = 1 WHERE provider = 'mock'")
    await DiscountDesk(api, till.shop).create(CODE, usageLimit=max(2, CHECKOUTS // 5))
    prices = ("4.750", "0.333", "12.005", "1.999", "7.001", "0.250")
    shelf = [await till.sell(stock=stock, price=price) for stock, price in zip(UNITS, prices, strict=True)]
    return market, shelf


@asynccontextmanager
async def kills(running: Deployment) -> AsyncGenerator[None]:
    killing = asyncio.create_task(running.kill_now_and_then(random.Random(SEED)))  # noqa: S311
    try:
        yield
        assert not killing.done(), killing.exception()
    finally:
        killing.cancel()


async def shop(crowd: list[Shopper], times: int) -> None:
    left = iter(range(times))

    async def work(shopper: Shopper) -> None:
        for _ in left:
            await shopper.shop_once()

    await asyncio.gather(*(work(shopper) for shopper in crowd))


async def settle(running: Deployment) -> None:
    """Until all payments have ended and nothing waits any more. Pauses longer than a lease are cut short."""
    over = "UPDATE orders SET held_until = now() WHERE status = 'pending' AND payment_method = 'manual'"
    sooner = "UPDATE outbox SET due_at = now() WHERE status = 'pending' AND due_at > now() + interval '61 seconds'"
    await running.statement(over)
    async with asyncio.timeout(SETTLE_SECONDS):
        while await rows(running, "SELECT 1 FROM outbox WHERE status = 'pending' LIMIT 1"):
            await running.statement(sooner)
            await asyncio.sleep(1)


async def rows(running: Deployment, sql: str) -> list[tuple[str, ...]]:
    async with connected(running.admin_url) as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def unaccounted_mails(running: Deployment, server: ScriptedServer) -> list[str]:
    """Those that never came, though the ledger says so, and those that came more often than it says."""
    arrived = Counter(server.message_ids())
    sends = await rows(running, "SELECT reference, attempts::text FROM sends WHERE status = 'sent'")
    return [
        f"{reference}: {arrived[reference]} came of {attempts} tries"
        for reference, attempts in sends
        if not 1 <= arrived[reference] <= int(attempts)
    ]


def summary(running: Deployment, told: Told) -> str:
    """What was killed, decided, refused and repeated."""
    parts = {"killed": running.kills, "decided": told.decisions, "refused": told.refusals, "repeated": told.retries}
    lines = [
        f"{name}: {', '.join(f'{count} {what}' for what, count in each.most_common())}" for name, each in parts.items()
    ]
    return "".join(f"{line}\n" for line in [f"{len(told.orders)} orders were answered", *lines, *told.surprises])
