"""Paying an order: on the mock gateway's page, by arrangement, late, never, and when things die."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bootstrap import Parts
from domain.mock_gateway import CALLBACK
from gql.ids import global_id
from settings import Settings
from tests.support.api import Api
from tests.support.checkouts import Market
from tests.support.factories import Factory, Shop
from tests.support.orders import new_key
from tests.support.payments import BACK, START, Counter, Placed, reachable_api, summary
from tests.support.statements import counted_statements


@pytest.fixture(scope="module")
async def reachable(settings: Settings) -> AsyncGenerator[tuple[Parts, Api]]:
    """A process that its own callbacks reach."""
    async with reachable_api(settings) as running:
        yield running


@pytest.fixture
async def counter(reachable: tuple[Parts, Api], shop: Shop) -> Counter:
    return await Counter.open(*reachable, shop, "MOCK", "MANUAL")


async def test_a_browser_pays_on_the_mock_page_and_the_order_is_paid(counter: Counter) -> None:
    """Mission C5, C6: the shopper is sent to the page, pays, comes back; a signed callback makes the order paid."""
    placed = await counter.placed(locale="AR")
    payment = await placed.started()
    assert (payment["status"], payment["amount"]) == ("PENDING", {"amount": "4.750", "currency": "KWD"})
    page = await counter.browse(payment["nextAction"]["redirectUrl"])
    assert (page.language, page.direction) == ("ar", "rtl")
    assert page.buttons == [("decision", "pay"), ("decision", "fail"), ("decision", "never")]
    assert await counter.press(payment["nextAction"]["redirectUrl"], "pay") == BACK
    assert summary(await placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])
    await counter.work()
    order = await placed.seen()
    assert summary(order) == ("CONFIRMED", "PAID", ["PAID"])
    assert [(each["event"], each["actorKind"]) for each in order["timeline"]] == [
        ("PLACED", "GUEST"),
        ("PAID", "SYSTEM"),
        ("CONFIRMED", "SYSTEM"),
    ]
    [paid] = order["payments"]
    assert (paid["amountPaid"]["amount"], paid["nextAction"]) == ("4.750", None)
    assert [(each["operation"], each["outcome"]) for each in paid["transactions"]] == [
        ("start", "pending"),
        ("create", "pending"),
        ("status", "paid"),
        ("webhook", "applied"),
    ]
    assert await placed.left() == 9
    again = await placed.start()
    assert again.faults("paymentStart") == [("ALREADY_PAID", ["orderToken"])]


async def test_who_is_declined_may_try_again(counter: Counter) -> None:
    """Mission C5, C6."""
    placed = await counter.placed()
    await counter.press(await placed.page(), "fail")
    await counter.work()
    order = await placed.seen()
    assert summary(order) == ("PENDING", "UNPAID", ["FAILED"])
    assert order["payments"][0]["failure"] == "declined"
    await counter.press(await placed.page(), "pay")
    await counter.work()
    order = await placed.seen()
    assert summary(order) == ("CONFIRMED", "PAID", ["CANCELLED", "PAID"])
    assert [each["failure"] for each in order["payments"]] == ["declined", None], "why it was declined is known still"


async def test_who_never_pays_loses_the_order_and_its_stock_comes_back_once(counter: Counter) -> None:
    """Mission C6: at the end of the hold the provider is asked, the charge called off, and then the order."""
    placed = await counter.placed(stock=3)
    await placed.hold_until(60)
    assert await counter.press(page := await placed.page(), "never") == BACK
    await counter.work()
    assert summary(await placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])
    assert await placed.left() == 2
    await placed.hold_until(-1)
    await counter.work_later()
    await counter.work_later()
    order = await placed.seen()
    assert summary(order) == ("CANCELLED", "UNPAID", ["CANCELLED"])
    assert await placed.left() == 3
    assert [(each["event"], each["actorKind"]) for each in order["timeline"]][1:] == [("CANCELLED", "SYSTEM")]
    assert (await counter.browse(page)).buttons == []
    assert (await placed.start()).faults("paymentStart") == [("HOLD_ENDED", ["orderToken"])]


async def test_who_has_paid_keeps_the_order_though_no_callback_came(counter: Counter) -> None:
    """Mission C6: the end of the hold asks first."""
    placed = await counter.placed()
    await placed.hold_until(60)
    await counter.press(await placed.page(), "pay")
    await counter.lose(CALLBACK)
    await placed.hold_until(-1)
    await counter.work_later()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])
    assert await placed.left() == 9


async def test_the_sweep_finds_what_no_callback_told(counter: Counter) -> None:
    """Mission C6."""
    placed = await counter.placed()
    await counter.press(await placed.page(), "pay")
    await counter.lose(CALLBACK)
    await counter.work()
    assert summary(await placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])
    await counter.work_later()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])


async def test_a_key_leads_to_one_payment_and_another_key_goes_on_with_it(counter: Counter) -> None:
    """Mission C5: however often and simultaneously a shopper presses the button, there is one charge."""
    placed = await counter.placed()
    keys = [new_key() for _ in range(3)] * 2
    replies = await asyncio.gather(*(placed.start(key=key) for key in keys))
    begun = [each.payload("paymentStart")["payment"] for each in replies]
    assert len({each["id"] for each in begun}) == 1
    assert len({each["nextAction"]["redirectUrl"] for each in begun}) == 1
    assert len((await placed.seen())["payments"]) == 1
    other = await placed.start(key=keys[0], returnUrl="http://localhost:3000/elsewhere")
    assert other.faults("paymentStart") == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]


async def test_another_way_ends_the_one_before_so_that_nothing_is_paid_twice(counter: Counter) -> None:
    """Mission C5."""
    placed = await counter.placed()
    page = await placed.page()
    await placed.started("MANUAL")
    assert (await counter.browse(page)).buttons == []
    assert summary(await placed.seen()) == ("PENDING", "UNPAID", ["CANCELLED", "PENDING"])
    second = await placed.page()
    assert summary(await placed.seen())[2] == ["CANCELLED", "CANCELLED", "PENDING"]
    await counter.press(second, "pay")
    late = await placed.start("MANUAL")
    assert late.faults("paymentStart") == [("ALREADY_PAID", ["orderToken"])], "it was asked before it was called off"
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["CANCELLED", "CANCELLED", "PAID"])


async def test_by_arrangement_the_shopper_is_told_how_and_staff_note_the_money(
    counter: Counter, factory: Factory
) -> None:
    """Mission C5."""
    words = {"en": "Transfer to KW81", "ar": "حوّل المبلغ"}
    link = "https://pay.example.com/dukkan"
    await counter.desk.changed("paymentAccountSave", provider="MANUAL", instructions=words, paymentLink=link)
    placed = await counter.placed()
    payment = await placed.started("MANUAL")
    assert payment["nextAction"] == {
        "redirectUrl": None,
        "clientSecret": None,
        "instructions": words,
        "paymentLink": link,
    }
    wrong = await placed.mark_paid(amount="4.749", reference="TT-1")
    assert wrong.faults("paymentMarkPaid") == [("INVALID", ["amount"])]
    clerk, key, reference = await factory.staff(counter.till.shop, "member"), new_key(), f"TT-{new_key()}"
    for _ in range(2):
        reply = await placed.mark_paid(token=clerk.token, idempotencyKey=key, reference=reference)
        noted = reply.payload("paymentMarkPaid")
        assert (noted["order"]["status"], noted["order"]["paymentStatus"]) == ("CONFIRMED", "PAID")
        assert (noted["payment"]["id"], noted["payment"]["reference"]) == (payment["id"], reference)
    order = await placed.seen()
    assert summary(order) == ("CONFIRMED", "PAID", ["PAID"])
    assert [each["event"] for each in order["timeline"]] == ["PLACED", "PAID", "CONFIRMED"]
    assert (await placed.mark_paid()).faults("paymentMarkPaid") == [("ALREADY_PAID", ["orderId"])]
    other = await counter.placed()
    assert (await other.mark_paid(reference=reference)).faults("paymentMarkPaid") == [("TAKEN", ["reference"])]
    (await other.mark_paid()).payload("paymentMarkPaid")
    assert summary(await other.seen()) == ("CONFIRMED", "PAID", ["PAID"]), "also if the shopper began nothing"


async def test_by_arrangement_an_order_waits_as_long_as_the_store_says(counter: Counter) -> None:
    """Mission C5, C6: three days unless it says otherwise; then stock comes back."""
    placed = await counter.placed()
    payment = await placed.started("MANUAL")
    assert about(datetime.fromisoformat(payment["expiresAt"]) - datetime.now(UTC), timedelta(hours=72))
    await counter.desk.changed("paymentAccountSave", provider="MANUAL", holdMinutes=60)
    other = await (await counter.placed()).started("MANUAL")
    assert about(datetime.fromisoformat(other["expiresAt"]) - datetime.now(UTC), timedelta(hours=1))
    await placed.hold_until(-1)
    await counter.work_later()
    assert (summary(await placed.seen()), await placed.left()) == (("CANCELLED", "UNPAID", ["CANCELLED"]), 10)


def about(time: timedelta, wanted: timedelta) -> bool:
    return abs(time - wanted) < timedelta(minutes=5)


async def test_staff_note_no_money_while_the_shopper_pays_online(counter: Counter) -> None:
    """Mission C5: it could be paid twice."""
    placed = await counter.placed()
    await placed.page()
    assert (await placed.mark_paid()).faults("paymentMarkPaid") == [("IN_USE", ["orderId"])]


async def test_a_cancelled_order_takes_no_money(counter: Counter) -> None:
    """Mission C6: staff call it off while the shopper is paying; the money goes back by itself."""
    placed = await counter.placed(stock=1)
    page = await placed.page()
    (await counter.till.advance("orderCancel", placed.id, reason="Broken")).payload("orderCancel")
    await counter.press(page, "pay")
    await counter.work()
    order = await placed.seen()
    assert summary(order) == ("CANCELLED", "UNPAID", ["PAID"])
    [payment] = order["payments"]
    assert (payment["returnReason"], payment["amountRefunded"]["amount"]) == ("ORDER_CANCELLED", "4.750")
    assert [each["event"] for each in order["timeline"]] == ["PLACED", "CANCELLED", "PAYMENT_RETURNED", "REFUNDED"]
    assert "refund" in [each["operation"] for each in payment["transactions"]]
    await counter.work_later()
    assert (await placed.seen())["payments"][0]["amountRefunded"]["amount"] == "4.750", "once"
    assert await placed.left() == 1
    assert (await placed.mark_paid()).faults("paymentMarkPaid") == [("HOLD_ENDED", ["orderId"])]


async def test_a_charge_of_a_cancelled_order_is_called_off(counter: Counter) -> None:
    """Mission C6."""
    placed = await counter.placed()
    page = await placed.page()
    (await counter.till.advance("orderCancel", placed.id)).payload("orderCancel")
    await counter.work_later()
    assert summary(await placed.seen()) == ("CANCELLED", "UNPAID", ["CANCELLED"])
    assert (await counter.browse(page)).buttons == []


async def test_only_who_has_the_order_pays_it(counter: Counter, factory: Factory, reachable: tuple[Parts, Api]) -> None:
    """Mission C5: a guest by the order's link, a customer their own; no one else is told that it exists."""
    placed, till = await counter.placed(), counter.till
    forged = placed.token[:-1] + ("A" if placed.token[-1] != "A" else "B")
    assert (await placed.start(orderToken=forged)).faults("paymentStart") == [("NOT_FOUND", ["orderToken"])]
    by_id = await placed.start(orderToken=None, orderId=placed.id)
    assert by_id.faults("paymentStart") == [("NOT_FOUND", ["orderId"])]
    neither = await placed.start(orderToken=None)
    assert neither.faults("paymentStart") == [("REQUIRED", ["orderId"])]
    elsewhere = await Counter.open(*reachable, await factory.shop(), "MOCK")
    stranger = Counter(elsewhere.parts, elsewhere.till, elsewhere.desk)
    foreign = type(placed)(stranger, placed.sold, placed.id, placed.token)
    assert (await foreign.start()).faults("paymentStart") == [("NOT_FOUND", ["orderToken"])]
    assert (await foreign.mark_paid()).faults("paymentMarkPaid") == [("NOT_FOUND", ["orderId"])]
    customer = await factory.customer(till.shop)
    given = {"idempotencyKey": new_key(), "orderId": placed.id, "provider": "MOCK", "returnUrl": BACK}
    reply = await till.api.execute(START, {"input": given}, token=customer.token, tenant=till.shop.slug)
    assert reply.faults("paymentStart") == [("NOT_FOUND", ["orderId"])]
    assert (await placed.seen())["payments"] == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/",
        "http://localhost.evil.example.com/",
        "http://localhost@evil.example.com/",
        "http://localhost:3000\\@evil.example.com/",
        "//evil.example.com/",
        "javascript:alert(1)",
        "http://localhost:3000/\r\nset-cookie: a=b",
        "http://other-shop.sadu.test/",
        "http://" + "a" * 2_000,
        "",
    ],
)
async def test_a_shopper_is_sent_back_to_no_strangers_page(counter: Counter, url: str) -> None:
    """Mission C5."""
    placed = await counter.placed()
    assert (await placed.start(returnUrl=url)).faults("paymentStart") == [("INVALID", ["returnUrl"])]


async def test_what_is_not_offered_cannot_be_chosen(counter: Counter) -> None:
    """Mission C5."""
    placed = await counter.placed()
    assert (await placed.start("STRIPE")).faults("paymentStart") == [("NOT_FOUND", ["provider"])]
    assert (await placed.start(None)).faults("paymentStart") == [("REQUIRED", ["provider"])]
    await counter.desk.changed("paymentAccountDisable", provider="MOCK")
    assert (await placed.start()).faults("paymentStart") == [("NOT_FOUND", ["provider"])]
    assert (await placed.seen())["payments"] == []


async def test_what_costs_nothing_is_paid_at_once(counter: Counter) -> None:
    """Mission C4, C5: no provider takes nothing."""
    placed = await counter.placed(price="0.000")
    payment = await placed.started()
    assert (payment["status"], payment["nextAction"]) == ("PAID", None)
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])


async def test_from_the_cart_to_a_paid_order(counter: Counter) -> None:
    """Mission C1, C4, C5, C6: a guest checks out, goes to the way of paying that they chose, and pays."""
    market = await Market.of(counter.till)
    sold = await counter.till.sell(stock=5, price="4.750")
    basket = await market.basket((sold, 2))
    reply = await market.send(market.given(basket, "11.000", paymentProvider="MOCK"))
    payload = reply.payload("checkoutComplete")
    placed = Placed(counter, sold, payload["order"]["id"], payload["orderToken"])
    payment = await placed.started(None)
    assert (payment["provider"], payment["amount"]["amount"]) == ("MOCK", "11.000")
    assert payment["expiresAt"] == payload["order"]["heldUntil"]
    await counter.press(payment["nextAction"]["redirectUrl"], "pay")
    await counter.work()
    await counter.work_later()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])
    assert await placed.left() == 3


async def test_a_checkout_that_nobody_pays_is_undone(counter: Counter) -> None:
    """Mission C4, C6."""
    market = await Market.of(counter.till)
    sold = await counter.till.sell(stock=5, price="4.750")
    basket = await market.basket((sold, 2))
    payload = (await market.send(market.given(basket, "11.000", paymentProvider="MOCK"))).payload("checkoutComplete")
    placed = Placed(counter, sold, payload["order"]["id"], payload["orderToken"])
    await counter.work_later()
    assert (summary(await placed.seen()), await placed.left()) == (("PENDING", "UNPAID", []), 3), "it is not time yet"
    await placed.hold_until(-1)
    await counter.work_later()
    assert (summary(await placed.seen()), await placed.left()) == (("CANCELLED", "UNPAID", []), 5)


async def test_the_page_tells_nothing_to_who_has_not_its_address(counter: Counter, factory: Factory) -> None:
    """Mission C5: and runs no script, loads nothing, and is framed by nobody."""
    url = await (await counter.placed()).page()
    other = global_id("tenant", (await factory.shop()).tenant.id)
    http = counter.till.api.http
    path = httpx.URL(url).path
    shown = await http.get(path)
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"form-action 'self' {BACK.removesuffix('/paid?order=1')};" in policy
    assert "<script" not in shown.text
    assert shown.headers["cache-control"] == "no-store"
    strange = [f"{path}x", path.replace(path.split("/")[2], other), path.replace(path.split("/")[2], "nothing")]
    for each in strange:
        answers = await http.get(each), await http.post(each, data={"decision": "pay"})
        assert [answer.status_code for answer in answers] == [404, 404]
    for given in ({"decision": "steal"}, {"other": "pay"}, {"decision": "pay" * 500}):
        assert (await http.post(path, data=given)).status_code == 400
    assert (await counter.browse(url)).buttons != []


async def test_what_has_ended_on_the_page_stays_so(counter: Counter) -> None:
    """Mission C5: two tabs, two decisions: the first counts."""
    placed = await counter.placed()
    url = await placed.page()
    await counter.press(url, "pay")
    async with httpx.AsyncClient() as browser:
        again = await browser.post(url, data={"decision": "fail"})
    assert again.status_code == 303
    await counter.work()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])


async def test_payments_of_many_orders_take_as_many_statements_as_of_one(counter: Counter) -> None:
    """Mission X3: with their logs."""
    shown = "id status nextAction { redirectUrl instructions { en } } transactions { id operation }"
    asked = f"query($first: Int!) {{ tenant {{ orders(first: $first) {{ nodes {{ id payments {{ {shown} }} }} }} }} }}"
    till = counter.till
    for provider in ("MOCK", "MANUAL", "MOCK", "MANUAL"):
        await (await counter.placed()).started(provider)
    taken: list[int] = []
    for first in (2, 2, 2, 4):
        with counted_statements(counter.parts.database) as statements:
            reply = await till.api.execute(asked, {"first": first}, token=till.shop.token, tenant=till.shop.slug)
        assert len(reply.data["tenant"]["orders"]["nodes"]) == first
        taken.append(len(statements))
    assert taken[-2] == taken[-1], taken
