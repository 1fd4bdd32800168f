"""Discount codes: made by staff, asked about by shoppers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bootstrap import Parts
from db.models import new_id
from gql.ids import global_id
from tests.support.api import Api
from tests.support.discounts import FULL_DISCOUNT, Counter, DiscountDesk
from tests.support.factories import Factory, Shop
from tests.support.orders import Till
from tests.support.statements import counted_statements

MINIMUM = "DISCOUNT_MINIMUM_NOT_REACHED"


@pytest.fixture
def desk(api: Api, shop: Shop) -> DiscountDesk:
    return DiscountDesk(api, shop)


@pytest.fixture
def counter(parts: Parts, shop: Shop) -> Counter:
    return Counter(parts, shop)


def moment(**ago: float) -> str:
    """So long ago, by a clock elsewhere."""
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


async def test_staff_make_a_code_and_shoppers_ask_about_it(desk: DiscountDesk) -> None:
    """Mission C3."""
    made = await desk.create(**FULL_DISCOUNT | {"code": " gift-٥ "})
    assert (made["code"], made["kind"], made["percentage"]) == ("GIFT-5", "FIXED", None)
    assert made["amount"] == {"amount": "5.000", "currency": "KWD"}
    assert made["title"] == {"en": "Five dinars", "ar": "خمسة دنانير"}
    assert made["startsAt"] == "2025-12-31T21:00:00+00:00"
    assert (made["usageLimit"], made["usageLimitPerCustomer"], made["usageCount"]) == (100, 1, 0)
    assert (made["status"], made["isEnabled"], made["version"]) == ("ACTIVE", True, 1)
    assert await desk.find(made["id"]) == made

    answer = await desk.ask("Gift - 5", "999.999")
    assert answer["refusal"]["code"] == MINIMUM
    assert "1000.000" in answer["refusal"]["message"]
    assert answer["discount"]["minimumSubtotal"] == {"amount": "1000.000", "currency": "KWD"}
    answer = await desk.ask("\u200fgift-5", "1000")
    assert answer["refusal"] is None
    assert (answer["discount"]["code"], answer["discount"]["kind"]) == ("GIFT-5", "FIXED")

    changed = await desk.update(made, value={"percentage": "12.5"}, minimumSubtotal=None, title={"ar": "خصم"})
    assert (changed["kind"], changed["percentage"], changed["amount"]) == ("PERCENTAGE", "12.50", None)
    assert (changed["title"], changed["version"]) == ({"en": None, "ar": "خصم"}, 2)
    free = await desk.update(changed, value={"freeShipping": True})
    assert (free["kind"], free["percentage"], free["amount"]) == ("FREE_SHIPPING", None, None)
    assert free["updatedAt"] > free["createdAt"]
    assert (await desk.ask("GIFT-5"))["refusal"] is None
    deleted = (await desk.change("Delete", id=made["id"])).payload("discountDelete")
    assert deleted["deletedId"] == made["id"]
    assert await desk.find(made["id"]) is None
    assert await desk.refusal("GIFT-5") == "NOT_FOUND"


async def test_shoppers_are_told_why_not_and_no_more(desk: DiscountDesk, counter: Counter) -> None:
    """Mission C3."""
    await desk.create("LATER", startsAt=moment(hours=-1))
    await desk.create("OVER", endsAt=moment(seconds=1))
    await desk.create("SECRET", isEnabled=False)
    await desk.create("ONCE", usageLimit=1)
    await counter.use("ONCE", email="first@shoppers.test")
    refusals = {"LATER": "DISCOUNT_NOT_STARTED", "OVER": "DISCOUNT_ENDED", "ONCE": "DISCOUNT_USED_UP"}
    refusals |= {"SECRET": "NOT_FOUND", "UNKNOWN": "NOT_FOUND", "x'; --": "NOT_FOUND", "": "NOT_FOUND"}
    for code, expected in refusals.items():
        answer = await desk.ask(code)
        assert (answer["refusal"]["code"], answer["refusal"]["field"]) == (expected, ["code"]), code
        assert answer["discount"] is None, code
    assert (await desk.ask("SECRET"))["refusal"] == (await desk.ask("UNKNOWN"))["refusal"]


async def test_a_customer_is_told_that_they_have_used_it(
    desk: DiscountDesk, counter: Counter, factory: Factory
) -> None:
    """Mission C3: also what they had used as a guest, under the address that they have proven."""
    await desk.create(usageLimitPerCustomer=1)
    member = await factory.member()
    await counter.use(email=member.person.email)
    assert await desk.refusal("SAVE10", token=member.token) is None, "the store does not know them yet"
    await factory.customer(desk.shop, member)
    assert await desk.refusal("SAVE10", token=member.token) == "DISCOUNT_LIMIT_PER_CUSTOMER"
    assert await desk.refusal("SAVE10") is None


GOOD: dict[str, Any] = {"code": "OTHER", "title": {"en": "Other"}, "value": {"percentage": "10"}}
BAD: list[tuple[dict[str, Any], list[tuple[str, list[str]]]]] = [
    ({"value": {"percentage": "100.01"}}, [("INVALID", ["value", "percentage"])]),
    ({"value": {"percentage": "0"}}, [("INVALID", ["value", "percentage"])]),
    ({"value": {"percentage": "-5"}}, [("INVALID", ["value", "percentage"])]),
    ({"value": {"percentage": "12.345"}}, [("INVALID", ["value", "percentage"])]),
    ({"value": {"amount": "0"}}, [("INVALID", ["value", "amount"])]),
    ({"value": {"amount": "-1"}}, [("INVALID", ["value", "amount"])]),
    ({"value": {"amount": "1.0005"}}, [("INVALID", ["value", "amount"])]),
    ({"value": {"amount": "1000000000"}}, [("INVALID", ["value", "amount"])]),
    ({"value": {"freeShipping": False}}, [("INVALID", ["value", "freeShipping"])]),
    ({"minimumSubtotal": "0"}, [("INVALID", ["minimumSubtotal"])]),
    ({"minimumSubtotal": "0.0001"}, [("INVALID", ["minimumSubtotal"])]),
    ({"usageLimit": 0}, [("INVALID", ["usageLimit"])]),
    ({"usageLimitPerCustomer": -1}, [("INVALID", ["usageLimitPerCustomer"])]),
    ({"usageLimit": 1_000_000_001}, [("INVALID", ["usageLimit"])]),
    ({"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-01-01T03:00:00+03:00"}, [("INVALID", ["endsAt"])]),
    ({"title": {"en": " \u200f "}}, [("REQUIRED", ["title"])]),
    ({"title": {"en": "x" * 201}}, [("TOO_LONG", ["title", "en"])]),
    *(({"code": code}, [("INVALID", ["code"])]) for code in ("AB", 'SAVE"10"', "خصم؟", "x" * 41, "\u200f\u200b\u200d")),
    (
        {"code": "!", "title": {}, "value": {"amount": "0"}, "minimumSubtotal": "-1", "usageLimit": 0},
        [
            ("INVALID", ["code"]),
            ("REQUIRED", ["title"]),
            ("INVALID", ["value", "amount"]),
            ("INVALID", ["minimumSubtotal"]),
            ("INVALID", ["usageLimit"]),
        ],
    ),
]


async def test_what_is_wrong_with_a_discount_is_told_all_at_once(desk: DiscountDesk) -> None:
    """Mission C3: new, and as a change of what is there."""
    made = await desk.create()
    for given, expected in BAD:
        created = await desk.change("Create", **GOOD | given)
        assert created.faults("discountCreate") == expected, given
        updated = await desk.change("Update", id=made["id"], version=1, **given)
        assert updated.faults("discountUpdate") == expected, given
    for field in ("code", "title", "value", "isEnabled"):
        reply = await desk.change("Update", id=made["id"], version=1, **{field: None})
        assert reply.faults("discountUpdate") == [("REQUIRED", [field])]
    assert (await desk.list())["nodes"] == [made]


async def test_an_end_is_compared_with_the_beginning_that_is_there(desk: DiscountDesk) -> None:
    made = await desk.create(startsAt="2026-06-01T00:00:00Z")
    reply = await desk.change("Update", id=made["id"], version=1, endsAt="2026-05-01T00:00:00Z")
    assert reply.faults("discountUpdate") == [("INVALID", ["endsAt"])]
    assert (await desk.update(made, startsAt=None, endsAt="2026-05-01T00:00:00Z"))["startsAt"] is None


async def test_a_moment_without_an_offset_and_two_values_are_no_input(desk: DiscountDesk) -> None:
    no_input: list[dict[str, Any]] = [
        {"endsAt": "2026-01-01T00:00:00"},
        {"value": {"percentage": "10", "amount": "1"}},
        {"value": {}},
        {"value": {"percentage": "NaN"}},
    ]
    for bad in no_input:
        assert (await desk.change("Create", **GOOD | bad)).codes == ["BAD_USER_INPUT"], bad
    assert (await desk.list())["totalCount"] == 0


@pytest.mark.parametrize(("code", "same"), [("SAVE10", "ＳＡＶＥ\u200b ١٠"), ("خصم-رمضان", "خـصم-رَمضان")])
async def test_a_code_is_taken_however_it_is_written(
    desk: DiscountDesk, factory: Factory, code: str, same: str
) -> None:
    """Mission C3: also by several at once; another tenant may have it as well."""
    given: dict[str, Any] = {"title": {"en": "Same"}, "value": {"percentage": "10"}}
    replies = await asyncio.gather(*(desk.change("Create", code=each, **given) for each in (code, same) * 4))
    assert sorted(reply.faults("discountCreate") != [] for reply in replies) == [False] + [True] * 7
    refused = [reply.faults("discountCreate") for reply in replies if reply.faults("discountCreate")]
    assert refused == [[("TAKEN", ["code"])]] * 7
    other = await desk.create("OTHER")
    reply = await desk.change("Update", id=other["id"], version=1, code=same)
    assert reply.faults("discountUpdate") == [("TAKEN", ["code"])]
    elsewhere = DiscountDesk(desk.api, await factory.shop())
    await elsewhere.create(same)
    assert await elsewhere.refusal(code) is None


async def test_a_stale_edit_is_refused_and_an_edit_of_nothing_is_none(desk: DiscountDesk) -> None:
    """Mission C3."""
    made = await desk.create()
    sent: dict[str, Any] = {"id": made["id"], "version": 1, "usageLimit": 5}
    replies = await asyncio.gather(*(desk.change("Update", **sent) for _ in range(4)))
    faults = sorted(reply.faults("discountUpdate") for reply in replies)
    assert faults == [[], *[[("STALE", ["version"])]] * 3]
    changed = await desk.find(made["id"])
    assert changed
    assert await desk.update(changed, usageLimit=5, code="save 10", value={"percentage": "10.00"}) == changed
    missing = await desk.change("Update", id=global_id("discount", new_id()), version=1)
    assert missing.faults("discountUpdate") == [("NOT_FOUND", ["id"])]


async def test_what_was_used_bounds_its_limit_and_keeps_it(desk: DiscountDesk, counter: Counter) -> None:
    """Mission C3."""
    made = await desk.create()
    for number in range(3):
        await counter.use(email=f"{number}@shoppers.test")
    used = await desk.find(made["id"])
    assert used
    assert (used["usageCount"], used["version"], used["updatedAt"]) == (3, 1, made["updatedAt"])
    reply = await desk.change("Update", id=made["id"], version=1, usageLimit=2)
    assert reply.faults("discountUpdate") == [("INVALID", ["usageLimit"])]
    assert "3 times" in reply.data["discountUpdate"]["userErrors"][0]["message"]
    assert (await desk.update(made, usageLimit=3))["status"] == "USED_UP"
    reply = await desk.change("Delete", id=made["id"])
    assert reply.faults("discountDelete") == [("IN_USE", ["id"])]


async def test_a_cancelled_order_gives_its_use_back(
    desk: DiscountDesk, counter: Counter, parts: Parts, api: Api
) -> None:
    """Mission C3, C7: once, however often and by however many it is cancelled."""
    made = await desk.create(usageLimit=1)
    order_id = global_id("order", await counter.use(email="fahad@shoppers.test"))
    till = Till(parts, api, desk.shop)
    replies = await asyncio.gather(*(till.advance("orderCancel", order_id) for _ in range(4)))
    assert sorted(len(reply.faults("orderCancel")) for reply in replies) == [0, 1, 1, 1]
    found = await desk.find(made["id"])
    assert found
    assert (found["usageCount"], found["status"]) == (0, "ACTIVE")
    await counter.use(email="sara@shoppers.test")
    assert await desk.refusal("SAVE10") == "DISCOUNT_USED_UP"


async def test_discounts_are_listed_by_how_they_stand_and_how_they_begin(desk: DiscountDesk, counter: Counter) -> None:
    """Mission C3."""
    await desk.create("RAMADAN-1", startsAt=moment(hours=-1))
    await desk.create("RAMADAN-2", endsAt=moment(hours=1))
    await desk.create("RAMAD", usageLimit=1)
    await desk.create("SAVE10")
    await desk.create("رمضان")
    off = await desk.create("رمضان٢", endsAt=moment(hours=1), isEnabled=False)
    await counter.use("RAMAD", email="fahad@shoppers.test")

    async def codes(**variables: Any) -> list[str]:
        found = await desk.list(**variables)
        assert found["totalCount"] == len(found["nodes"])
        return [node["code"] for node in found["nodes"]]

    assert await codes() == ["رمضان2", "رمضان", "SAVE10", "RAMAD", "RAMADAN-2", "RAMADAN-1"]
    standing = {"SCHEDULED": "RAMADAN-1", "ENDED": "RAMADAN-2", "USED_UP": "RAMAD", "DISABLED": "رمضان2"}
    for status, code in standing.items():
        assert await codes(status=status) == [code]
    assert await codes(status="ACTIVE") == ["رمضان", "SAVE10"]
    assert await codes(codePrefix="ramad") == ["RAMAD", "RAMADAN-2", "RAMADAN-1"]
    assert await codes(codePrefix="رم") == ["رمضان2", "رمضان"]
    assert await codes(codePrefix="ramadan", status="ENDED") == ["RAMADAN-2"]
    assert await codes(codePrefix="%") == await codes(codePrefix="RAMADANS") == []
    assert len(await codes(codePrefix="\u200f")) == 6
    page = await desk.list(first=2)
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (6, True)
    rest = await desk.list(first=4, after=page["pageInfo"]["endCursor"])
    assert [node["code"] for node in rest["nodes"]] == ["SAVE10", "RAMAD", "RAMADAN-2", "RAMADAN-1"]
    on = await desk.update(off, isEnabled=True, endsAt=None)
    assert on["status"] == "ACTIVE"


async def test_a_list_costs_as_many_statements_whatever_its_length(desk: DiscountDesk, parts: Parts) -> None:
    counts: list[int] = []
    for number in (1, 6):
        for each in range(number):
            await desk.create(f"CODE-{number}-{each}")
        with counted_statements(parts.database) as statements:
            await desk.list()
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_discounts_are_for_those_who_may_change_prices(desk: DiscountDesk, factory: Factory) -> None:
    """Mission C3: others are refused, and another tenant's discount is none."""
    made = await desk.create()
    given: dict[str, Any] = {"code": "MINE", "title": {"en": "Mine"}, "value": {"percentage": "100"}}
    known: dict[str, Any] = {"id": made["id"]}
    steps: list[tuple[str, dict[str, Any]]] = [("Create", given), ("Update", known | {"version": 1}), ("Delete", known)]
    reader = await factory.api_key(desk.shop, "catalog:read")
    for token in ((await factory.customer(desk.shop)).token, reader.token):
        for step, sent in steps:
            assert (await desk.change(step, token=token, **sent)).status == 403
    clerk = await factory.staff(desk.shop, "member")
    assert (await desk.change("Create", token=clerk.token, **given)).payload("discountCreate")["discount"]
    elsewhere = DiscountDesk(desk.api, await factory.shop())
    for step, sent in steps[1:]:
        reply = await elsewhere.change(step, **sent)
        assert reply.faults(f"discount{step}") == [("NOT_FOUND", ["id"])]
    assert await elsewhere.find(made["id"]) is None
    assert await elsewhere.refusal("SAVE10") == "NOT_FOUND"
    assert await desk.find(made["id"]) == made


async def test_guessing_codes_costs_more_than_browsing(desk: DiscountDesk) -> None:
    """Mission C3: forty at once and four a second, of the points that an address is granted by default."""
    guess = 'store { discount(code: "XYZ%d", subtotal: "1") { refusal { code } } }'
    document = f"{{ a0: {guess % 0} a1: {guess % 1} a2: {guess % 2} a3: {guess % 3} }}"
    asked = await desk.api.execute(document, tenant=desk.shop.slug)
    assert asked.data["a3"]["discount"]["refusal"]["code"] == "NOT_FOUND"
    assert asked.body["extensions"]["cost"]["actualQueryCost"] >= 1000


async def test_what_staff_did_to_discounts_is_in_the_audit_log(desk: DiscountDesk) -> None:
    """Mission T5."""
    made = await desk.create()
    await desk.update(made, isEnabled=False)
    await desk.change("Delete", id=made["id"])
    query = "{ tenant { auditEntries(first: 3) { nodes { act details { name value } } } } }"
    reply = await desk.api.execute(query, token=desk.shop.token, tenant=desk.shop.slug)
    entries = reply.data["tenant"]["auditEntries"]["nodes"]
    assert [each["act"] for each in entries] == ["DISCOUNT_DELETE", "DISCOUNT_UPDATE", "DISCOUNT_CREATE"]
    assert {(each["name"], each["value"]) for entry in entries for each in entry["details"]} == {("code", "SAVE10")}
