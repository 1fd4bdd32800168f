"""Keys of a tenant's own programs: made, shown once, used, rotated, revoked; what they may do and never may."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.session import Scope
from domain.api_keys import MOST_LIVE, key_hash, new_key
from gql.ids import global_id
from tests.support.api import Api
from tests.support.api_keys import LIST, SCOPES, Keyring
from tests.support.authorisation.stage import submission
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by
from tests.support.orders import SUBMIT
from tests.support.team import Team
from tests.support.tools import Tools

NAMES = "{ tenant { apiKeys { nodes { name } } } }"
TIMELINE = "query($id: ID!) { tenant { order(id: $id) { timeline { event actorKind actorId } } } }"
AUDIT = "SELECT act, details FROM audit_entries WHERE act LIKE 'api_key.%' ORDER BY created_at, id"
SUSPEND = "mutation($input: TenantStandingInput!) { tenantSuspend(input: $input) { userErrors { code } } }"
OPERATIONS = {
    "CATALOG_READ": "{ tenant { items(first: 1) { totalCount } } }",
    "CATALOG_MANAGE": 'mutation { categoryCreate(input: {name: {en: "Dates"}}) { userErrors { code } } }',
    "ORDERS_READ": "{ tenant { orders(first: 1) { totalCount } } }",
    "VISITS_READ": "{ tenant { visits(first: 1) { totalCount } } }",
    "PAYMENTS_MANAGE": 'mutation { refundCreate(input: {paymentId: "payment_nothing", amount: "1", '
    'idempotencyKey: "a-key-of-more-than-128-bits"}) { userErrors { code } } }',
    "ORDERS_MANAGE": 'mutation { orderConfirm(input: {id: "order_nothing"}) { userErrors { code } } }',
}
"""What each scope is for, and nothing but that scope."""


@pytest.fixture
def keyring(api: Api, shop: Shop) -> Keyring:
    return Keyring(api, shop)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def rows(parts: Parts, shop: Shop, query: str) -> list[dict[str, Any]]:
    async with parts.database.read(Scope(shop.tenant.id)) as session:
        return [dict(row) for row in (await session.execute(text(query))).mappings()]


async def change(parts: Parts, shop: Shop, what: str) -> None:
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(text(f"UPDATE api_keys SET {what}"))


async def refused(keyring: Keyring, key: str) -> bool:
    reply = await keyring.call(key)
    return (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"])


async def test_an_owner_makes_a_key_that_is_shown_once_and_kept_hashed(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    before = datetime.now(UTC)
    made = await keyring.make("ORDERS_READ", "CATALOG_READ", "ORDERS_READ", name="  Accounting ")

    key, stored = made["key"], made["apiKey"]
    assert key.startswith("sadu_live_")
    assert len(key) == 59
    assert stored["name"] == "Accounting"
    assert stored["hint"] == key[-4:]
    assert stored["scopes"] == ["CATALOG_READ", "ORDERS_READ"]
    assert stored["status"] == "ACTIVE"
    owner = keyring.shop.owner.person
    assert stored["createdBy"] == {"id": global_id("person", owner.id), "name": owner.name, "email": owner.email}
    year = moment(stored["expiresAt"]) - before
    assert timedelta(days=364) < year < timedelta(days=366)
    assert (stored["revokedAt"], stored["lastUsedAt"], stored["rotatedFrom"]) == (None, None, None)
    assert await keyring.listed() == [stored]
    assert key not in repr(await rows(parts, keyring.shop, "SELECT * FROM api_keys"))
    (kept,) = await rows(parts, keyring.shop, "SELECT key_hash FROM api_keys")
    assert kept["key_hash"] == key_hash(key)


async def test_a_key_names_its_tenant_and_tells_when_it_was_used(keyring: Keyring) -> None:
    """Mission T8."""
    key = await keyring.key("CATALOG_READ")
    assert (await keyring.call(key)).data["tenant"]["slug"] == keyring.shop.slug
    assert (await keyring.call(key, **{"sadu-tenant": keyring.shop.slug})).status == 200
    (listed,) = await keyring.listed()
    assert datetime.now(UTC) - moment(listed["lastUsedAt"]) < timedelta(minutes=1)


async def test_keys_are_listed_newest_first_page_by_page(keyring: Keyring) -> None:
    """Mission T8."""
    for name in ("One", "Two", "Three"):
        await keyring.make(name=name)

    async def page(after: str | None) -> dict[str, Any]:
        sent = {"first": 2, "after": after}
        reply = await keyring.api.execute(LIST, sent, token=keyring.token, tenant=keyring.shop.slug)
        found: dict[str, Any] = reply.data["tenant"]["apiKeys"]
        return found

    first = await page(None)
    second = await page(first["pageInfo"]["endCursor"])
    assert [each["name"] for each in first["nodes"] + second["nodes"]] == ["Three", "Two", "One"]
    assert first["totalCount"] == 3
    assert not second["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_key_may_do_what_its_scopes_say_and_nothing_else(keyring: Keyring, scope: str) -> None:
    """Mission T8."""
    key = await keyring.key(scope)
    for needed, query in OPERATIONS.items():
        reply = await keyring.call(key, query)
        assert ("FORBIDDEN" not in reply.codes) == (needed == scope), (needed, reply.body)


async def test_a_revoked_key_is_refused_on_the_next_request(keyring: Keyring) -> None:
    """Mission T8."""
    made, other = await keyring.make(), await keyring.key()
    assert (await keyring.call(made["key"])).status == 200
    revoked = await keyring.revoke(made["apiKey"]["id"])
    assert revoked["status"] == "REVOKED"
    assert await refused(keyring, made["key"])
    assert (await keyring.call(other)).status == 200


async def test_revoking_twice_answers_the_same(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    made = await keyring.make()
    assert await keyring.revoke(made["apiKey"]["id"]) == await keyring.revoke(made["apiKey"]["id"])
    acts = [row["act"] for row in await rows(parts, keyring.shop, AUDIT)]
    assert acts == ["api_key.create", "api_key.revoke"]


async def test_a_key_ends_when_its_time_has_come(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    made = await keyring.make(expiresInDays=1)
    assert (await keyring.call(made["key"])).status == 200
    await change(parts, keyring.shop, "expires_at = now() - interval '1 second'")
    assert await refused(keyring, made["key"])
    (listed,) = await keyring.listed()
    assert listed["status"] == "EXPIRED"


async def test_a_key_may_never_expire_if_that_is_said(keyring: Keyring) -> None:
    """Mission T8."""
    assert (await keyring.make(expiresInDays=None))["apiKey"]["expiresAt"] is None


async def test_rotation_lets_both_keys_work_until_the_overlap_ends(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    old = await keyring.make("ORDERS_READ", name="Till", expiresInDays=30)

    new = await keyring.rotate(old["apiKey"]["id"], overlapHours=2)

    assert new["key"] != old["key"]
    assert new["apiKey"]["rotatedFrom"] == old["apiKey"]["id"]
    for same in ("name", "scopes"):
        assert new["apiKey"][same] == old["apiKey"][same]
    assert (await keyring.call(old["key"])).status == (await keyring.call(new["key"])).status == 200
    replaced = (await keyring.listed())[1]
    left = moment(replaced["expiresAt"]) - datetime.now(UTC)
    assert timedelta(minutes=119) < left <= timedelta(hours=2)
    await change(parts, keyring.shop, f"expires_at = now() WHERE hint = '{old['apiKey']['hint']}'")
    assert await refused(keyring, old["key"])
    assert (await keyring.call(new["key"])).status == 200


@pytest.mark.parametrize(("given", "days"), [({}, 365), ({"expiresInDays": 90}, 90), ({"expiresInDays": None}, None)])
async def test_rotation_renews_a_key_for_as_long_as_is_said(
    keyring: Keyring, given: dict[str, Any], days: int | None
) -> None:
    """Mission T8."""
    old = await keyring.make(expiresInDays=1)
    ends = (await keyring.rotate(old["apiKey"]["id"], **given))["apiKey"]["expiresAt"]
    if days is None:
        assert ends is None
    else:
        assert timedelta(days=days, minutes=-1) < moment(ends) - datetime.now(UTC) <= timedelta(days=days)


async def test_rotation_never_lengthens_the_old_keys_life_and_may_end_it_at_once(
    keyring: Keyring, parts: Parts
) -> None:
    """Mission T8."""
    first = await keyring.make(expiresInDays=1)
    await change(parts, keyring.shop, "expires_at = now() + interval '1 hour'")
    second = await keyring.rotate(first["apiKey"]["id"], overlapHours=168)
    (_, replaced) = await keyring.listed()
    assert moment(replaced["expiresAt"]) < datetime.now(UTC) + timedelta(hours=1, seconds=1)
    await keyring.rotate(second["apiKey"]["id"], overlapHours=0)
    assert await refused(keyring, second["key"])


async def test_a_key_that_is_not_good_cannot_be_rotated(keyring: Keyring) -> None:
    """Mission T8."""
    made = await keyring.make()
    await keyring.revoke(made["apiKey"]["id"])
    reply = await keyring.ask("apiKeyRotate", id=made["apiKey"]["id"])
    (error,) = reply.data["apiKeyRotate"]["userErrors"]
    assert (error["code"], error["current"], error["allowed"]) == ("ILLEGAL_TRANSITION", "REVOKED", [])


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"name": " "}, "REQUIRED", ["name"]),
        ({"name": "x" * 101}, "TOO_LONG", ["name"]),
        ({"scopes": []}, "REQUIRED", ["scopes"]),
        ({"expiresInDays": 0}, "INVALID", ["expiresInDays"]),
        ({"expiresInDays": 3651}, "INVALID", ["expiresInDays"]),
    ],
)
async def test_bad_input_is_told_by_code_and_field(
    keyring: Keyring, tools: Tools, given: dict[str, Any], code: str, field: list[str]
) -> None:
    before = await tools.rows()
    reply = await keyring.ask("apiKeyCreate", **({"name": "Till", "scopes": SCOPES} | given))
    assert reply.faults("apiKeyCreate") == [(code, field)]
    assert await tools.rows() == before


@pytest.mark.parametrize(("hours", "days"), [(-1, 0), (169, 3651)])
async def test_a_rotation_has_its_bounds(keyring: Keyring, tools: Tools, hours: int, days: int) -> None:
    made = await keyring.make()
    before = await tools.rows()
    reply = await keyring.ask("apiKeyRotate", id=made["apiKey"]["id"], overlapHours=hours, expiresInDays=days)
    assert reply.faults("apiKeyRotate") == [("INVALID", ["expiresInDays"]), ("INVALID", ["overlapHours"])]
    assert await tools.rows() == before


async def test_keys_are_listed_by_their_status(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    for name in ("active", "forever", "expired", "revoked", "both"):
        made = await keyring.make(name=name, expiresInDays=None if name == "forever" else 30)
        if name in ("revoked", "both"):
            await keyring.revoke(made["apiKey"]["id"])
    await change(parts, keyring.shop, "expires_at = now() WHERE name IN ('expired', 'both')")
    listed: dict[str, list[str]] = {}
    for status in ("ACTIVE", "EXPIRED", "REVOKED"):
        sent = {"first": 100, "status": status}
        reply = await keyring.api.execute(LIST, sent, token=keyring.token, tenant=keyring.shop.slug)
        found = reply.data["tenant"]["apiKeys"]
        assert {each["status"] for each in found["nodes"]} == {status}
        assert found["totalCount"] == len(found["nodes"])
        listed[status] = [each["name"] for each in found["nodes"]]
    assert listed == {"ACTIVE": ["forever", "active"], "EXPIRED": ["expired"], "REVOKED": ["both", "revoked"]}


async def test_another_tenants_key_is_like_none(keyring: Keyring, api: Api, factory: Factory) -> None:
    """Mission T3, T8."""
    theirs = await Keyring(api, await factory.shop()).make()
    for field in ("apiKeyRotate", "apiKeyRevoke"):
        reply = await keyring.ask(field, id=theirs["apiKey"]["id"])
        assert reply.faults(field) == [("NOT_FOUND", ["id"])]
    assert (await keyring.call(theirs["key"])).status == 200


async def test_a_tenant_has_at_most_fifty_keys_however_simultaneously_they_are_made(
    keyring: Keyring, parts: Parts
) -> None:
    """Mission T8."""
    first = await keyring.make()
    given = {"name": "Till", "scopes": SCOPES}
    replies = await asyncio.gather(*(keyring.ask("apiKeyCreate", **given) for _ in range(MOST_LIVE + 10)))
    faults = [code for reply in replies for code, _ in reply.faults("apiKeyCreate")]
    assert faults == ["LIMIT_REACHED"] * 11
    (count,) = await rows(parts, keyring.shop, "SELECT count(*) FROM api_keys")
    assert count["count"] == MOST_LIVE
    with_overlap = await keyring.ask("apiKeyRotate", id=first["apiKey"]["id"], overlapHours=1)
    assert with_overlap.faults("apiKeyRotate") == [("LIMIT_REACHED", None)]
    await keyring.rotate(first["apiKey"]["id"], overlapHours=0)


async def test_a_rotation_that_a_revocation_overtakes_makes_no_successor(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    key_id = (await keyring.make())["apiKey"]["id"]
    async with parts.database.write(Scope(keyring.shop.tenant.id)) as session:
        await session.execute(text("SELECT FROM api_keys FOR UPDATE"))
        rotating = asyncio.create_task(keyring.ask("apiKeyRotate", id=key_id))
        await when_blocked_by(session)
        await session.execute(text("UPDATE api_keys SET revoked_at = now()"))
    (error,) = (await rotating).data["apiKeyRotate"]["userErrors"]
    assert (error["code"], error["current"]) == ("ILLEGAL_TRANSITION", "REVOKED")
    assert [each["status"] for each in await keyring.listed()] == ["REVOKED"]


async def test_what_is_done_with_keys_is_in_the_audit_log(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    made = await keyring.make("CATALOG_READ")
    new = await keyring.rotate(made["apiKey"]["id"])
    await keyring.revoke(new["apiKey"]["id"])
    told = [(row["act"], row["details"]) for row in await rows(parts, keyring.shop, AUDIT)]
    old_hint, hint = made["apiKey"]["hint"], new["apiKey"]["hint"]
    same = {"name": "Till", "scopes": ["catalog:read"]}
    assert told == [
        ("api_key.create", {**same, "hint": old_hint}),
        ("api_key.rotate", {**same, "hint": hint, "replaced": old_hint}),
        ("api_key.revoke", {**same, "hint": hint}),
    ]


async def test_members_do_not_see_keys_nor_make_any(keyring: Keyring, factory: Factory) -> None:
    """Mission T8."""
    clerk = Keyring(keyring.api, keyring.shop, (await factory.staff(keyring.shop, "member")).token)
    reply = await clerk.ask("apiKeyCreate", name="Mine", scopes=["CATALOG_READ"])
    assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
    reply = await keyring.api.execute(NAMES, token=clerk.token, tenant=keyring.shop.slug)
    assert (reply.body["data"]["tenant"]["apiKeys"], reply.codes) == (None, ["FORBIDDEN"])


@pytest.mark.parametrize("given", [{}, {"revokeApiKeys": True}, {"revokeApiKeys": False}])
async def test_whoever_is_removed_loses_the_keys_that_they_were_shown(
    keyring: Keyring, tools: Tools, given: dict[str, bool]
) -> None:
    """Mission T8. Each is told of; keys of others stay good, and so do these if that is said."""
    team, admin = Team(tools, keyring.shop), await tools.factory.staff(keyring.shop, "admin")
    shown = Keyring(keyring.api, keyring.shop, admin.token)
    ended, old = await shown.make(), await shown.make(name="Old")
    await shown.revoke(old["apiKey"]["id"])
    theirs, other = ended["key"], await keyring.key()
    removed = await team.do("membershipRemove", id=await team.membership_of(admin), by=None, **given)
    removed.payload("membershipRemove")
    stays = given.get("revokeApiKeys") is False
    assert (await keyring.call(theirs)).status == (200 if stays else 401)
    assert (await keyring.call(other)).status == 200
    told = [each["actName"] for each in await team.audit()]
    assert told.count("api_key.revoke") == (1 if stays else 2)


async def test_somebody_removed_a_moment_ago_makes_no_key(keyring: Keyring, factory: Factory, parts: Parts) -> None:
    """Mission T8. The role is read again under the lock: a key outlives the session that it was made in."""
    admin = await factory.staff(keyring.shop, "admin")
    asking = Keyring(keyring.api, keyring.shop, admin.token)
    async with parts.database.write(Scope(keyring.shop.tenant.id)) as session:
        await session.execute(text("SELECT id FROM tenants FOR NO KEY UPDATE"))
        waiting = asyncio.create_task(asking.ask("apiKeyCreate", name="Mine", scopes=SCOPES))
        await when_blocked_by(session)
        away = text("DELETE FROM memberships WHERE person_id = :person")
        await session.execute(away, {"person": admin.person.id})
    assert (await waiting).codes == ["FORBIDDEN"]
    assert await keyring.listed() == []


async def test_no_key_reaches_people_or_center_control(keyring: Keyring) -> None:
    """Mission T8."""
    key = await keyring.key()
    viewer = await keyring.call(key, "{ viewer { person { id } } }")
    assert (viewer.status, viewer.codes) == (403, ["FORBIDDEN"])
    for path, query in (("/admin/graphql", "{ platform { tenants { totalCount } } }"), ("/admin/graphql", "{ x }")):
        reply = await keyring.api.execute(query, token=key, path=path)
        assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])


async def test_a_key_is_told_no_more_of_other_tenants_than_a_guest(keyring: Keyring, factory: Factory) -> None:
    """Mission T3, T8."""
    key, other = await keyring.key(), await factory.shop()
    for headers in ({"sadu-tenant": other.slug}, {"host": f"{other.slug}.localhost"}):
        reply = await keyring.call(key, "{ store { slug } }", **headers)
        assert (reply.status, reply.codes) == (400, ["TENANT_AMBIGUOUS"])
        assert other.slug not in repr(reply.body)
    nowhere = await keyring.call(key, **{"sadu-tenant": "nobody-at-all"})
    guest = await keyring.api.execute("{ store { slug } }", tenant="nobody-at-all")
    assert (nowhere.status, nowhere.body) == (guest.status, guest.body)


async def test_the_key_of_a_suspended_tenant_is_refused_like_its_members(keyring: Keyring, factory: Factory) -> None:
    """Mission T8, S2."""
    key = await keyring.key()
    assert (await keyring.call(key, "{ store { slug } }")).status == 200
    suspended = {"input": {"id": global_id("tenant", keyring.shop.tenant.id)}}
    (await keyring.api.admin(SUSPEND, suspended, token=(await factory.operator()).token)).payload("tenantSuspend")
    for query in (*OPERATIONS.values(), "{ store { slug } }"):
        by_key = await keyring.call(key, query)
        by_owner = await keyring.api.execute(query, token=keyring.token, tenant=keyring.shop.slug)
        assert (by_key.status, by_key.codes) == (by_owner.status, by_owner.codes) == (403, ["TENANT_SUSPENDED"])


async def test_an_order_placed_with_a_key_names_the_key(keyring: Keyring, factory: Factory) -> None:
    """Mission T8, O1. The store is public: placing an order needs no scope, also with a key."""
    made = await keyring.make("ORDERS_READ")
    product = await factory.product(keyring.shop)
    given = {"input": submission(product.variant_id)}
    placed = await keyring.api.execute(SUBMIT, given, token=made["key"])
    order = placed.payload("orderSubmit")["order"]
    told = await keyring.api.execute(TIMELINE, {"id": order["id"]}, token=made["key"])
    (entry,) = told.data["tenant"]["order"]["timeline"]
    assert entry == {"event": "PLACED", "actorKind": "API_KEY", "actorId": made["apiKey"]["id"]}


async def test_idempotency_keys_are_each_api_keys_own(keyring: Keyring, factory: Factory) -> None:
    """Mission T8, O1."""
    product = await factory.product(keyring.shop)
    given = {"input": submission(product.variant_id)}
    keys = await keyring.key(), await keyring.key()

    async def number(key: str) -> int:
        placed = await keyring.api.execute(SUBMIT, given, token=key)
        return int(placed.payload("orderSubmit")["order"]["number"])

    assert [await number(keys[0]), await number(keys[1]), await number(keys[0])] == [1001, 1002, 1001]


async def test_guests_who_name_no_tenant_are_not_taken_to_that_of_a_key(keyring: Keyring) -> None:
    """Mission T3. What a key names is not what the headers name."""
    key = await keyring.key()
    assert (await keyring.call(key, "{ store { slug } }")).data["store"]["slug"] == keyring.shop.slug
    guest = await keyring.api.execute("{ store { slug } }")
    assert (guest.status, guest.codes) == (400, ["TENANT_REQUIRED"])


@pytest.mark.parametrize(
    "token",
    [new_key(), new_key()[:-1] + "!", "sadu_live_", f"sadu_live_{'x' * 5000}"],
    ids=["unknown", "mistyped", "only the prefix", "too long"],
)
async def test_what_is_no_key_is_refused(keyring: Keyring, token: str) -> None:
    """Mission T8."""
    assert await refused(keyring, token)
