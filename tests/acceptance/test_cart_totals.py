"""What a cart comes to is what its checkout expects, whatever is in it."""

from typing import Any

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.carts import Basket
from tests.support.checkouts import Market
from tests.support.discounts import DiscountDesk
from tests.support.factories import Factory, Shop
from tests.support.orders import Till
from tests.support.statements import counted_statements

TOTALS = """{ totals {
  subtotal { amount } discount { amount } discountRefusal { code field } needsShipping shipping { amount }
  shippingQuotes { rateId price { amount } } total { amount currency }
} }"""
READ = f"query($id: ID!) {{ store {{ cart(id: $id) {TOTALS} }} }}"
OWN = f"{{ viewer {{ customer {{ cart {TOTALS} }} }} }}"
HOME = {"country": "KW", "governorate": "HAWALLI", "area": "Salmiya"}


@pytest.fixture
async def market(parts: Parts, api: Api, shop: Shop) -> Market:
    return await Market.of(Till(parts, api, shop))


async def totals(basket: Basket) -> dict[str, Any]:
    caller: dict[str, Any] = {"token": basket.member.token if basket.member else None, "tenant": basket.till.shop.slug}
    if basket.cart_id is None:
        own: dict[str, Any] = (await basket.till.api.execute(OWN, **caller)).data["viewer"]["customer"]["cart"][
            "totals"
        ]
        return own
    reply = await basket.till.api.execute(READ, {"id": basket.cart_id}, **caller)
    found: dict[str, Any] = reply.data["store"]["cart"]["totals"]
    return found


def amounts(found: dict[str, Any]) -> list[str | None]:
    told = [found[name] for name in ("subtotal", "discount", "shipping", "total")]
    return [each["amount"] if each else None for each in told]


@pytest.mark.parametrize("is_guest", [True, False])
async def test_a_checkout_expects_what_the_cart_tells(
    market: Market, factory: Factory, api: Api, shop: Shop, *, is_guest: bool
) -> None:
    """Mission C1, C2, C3, C4."""
    await DiscountDesk(api, shop).create("SAVE10")
    await DiscountDesk(api, shop).create("SENT", value={"freeShipping": True})
    shirt, mug = await market.till.sell(price="4.745"), await market.till.sell(price="0.333", stock=None)
    member = None if is_guest else await factory.customer(shop)
    basket = await market.basket((shirt, 1), (mug, 3), member=member, destination=HOME, discountCode="save10")

    unchosen = await totals(basket)
    assert amounts(unchosen) == ["5.744", "0.574", None, "5.170"]
    assert (unchosen["needsShipping"], unchosen["discountRefusal"]) == (True, None)
    assert [quote["price"]["amount"] for quote in unchosen["shippingQuotes"]] == ["1.500", "0.000"]
    await basket.do("cartUpdate", shippingRateId=unchosen["shippingQuotes"][0]["rateId"])
    assert amounts(await totals(basket)) == ["5.744", "0.574", "1.500", "6.670"]
    await basket.do("cartUpdate", discountCode="SENT")
    free = await totals(basket)
    assert amounts(free) == ["5.744", "1.500", "1.500", "5.744"]

    order = await market.complete(basket, free["total"]["amount"], shippingRateId=None)
    assert [order[name]["amount"] for name in ("subtotal", "discount", "shipping", "total")] == amounts(free)
    assert [line["discount"]["amount"] for line in order["lines"]] == ["0.000", "0.000"]


async def test_a_cart_says_why_its_code_does_not_count(market: Market, api: Api, shop: Shop) -> None:
    """Mission C3."""
    await DiscountDesk(api, shop).create("RICH", minimumSubtotal="100")
    basket = await market.basket((await market.till.sell(price="4.750"), 1), discountCode="RICH")
    poor = await totals(basket)
    assert poor["discountRefusal"] == {"code": "DISCOUNT_MINIMUM_NOT_REACHED", "field": ["discountCode"]}
    assert amounts(poor) == ["4.750", "0.000", None, "4.750"]
    await basket.do("cartUpdate", discountCode="NOBODY")
    assert (await totals(basket))["discountRefusal"]["code"] == "NOT_FOUND"


async def test_what_is_not_on_sale_is_in_no_total(market: Market) -> None:
    """Mission C1, C4."""
    shirt, service = await market.till.sell(price="4.750"), await market.till.sell(price="3.000", item_kind="service")
    basket = await market.basket((shirt, 1), (service, 1))
    await market.till.change_item(shirt, status="draft")
    found = await totals(basket)
    assert (amounts(found), found["needsShipping"], found["shippingQuotes"]) == (
        ["3.000", "0.000", None, "3.000"],
        False,
        [],
    )


async def test_totals_take_as_many_statements_for_a_full_cart(market: Market, parts: Parts) -> None:
    counts: list[int] = []
    for many in (1, 5):
        lines = [(await market.till.sell(price="1.000"), 1) for _ in range(many)]
        basket = await market.basket(*lines, destination=HOME, discountCode="NOBODY")
        with counted_statements(parts.database) as statements:
            await totals(basket)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 5
