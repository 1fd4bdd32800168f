"""What `orderSubmit` refuses about its input, and how it says so."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.orders import Till, submission


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


BAD_INPUTS: list[tuple[dict[str, Any], list[tuple[str, list[str]]]]] = [
    ({"idempotencyKey": ""}, [("INVALID", ["idempotencyKey"])]),
    ({"idempotencyKey": "k" * 21}, [("INVALID", ["idempotencyKey"])]),
    ({"idempotencyKey": "k" * 201}, [("INVALID", ["idempotencyKey"])]),
    ({"idempotencyKey": "مفتاح" * 5}, [("INVALID", ["idempotencyKey"])]),
    ({"idempotencyKey": "k" * 30 + "\n"}, [("INVALID", ["idempotencyKey"])]),
    ({"customer": {"name": " ", "email": "a@b.test"}}, [("REQUIRED", ["customer", "name"])]),
    ({"customer": {"name": "x" * 201, "email": "a@b.test"}}, [("TOO_LONG", ["customer", "name"])]),
    ({"customer": {"name": "a\u0007b", "email": "a@b.test"}}, [("INVALID", ["customer", "name"])]),
    ({"customer": {"name": "a\nb", "email": "a@b.test"}}, [("INVALID", ["customer", "name"])]),
    ({"customer": {"name": "A", "email": ""}}, [("INVALID", ["customer", "email"])]),
    ({"customer": {"name": "A", "email": "nobody"}}, [("INVALID", ["customer", "email"])]),
    ({"customer": {"name": "A", "email": "a@b.test\nBcc: c@d.test"}}, [("INVALID", ["customer", "email"])]),
    ({"customer": {"name": "A", "email": "a" * 5_000 + "@b.test"}}, [("INVALID", ["customer", "email"])]),
    (
        {"customer": {"name": "A", "email": "a@b.test", "phone": "call me"}},
        [("INVALID", ["customer", "phone"])],
    ),
    (
        {"customer": {"name": "A", "email": "a@b.test", "phone": "1" * 40}},
        [("TOO_LONG", ["customer", "phone"])],
    ),
    ({"note": "n" * 2_001}, [("TOO_LONG", ["note"])]),
    ({"note": "bell \u0007"}, [("INVALID", ["note"])]),
    ({"lines": []}, [("REQUIRED", ["lines"])]),
]


@pytest.mark.parametrize(("change", "faults"), BAD_INPUTS)
async def test_bad_input_is_told_by_field(
    till: Till, change: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission O1."""
    sold = await till.sell(stock=5)
    reply = await till.submit(submission((sold, 1), **change))
    assert reply.faults("orderSubmit") == faults
    assert await till.left(sold) == 5


@pytest.mark.parametrize(
    ("variant", "quantity", "fault"),
    [
        (None, 0, ("INVALID", ["lines", "1", "quantity"])),
        (None, -1, ("INVALID", ["lines", "1", "quantity"])),
        (None, 1_000_001, ("INVALID", ["lines", "1", "quantity"])),
        (None, 2_147_483_647, ("INVALID", ["lines", "1", "quantity"])),
        ("", 1, ("NOT_FOUND", ["lines", "1", "variantId"])),
        ("1", 1, ("NOT_FOUND", ["lines", "1", "variantId"])),
        ("variant_", 1, ("NOT_FOUND", ["lines", "1", "variantId"])),
        ("variant_01h2xcejqtf2nbrexx3vqjhp41", 1, ("NOT_FOUND", ["lines", "1", "variantId"])),
        ("item_01h2xcejqtf2nbrexx3vqjhp41", 1, ("NOT_FOUND", ["lines", "1", "variantId"])),
        ("' OR 1=1 --", 1, ("NOT_FOUND", ["lines", "1", "variantId"])),
    ],
)
async def test_a_bad_line_is_told_by_its_place(
    till: Till, variant: str | None, quantity: int, fault: tuple[str, list[str]]
) -> None:
    """Mission O1."""
    sold = await till.sell(stock=5)
    given = submission((sold, 1))
    given["lines"].append({"variantId": sold.id if variant is None else variant, "quantity": quantity})
    assert (await till.submit(given)).faults("orderSubmit") == [fault]
    assert await till.left(sold) == 5


async def test_everything_wrong_is_told_at_once(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell()
    given = submission(
        (sold, 0), customer={"name": "", "email": "?", "phone": "?"}, idempotencyKey="short", note="x" * 3_000
    )
    given["lines"].append({"variantId": "nothing", "quantity": -5})

    assert (await till.submit(given)).faults("orderSubmit") == [
        ("INVALID", ["idempotencyKey"]),
        ("REQUIRED", ["customer", "name"]),
        ("INVALID", ["customer", "email"]),
        ("INVALID", ["customer", "phone"]),
        ("TOO_LONG", ["note"]),
        ("INVALID", ["lines", "0", "quantity"]),
        ("NOT_FOUND", ["lines", "1", "variantId"]),
        ("INVALID", ["lines", "1", "quantity"]),
    ]


async def test_a_hundred_lines_are_taken_and_one_more_is_not(till: Till) -> None:
    """Mission O1."""
    sold = await till.sell(stock=1_000)
    order = await till.order(*[(sold, 1)] * 100)
    assert (len(order["lines"]), order["total"]["amount"]) == (100, "475.000")
    assert (await till.submit(submission(*[(sold, 1)] * 101))).faults("orderSubmit") == [("TOO_LONG", ["lines"])]
    assert await till.left(sold) == 900


async def test_only_what_is_on_sale_can_be_ordered(till: Till, factory: Factory) -> None:
    """Mission O1."""
    other = Till(till.parts, till.api, await factory.shop())
    good, foreign = await till.sell(), await other.sell()
    draft, archived = await till.sell(item_status="draft"), await till.sell(item_status="archived")
    withdrawn = await till.sell(archived_at=datetime.now(UTC))

    reply = await till.submit(submission((draft, 1), (good, 1), (archived, 1), (withdrawn, 1), (foreign, 1)))

    wrong = ("0", "2", "3", "4")
    assert reply.faults("orderSubmit") == [("NOT_FOUND", ["lines", place, "variantId"]) for place in wrong]
    assert (await till.left(good), await till.left(foreign)) == (10, 10)


async def test_an_order_that_is_too_dear_is_refused_by_line_and_as_a_whole(till: Till) -> None:
    """Mission O1."""
    dear, fair = await till.sell(price="999999999.999"), await till.sell(price="0.001")

    by_line = await till.submit(submission((dear, 1), (dear, 2)))
    as_a_whole = await till.submit(submission((dear, 1), (fair, 1)))
    largest = await till.order((dear, 1))

    assert by_line.faults("orderSubmit") == [("INVALID", ["lines", "1", "quantity"])]
    assert as_a_whole.faults("orderSubmit") == [("INVALID", ["lines"])]
    assert largest["total"]["amount"] == "999999999.999"
    assert (await till.left(dear), await till.left(fair)) == (9, 10)
