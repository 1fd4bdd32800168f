"""Orders: placed by shoppers without a cart, worked through by staff."""

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from bootstrap import Parts
from gql.ids import global_id
from gql.plans import TRIES
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.mail import Post
from tests.support.orders import ADVANCE, OnSale, Till, new_key, outcomes, submission
from tests.support.statements import counted_statements

TIMELINE = "query($id: ID!) { tenant { order(id: $id) { timeline { event from to actorKind actorId reason at } } } }"
FIND = "query($id: ID!) { tenant { order(id: $id) { status paymentStatus fulfilmentStatus } } }"


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


async def found(till: Till, order_id: str) -> dict[str, Any]:
    """The order as the owner sees it now."""
    reply = await till.api.execute(FIND, {"id": order_id}, token=till.shop.token, tenant=till.shop.slug)
    order: dict[str, Any] = reply.data["tenant"]["order"]
    return order


async def test_a_shopper_orders_and_staff_see_it_through(till: Till, post: Post, factory: Factory) -> None:
    """Mission O1, O5."""
    shirt = await till.sell(price="4.750", item_name_en="Shirt", item_name_ar="قميص", name_en="Large", sku="S-L")
    gift = await till.sell(price="0.005", stock=None, item_name_en=None, item_name_ar="هدية")
    shopper = f"Sara.{factory.word()}@Shoppers.TEST"
    customer = {"name": "  سارة ", "email": shopper, "phone": "+965 5000 1234"}
    given = submission((shirt, 2), (gift, 3), customer=customer, note="Ring twice.\r\nThank you", locale="AR")

    order = (await till.submit(given)).payload("orderSubmit")["order"]

    assert (order["number"], order["name"]) == (1001, "#1001")
    assert (order["status"], order["paymentStatus"], order["fulfilmentStatus"]) == ("PENDING", "UNPAID", "UNFULFILLED")
    assert order["customer"] == {"name": "سارة", "email": shopper.lower(), "phone": "+965 5000 1234"}
    assert order["note"] == "Ring twice.\nThank you"
    assert order["total"] == {"amount": "9.515", "currency": "KWD"}
    amounts = [order[name]["amount"] for name in ("subtotal", "discount", "shipping")]
    assert amounts == ["9.515", "0.000", "0.000"]
    assert order["placedAt"] == order["updatedAt"]
    first, second = order["lines"]
    assert first["name"] == {"en": "Shirt – Large", "ar": "قميص – Large", "value": "Shirt – Large"}
    assert (first["sku"], first["variantId"], first["quantity"]) == ("S-L", shirt.id, 2)
    assert (first["unitPrice"]["amount"], first["total"]["amount"]) == ("4.750", "9.500")
    assert second["name"] == {"en": None, "ar": "هدية", "value": "هدية"}
    assert (second["unitPrice"]["amount"], second["total"]["amount"]) == ("0.005", "0.015")
    assert (await till.left(shirt), await till.left(gift)) == (8, None)

    clerk = await factory.staff(till.shop, "member")
    confirmed = await till.advance("orderConfirm", order["id"], token=clerk.token)
    assert confirmed.payload("orderConfirm")["order"]["status"] == "CONFIRMED"
    fulfilled = (await till.advance("orderFulfil", order["id"])).payload("orderFulfil")["order"]
    assert (fulfilled["status"], fulfilled["fulfilmentStatus"]) == ("FULFILLED", "DELIVERED")
    assert fulfilled["lines"] == order["lines"]
    assert fulfilled["updatedAt"] > order["updatedAt"]
    assert await till.left(shirt) == 8
    steps = [(entry["event"], entry["from"], entry["to"], entry["actorKind"]) for entry in fulfilled["timeline"]]
    assert steps == [
        ("PLACED", None, "PENDING", "GUEST"),
        ("CONFIRMED", "PENDING", "CONFIRMED", "PERSON"),
        ("FULFILLED", "CONFIRMED", "FULFILLED", "PERSON"),
    ]
    actors = [entry["actorId"] for entry in fulfilled["timeline"]]
    assert actors[0] is None
    assert actors[1] != actors[2]

    to_shopper, to_shop = await post.to(shopper.lower()), await post.to(f"{till.shop.slug}@shops.test")
    assert len(to_shopper) == 3
    assert all("1001" in mail.subject for mail in (*to_shopper, *to_shop))
    assert len(to_shop) == 1
    assert shopper.lower() in to_shop[0].text


async def test_an_order_keeps_what_it_showed(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(price="2.000", sku="OLD")
    order = await till.order((sold, 1))
    await till.change(sold, price="9.999", sku="NEW", name_en="Renamed")
    await till.change_item(sold, name_en="Other", status="archived")

    confirmed = (await till.advance("orderConfirm", order["id"])).payload("orderConfirm")["order"]

    assert confirmed["lines"] == order["lines"]
    assert confirmed["total"] == order["total"]


async def test_a_line_leads_to_its_variant_and_to_its_item_as_far_as_the_viewer_may_see(
    till: Till, factory: Factory
) -> None:
    """Mission O1, S3."""
    product = await factory.product(till.shop, stock=7)
    sold = OnSale(till.shop.tenant.id, product.item.id, product.variant.id)
    lines = "lines { variantId variant { id isArchived price { amount } item { id slug variants { item { id } } } } }"
    submit = f"""mutation($input: OrderSubmitInput!) {{
      orderSubmit(input: $input) {{ order {{ id {lines} }} userErrors {{ code }} }}
    }}"""
    find = f"query($id: ID!) {{ tenant {{ order(id: $id) {{ {lines} }} }} }}"
    given = {"input": submission((sold, 2))}

    order = (await till.api.execute(submit, given, tenant=till.shop.slug)).payload("orderSubmit")["order"]
    variant = order["lines"][0]["variant"]
    assert (variant["id"], variant["isArchived"]) == (order["lines"][0]["variantId"], False)
    assert variant["item"] == {
        "id": product.id,
        "slug": product.item.slug,
        "variants": [{"item": {"id": product.id}}],
    }

    refused = await till.api.execute(submit.replace("isArchived", "stock"), given, tenant=till.shop.slug)
    assert refused.codes == ["FORBIDDEN"]
    assert refused.body["data"]["orderSubmit"]["order"]["lines"][0]["variant"]["stock"] is None

    await till.change_item(sold, status="draft")
    await till.change(sold, archived_at=datetime.now(UTC))
    again = (await till.api.execute(submit, given, tenant=till.shop.slug)).payload("orderSubmit")["order"]
    assert again["id"] == order["id"]
    assert again["lines"][0]["variant"] is None
    staff = await till.api.execute(find, {"id": order["id"]}, token=till.shop.token, tenant=till.shop.slug)
    shown = staff.data["tenant"]["order"]["lines"][0]["variant"]
    assert (shown["isArchived"], shown["item"]["id"]) == (True, product.id)


async def test_the_mails_speak_the_shoppers_language(till: Till, post: Post) -> None:
    """Mission O1."""
    sold = await till.sell()
    for locale, word in (("AR", "طلبك"), ("EN", "your order"), (None, "your order")):
        given = submission((sold, 1), locale=locale)
        (await till.submit(given)).payload("orderSubmit")
        assert word in (await post.to(given["customer"]["email"]))[0].subject


async def test_one_key_makes_one_order(till: Till, post: Post) -> None:
    """Mission O1."""
    sold = await till.sell(stock=10)
    given = submission((sold, 2))

    first, second = await till.submit(given), await till.submit(given)

    assert first.data == second.data
    assert await till.left(sold) == 8
    assert len(await post.to(given["customer"]["email"])) == 1


async def test_a_replay_shows_the_order_as_it_is_now(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(stock=1)
    given = submission((sold, 1))
    order = (await till.submit(given)).payload("orderSubmit")["order"]
    (await till.advance("orderConfirm", order["id"])).payload("orderConfirm")
    await till.change_item(sold, status="archived")

    again = (await till.submit(given)).payload("orderSubmit")["order"]

    assert (again["id"], again["status"]) == (order["id"], "CONFIRMED")


@pytest.mark.parametrize(
    "change",
    [
        {"note": "another"},
        {"locale": "AR"},
        {"customer": {"name": "Someone", "email": "else@shoppers.test"}},
        {"lines": "more"},
    ],
)
async def test_a_key_with_another_body_is_refused(till: Till, change: dict[str, Any]) -> None:
    """Mission O1."""
    sold = await till.sell()
    given = submission((sold, 1))
    (await till.submit(given)).payload("orderSubmit")
    other = {**given, **change}
    if change.get("lines"):
        other["lines"] = [{"variantId": sold.id, "quantity": 2}]

    refused = await till.submit(other)

    assert refused.faults("orderSubmit") == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]
    assert await till.left(sold) == 9


async def test_tenants_and_people_have_keys_of_their_own(till: Till, factory: Factory) -> None:
    """Mission O1."""
    other = Till(till.parts, till.api, await factory.shop())
    key, sold, others = new_key(), await till.sell(), await other.sell()
    order = await till.order((sold, 1), idempotencyKey=key)
    elsewhere = await other.order((others, 1), idempotencyKey=key)
    member = await factory.member()
    given = submission((sold, 1), idempotencyKey=key)
    query = (
        "mutation($input: OrderSubmitInput!) { orderSubmit(input: $input) { order { number } userErrors { code } } }"
    )
    signed_in = await till.api.execute(query, {"input": given}, token=member.token, tenant=till.shop.slug)

    assert order["id"] != elsewhere["id"]
    assert (order["number"], elsewhere["number"]) == (1001, 1001)
    assert signed_in.payload("orderSubmit")["order"]["number"] == 1002


async def test_a_refused_attempt_does_not_use_the_key_up(till: Till) -> None:
    """Mission O1, O6."""
    sold = await till.sell(stock=0)
    given = submission((sold, 1))
    assert (await till.submit(given)).faults("orderSubmit")[0][0] == "INSUFFICIENT_STOCK"
    await till.change(sold, stock=5)

    smaller = {**given, "lines": [{"variantId": sold.id, "quantity": 4}]}
    order = (await till.submit(smaller)).payload("orderSubmit")["order"]

    assert (order["number"], await till.left(sold)) == (1001, 1)


async def test_64_at_once_never_oversell(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(stock=10)

    placed, refused = outcomes(await till.submit_all(submission((sold, 1)) for _ in range(64)))

    assert (len(placed), len(refused), await till.left(sold)) == (10, 54, 0)
    assert sorted(order["number"] for order in placed) == list(range(1001, 1011))
    for error in refused:
        assert (error["code"], error["field"]) == ("INSUFFICIENT_STOCK", ["lines", "0", "quantity"])
        assert (error["variantId"], error["available"]) == (sold.id, 0)


async def test_64_at_once_with_one_key_are_one_order(till: Till, post: Post) -> None:
    """Mission O1."""
    sold = await till.sell(stock=10)
    given = submission((sold, 1))

    replies = await till.submit_all([given] * 64)

    assert {reply.status for reply in replies} == {200}
    assert all(reply.data == replies[0].data for reply in replies)
    assert replies[0].payload("orderSubmit")["order"]["number"] == 1001
    assert await till.left(sold) == 9
    assert len(await post.to(given["customer"]["email"])) == 1


async def test_64_at_once_with_one_key_and_other_bodies_are_one_order(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(stock=None)
    key = new_key()
    inputs = [submission((sold, 1), idempotencyKey=key, note=str(number)) for number in range(64)]

    placed, refused = outcomes(await till.submit_all(inputs))

    assert len(placed) == 1
    assert {error["code"] for error in refused} == {"IDEMPOTENCY_KEY_REUSED"}


async def test_numbers_have_no_gap_and_no_double(till: Till, factory: Factory) -> None:
    """Mission O6."""
    other = Till(till.parts, till.api, await factory.shop())
    plenty, scarce, others = await till.sell(stock=None), await till.sell(stock=3), await other.sell(stock=None)
    here = [submission((plenty, 1)) for _ in range(20)]
    short = [submission((plenty, 1), (scarce, 1)) for _ in range(12)]
    there = [submission((others, 1)) for _ in range(20)]

    placed, refused = outcomes(
        await till.submit_all(each for pair in zip(here, here[::-1], strict=True) for each in pair)
    )
    more, lacking = outcomes(await till.submit_all(short))
    mixed = await asyncio.gather(till.submit_all([submission((plenty, 1)) for _ in range(20)]), other.submit_all(there))

    assert (len(placed), refused) == (40, [])
    assert sorted({order["number"] for order in placed}) == list(range(1001, 1021))
    assert (len(more), len(lacking)) == (3, 9)
    assert sorted(order["number"] for order in more) == [1021, 1022, 1023]
    assert sorted(order["number"] for order in outcomes(mixed[0])[0]) == list(range(1024, 1044))
    assert sorted(order["number"] for order in outcomes(mixed[1])[0]) == list(range(1001, 1021))


async def test_every_line_that_lacks_stock_is_told_and_nothing_is_taken(till: Till) -> None:
    """Mission O1."""
    ample, scarce, none = await till.sell(stock=9), await till.sell(stock=2), await till.sell(stock=0)

    reply = await till.submit(submission((ample, 3), (scarce, 3), (ample, 3), (none, 1)))

    assert reply.faults("orderSubmit") == [
        ("INSUFFICIENT_STOCK", ["lines", "1", "quantity"]),
        ("INSUFFICIENT_STOCK", ["lines", "3", "quantity"]),
    ]
    assert [error["available"] for error in reply.data["orderSubmit"]["userErrors"]] == [2, 0]
    assert reply.data["orderSubmit"]["order"] is None
    assert [await till.left(each) for each in (ample, scarce, none)] == [9, 2, 0]


async def test_a_variant_on_two_lines_needs_stock_for_both(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(stock=5)

    short = await till.submit(submission((sold, 3), (sold, 3)))
    assert short.faults("orderSubmit") == [
        ("INSUFFICIENT_STOCK", ["lines", "0", "quantity"]),
        ("INSUFFICIENT_STOCK", ["lines", "1", "quantity"]),
    ]
    order = await till.order((sold, 3), (sold, 2))
    assert [line["quantity"] for line in order["lines"]] == [3, 2]
    assert await till.left(sold) == 0
    (await till.advance("orderCancel", order["id"])).payload("orderCancel")
    assert await till.left(sold) == 5


async def test_opposite_line_orders_do_not_deadlock(till: Till) -> None:
    """Mission O1."""
    sold = [await till.sell(stock=1_000) for _ in range(6)]
    forth = [submission(*((each, 1) for each in sold)) for _ in range(30)]
    back = [submission(*((each, 1) for each in reversed(sold))) for _ in range(30)]
    inputs = [each for pair in zip(forth, back, strict=True) for each in pair]

    placed, refused = outcomes(await till.submit_all(inputs))
    cancels = [till.advance("orderCancel", order["id"]) for order in placed[:20]]
    more = [till.submit(each) for each in (submission(*((item, 1) for item in reversed(sold))) for _ in range(20))]
    replies = await asyncio.gather(*(each for pair in zip(cancels, more, strict=True) for each in pair))

    assert (len(placed), refused) == (60, [])
    assert all(reply.status == 200 and "errors" not in reply.body for reply in replies)
    assert [await till.left(each) for each in sold] == [940] * 6


async def test_a_cancelled_order_gives_its_stock_back_once(till: Till, post: Post) -> None:
    """Mission O1, O5."""
    sold, unlimited = await till.sell(stock=10), await till.sell(stock=None)
    given = submission((sold, 4), (unlimited, 4))
    order = (await till.submit(given)).payload("orderSubmit")["order"]
    assert await till.left(sold) == 6

    attempts = [till.advance("orderCancel", order["id"], reason=f"no. {number}") for number in range(16)]
    replies = [reply.data["orderCancel"] for reply in await asyncio.gather(*attempts)]

    won = [reply["order"] for reply in replies if reply["order"]]
    lost = [error for reply in replies for error in reply["userErrors"]]
    assert (len(won), len(lost)) == (1, 15)
    assert won[0]["status"] == "CANCELLED"
    entries = won[0]["timeline"]
    assert [entry["event"] for entry in entries] == ["PLACED", "CANCELLED"]
    assert entries[1]["reason"].startswith("no. ")
    for error in lost:
        assert (error["code"], error["field"]) == ("ILLEGAL_TRANSITION", ["id"])
        assert (error["current"], error["allowed"]) == ("CANCELLED", [])
    assert (await till.left(sold), await till.left(unlimited)) == (10, None)
    assert len(await post.to(given["customer"]["email"])) == 2


async def test_a_confirmed_order_can_be_cancelled_too(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(stock=3)
    order = await till.order((sold, 3))
    (await till.advance("orderConfirm", order["id"])).payload("orderConfirm")

    cancelled = (await till.advance("orderCancel", order["id"])).payload("orderCancel")["order"]

    assert (cancelled["status"], cancelled["fulfilmentStatus"]) == ("CANCELLED", "UNFULFILLED")
    assert cancelled["timeline"][-1]["reason"] is None
    assert await till.left(sold) == 3


async def test_stock_comes_back_to_what_the_variant_is_now(till: Till) -> None:
    """Mission O1."""
    became_unlimited, became_limited = await till.sell(stock=3), await till.sell(stock=None)
    archived = await till.sell(stock=3)
    order = await till.order((became_unlimited, 1), (became_limited, 1), (archived, 1))
    await till.change(became_unlimited, stock=None)
    await till.change(became_limited, stock=7)
    await till.change_item(archived, status="archived")

    (await till.advance("orderCancel", order["id"])).payload("orderCancel")

    assert [await till.left(each) for each in (became_unlimited, became_limited, archived)] == [None, 7, 3]


@pytest.mark.parametrize(
    ("before", "step", "current", "allowed"),
    [
        ([], "orderFulfil", "pending", ["confirmed", "cancelled"]),
        (["orderConfirm"], "orderConfirm", "confirmed", ["fulfilled", "cancelled"]),
        (["orderConfirm", "orderFulfil"], "orderConfirm", "fulfilled", []),
        (["orderConfirm", "orderFulfil"], "orderFulfil", "fulfilled", []),
        (["orderConfirm", "orderFulfil"], "orderCancel", "fulfilled", []),
        (["orderCancel"], "orderConfirm", "cancelled", []),
        (["orderCancel"], "orderFulfil", "cancelled", []),
        (["orderCancel"], "orderCancel", "cancelled", []),
    ],
)
async def test_an_illegal_step_is_refused_and_tells_the_legal_ones(
    till: Till, before: list[str], step: str, current: str, allowed: list[str]
) -> None:
    """Mission O5."""
    sold = await till.sell(stock=5)
    order = await till.order((sold, 2))
    for each in before:
        (await till.advance(each, order["id"])).payload(each)
    left, timeline = await till.left(sold), await timeline_of(till, order["id"])

    reply = await till.advance(step, order["id"])

    assert reply.faults(step) == [("ILLEGAL_TRANSITION", ["id"])]
    error = reply.data[step]["userErrors"][0]
    assert (error["current"], error["allowed"]) == (current.upper(), [each.upper() for each in allowed])
    assert (await found(till, order["id"]))["status"] == current.upper()
    assert (await till.left(sold), await timeline_of(till, order["id"])) == (left, timeline)


async def timeline_of(till: Till, order_id: str) -> list[dict[str, Any]]:
    reply = await till.api.execute(TIMELINE, {"id": order_id}, token=till.shop.token, tenant=till.shop.slug)
    entries: list[dict[str, Any]] = reply.data["tenant"]["order"]["timeline"]
    return entries


@pytest.mark.parametrize("reason", ["r" * 501, "tab\u0000less", "a\nb"])
async def test_a_bad_reason_changes_nothing(till: Till, reason: str) -> None:
    """Mission O5."""
    order = await till.order((await till.sell(), 1))
    reply = await till.advance("orderCancel", order["id"], reason=reason)
    if "\u0000" in reason:
        assert (reply.status, reply.codes) == (400, ["BAD_REQUEST"])
    else:
        assert reply.faults("orderCancel")[0][1] == ["reason"]
    assert (await found(till, order["id"]))["status"] == "PENDING"


@pytest.mark.parametrize("step", ["orderConfirm", "orderFulfil", "orderCancel"])
async def test_an_order_that_is_not_there_is_not_found(till: Till, factory: Factory, step: str) -> None:
    """Mission O1, T3."""
    other = Till(till.parts, till.api, await factory.shop())
    sold = await other.sell()
    foreign = await other.order((sold, 1))

    for order_id in (
        "",
        "order_1",
        "order_01h2xcejqtf2nbrexx3vqjhp41",
        foreign["id"].replace("order", "item"),
        foreign["id"],
    ):
        assert (await till.advance(step, order_id)).faults(step) == [("NOT_FOUND", ["id"])]
        reply = await till.api.execute(FIND, {"id": order_id}, token=till.shop.token, tenant=till.shop.slug)
        assert reply.data == {"tenant": {"order": None}}

    assert (await found(other, foreign["id"]))["status"] == "PENDING"
    assert await other.left(sold) == 9


@pytest.mark.parametrize("step", ["orderConfirm", "orderFulfil", "orderCancel"])
async def test_strangers_change_and_read_nothing(till: Till, factory: Factory, step: str) -> None:
    """Mission O1."""
    sold = await till.sell()
    order = await till.order((sold, 1))
    owner_elsewhere, nobody = await factory.shop(), await factory.member()
    slug = till.shop.slug

    for token, refusal in (
        (None, (401, "UNAUTHENTICATED")),
        (owner_elsewhere.token, (403, "FORBIDDEN")),
        (nobody.token, (403, "FORBIDDEN")),
    ):
        variables = {"input": {"id": order["id"]}}
        refused = await till.api.execute(ADVANCE[step], variables, token=token, tenant=slug)
        unread = await till.api.execute(FIND, {"id": order["id"]}, token=token, tenant=slug)
        for reply in (refused, unread):
            assert (reply.status, reply.codes) == (refusal[0], [refusal[1]])
            assert "data" not in reply.body

    assert (await found(till, order["id"]))["status"] == "PENDING"
    assert len(await timeline_of(till, order["id"])) == 1
    assert await till.left(sold) == 9


async def test_a_suspended_shop_takes_no_orders(till: Till, factory: Factory) -> None:
    """Mission S2."""
    sold = await till.sell()
    given = submission((sold, 1))
    operator = await factory.operator()
    suspend = "mutation($input: TenantStandingInput!) { tenantSuspend(input: $input) { userErrors { code } } }"
    tenant_id = str(global_id("tenant", till.shop.tenant.id))
    (await till.api.admin(suspend, {"input": {"id": tenant_id}}, token=operator.token)).payload("tenantSuspend")

    reply = await till.submit(given)

    assert (reply.status, reply.codes) == (403, ["TENANT_SUSPENDED"])
    assert await till.left(sold) == 10


async def test_the_timeline_is_for_staff_alone(till: Till) -> None:
    """Mission O5."""
    sold = await till.sell()
    query = """mutation($input: OrderSubmitInput!) {
      orderSubmit(input: $input) { order { number timeline { event } } userErrors { code } }
    }"""
    variables = {"input": submission((sold, 1))}

    as_guest = await till.api.execute(query, variables, tenant=till.shop.slug)
    again = {"input": submission((sold, 1))}
    as_owner = await till.api.execute(query, again, tenant=till.shop.slug, token=till.shop.token)

    assert as_guest.codes == ["FORBIDDEN"]
    assert as_guest.body["data"]["orderSubmit"] == {"order": {"number": 1001, "timeline": None}, "userErrors": []}
    order = as_owner.payload("orderSubmit")["order"]
    assert order == {"number": 1002, "timeline": [{"event": "PLACED"}]}


LIST = """query($first: Int!, $after: String, $status: OrderStatus) { tenant {
  orders(first: $first, after: $after, status: $status) {
    totalCount nodes { number status lines { name { value } } timeline { event } } pageInfo { hasNextPage endCursor }
  }
} }"""


async def listed(till: Till, **variables: Any) -> dict[str, Any]:
    reply = await till.api.execute(LIST, variables, token=till.shop.token, tenant=till.shop.slug)
    orders: dict[str, Any] = reply.data["tenant"]["orders"]
    return orders


async def test_staff_page_through_orders_newest_first(till: Till) -> None:
    """Mission O1, O7."""
    sold = await till.sell(stock=None)
    await till.submit_all(submission((sold, 1)) for _ in range(11))
    cancelled = await till.order((sold, 1))
    (await till.advance("orderCancel", cancelled["id"])).payload("orderCancel")

    numbers: list[int] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page = await listed(till, first=5, after=cursor)
        numbers += [order["number"] for order in page["nodes"]]
        cursor, pages = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None, pages + 1
        assert page["totalCount"] == 12

    # Not only newest first: the order of the list is the order of the numbers, also of simultaneous orders.
    assert numbers == list(range(1012, 1000, -1))
    assert pages == 3
    only = await listed(till, first=5, status="CANCELLED")
    assert (only["totalCount"], [order["number"] for order in only["nodes"]]) == (1, [1012])
    assert (await listed(till, first=0))["nodes"] == []


@pytest.mark.parametrize("variables", [{"first": -1}, {"first": 101}, {"first": 5, "after": "nonsense"}])
async def test_a_page_that_cannot_be_is_refused(till: Till, variables: dict[str, Any]) -> None:
    """Mission O1."""
    reply = await till.api.execute(LIST, variables, token=till.shop.token, tenant=till.shop.slug)
    assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"])


@pytest.mark.parametrize(
    "cursor", ["[" * 20_000, '["0001-01-01T00:00:00+14:00", "00000000000000000000000000000000"]', '{"a": 1}', "[1, 2]"]
)
async def test_a_forged_cursor_is_no_error_of_ours(till: Till, cursor: str) -> None:
    """Mission O1."""
    after = base64.urlsafe_b64encode(cursor.encode()).decode()
    variables = {"first": 1, "after": after}
    reply = await till.api.execute(LIST, variables, token=till.shop.token, tenant=till.shop.slug)
    assert reply.codes == ["BAD_USER_INPUT"]


async def test_a_longer_list_needs_no_more_statements(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(stock=None)
    counts: list[int] = []
    for _ in range(TRIES + 2):  # by then it is known whether the query can be executed in a hurry
        await listed(till, first=1)
    for many in (3, 30):
        placed, _ = outcomes(await till.submit_all(submission((sold, 1), (sold, 2)) for _ in range(many)))
        (await till.advance("orderConfirm", placed[0]["id"])).payload("orderConfirm")
        with counted_statements(till.parts.database) as statements:
            page = await listed(till, first=many)
        assert (len(page["nodes"]), all(order["lines"] for order in page["nodes"])) == (many, True)
        # Whether the caller is still remembered is a matter of how long all this took.
        counts.append(len([each for each in statements if "identify_caller" not in each]))
    assert counts[0] == counts[1]


async def test_more_lines_need_no_more_statements(till: Till) -> None:
    """Mission O1."""
    sold = [await till.sell() for _ in range(20)]
    counts: list[int] = []
    for many in (2, 20):
        with counted_statements(till.parts.database) as statements:
            order = await till.order(*((each, 1) for each in sold[:many]))
        counts.append(len(statements))
        with counted_statements(till.parts.database) as statements:
            (await till.advance("orderCancel", order["id"])).payload("orderCancel")
        counts.append(len(statements))
    assert counts[:2] == counts[2:]
