"""`sadu balance`: the books of a store that was well kept agree, and whatever is amiss in a copy of them is told."""

import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from cli.balance import balance_tenants, reader
from db.queries.balance import RULES
from domain.balance import STOCK_RULE, balance
from domain.errors import AccessDenied
from settings import Settings
from tests.support.checkouts import Market
from tests.support.databases import Databases
from tests.support.discounts import DiscountDesk
from tests.support.factories import Factory, Shop
from tests.support.orders import OnSale, new_key
from tests.support.payments import BACK, START, Counter, reachable_api
from tests.support.refunds import CREATE as REFUND

BREAKS = {
    "a line costs more than it says": ("the amounts of an order add up", "UPDATE order_lines SET total = total + 1"),
    "a discount that no line has": ("the amounts of an order add up", "UPDATE orders SET discount = discount + 0.001"),
    "an order without lines": ("the amounts of an order add up", "DELETE FROM order_lines"),
    "a number that nobody has": ("numbers have no gap", "UPDATE counters SET value = value + 1"),
    "an order that was lost": ("numbers have no gap", "DELETE FROM orders WHERE number = 1001"),
    "a cancelled order that holds stock": (
        "stock is held by living orders",
        "UPDATE order_lines SET stock_held = quantity",
    ),
    "more held than ordered": ("stock is held by living orders", "UPDATE order_lines SET stock_held = quantity + 1"),
    "a hold without an end": (
        "stock is held until a moment",
        "UPDATE orders SET status = 'pending', payment_status = 'unpaid', held_until = now()",
    ),
    "a use that was not counted": ("codes are counted", "UPDATE discounts SET usage_count = usage_count - 1"),
    "a use given back by an order that lives": ("codes are counted", "UPDATE discount_uses SET given_back_at = now()"),
    "a use kept by an order that does not": ("codes are counted", "UPDATE discount_uses SET given_back_at = NULL"),
    "paid and not known as paid": ("an order is paid once", "UPDATE orders SET payment_status = 'unpaid'"),
    "paid and not confirmed": ("an order is paid once", "UPDATE orders SET status = 'pending' WHERE number = 1001"),
    "paid twice": (
        "an order is paid once",
        """INSERT INTO payments SELECT (jsonb_populate_record(p, jsonb_build_object(
             'id', gen_random_uuid(), 'reference', 'another'))).* FROM payments p WHERE status = 'paid'""",
    ),
    "money that never went back": (
        "money has an order, or goes back",
        "UPDATE payments SET return_reason = 'order_cancelled' WHERE status = 'paid'",
    ),
    "a refund that nobody made": ("refunds add up", "UPDATE payments SET amount_refunded = amount_paid"),
    "a refund that is forgotten": ("refunds add up", "UPDATE refunds SET status = 'pending', settled_at = NULL"),
    "refunded, and the order does not know": (
        "refunds add up",
        "UPDATE orders SET payment_status = 'refunded' WHERE payment_status <> 'unpaid'",
    ),
    "a payment that is forgotten": (
        "payments come to an end",
        "UPDATE payments SET status = 'pending', paid_at = NULL",
    ),
    "a message that is forgotten": ("payments come to an end", "UPDATE payment_events SET applied_at = NULL"),
    "another amount at the gateway": (
        "the mock gateway says the same",
        "UPDATE mock_charges SET amount = amount + 0.001",
    ),
    "nothing at the gateway": ("the mock gateway says the same", "DELETE FROM mock_charges"),
    "a charge of nobody's": ("the mock gateway says the same", "DELETE FROM payments"),
    "taken twice at the gateway": (
        "the mock gateway took no more than an order costs",
        """INSERT INTO mock_charges SELECT (jsonb_populate_record(c, jsonb_build_object(
             'id', gen_random_uuid(), 'token', 'another', 'idempotency_key', 'another'))).* FROM mock_charges c""",
    ),
    "a mail that was never written": (
        "each mail is due once",
        "DELETE FROM outbox WHERE kind = 'mail.order_confirmed'",
    ),
    "a mail that was written twice": (
        "each mail is due once",
        """INSERT INTO outbox SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid()))).*
           FROM outbox m WHERE kind = 'mail.order_received'""",
    ),
    "no ledger": ("each mail is in the ledger", "DELETE FROM sends"),
    "a mail called done and not sent": ("each mail is in the ledger", "UPDATE sends SET status = 'claimed'"),
    "work that was given up": ("no work was given up", "UPDATE outbox SET status = 'dead' WHERE lane = 'job'"),
    "a key that led to nothing": (
        "each key has its effect",
        "UPDATE idempotency_records SET entity_id = gen_random_uuid() WHERE operation LIKE 'checkout.%'",
    ),
    "stock taken twice": (STOCK_RULE, "UPDATE catalog_variants SET stock = stock - 1"),
    "stock given back twice": (STOCK_RULE, "UPDATE catalog_variants SET stock = stock + 1"),
}


@dataclass(frozen=True, slots=True)
class Books:
    """Those of a shop that has sold, been paid, and called an order off."""

    shop: Shop
    admin_url: str

    async def breaches(self, *damage: str) -> set[str]:
        """The rules that do not hold in a copy that was damaged, which is thrown away."""
        engine = create_async_engine(self.admin_url.replace("postgresql://", "postgresql+asyncpg://", 1))
        tenant_id = self.shop.tenant.id
        try:
            async with engine.connect() as connection:
                before = (await balance(await self.opened(AsyncSession(connection)), actor=reader(tenant_id))).units
                await connection.execute(text("RESET ROLE"))
                await connection.execute(text("SET LOCAL session_replication_role = replica"))
                for statement in damage:
                    await connection.execute(text(narrowed(statement, tenant_id)))
                session = await self.opened(AsyncSession(connection))
                found = await balance(session, actor=reader(tenant_id), units_before=before)
                return {breach.rule for breach in found.breaches if not breach.is_under_way}
        finally:
            await engine.dispose()

    async def opened(self, session: AsyncSession) -> AsyncSession:
        """As the application sees it."""
        bound = text("SELECT set_config('app.current_tenant', :tenant, true)")
        await session.execute(bound, {"tenant": str(self.shop.tenant.id)})
        await session.execute(text("SET LOCAL ROLE sadu_app"))
        return session


def narrowed(statement: str, tenant_id: uuid.UUID) -> str:
    """To one tenant's rows, whatever else is in the database."""
    return f"{statement} {'AND' if 'WHERE' in statement else 'WHERE'} tenant_id = '{tenant_id}'"


@pytest.fixture(scope="module")
async def books(
    settings: Settings, factory: Factory, databases: Databases, database_name: str
) -> AsyncGenerator[Books]:
    async with reachable_api(settings) as (parts, api):
        shop = await factory.shop()
        counter = await Counter.open(parts, api, shop)
        market = await Market.of(counter.till)
        await DiscountDesk(api, shop).create(usageLimit=5)
        sold = await counter.till.sell(stock=10, price="4.750")
        paid, called_off = [await placed_with_code(market, sold) for _ in range(2)]
        started = {"idempotencyKey": new_key(), "orderToken": paid["orderToken"], "provider": "MOCK", "returnUrl": BACK}
        reply = await api.execute(START, {"input": started}, tenant=shop.slug)
        payment = reply.payload("paymentStart")["payment"]
        await counter.press(payment["nextAction"]["redirectUrl"], "pay")
        await counter.work()
        refund = {"idempotencyKey": new_key(), "paymentId": payment["id"], "amount": "1"}
        (await api.execute(REFUND, {"input": refund}, token=shop.token, tenant=shop.slug)).payload("refundCreate")
        await counter.till.advance("orderCancel", called_off["order"]["id"])
        await counter.work_later()  # until nothing waits that could mend what is broken here
        yield Books(shop, databases.url(database_name))


async def placed_with_code(market: Market, sold: OnSale) -> dict[str, Any]:
    basket = await market.basket((sold, 2), discountCode="SAVE10")
    reply = await market.send(market.given(basket, "10.050", paymentProvider="MOCK"))
    return reply.payload("checkoutComplete")


async def test_books_that_were_well_kept_agree(books: Books) -> None:
    """Mission C4, C6, O6, N4."""
    assert await books.breaches() == set()


@pytest.mark.parametrize("damage", BREAKS)
async def test_what_is_amiss_is_told(books: Books, damage: str) -> None:
    """Mission C4, C6, O6, N4."""
    rule, statement = BREAKS[damage]
    assert rule in await books.breaches(statement)


def test_every_rule_is_broken_once() -> None:
    """A rule that nothing can break is none."""
    assert {rule for rule, _ in BREAKS.values()} == {*RULES, STOCK_RULE}


async def test_who_may_not_read_orders_is_refused(shop: Shop) -> None:
    async with AsyncSession() as session:
        with pytest.raises(AccessDenied):
            await balance(session, actor=shop.guest)


async def test_the_command_tells_what_it_found(
    books: Books, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    units, slug = tmp_path / "units.json", books.shop.slug
    assert await balance_tenants(settings, slug=slug, since=None, save=units)
    said = capsys.readouterr().out
    assert "FAIL" not in said
    assert [line.split()[-1] for line in said.splitlines() if line.startswith("  the mock gateway took")] == [
        "10.050"
    ] * 2
    units.write_text(units.read_text().replace(": 10", ": 11"))
    assert not await balance_tenants(settings, slug=slug, since=units, save=None)
    said = capsys.readouterr().out
    assert "11 before, 10 now" in said
    assert f"FAIL  {STOCK_RULE}  1 do not" in said
    with pytest.raises(SystemExit, match="no tenant"):
        await balance_tenants(settings, slug="nobody", since=None, save=None)
