"""Carts: a guest's in Redis and a customer's in Postgres do the same for whoever fills them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.carts import Basket, given_lines, quantities_in, warnings_in
from tests.support.factories import Factory, Shop
from tests.support.orders import OnSale, Till
from tests.support.statements import counted_statements

UNKNOWN = "guestcart_01h2xcejqtf2nbrexx3vqjhp41"


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


@pytest.fixture(params=["guest", "customer"])
async def basket(request: pytest.FixtureRequest, till: Till, factory: Factory) -> Basket:
    """A shopper of either kind; every promise is kept to both."""
    return Basket(till, await factory.customer(till.shop) if request.param == "customer" else None)


async def test_a_shopper_fills_a_cart_and_changes_it(basket: Basket) -> None:
    """Mission C1."""
    dates = await basket.till.sell(price="4.750", item_name_en="Dates")
    coffee = await basket.till.sell(price="0.005", stock=None, item_name_en="Coffee")

    basket = await basket.filled((dates, 2), (coffee, 1))
    cart = await basket.add((coffee, 3))

    assert quantities_in(cart) == {dates.id: 2, coffee.id: 4}
    assert (cart["quantity"], cart["subtotal"]) == (6, {"amount": "9.520", "currency": "KWD"})
    assert (cart["isGuest"], cart["warnings"]) == (basket.member is None, [])
    first = cart["lines"][0]
    assert first["variant"] == {"id": dates.id, "availability": "IN_STOCK", "item": {"name": {"en": "Dates"}}}
    assert (first["unitPrice"], first["seenPrice"], first["total"]) == (
        {"amount": "4.750"},
        {"amount": "4.750"},
        {"amount": "9.500"},
    )
    assert await basket.read() == cart

    assert quantities_in(await basket.keep((dates, 5), (coffee, 0))) == {dates.id: 5}
    assert quantities_in(await basket.add((coffee, 1))) == {dates.id: 5, coffee.id: 1}
    removed = await basket.do("cartLinesRemove", variantIds=[dates.id, dates.id])
    assert quantities_in(removed) == {coffee.id: 1}
    assert quantities_in(await basket.do("cartLinesRemove", variantIds=[dates.id])) == {coffee.id: 1}
    assert await basket.read() == removed


async def test_what_is_named_twice_is_added_twice(basket: Basket) -> None:
    """Mission C1."""
    sold = await basket.till.sell()
    basket = await basket.filled((sold, 2), (sold, 3))
    assert await basket.quantities() == {sold.id: 5}


async def test_simultaneous_changes_all_count(basket: Basket) -> None:
    """Mission C1: of 40 adds to one cart, half of them of one variant, none is lost."""
    shared, others = await basket.till.sell(), [await basket.till.sell() for _ in range(20)]
    basket = await basket.filled((shared, 1))

    apart = [basket.add((shared, 1), (each, 1)) for each in others]
    await asyncio.gather(*apart, *(basket.add((shared, 2)) for _ in range(20)))

    assert await basket.quantities() == {shared.id: 61} | {each.id: 1 for each in others}


async def test_note_code_destination_and_rate_are_kept_and_cleared(basket: Basket) -> None:
    """Mission C1: what is left out stays, and null clears."""
    basket = await basket.filled((await basket.till.sell(), 1))
    rate = "rate_01h2xcejqtf2nbrexx3vqjhp41"
    place = {"country": "kw", "governorate": "HAWALLI", "area": " Salmiya "}

    told = await basket.do(
        "cartUpdate", note="Ring twice\r\nplease ", discountCode=" eid-10 ", destination=place, shippingRateId=rate
    )
    kept = {"country": "KW", "governorate": "HAWALLI", "area": "Salmiya"}
    assert (told["note"], told["discountCode"]) == ("Ring twice\nplease", "eid-10")
    assert (told["destination"], told["shippingRateId"]) == (kept, rate)

    cleared = await basket.do("cartUpdate", note=None, shippingRateId=None)
    assert (cleared["note"], cleared["shippingRateId"]) == (None, None)
    assert (cleared["discountCode"], cleared["destination"]) == ("eid-10", kept)
    assert await basket.do("cartUpdate", discountCode=None, destination=None) == told | {
        "note": None,
        "discountCode": None,
        "destination": None,
        "shippingRateId": None,
    }


async def test_nothing_about_a_line_changes_silently(basket: Basket) -> None:
    """Mission C1: prices and stock that have changed since are warnings, and the cart stays as it is."""
    till = basket.till
    dearer, few, none, archived = [await till.sell(price="2.000") for _ in range(4)]
    draft = await till.sell(price="2.000")
    basket = await basket.filled(*((each, 3) for each in (dearer, few, none, archived, draft)))
    await till.change(dearer, price="2.500")
    await till.change(few, stock=2)
    await till.change(none, stock=0)
    await till.change(archived, archived_at=datetime.now(UTC))
    await till.change_item(draft, status="draft")

    cart = await basket.read() or {}

    nothing = {"oldPrice": None, "newPrice": None, "available": None}
    assert cart["warnings"] == [
        nothing
        | {"code": "PRICE_CHANGED", "variantId": dearer.id}
        | {"oldPrice": {"amount": "2.000"}, "newPrice": {"amount": "2.500"}},
        nothing | {"code": "INSUFFICIENT_STOCK", "variantId": few.id, "available": 2},
        nothing | {"code": "OUT_OF_STOCK", "variantId": none.id, "available": 0},
        nothing | {"code": "UNAVAILABLE", "variantId": archived.id},
        nothing | {"code": "UNAVAILABLE", "variantId": draft.id},
    ]
    assert set(quantities_in(cart).values()) == {3}
    prices = [line["unitPrice"] and line["unitPrice"]["amount"] for line in cart["lines"]]
    assert prices == ["2.500", "2.000", "2.000", None, None]
    assert [line["variant"] is None for line in cart["lines"]] == [False, False, False, True, True]
    assert cart["subtotal"]["amount"] == "19.500"


async def test_a_price_is_as_seen_until_the_shopper_is_shown_another(basket: Basket) -> None:
    """Mission C1: neither more of it nor less makes a change of price go unseen."""
    sold = await basket.till.sell(price="2.000")
    basket = await basket.filled((sold, 1))
    await basket.till.change(sold, price="3.000")

    for cart in (await basket.add((sold, 1)), await basket.keep((sold, 5))):
        assert warnings_in(cart) == [("PRICE_CHANGED", sold.id)]
    shown = await basket.do("cartLinesUpdate", lines=[{"variantId": sold.id, "quantity": 5, "seenPrice": "3.000"}])
    assert (shown["warnings"], shown["lines"][0]["seenPrice"]) == ([], {"amount": "3.000"})
    stale = await basket.do("cartLinesAdd", lines=[{"variantId": sold.id, "quantity": 1, "seenPrice": "2.5"}])
    assert warnings_in(stale) == [("PRICE_CHANGED", sold.id)]
    assert stale["warnings"][0]["oldPrice"] == {"amount": "2.500"}


async def test_a_bad_line_changes_nothing(basket: Basket, factory: Factory) -> None:
    """Mission C1: everything that is wrong is told at once."""
    till, foreign = basket.till, await Till(basket.till.parts, basket.till.api, await factory.shop()).sell()
    sold, draft = await till.sell(), await till.sell(item_status="draft")
    basket = await basket.filled((sold, 2))
    before = await basket.read()

    wrong = [
        {"variantId": sold.id, "quantity": 0},
        {"variantId": "variant_1", "quantity": 1_000_001},
        {"variantId": sold.id, "quantity": 1, "seenPrice": "1.0001"},
    ]
    assert (await basket.send("cartLinesAdd", lines=wrong)).faults("cartLinesAdd") == [
        ("INVALID", ["lines", "0", "quantity"]),
        ("INVALID", ["lines", "1", "quantity"]),
        ("NOT_FOUND", ["lines", "1", "variantId"]),
        ("INVALID", ["lines", "2", "seenPrice"]),
    ]
    missing = given_lines((sold, 1), (draft, 1), (foreign, 1))
    assert (await basket.send("cartLinesAdd", lines=missing)).faults("cartLinesAdd") == [
        ("NOT_FOUND", ["lines", "1", "variantId"]),
        ("NOT_FOUND", ["lines", "2", "variantId"]),
    ]
    absent = given_lines((sold, 9), (draft, 1))
    twice = given_lines((sold, 9), (sold, 1))
    for lines, told in (
        ([], ("REQUIRED", ["lines"])),
        (given_lines(*[(sold, 1)] * 101), ("TOO_LONG", ["lines"])),
        (absent, ("NOT_FOUND", ["lines", "1", "variantId"])),
        (twice, ("INVALID", ["lines", "1", "variantId"])),
    ):
        assert (await basket.send("cartLinesUpdate", lines=lines)).faults("cartLinesUpdate") == [told]
    for given, told in (
        ({"note": "n" * 2_001}, ("TOO_LONG", ["note"])),
        ({"discountCode": "c" * 201}, ("TOO_LONG", ["discountCode"])),
        ({"destination": {"country": "KWT"}}, ("INVALID", ["destination", "country"])),
        ({"destination": {"country": "SA", "governorate": "JAHRA"}}, ("INVALID", ["destination", "governorate"])),
        ({"destination": {"country": "KW", "area": "Taima"}}, ("REQUIRED", ["destination", "governorate"])),
        ({"shippingRateId": "rate_1"}, ("NOT_FOUND", ["shippingRateId"])),
    ):
        assert (await basket.send("cartUpdate", **given)).faults("cartUpdate") == [told]
    assert await basket.read() == before


async def test_a_cart_is_bounded(basket: Basket) -> None:
    """Mission C1: 100 lines, and a million of one; what is too much changes nothing."""
    sold = [await basket.till.sell(stock=None) for _ in range(101)]
    basket = await basket.filled(*((each, 1) for each in sold[:99]))
    too_many = await basket.send("cartLinesAdd", lines=given_lines((sold[0], 5), (sold[99], 1), (sold[100], 1)))
    assert too_many.faults("cartLinesAdd") == [("LIMIT_REACHED", ["lines"])]
    assert (await basket.quantities())[sold[0].id] == 1
    await basket.add((sold[99], 1))
    too_much = await basket.send("cartLinesAdd", lines=given_lines((sold[1], 1), (sold[0], 1_000_000)))
    assert too_much.faults("cartLinesAdd") == [("INVALID", ["lines", "1", "quantity"])]
    assert set((await basket.quantities()).values()) == {1}
    assert len(await basket.quantities()) == 100


async def test_a_cart_is_thrown_away(basket: Basket) -> None:
    """Mission C1."""
    sold = await basket.till.sell()
    basket = await basket.filled((sold, 1))
    cart = await basket.read() or {}

    assert (await basket.send("cartDelete")).payload("cartDelete")["deletedId"] == cart["id"]

    assert await basket.read() is None
    for field, given in (
        ("cartDelete", {}),
        ("cartLinesUpdate", {"lines": given_lines((sold, 1))}),
        ("cartLinesRemove", {"variantIds": [sold.id]}),
        ("cartUpdate", {"note": "Ring"}),
        *([("cartLinesAdd", {"lines": given_lines((sold, 1))})] if basket.cart_id else []),
    ):
        assert (await basket.send(field, **given)).faults(field) == [("NOT_FOUND", ["cartId"])], field


async def test_more_lines_need_no_more_statements(basket: Basket) -> None:
    """Mission C1."""
    sold = [await basket.till.sell() for _ in range(40)]
    basket = await basket.filled((sold[0], 1))
    counts: list[list[int]] = []
    for many in (2, 40):
        counts.append([])
        lines = given_lines(*((each, 2) for each in sold[:many]))
        for field in ("cartLinesAdd", "cartLinesUpdate"):
            with counted_statements(basket.till.parts.database) as statements:
                await basket.do(field, lines=lines)
            counts[-1].append(len(statements))
        with counted_statements(basket.till.parts.database) as statements:
            await basket.read()
        counts[-1].append(len(statements))
    assert counts[0] == counts[1]


async def test_nobody_else_finds_a_cart(basket: Basket, factory: Factory) -> None:
    """Mission C1, T3: not at another store, and a customer's not with its id alone."""
    till, other = basket.till, Till(basket.till.parts, basket.till.api, await factory.shop())
    sold, foreign = await till.sell(), await other.sell()
    basket = await basket.filled((sold, 1))
    cart_id = (await basket.read() or {})["id"]
    named = replace(basket, cart_id=cart_id)
    assert (await named.read() or {})["id"] == cart_id

    elsewhere = Basket(other, basket.member and await factory.customer(other.shop, basket.member), cart_id)
    strangers = [elsewhere, replace(elsewhere, member=None)]
    if basket.member:
        another = await Basket(till, await factory.customer(till.shop)).filled((sold, 1))
        strangers += [Basket(till, None, cart_id), replace(another, cart_id=cart_id)]
    for stranger in strangers:
        thing: OnSale = foreign if stranger.till is other else sold
        assert await stranger.read() is None
        for field, given in (
            ("cartLinesAdd", {"lines": given_lines((thing, 1))}),
            ("cartLinesUpdate", {"lines": given_lines((thing, 2))}),
            ("cartLinesRemove", {"variantIds": [thing.id]}),
            ("cartUpdate", {"note": "Mine"}),
            ("cartDelete", {}),
        ):
            assert (await stranger.send(field, **given)).faults(field) == [("NOT_FOUND", ["cartId"])]
    assert await basket.quantities() == {sold.id: 1}


async def test_answers_with_carts_are_kept_by_nobody(basket: Basket) -> None:
    """Mission C1: neither by the process nor by what stands before it."""
    sold = await basket.till.sell()
    basket = await basket.filled((sold, 1))
    read = replace(basket, cart_id=(await basket.read() or {})["id"])
    for number in range(2, 5):
        reply = await read.send("cartLinesAdd", lines=given_lines((sold, 1)))
        assert "no-store" in reply.headers["cache-control"]
        reply = await read.ask()
        assert "no-store" in reply.headers["cache-control"]
        assert reply.data["store"]["cart"]["quantity"] == number


async def test_a_guests_cart_wants_its_id(till: Till) -> None:
    """Mission C1."""
    sold, guest = await till.sell(), Basket(till)
    for field, given in (
        ("cartLinesUpdate", {"lines": given_lines((sold, 1))}),
        ("cartLinesRemove", {"variantIds": [sold.id]}),
        ("cartUpdate", {"note": "Ring"}),
        ("cartDelete", {}),
    ):
        assert (await guest.send(field, **given)).faults(field) == [("REQUIRED", ["cartId"])]
    for unknown in (
        "",
        "guestcart_1",
        UNKNOWN,
        UNKNOWN.replace("guestcart", "cart"),
        "order_01h2xcejqtf2nbrexx3vqjhp41",
    ):
        named = replace(guest, cart_id=unknown)
        assert await named.read() is None or not unknown
        reply = await till.api.execute(
            "mutation($input: CartUpdateInput!) { cartUpdate(input: $input) { userErrors { code field } } }",
            {"input": {"cartId": unknown, "note": "Ring"}},
            tenant=till.shop.slug,
        )
        assert reply.faults("cartUpdate") == [("NOT_FOUND", ["cartId"])]


async def test_somebody_signed_in_is_a_guest_until_they_register(till: Till, factory: Factory) -> None:
    """Mission C1: the store learns of nobody who has not asked for it."""
    sold, somebody = await till.sell(), await factory.member()
    basket = await Basket(till, somebody).filled((sold, 1))
    cart = await basket.add((sold, 1))
    assert cart["id"].startswith("guestcart_")
    assert (cart["isGuest"], cart["quantity"]) == (True, 1)
