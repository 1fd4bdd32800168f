"""Whatever is in a cart, its code, and how it is shipped: what is stored of the order adds up to the fils."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.models import new_id
from db.rows import write_rows
from db.session import Scope
from domain import checkouts
from domain.address_forms import NewKuwaitAddress
from domain.carts import Cart, CartLine
from domain.checkouts import CheckedOut, NewCheckout
from domain.errors import TotalChanged
from domain.order_submission import Customer
from gql.ids import row_id
from tests.support.api import Api
from tests.support.checkouts import Market
from tests.support.discounts import DiscountDesk
from tests.support.factories import Shop
from tests.support.orders import OnSale, Till, new_key

CARTS = 60
HOME = NewKuwaitAddress(governorate="hawalli", area="Salmiya", block="3", street="1", building="2")
AMISS = """
SELECT count(*) FROM orders AS o CROSS JOIN LATERAL (
    SELECT sum(total) AS total, sum(discount) AS discount, bool_and(total = unit_price * quantity) AS is_exact
    FROM order_lines WHERE order_id = o.id) AS lines
WHERE o.subtotal <> lines.total OR o.total <> lines.total + o.shipping - o.discount OR o.total < 0 OR NOT lines.is_exact
    OR o.discount <> lines.discount + CASE WHEN o.discount_code = 'SENT' THEN o.shipping ELSE 0 END
"""


@pytest.fixture
async def market(parts: Parts, api: Api, shop: Shop) -> Market:
    codes = DiscountDesk(api, shop)
    await codes.create("THIRD", value={"percentage": "33.33"})
    await codes.create("FIXED", value={"amount": "7.777"})
    await codes.create("SENT", value={"freeShipping": True})
    return await Market.of(Till(parts, api, shop))


class Buyer:
    """A guest of one shop with a cart that is in no store."""

    def __init__(self, market: Market, lines: Sequence[CartLine], code: str | None, rate: str) -> None:
        self._market, self._rate = market, row_id("rate", rate, "shippingRateId")
        self._cart = Cart(new_id(), lines, discount_code=code)

    async def try_for(self, total: Decimal) -> CheckedOut:
        given = NewCheckout(
            customer=Customer("Fahad", "fahad@shoppers.test"),
            payment_provider="manual",
            expected_total=total,
            guest_cart_id=self._cart.id,
            shipping_address=HOME,
            shipping_rate_id=self._rate,
        )
        till = self._market.till
        async with write_rows(till.parts.database, Scope(till.shop.tenant.id)) as rows:
            return await checkouts.complete(
                rows,
                actor=till.shop.guest,
                gateways=till.parts.gateways,
                given=given,
                guest_cart=self._cart,
                idempotency_key=new_key(),
                visit_id=None,
            )

    async def check_out(self) -> Any:
        """For the total that a refusal has told."""
        with pytest.raises(TotalChanged) as changed:
            await self.try_for(Decimal("123456.789"))
        return (await self.try_for(changed.value.total)).order.value


async def test_what_is_stored_of_random_carts_adds_up(market: Market) -> None:
    """Mission C4, C3."""
    chance = random.Random(7)  # noqa: S311 - the same carts each time
    prices = [f"{chance.randrange(10 ** chance.randint(1, 6)) / 1000:.3f}" for _ in range(12)]
    on_sale: list[tuple[OnSale, Decimal]] = [
        (await market.till.sell(price=price, stock=None), Decimal(price)) for price in prices
    ]
    used: set[tuple[str | None, str]] = set()
    for _ in range(CARTS):
        chosen = chance.sample(on_sale, chance.randint(1, 8))
        lines = [CartLine(sold.variant_id, chance.randint(1, 5), price) for sold, price in chosen]
        code, rate = chance.choice([None, "THIRD", "FIXED", "SENT"]), chance.choice([market.delivery, market.pickup])
        order = await Buyer(market, lines, code, rate).check_out()
        used.add((order.discount_code, order.shipping_method["kind"]))
        assert order.subtotal == sum(line.seen_price * line.quantity for line in lines)
        assert order.total == order.subtotal + order.shipping - order.discount

    assert len(used) == 8
    async with market.till.parts.database.read(Scope(market.till.shop.tenant.id)) as session:
        counted = (await session.execute(text("SELECT count(*) FROM orders"))).scalar_one()
        assert (counted, (await session.execute(text(AMISS))).scalar_one()) == (CARTS, 0)
