"""A store's customers: registering, the profile, the address book, the orders; each store with its own."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from bootstrap import Parts
from db.models import Customer, CustomerAddress, new_id
from db.session import Scope
from gql.ids import global_id
from gql.schema import public_schema
from tests.support.api import Api
from tests.support.authorisation.selections import core, routes_of
from tests.support.authorisation.stage import furnish
from tests.support.customers import GENERAL, KUWAIT, LEAST, VIEWER, Shopper
from tests.support.factories import Factory, Member, Shop
from tests.support.orders import ADVANCE, SUBMIT, OnSale, Till, submission
from tests.support.statements import counted_statements
from tests.support.team import Team
from tests.support.tools import Tools

SUSPEND = "mutation($input: TenantStandingInput!) { tenantSuspend(input: $input) { userErrors { code } } }"
TIMELINES = "{ tenant { orders(first: 100) { nodes { id timeline { id event actorKind actorId } } } } }"
IDENTIFIER = re.compile(r"[a-z]+_[0-7][0-9a-z]{25}")
REGISTER = "mutation { customerRegister(input: {}) { customer { id } userErrors { code } } }"


@pytest.fixture
async def shopper(api: Api, factory: Factory, shop: Shop) -> Shopper:
    """Somebody signed in who has told the shop nothing yet."""
    return Shopper(api, shop, await factory.member(name="Noura", locale="ar"))


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


async def kept(parts: Parts, shop: Shop, table: type[Customer | CustomerAddress]) -> int:
    async with parts.database.read(Scope(shop.tenant.id)) as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_person_registers_and_keeps_a_profile(parts: Parts, shopper: Shopper) -> None:
    """Mission T7."""
    assert await shopper.customer() is None
    assert await kept(parts, shopper.shop, Customer) == 0

    registered = await shopper.register()
    assert (registered["name"], registered["email"], registered["locale"]) == ("Noura", shopper.email, "AR")
    assert (registered["phone"], registered["addresses"], registered["orders"]["nodes"]) == (None, [], [])
    assert registered["id"].startswith("customer_")

    changed = (await shopper.do("customerUpdate", phone="+965 5000 1234", locale="EN"))["customer"]
    assert (changed["name"], changed["phone"], changed["locale"]) == ("Noura", "+965 5000 1234", "EN")
    changed = (await shopper.do("customerUpdate", name=" Noura S. ", phone=None))["customer"]
    assert (changed["name"], changed["phone"], changed["locale"]) == ("Noura S.", None, "EN")
    assert await shopper.customer() == changed


async def test_what_is_told_at_registering_wins_over_the_account(shopper: Shopper) -> None:
    """Mission T7."""
    told = await shopper.register(name="Um Ali", phone="5000 1234", locale="EN")
    assert (told["name"], told["phone"], told["locale"]) == ("Um Ali", "5000 1234", "EN")
    again = await shopper.register(name="Somebody else", phone="1111 1111", locale="AR")
    assert again == told


async def test_64_simultaneous_registrations_make_one_customer(parts: Parts, shopper: Shopper) -> None:
    """Mission T7."""
    found = await asyncio.gather(*(shopper.register() for _ in range(64)))
    assert len({each["id"] for each in found}) == 1
    assert await kept(parts, shopper.shop, Customer) == 1


async def test_only_who_is_signed_in_at_an_open_store_registers(
    api: Api, factory: Factory, shop: Shop, parts: Parts, shopper: Shopper
) -> None:
    """Mission T7."""
    guest = await api.execute(REGISTER, tenant=shop.slug)
    assert (guest.status, guest.codes) == (401, ["UNAUTHENTICATED"])
    nowhere = await api.execute(REGISTER, token=shopper.member.token)
    assert (nowhere.status, nowhere.codes) == (400, ["TENANT_REQUIRED"])
    stranger = await shopper.send("customerUpdate", name="Noura")
    assert (stranger.status, stranger.codes) == (403, ["FORBIDDEN"])
    await shopper.register()
    await suspend(api, factory, shop)
    newcomer = Shopper(api, shop, await factory.member())
    for each in (
        await newcomer.send("customerRegister"),
        await shopper.send("customerUpdate", name="Noura"),
        await shopper.ask(VIEWER),
        await newcomer.ask(VIEWER),
    ):
        assert (each.status, each.codes, each.body.get("data")) == (403, ["TENANT_SUSPENDED"], None)
    person = await shopper.ask("{ viewer { person { email } } }")
    assert person.data["viewer"]["person"]["email"] == shopper.email
    assert await kept(parts, shop, Customer) == 1


async def suspend(api: Api, factory: Factory, shop: Shop) -> None:
    given = {"input": {"id": global_id("tenant", shop.tenant.id), "reason": "Unpaid"}}
    (await api.admin(SUSPEND, given, token=(await factory.operator()).token)).payload("tenantSuspend")


BAD_PROFILES: dict[str, tuple[dict[str, Any], list[tuple[str, list[str]]]]] = {
    "everything at once": (
        {"name": "x" * 10_240, "phone": "call me", "locale": "EN"},
        [("TOO_LONG", ["name"]), ("INVALID", ["phone"])],
    ),
    "10 kB of Arabic": ({"name": "ن" * 10_240}, [("TOO_LONG", ["name"])]),
    "no name": ({"name": " "}, [("REQUIRED", ["name"])]),
    "an advertisement": ({"name": "Win at evil.example"}, [("INVALID", ["name"])]),
    "two lines": ({"name": "Noura\nBcc: all"}, [("INVALID", ["name"])]),
    "a mark that turns the text": ({"name": "Noura\u202e"}, [("INVALID", ["name"])]),
    "a control character": ({"name": "No\x07ura"}, [("INVALID", ["name"])]),
    "a long telephone number": ({"phone": "1" * 10_240}, [("TOO_LONG", ["phone"])]),
}


@pytest.mark.parametrize(("given", "faults"), BAD_PROFILES.values(), ids=BAD_PROFILES)
async def test_a_bad_profile_is_refused_in_full_and_changes_nothing(
    parts: Parts, shopper: Shopper, given: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission T7."""
    assert (await shopper.send("customerRegister", **given)).faults("customerRegister") == faults
    assert await kept(parts, shopper.shop, Customer) == 0
    before = await shopper.register()
    del before["orders"]
    assert (await shopper.send("customerUpdate", **given)).faults("customerUpdate") == faults
    assert await shopper.customer() == before


async def test_what_cannot_be_cleared_is_not(shopper: Shopper) -> None:
    await shopper.register()
    for field in ("name", "locale"):
        refused = await shopper.send("customerUpdate", **{field: None})
        assert refused.faults("customerUpdate") == [("REQUIRED", [field])]


async def test_an_address_book_in_both_forms(shopper: Shopper) -> None:
    """Mission T7."""
    await shopper.register()
    home = (await shopper.do("customerAddressCreate", address={"kuwait": KUWAIT}))["address"]
    assert home == KUWAIT | {"__typename": "KuwaitAddress", "id": home["id"], "country": "KW", "isDefault": True}
    work = (await shopper.do("customerAddressCreate", address={"general": GENERAL}))["address"]
    assert work == GENERAL | {"__typename": "GeneralAddress", "id": work["id"], "isDefault": False}
    assert await shopper.addresses() == [home, work]

    moved = (await shopper.do("customerAddressReplace", id=home["id"], address={"general": GENERAL}))["address"]
    assert moved == work | {"id": home["id"], "isDefault": True}
    other = await shopper.do("customerAddressReplace", id=work["id"], address={"general": GENERAL}, isDefault=True)
    assert other["address"]["isDefault"]
    assert await defaults(shopper) == [work["id"]]
    back = await shopper.do("customerAddressReplace", id=home["id"], address={"kuwait": LEAST}, isDefault=True)
    assert await defaults(shopper) == [home["id"]]
    assert back["address"] == {
        **dict.fromkeys(home),
        **LEAST,
        "__typename": "KuwaitAddress",
        "id": home["id"],
        "country": "KW",
        "isDefault": True,
    }


async def test_one_address_is_the_default_as_long_as_there_are_any(shopper: Shopper) -> None:
    """Mission T7."""
    await shopper.register()
    first, second, third = [(await shopper.add())["id"] for _ in range(3)]
    assert await defaults(shopper) == [first]
    fourth = (await shopper.add(is_default=True))["id"]
    assert await defaults(shopper) == [fourth]
    for _ in range(2):
        chosen = await shopper.do("customerAddressSetDefault", id=second)
        assert (chosen["address"]["id"], chosen["address"]["isDefault"]) == (second, True)
        assert await defaults(shopper) == [second]
    listed = [each["id"] for each in await shopper.addresses()]
    assert listed == [second, fourth, third, first]

    await shopper.do("customerAddressDelete", id=third)
    assert await defaults(shopper) == [second]
    assert (await shopper.do("customerAddressDelete", id=second))["deletedId"] == second
    assert await defaults(shopper) == [fourth]
    assert (await shopper.send("customerAddressDelete", id=second)).faults("customerAddressDelete") == [
        ("NOT_FOUND", ["id"])
    ]
    await shopper.do("customerAddressDelete", id=fourth)
    await shopper.do("customerAddressDelete", id=first)
    assert await shopper.addresses() == []
    assert (await shopper.add())["isDefault"]


async def defaults(shopper: Shopper) -> list[str]:
    return [each["id"] for each in await shopper.addresses() if each["isDefault"]]


async def test_simultaneous_changes_leave_one_default(shopper: Shopper) -> None:
    """Mission T7."""
    await shopper.register()
    made = await asyncio.gather(*(shopper.add(is_default=number % 2 == 0) for number in range(16)))
    assert len(await defaults(shopper)) == 1
    ids = [each["id"] for each in made]
    chosen = (shopper.send("customerAddressSetDefault", id=each) for each in ids[8:])
    removed = (shopper.send("customerAddressDelete", id=each) for each in ids[:8])
    for reply in await asyncio.gather(*chosen, *removed):
        assert not reply.codes, reply.body
    assert len(await shopper.addresses()) == 8
    assert len(await defaults(shopper)) == 1
    await asyncio.gather(*(shopper.send("customerAddressDelete", id=each) for each in [*ids[8:15], *ids[8:15]]))
    assert await defaults(shopper) == [ids[15]]


async def test_an_address_book_is_bounded_also_under_simultaneous_additions(parts: Parts, shopper: Shopper) -> None:
    """Mission T7."""
    await shopper.register()
    given = {"address": {"kuwait": LEAST}}
    replies = await asyncio.gather(*(shopper.send("customerAddressCreate", **given) for _ in range(60)))
    refused = [reply.faults("customerAddressCreate") for reply in replies if reply.faults("customerAddressCreate")]
    assert refused == [[("LIMIT_REACHED", None)]] * 10
    assert await kept(parts, shopper.shop, CustomerAddress) == 50


BAD_ADDRESSES: dict[str, tuple[dict[str, Any], list[tuple[str, list[str]]]]] = {
    "nothing but blanks": (
        {"kuwait": dict.fromkeys(LEAST, " ") | {"governorate": "AHMADI"}},
        [("REQUIRED", ["address", "kuwait", name]) for name in ("area", "block", "street", "building")],
    ),
    "all too long": (
        {"kuwait": dict.fromkeys(KUWAIT, "9" * 501) | {"governorate": "AHMADI"}},
        [("TOO_LONG", ["address", "kuwait", name]) for name in KUWAIT if name != "governorate"],
    ),
    "10 kB": ({"kuwait": LEAST | {"notes": "ن" * 10_240}}, [("TOO_LONG", ["address", "kuwait", "notes"])]),
    "no such country": ({"general": GENERAL | {"country": "UK"}}, [("INVALID", ["address", "general", "country"])]),
    "Kuwait in lines": ({"general": GENERAL | {"country": "kw"}}, [("INVALID", ["address", "general", "country"])]),
    "a country by an accident of case": (
        {"general": GENERAL | {"country": "ß"}},
        [("INVALID", ["address", "general", "country"])],
    ),
    "all of the general form": (
        {"general": dict.fromkeys(GENERAL, "9" * 501) | {"phone": "at home"}},
        [("INVALID" if name in ("country", "phone") else "TOO_LONG", ["address", "general", name]) for name in GENERAL],
    ),
    "control characters": (
        {"general": GENERAL | {"line1": "a\x07b", "city": "a\u202eb", "label": "a\nb"}},
        [("INVALID", ["address", "general", name]) for name in ("line1", "city", "label")],
    ),
}


@pytest.mark.parametrize(("address", "faults"), BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
async def test_a_bad_address_is_refused_in_full_and_changes_nothing(
    shopper: Shopper, address: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission T7."""
    await shopper.register()
    kept = await shopper.add()
    created = await shopper.send("customerAddressCreate", address=address, isDefault=True)
    assert sorted(created.faults("customerAddressCreate")) == sorted(faults)
    changed = await shopper.send("customerAddressReplace", id=kept["id"], address=address)
    assert sorted(changed.faults("customerAddressReplace")) == sorted(faults)
    assert await shopper.addresses() == [kept]


@pytest.mark.parametrize(
    "address",
    [{}, {"kuwait": LEAST, "general": GENERAL}, {"kuwait": None}, {"kuwait": LEAST, "general": None}],
    ids=["none", "both", "null", "one and a null"],
)
async def test_an_address_has_exactly_one_form(shopper: Shopper, address: dict[str, Any]) -> None:
    """Mission T7."""
    await shopper.register()
    variable = await shopper.send("customerAddressCreate", address=address)
    assert set(variable.codes) == {"BAD_USER_INPUT"}
    forms = ", ".join(f"{name}: {literal(form)}" for name, form in address.items())
    written = await shopper.ask(
        f"mutation {{ customerAddressCreate(input: {{address: {{{forms}}}}}) {{ address {{ id }} }} }}"
    )
    assert set(written.codes) == {"GRAPHQL_VALIDATION_FAILED"}
    assert await shopper.addresses() == []


def literal(form: dict[str, str] | None) -> str:
    if form is None:
        return "null"
    fields = (f"{name}: {json.dumps(text) if name != 'governorate' else text}" for name, text in form.items())
    return f"{{{', '.join(fields)}}}"


async def test_an_address_book_is_its_customers_alone(api: Api, factory: Factory, shopper: Shopper) -> None:
    """Mission T7."""
    await shopper.register()
    mine = await shopper.add(label="Home")
    shop, elsewhere = shopper.shop, await factory.shop()
    neighbour = Shopper(api, shop, await factory.customer(shop))
    myself_elsewhere = Shopper(api, elsewhere, shopper.member)
    await myself_elsewhere.register()
    missing = str(global_id("address", new_id()))
    for stranger in (neighbour, myself_elsewhere):
        for field, given in (
            ("customerAddressReplace", {"address": {"kuwait": LEAST}}),
            ("customerAddressSetDefault", {}),
            ("customerAddressDelete", {}),
        ):
            foreign = await stranger.send(field, id=mine["id"], **given)
            assert foreign.faults(field) == [("NOT_FOUND", ["id"])]
            assert foreign.body["data"] == (await stranger.send(field, id=missing, **given)).body["data"]
        assert await node(stranger, mine["id"]) is None
        assert await stranger.addresses() == []
    assert await node(Shopper(api, shop, shop.owner), mine["id"]) is None
    assert await node(shopper, mine["id"]) == {"__typename": "KuwaitAddress", "id": mine["id"]}
    assert await shopper.addresses() == [mine]


async def node(shopper: Shopper, node_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (
        await shopper.ask("query($id: ID!) { node(id: $id) { __typename id } }", {"id": node_id})
    ).data["node"]
    return found


async def ordered(till: Till, member: Member | None, **changes: Any) -> dict[str, Any]:
    """An order by somebody signed in, or by a guest."""
    given = {"input": submission((await till.sell(), 1), **changes)}
    token = member.token if member else None
    reply = await till.api.execute(SUBMIT, given, token=token, tenant=till.shop.slug)
    order: dict[str, Any] = reply.payload("orderSubmit")["order"]
    return order


async def test_a_customer_sees_their_own_orders_newest_first(till: Till, factory: Factory, shopper: Shopper) -> None:
    """Mission T7."""
    before = await ordered(till, shopper.member)
    await shopper.register()
    mine = [await ordered(till, shopper.member) for _ in range(3)]
    neighbour = Shopper(till.api, till.shop, await factory.customer(till.shop))
    others = [before, await ordered(till, None), await ordered(till, neighbour.member)]

    page = await shopper.history(first=2)
    assert [each["id"] for each in page["nodes"]] == [mine[2]["id"], mine[1]["id"]]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = await shopper.history(first=2, after=page["pageInfo"]["endCursor"])
    assert [each["id"] for each in rest["nodes"]] == [mine[0]["id"]]
    for order in mine:
        assert await node(shopper, order["id"]) == {"__typename": "Order", "id": order["id"]}
        assert await node(neighbour, order["id"]) is None
    for order in others:
        assert await node(shopper, order["id"]) is None


async def test_what_staff_alone_may_know_of_an_order_stays_with_them(till: Till, shopper: Shopper) -> None:
    """Mission T7."""
    await shopper.register()
    order = await ordered(till, shopper.member)
    (await till.advance("orderCancel", order["id"], reason="Looks like fraud")).payload("orderCancel")
    staff_only = "timeline { reason } lines { variant { stock } }"
    asked = f"{{ viewer {{ customer {{ orders(first: 1) {{ nodes {{ status {staff_only} }} }} }} }} }}"
    reply = await shopper.ask(asked)
    assert set(reply.codes) == {"FORBIDDEN"}
    (found,) = reply.body["data"]["viewer"]["customer"]["orders"]["nodes"]
    assert found == {"status": "CANCELLED", "timeline": None, "lines": [{"variant": {"stock": None}}]}
    assert "fraud" not in json.dumps(reply.body)


async def test_the_same_person_is_another_customer_at_another_store(tools: Tools, shopper: Shopper, till: Till) -> None:
    """Mission T3, T7."""
    await shopper.register(name="Noura at A", phone="1111 1111")
    address = await shopper.add(label="A's label")
    order = await ordered(till, shopper.member, customer={"name": "Noura at A", "email": "a@shoppers.test"})
    other = await tools.factory.shop()
    there = Shopper(tools.api, other, shopper.member)
    assert await there.customer() is None
    registered = await there.register(name="Noura at B")
    assert (registered["name"], registered["phone"], registered["orders"]["nodes"]) == ("Noura at B", None, [])

    mine = await shopper.customer() or {}
    assert mine["id"] != registered["id"]
    arguments = await furnish(tools, other, shopper.member)
    told = await everything_told(tools.api, other, other.owner, arguments)
    assert global_id("person", shopper.member.person.id) not in told
    told += await everything_told(tools.api, other, shopper.member, arguments)
    assert "Noura at B" in told
    of_the_first = (mine["id"], address["id"], order["id"], "at A", "1111 1111", "A's label", "a@shop", till.shop.slug)
    assert [each for each in of_the_first if each in told] == []
    nowhere = await tools.api.execute("{ viewer { customer { id } } }", token=shopper.member.token)
    assert nowhere.data == {"viewer": {"customer": None}}


async def test_two_stores_cannot_tell_that_their_customers_are_one_person(
    tools: Tools, shopper: Shopper, till: Till
) -> None:
    """Mission T3, T7. Nothing that either store's staff is shown of an order is the same at the other."""
    shown: list[set[str]] = []
    for shop in (shopper.shop, await tools.factory.shop()):
        here, counter = Shopper(tools.api, shop, shopper.member), Till(till.parts, tools.api, shop)
        stranger = await ordered(counter, shopper.member)
        claimed = await ordered(counter, None, customer={"name": "Noura", "email": shopper.email})
        customer = await here.register()
        orders = [stranger, claimed, await ordered(counter, shopper.member), await ordered(counter, shop.owner)]
        told = await tools.api.execute(TIMELINES, token=shop.token, tenant=shop.slug)
        found = {each["id"]: each["timeline"] for each in told.data["tenant"]["orders"]["nodes"]}
        actors = [[entry["actorId"] for entry in found[order["id"]]] for order in orders]
        owner = global_id("person", shop.owner.person.id)
        assert actors == [[customer["id"]], [None, customer["id"]], [customer["id"]], [owner]]
        shown.append(set(IDENTIFIER.findall(json.dumps(told.body))))
        assert len(shown[-1]) == 11
    assert shown[0] & shown[1] == set()


async def test_staff_stay_named_after_they_have_left_and_strangers_never_are(
    tools: Tools, till: Till, factory: Factory
) -> None:
    """Mission T7."""
    team, stranger = Team(tools, till.shop), await factory.member()
    order = await ordered(till, stranger)
    clerk = await factory.member()
    await team.invite(clerk.person.email)
    (await team.accept(clerk, await team.token_for(clerk.person.email))).payload("invitationAccept")
    confirm = {"input": {"id": order["id"]}}
    done = await tools.api.execute(ADVANCE["orderConfirm"], confirm, token=clerk.token, tenant=till.shop.slug)
    done.payload("orderConfirm")
    assert (await team.leave(clerk)).faults("membershipLeave") == []
    told = await tools.api.execute(TIMELINES, token=till.shop.token, tenant=till.shop.slug)
    [found] = told.data["tenant"]["orders"]["nodes"]
    assert [entry["actorId"] for entry in found["timeline"]] == [None, global_id("person", clerk.person.id)]


async def everything_told(api: Api, shop: Shop, member: Member, arguments: Mapping[str, str]) -> str:
    """Every field of the public schema, as far as somebody is answered."""
    schema = core(public_schema)
    given = {"BackOffice.orders": "first: 3", **arguments}
    told: list[str] = []
    waiting = list(routes_of(schema, lambda _row: True))
    while waiting:
        route = waiting.pop()
        reply = await api.execute(f"{{ {route.text(given)} }}", token=member.token, tenant=shop.slug)
        if reply.codes == ["QUERY_TOO_COMPLEX"] and len(route.below) > 1:
            middle = len(route.below) // 2
            waiting += [replace(route, below=route.below[:middle]), replace(route, below=route.below[middle:])]
            continue
        assert reply.status in (200, 403), reply.body
        told.append(json.dumps(reply.body.get("data"), ensure_ascii=False))
    return "\n".join(told)


@pytest.mark.parametrize("rows", [1, 12])
async def test_the_number_of_statements_does_not_grow_with_the_rows(
    parts: Parts, till: Till, shopper: Shopper, rows: int
) -> None:
    """Mission D4."""
    await shopper.register()
    for _ in range(rows):
        await shopper.add()
        await ordered(till, shopper.member)
    query = (
        "{ viewer { customer { name addresses { id label } orders(first: 50) { nodes { number lines { sku } } } } } }"
    )
    await shopper.ask(query)
    with counted_statements(parts.database) as statements:
        found = (await shopper.ask(query)).data["viewer"]["customer"]
    assert (len(found["addresses"]), len(found["orders"]["nodes"])) == (rows, rows)
    asked = [each for each in statements if "identify_caller" not in each]
    tables = [table for each in asked for table in re.findall(r"FROM (\w+)", each)]
    assert sorted(tables) == ["customer_addresses", "customers", "order_lines", "orders"]


async def test_an_order_of_a_customer_takes_no_more_statements_than_a_guests(till: Till, shopper: Shopper) -> None:
    """Three, and the two that open and end the transaction."""
    await shopper.register()
    sold = await till.sell(stock=100)
    for member in (None, shopper.member):
        await statements_of_order(till, member, sold)
        assert len(await statements_of_order(till, member, sold)) == 3


async def statements_of_order(till: Till, member: Member | None, sold: OnSale) -> list[str]:
    given, token = {"input": submission((sold, 1))}, member.token if member else None
    with counted_statements(till.parts.database) as statements:
        (await till.api.execute(SUBMIT, given, token=token, tenant=till.shop.slug)).payload("orderSubmit")
    return [each for each in statements if "identify_caller" not in each]
