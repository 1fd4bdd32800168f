"""Mission S7, D1: visits are recorded, folded and shown, and orders tell what they came of."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.models import new_id
from db.session import Scope
from gql.ids import global_id
from gql.plans import TRIES
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.orders import Till, submission
from tests.support.statements import counted_statements
from tests.support.visits import FULL_VISIT, VISIT, Visitor

SUSPEND = "mutation($input: TenantStandingInput!) { tenantSuspend(input: $input) { userErrors { code } } }"
CAMPAIGN = {"source": "google", "medium": "cpc", "campaign": "Eid"}
ORDER = f"query($id: ID!) {{ tenant {{ order(id: $id) {{ visit {VISIT} }} }} }}"
ORDERS = f"query($first: Int!) {{ tenant {{ orders(first: $first) {{ nodes {{ id visit {VISIT} }} }} }} }}"


@pytest.fixture
def visitor(api: Api, shop: Shop) -> Visitor:
    return Visitor(api, shop)


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


async def age(parts: Parts, shop: Shop, by: str) -> None:
    """Let the shop's visits have been seen last some time ago."""
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(text(f"UPDATE visits SET last_seen_at = now() - interval '{by}'"))


def touched(touch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in touch.items() if value is not None and name != "at"}


async def test_a_visit_is_recorded_and_staff_see_how_somebody_came(visitor: Visitor) -> None:
    """Mission S7."""
    payload = (await visitor.record(**FULL_VISIT)).payload("visitRecord")
    left = datetime.fromisoformat(payload["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < left < timedelta(days=30, minutes=1)
    visit = await visitor.only()
    told = {**FULL_VISIT["utm"], "referrer": "l.instagram.com", "landingPage": "/items/ajwa"}
    assert (visit["id"], visit["sightings"]) == (payload["visitId"], 1)
    assert payload["visitId"].startswith("visit_")
    assert touched(visit["firstTouch"]) == touched(visit["lastTouch"]) == told
    assert visit["firstTouch"]["at"] == visit["lastTouch"]["at"] == visit["startedAt"] == visit["lastSeenAt"]


async def test_coming_back_with_nothing_new_is_the_same_visit(visitor: Visitor) -> None:
    """Mission S7."""
    visit_id = await visitor.arrive(**FULL_VISIT)
    before = await visitor.only()
    for given in ({}, FULL_VISIT, {"landingPage": "/cart"}, {"referrer": FULL_VISIT["referrer"]}):
        assert await visitor.arrive(visitId=visit_id, **given) == visit_id
    after = await visitor.only()
    assert after["sightings"] == 5
    assert after["lastSeenAt"] > before["lastSeenAt"]
    assert (after["firstTouch"], after["lastTouch"]) == (before["firstTouch"], before["lastTouch"])


@pytest.mark.parametrize("came", [{"utm": CAMPAIGN}, {"referrer": "https://www.Google.com/search?q=dates"}])
async def test_a_new_campaign_or_referrer_is_the_last_touch(visitor: Visitor, came: dict[str, Any]) -> None:
    """Mission S7."""
    visit_id = await visitor.arrive(**FULL_VISIT)
    first = (await visitor.only())["firstTouch"]
    assert await visitor.arrive(visitId=visit_id, landingPage="/eid", **came) == visit_id
    visit = await visitor.only()
    told = came.get("utm", {"referrer": "www.google.com"})
    assert touched(visit["lastTouch"]) == {**told, "landingPage": "/eid"}
    assert visit["lastTouch"]["at"] == visit["lastSeenAt"] > visit["firstTouch"]["at"]
    assert visit["firstTouch"] == first


async def test_another_page_of_the_same_arrival_does_not_hide_its_campaign(visitor: Visitor) -> None:
    """In one document the referrer stays what it was, while the parameters are gone from the address."""
    visit_id = await visitor.arrive(utm=CAMPAIGN, referrer="https://www.google.com/")
    await visitor.arrive(visitId=visit_id, referrer="https://www.google.com/", landingPage="/cart")
    assert (await visitor.only())["lastTouch"]["campaign"] == "Eid"


async def test_from_page_to_page_of_the_store_is_no_way_to_it(visitor: Visitor) -> None:
    visit_id = await visitor.arrive(landingPage="https://dates.example/ajwa?x=1", referrer="https://dates.example/")
    assert touched((await visitor.only())["firstTouch"]) == {"landingPage": "/ajwa"}
    await visitor.arrive(visitId=visit_id, utm=CAMPAIGN)
    assert touched((await visitor.only())["lastTouch"]) == CAMPAIGN


async def test_a_visit_that_has_ended_is_followed_by_a_new_one(visitor: Visitor, parts: Parts) -> None:
    """Mission S7."""
    ended = await visitor.arrive(**FULL_VISIT)
    await age(parts, visitor.shop, "30 days 1 minute")
    following = await visitor.arrive(visitId=ended, utm=CAMPAIGN)
    assert following != ended
    newest, oldest = (await visitor.listed())["nodes"]
    assert (newest["id"], oldest["id"]) == (following, ended)
    assert touched(newest["firstTouch"]) == CAMPAIGN
    assert oldest["sightings"] == 1


async def test_a_visit_lives_for_thirty_days_from_the_last_sight(visitor: Visitor, parts: Parts) -> None:
    visit_id = await visitor.arrive()
    async with parts.database.write(Scope(visitor.shop.tenant.id)) as session:
        await session.execute(text("UPDATE visits SET last_seen_at = now() - interval '29 days 23 hours'"))
    assert await visitor.arrive(visitId=visit_id) == visit_id
    last_seen = datetime.fromisoformat((await visitor.only())["lastSeenAt"])
    assert datetime.now(UTC) - last_seen < timedelta(minutes=5)


async def test_nobody_can_tell_another_tenants_visit_from_none(visitor: Visitor, factory: Factory, api: Api) -> None:
    """Mission S7, T3."""
    elsewhere = Visitor(api, await factory.shop())
    theirs = await elsewhere.arrive(**FULL_VISIT)
    answers = [
        (await visitor.record(visitId=given, utm=CAMPAIGN)).body["data"]["visitRecord"]
        for given in (theirs, global_id("visit", new_id()), global_id("order", new_id()), "rubbish", "")
    ]
    assert {frozenset(answer) for answer in answers} == {frozenset({"visitId", "expiresAt", "userErrors"})}
    assert [answer["userErrors"] for answer in answers] == [[]] * 5
    assert theirs not in {answer["visitId"] for answer in answers}
    assert (await visitor.listed())["totalCount"] == len({answer["visitId"] for answer in answers}) == 5
    assert (await elsewhere.only())["sightings"] == 1


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"utm": {"source": "x" * 201}}, [("TOO_LONG", ["utm", "source"])]),
        ({"utm": {"campaign": "a\x07b"}}, [("INVALID", ["utm", "campaign"])]),
        ({"utm": {"campaign": "a\u202eb"}}, [("INVALID", ["utm", "campaign"])]),
        ({"referrer": "javascript:alert(1)"}, [("INVALID", ["referrer"])]),
        ({"referrer": "not an address"}, [("INVALID", ["referrer"])]),
        ({"referrer": "http://[half"}, [("INVALID", ["referrer"])]),
        ({"landingPage": "//elsewhere.example"}, [("INVALID", ["landingPage"])]),
        ({"landingPage": "cart"}, [("INVALID", ["landingPage"])]),
        ({"landingPage": "/a%00b"}, [("INVALID", ["landingPage"])]),
        ({"landingPage": "/" + "x" * 2_000}, [("TOO_LONG", ["landingPage"])]),
        (
            {"utm": {"source": "x" * 201, "term": "\x01"}, "referrer": "ftp://x", "landingPage": "?"},
            [
                ("TOO_LONG", ["utm", "source"]),
                ("INVALID", ["utm", "term"]),
                ("INVALID", ["landingPage"]),
                ("INVALID", ["referrer"]),
            ],
        ),
    ],
)
async def test_rubbish_is_told_and_nothing_is_written(
    visitor: Visitor, given: dict[str, Any], faults: list[Any]
) -> None:
    """Mission S7."""
    assert (await visitor.record(**given)).faults("visitRecord") == faults
    assert (await visitor.listed())["totalCount"] == 0


async def test_nothing_that_says_who_somebody_is_is_kept(visitor: Visitor, parts: Parts) -> None:
    """Mission S7."""
    await visitor.arrive(
        utm={"source": "Newsletter", "campaign": "for noura@people.test only", "content": "noura%40people.test"},
        referrer="https://noura:secret@mail.example:8443/inbox/noura?token=secret#secret",
        landingPage="https://dukkan.example/hello/noura%40people.test/x?email=noura@people.test&token=secret#secret",
    )
    touch = touched((await visitor.only())["firstTouch"])
    assert touch == {
        "source": "newsletter",
        "campaign": "for only",
        "referrer": "mail.example",
        "landingPage": "/hello/-/x",
    }
    async with parts.database.read(Scope(visitor.shop.tenant.id)) as session:
        (row,) = (await session.execute(text("SELECT visits::text FROM visits"))).scalars()
        columns = (await session.execute(text("SELECT * FROM visits"))).keys()
    assert not any(word in row for word in ("noura", "secret", "127.0.0.1"))
    assert not any(word in column for word in ("address", "agent", "ip", "person") for column in columns)


async def test_visits_are_filtered_and_paged(visitor: Visitor) -> None:
    """Mission S7."""
    for number in range(3):
        await visitor.arrive(utm={"source": "Google", "medium": "CPC", "campaign": f"c{number}"})
    await visitor.arrive(utm={"source": "instagram"})
    moments = [visit["startedAt"] for visit in (await visitor.listed())["nodes"]]
    assert moments == sorted(moments, reverse=True)
    counts = {
        "source": ("google", 3),
        "medium": ("Cpc", 3),
        "campaign": ("c1", 1),
        "since": (moments[1], 2),
        "until": (moments[1], 2),
    }
    for argument, (value, count) in counts.items():
        page = await visitor.listed(**{argument: value})
        assert (page["totalCount"], len(page["nodes"])) == (count, count), argument
    assert (await visitor.listed(source="google", campaign="c9"))["totalCount"] == 0
    page = await visitor.listed(first=2, source="google")
    rest = await visitor.listed(first=2, source="google", after=page["pageInfo"]["endCursor"])
    found = [visit["lastTouch"]["campaign"] for visit in (*page["nodes"], *rest["nodes"])]
    assert found == ["c2", "c1", "c0"]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_a_suspended_tenant_records_nothing(visitor: Visitor, factory: Factory, parts: Parts) -> None:
    """Mission S2, S7: also where the tenant is remembered as open, from the visit just before."""
    await visitor.arrive()
    await visitor.arrive()
    operator = await factory.operator()
    given = {"input": {"id": global_id("tenant", visitor.shop.tenant.id), "reason": "Unpaid"}}
    (await visitor.api.admin(SUSPEND, given, token=operator.token)).payload("tenantSuspend")
    reply = await visitor.record(**FULL_VISIT)
    assert (reply.status, reply.codes) == (403, ["TENANT_SUSPENDED"])
    async with parts.database.read(Scope(visitor.shop.tenant.id)) as session:
        assert (await session.execute(text("SELECT count(*) FROM visits"))).scalar_one() == 2


async def test_a_tenant_that_has_changed_still_records(visitor: Visitor) -> None:
    """The one that is remembered is not what it was: it is found anew, and the visit is recorded once."""
    await visitor.arrive()
    update = 'mutation { tenantUpdate(input: {contactPhone: "+965 5000 9999"}) { userErrors { code } } }'
    (await visitor.api.execute(update, token=visitor.shop.token, tenant=visitor.shop.slug)).payload("tenantUpdate")
    await visitor.arrive()
    assert (await visitor.listed())["totalCount"] == 2


async def test_several_mutations_in_one_document_are_done_once_each(visitor: Visitor) -> None:
    document = "mutation { a: visitRecord(input: {}) { visitId } b: visitRecord(input: {}) { visitId } }"
    for _ in range(2):
        data = (await visitor.api.execute(document, tenant=visitor.shop.slug)).data
        assert data["a"]["visitId"] != data["b"]["visitId"]
    assert (await visitor.listed())["totalCount"] == 4


async def test_a_revoked_session_records_nothing(visitor: Visitor, factory: Factory) -> None:
    """Somebody signed in is looked up each time, as for any other mutation."""
    member = await factory.member()
    assert (await visitor.record(token=member.token)).status == 200
    out = "mutation { sessionSignOut { userErrors { code } } }"
    (await visitor.api.execute(out, token=member.token)).payload("sessionSignOut")
    assert (await visitor.record(token=member.token)).status == 401
    assert (await visitor.listed())["totalCount"] == 1


async def test_an_order_tells_what_it_came_of(visitor: Visitor, till: Till) -> None:
    """Mission D1."""
    visit_id = await visitor.arrive(**FULL_VISIT)
    await visitor.arrive(visitId=visit_id, utm=CAMPAIGN)
    order = await till.order((await till.sell(), 1), visitId=visit_id)
    await visitor.arrive(visitId=visit_id, utm={"source": "tiktok"})
    reply = await till.api.execute(ORDER, {"id": order["id"]}, token=till.shop.token, tenant=till.shop.slug)
    visit, now = reply.data["tenant"]["order"]["visit"], await visitor.only()
    assert visit["id"] == visit_id
    assert (visit["firstTouch"], visit["sightings"]) == (now["firstTouch"], 3)
    assert touched(visit["lastTouch"]) == CAMPAIGN
    assert visit["firstTouch"]["at"] < visit["lastTouch"]["at"] < now["lastTouch"]["at"]


async def test_a_visit_that_is_not_there_keeps_no_order_from_being_placed(
    visitor: Visitor, till: Till, factory: Factory, parts: Parts
) -> None:
    """Mission D1, T3."""
    theirs = await Visitor(visitor.api, await factory.shop()).arrive(**FULL_VISIT)
    ended = await visitor.arrive(**FULL_VISIT)
    await age(parts, visitor.shop, "31 days")
    sold = await till.sell(stock=None)
    for given in (theirs, ended, global_id("visit", new_id()), "rubbish", "", None):
        await till.order((sold, 1), visitId=given)
    reply = await till.api.execute(ORDERS, {"first": 10}, token=till.shop.token, tenant=till.shop.slug)
    assert [order["visit"] for order in reply.data["tenant"]["orders"]["nodes"]] == [None] * 6


async def test_asking_again_with_another_visit_is_the_same_order(visitor: Visitor, till: Till) -> None:
    """Mission C4, D1: the browser may have been given a new visit between two tries."""
    sold, first = await till.sell(), await visitor.arrive(utm=CAMPAIGN)
    given = submission((sold, 1), visitId=first)
    placed = (await till.submit(given)).payload("orderSubmit")["order"]
    again = (await till.submit({**given, "visitId": await visitor.arrive()})).payload("orderSubmit")["order"]
    assert again["id"] == placed["id"]
    reply = await till.api.execute(ORDER, {"id": again["id"]}, token=till.shop.token, tenant=till.shop.slug)
    assert reply.data["tenant"]["order"]["visit"]["id"] == first


async def test_more_orders_need_no_more_statements_for_their_visits(visitor: Visitor, till: Till) -> None:
    """Mission D4."""
    sold, counts = await till.sell(stock=None), list[int]()
    for _ in range(TRIES + 2):  # by then it is known whether the query can be executed in a hurry
        await till.api.execute(ORDERS, {"first": 1}, token=till.shop.token, tenant=till.shop.slug)
        await till.order((sold, 1), visitId=await visitor.arrive())
    for many in (2, 12):
        for visit_id in await visitor.arrive_all(many):
            await till.order((sold, 1), visitId=visit_id)
        with counted_statements(till.parts.database) as statements:
            reply = await till.api.execute(ORDERS, {"first": many}, token=till.shop.token, tenant=till.shop.slug)
        assert all(order["visit"] for order in reply.data["tenant"]["orders"]["nodes"])
        # Whether the caller is still remembered is a matter of how long all this took.
        counts.append(len([each for each in statements if "identify_caller" not in each]))
    assert counts[0] == counts[1]


async def test_a_visit_takes_no_further_round_trip_of_an_order(visitor: Visitor, till: Till) -> None:
    """Mission D1."""
    sold, visit_id, counts = await till.sell(), await visitor.arrive(), list[int]()
    for given in ({}, {"visitId": visit_id}):
        await till.order((sold, 1), **given)
        with counted_statements(till.parts.database) as statements:
            await till.order((sold, 1), **given)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
