"""Refunds: in full, in part, by line, with the stock or without, by hand, and at an order's cancellation."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bootstrap import Parts
from settings import Settings
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.orders import new_key, submission
from tests.support.payments import Counter, Placed, reachable_api
from tests.support.refunds import Bought, reprice, seen, told


@pytest.fixture(scope="module")
async def reachable(settings: Settings) -> AsyncGenerator[tuple[Parts, Api]]:
    async with reachable_api(settings) as running:
        yield running


@pytest.fixture
async def counter(reachable: tuple[Parts, Api], shop: Shop) -> Counter:
    return await Counter.open(*reachable, shop, "MOCK", "MANUAL")


async def bought(counter: Counter, *, quantity: int = 1, price: str = "4.750", **repriced: str) -> Bought:
    """Paid at the mock gateway."""
    sold = await counter.till.sell(stock=10, price=price)
    payload = (await counter.till.submit(submission((sold, quantity)))).payload("orderSubmit")
    placed = Placed(counter, sold, payload["order"]["id"], payload["orderToken"])
    await reprice(placed, **repriced)
    await counter.press(await placed.page(), "pay")
    await counter.work()
    return await Bought.of(placed)


async def test_money_goes_back_in_parts_until_nothing_is_left(counter: Counter) -> None:
    """Mission C7: the order's own status and its fulfilment stay what they are."""
    order = await bought(counter)
    begun = (await order.refund(amount="1.250", reason="Scratched")).payload("refundCreate")
    assert begun["refund"] | {"createdAt": None, "id": None} == {
        "id": None,
        "status": "PENDING",
        "amount": {"amount": "1.250", "currency": "KWD"},
        "createdAt": None,
        "settledAt": None,
        "paymentId": order.payment_id,
        "origin": "STAFF",
        "shipping": {"amount": "0.000"},
        "reason": "Scratched",
        "reference": None,
        "failure": None,
        "lines": [],
    }
    assert begun["payment"]["amountRefundable"] == {"amount": "3.500"}
    assert told(await order.seen()) == ("PAID", [("PENDING", "1.250")])
    await counter.work()
    found = await order.seen()
    assert told(found) == ("PARTIALLY_REFUNDED", [("SUCCEEDED", "1.250")])
    assert (found["status"], found["fulfilmentStatus"]) == ("CONFIRMED", "UNFULFILLED")
    assert found["refunds"][0]["settledAt"]
    [payment] = found["payments"]
    assert (payment["amountRefunded"], payment["refunds"]) == ({"amount": "1.250"}, [{"id": begun["refund"]["id"]}])
    assert ("refund", "succeeded") in [(each["operation"], each["outcome"]) for each in payment["transactions"]]
    assert [(each["event"], each["actorKind"], each["reason"]) for each in found["timeline"]][-2:] == [
        ("REFUND_BEGUN", "PERSON", "Scratched"),
        ("REFUNDED", "SYSTEM", "Scratched"),
    ]
    await order.refunded()
    await counter.work()
    assert told(await order.seen()) == ("REFUNDED", [("SUCCEEDED", "1.250"), ("SUCCEEDED", "3.500")])
    assert (await order.refund()).faults("refundCreate") == [("REFUND_TOO_LARGE", ["paymentId"])]
    assert await order.placed.left() == 9


async def test_a_shopper_sees_that_money_is_on_its_way_and_no_more(counter: Counter) -> None:
    """Mission C7."""
    order = await bought(counter)
    await order.refunded(amount="1", reason="Complains too much")
    await counter.work()
    [shown] = (await order.linked())["refunds"]
    assert {name for name, value in shown.items() if value is not None} == {
        "id",
        "status",
        "amount",
        "createdAt",
        "settledAt",
    }
    assert (shown["status"], shown["amount"]) == ("SUCCEEDED", {"amount": "1.000"})


async def test_lines_are_given_back_for_what_was_paid_for_them(counter: Counter) -> None:
    """Mission C7: less their part of the discount, to the fils; several refunds add up to exactly what was paid."""
    order = await bought(counter, quantity=3, price="1.000", discount="1.000", shipping="0.500")
    parts = [
        await order.refunded(lines=[order.some(1)]),
        await order.refunded(lines=[order.some(1, restock=True)]),
        await order.refunded(lines=[order.some(1, restock=True)], includesShipping=True),
    ]
    assert [each["amount"]["amount"] for each in parts] == ["0.667", "0.666", "1.167"]
    assert [each["lines"][0]["amount"]["amount"] for each in parts] == ["0.667", "0.666", "0.667"]
    assert parts[2]["shipping"] == {"amount": "0.500"}
    for lines in ([order.some(1)], [order.some(1, restock=True)]):
        assert (await order.refund(lines=lines)).faults("refundCreate") == [
            ("REFUND_TOO_LARGE", ["lines", "0", "quantity"])
        ]
    assert (await order.refund(includesShipping=True)).faults("refundCreate") == [
        ("REFUND_TOO_LARGE", ["includesShipping"])
    ]
    assert await order.placed.left() == 7, "it comes back when the refund has succeeded"
    await counter.work()
    found = await order.seen()
    assert found["paymentStatus"] == "REFUNDED"
    assert [each["lines"][0]["restocked"] for each in found["refunds"]] == [0, 1, 1]
    assert await order.placed.left() == 9


async def test_stock_comes_back_once_whatever_is_refunded_and_cancelled(counter: Counter) -> None:
    """Mission C7: what a refund gave back, or wrote off, the cancellation does not give back again."""
    order = await bought(counter, quantity=5, price="1.000")
    assert await order.placed.left() == 5
    await order.refunded(lines=[order.some(2, restock=True)])
    await order.refunded(lines=[order.some(1)])
    await counter.work()
    assert await order.placed.left() == 7
    (await counter.till.advance("orderCancel", order.placed.id)).payload("orderCancel")
    assert await order.placed.left() == 9
    await counter.work()
    assert told(await order.seen()) == ("REFUNDED", [("SUCCEEDED", f"{each}.000") for each in (2, 1, 2)])
    assert await order.placed.left() == 9


async def test_what_the_cancellation_gave_back_no_refund_gives_back_again(counter: Counter) -> None:
    """Mission C7."""
    order = await bought(counter, quantity=2, price="1.000")
    (await counter.till.advance("orderCancel", order.placed.id, refund=False)).payload("orderCancel")
    assert await order.placed.left() == 10
    await order.refunded(lines=[order.some(2, restock=True)])
    await counter.work()
    found = await order.seen()
    assert (found["status"], told(found)) == ("CANCELLED", ("REFUNDED", [("SUCCEEDED", "2.000")]))
    assert found["refunds"][0]["lines"][0]["restocked"] == 0
    assert await order.placed.left() == 10


async def test_a_cancelled_order_gives_back_what_is_left_unless_told_not_to(counter: Counter) -> None:
    """Mission C7: stock, discount and money go back, and each status says its own."""
    order, kept = await bought(counter), await bought(counter)
    await order.refunded(amount="0.750")
    (await counter.till.advance("orderCancel", order.placed.id, reason="Sold out")).payload("orderCancel")
    (await counter.till.advance("orderCancel", kept.placed.id, refund=False)).payload("orderCancel")
    await counter.work()
    found = await order.seen()
    assert (found["status"], found["fulfilmentStatus"]) == ("CANCELLED", "UNFULFILLED")
    assert told(found) == ("REFUNDED", [("SUCCEEDED", "0.750"), ("SUCCEEDED", "4.000")])
    assert [(each["origin"], each["reason"]) for each in found["refunds"]] == [
        ("STAFF", None),
        ("CANCELLATION", "Sold out"),
    ]
    assert told(await kept.seen()) == ("PAID", [])
    again = await counter.till.advance("orderCancel", order.placed.id)
    assert again.faults("orderCancel") == [("ILLEGAL_TRANSITION", ["id"])]
    assert len((await order.seen())["refunds"]) == 2
    unpaid = await counter.placed()
    (await counter.till.advance("orderCancel", unpaid.id, refund=True)).payload("orderCancel")
    assert told(await seen(unpaid)) == ("UNPAID", [])


async def test_who_works_through_orders_gives_no_money_back_by_that_right(counter: Counter, factory: Factory) -> None:
    """Mission C7, T8: neither by itself nor along with a cancellation, of which nothing is done then."""
    order, unpaid = await bought(counter), await counter.placed()
    key = (await factory.api_key(counter.till.shop, "orders:read", "orders:manage")).token
    assert (await order.refund(token=key, amount="1.000")).codes == ["FORBIDDEN"]
    assert (await unpaid.mark_paid(token=key)).codes == ["FORBIDDEN"]
    assert (await counter.till.advance("orderCancel", order.placed.id, token=key)).codes == ["FORBIDDEN"]
    found = await order.seen()
    assert (found["status"], told(found)) == ("CONFIRMED", ("PAID", []))
    (await counter.till.advance("orderCancel", unpaid.id, token=key)).payload("orderCancel")
    (await counter.till.advance("orderCancel", order.placed.id, token=key, refund=False)).payload("orderCancel")
    assert told(await order.seen()) == ("PAID", [])


async def test_many_at_once_get_as_much_as_was_paid(counter: Counter) -> None:
    """Mission C7: 20 refunds of 1 out of 4.750 are four."""
    order = await bought(counter)
    replies = await asyncio.gather(*(order.refund(amount="1.000") for _ in range(20)))
    faults = [fault for reply in replies for fault in reply.faults("refundCreate")]
    assert faults == [("REFUND_TOO_LARGE", ["amount"])] * 16
    await counter.work()
    assert told(await order.seen()) == ("PARTIALLY_REFUNDED", [("SUCCEEDED", "1.000")] * 4)


async def test_many_at_once_get_each_thing_back_once(counter: Counter) -> None:
    """Mission C7: also in stock."""
    order = await bought(counter, quantity=3, price="1.000")
    replies = await asyncio.gather(*(order.refund(lines=[order.some(1, restock=True)]) for _ in range(8)))
    assert len([reply for reply in replies if not reply.faults("refundCreate")]) == 3
    await counter.work()
    assert told(await order.seen()) == ("REFUNDED", [("SUCCEEDED", "1.000")] * 3)
    assert await order.placed.left() == 10


async def test_a_key_leads_to_one_refund(counter: Counter) -> None:
    """Mission C7: however often and simultaneously staff press the button."""
    order, key = await bought(counter), new_key()
    replies = await asyncio.gather(*(order.refund(amount="1", idempotencyKey=key) for _ in range(6)))
    assert len({each.payload("refundCreate")["refund"]["id"] for each in replies}) == 1
    other = await order.refund(amount="2", idempotencyKey=key)
    assert other.faults("refundCreate") == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]
    await counter.work()
    again = (await order.refund(amount="1", idempotencyKey=key)).payload("refundCreate")
    assert again["refund"]["status"] == "SUCCEEDED"
    assert told(await order.seen()) == ("PARTIALLY_REFUNDED", [("SUCCEEDED", "1.000")])


SENSELESS: list[tuple[dict[str, Any], list[tuple[str, list[str]]]]] = [
    ({"amount": "0"}, [("INVALID", ["amount"])]),
    ({"amount": "-1"}, [("INVALID", ["amount"])]),
    ({"amount": "1.0001"}, [("INVALID", ["amount"])]),
    ({"amount": "4.751"}, [("REFUND_TOO_LARGE", ["amount"])]),
    ({"amount": "1", "includesShipping": True}, [("INVALID", ["amount"])]),
    ({"reference": "TT-1"}, [("INVALID", ["reference"])]),
    ({"reason": "x" * 501, "amount": "-1"}, [("INVALID", ["amount"]), ("TOO_LONG", ["reason"])]),
    ({"lines": [{"quantity": 0}]}, [("INVALID", ["lines", "0", "quantity"])]),
    ({"lines": [{"quantity": 2}]}, [("REFUND_TOO_LARGE", ["lines", "0", "quantity"])]),
    ({"lines": [{}, {}]}, [("INVALID", ["lines", "1", "lineId"])]),
    ({"lines": [{"lineId": "line_00000000000000000000000000"}]}, [("NOT_FOUND", ["lines", "0", "lineId"])]),
    ({"includesShipping": True}, [("REFUND_TOO_LARGE", ["includesShipping"])]),
    ({"idempotencyKey": "short"}, [("INVALID", ["idempotencyKey"])]),
    ({"paymentId": "payment_00000000000000000000000000"}, [("NOT_FOUND", ["paymentId"])]),
]


@pytest.mark.parametrize(("given", "faults"), SENSELESS)
async def test_what_makes_no_sense_is_refused_where_it_stands(
    counter: Counter, given: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission C7."""
    order = await bought(counter)
    if "lines" in given:
        given = {"lines": [{"lineId": order.line_ids[0], "quantity": 1, **each} for each in given["lines"]]}
    assert (await order.refund(**given)).faults("refundCreate") == faults
    assert (await order.seen())["refunds"] == []


async def test_nobody_else_gives_money_back(counter: Counter, factory: Factory, reachable: tuple[Parts, Api]) -> None:
    """Mission C7: another order's line, another shop's payment, a payment that has not come."""
    order, other = await bought(counter), await bought(counter)
    line = {"lineId": other.line_ids[0], "quantity": 1}
    assert (await order.refund(lines=[line])).faults("refundCreate") == [("NOT_FOUND", ["lines", "0", "lineId"])]
    elsewhere = await Counter.open(*reachable, await factory.shop())
    foreign = Bought(Placed(elsewhere, order.placed.sold, order.placed.id, ""), order.payment_id, [])
    assert (await foreign.refund()).faults("refundCreate") == [("NOT_FOUND", ["paymentId"])]
    unpaid = await counter.placed()
    pending = Bought(unpaid, (await unpaid.started())["id"], [])
    assert (await pending.refund()).faults("refundCreate") == [("REFUND_TOO_LARGE", ["paymentId"])]
    clerk = await factory.staff(counter.till.shop, "member")
    assert (await order.refund(token=clerk.token)).payload("refundCreate")["refund"]["status"] == "PENDING"
    audited = await counter.till.api.execute(
        "{ tenant { auditEntries(first: 1, act: REFUND_CREATE) { nodes { details { name value } } } } }",
        token=counter.till.shop.token,
        tenant=counter.till.shop.slug,
    )
    [entry] = audited.data["tenant"]["auditEntries"]["nodes"]
    assert {"name": "amount", "value": "4.750"} in entry["details"]


async def test_what_came_by_arrangement_goes_back_by_hand(counter: Counter) -> None:
    """Mission C7: staff say how it is found at the bank, and once."""
    placed = await counter.placed()
    (await placed.mark_paid()).payload("paymentMarkPaid")
    order = await Bought.of(placed)
    assert (await order.refund(amount="1")).faults("refundCreate") == [("REQUIRED", ["reference"])]
    noted = (await order.refund(lines=[order.some(1, restock=True)], reference="TT-9")).payload("refundCreate")
    assert (noted["refund"]["status"], noted["refund"]["reference"]) == ("SUCCEEDED", "TT-9")
    assert (noted["order"]["status"], noted["order"]["paymentStatus"]) == ("CONFIRMED", "REFUNDED")
    assert await placed.left() == 10
    second = await counter.placed()
    (await second.mark_paid()).payload("paymentMarkPaid")
    part = await Bought.of(second)
    await part.refunded(amount="1", reference="TT-10")
    assert (await part.refund(amount="1", reference="TT-10")).faults("refundCreate") == [("TAKEN", ["reference"])]
    (await counter.till.advance("orderCancel", second.id)).payload("orderCancel")
    found = await part.seen()
    assert (found["status"], told(found)) == ("CANCELLED", ("PARTIALLY_REFUNDED", [("SUCCEEDED", "1.000")]))
