"""A process remembers who calls, and yet never acts on what they were before: another process may have changed it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bootstrap import Parts
from db.models import new_id
from db.security.roles import connected
from server import callers
from settings import Settings
from tests.support.api import Api, Reply
from tests.support.api_keys import Keyring
from tests.support.databases import Databases
from tests.support.factories import Factory, Member, Shop
from tests.support.statements import counted_statements

CHECK = "expect_caller"
QUERIES = {
    "rows": "{ tenant { items { nodes { slug variants { stock } } } } }",
    "a session": "{ tenant { orders { totalCount } } }",
    "rows and a session": "{ tenant { name { value } items { nodes { slug } totalCount } orders { totalCount } } }",
    "nothing": "{ tenant { status } }",
}
STORE = "{ store { items { nodes { slug name { value } } } } }"


@pytest.fixture
async def elsewhere(databases: Databases, settings: Settings) -> AsyncGenerator[AsyncConnection]:
    """Another process, of another release, which tells nobody what it writes."""
    async with connected(databases.url(make_url(settings.database_url).database or "")) as superuser:
        yield superuser


@dataclass(frozen=True, slots=True)
class Desk:
    """A member of a shop's staff at work, and a program of it."""

    api: Api
    parts: Parts
    shop: Shop
    clerk: Member
    key: str
    key_id: str

    async def as_clerk(self, query: str) -> Reply:
        return await self.api.execute(query, token=self.clerk.token, tenant=self.shop.slug)

    async def as_program(self, query: str) -> Reply:
        return await self.api.execute(query, token=self.key, tenant=self.shop.slug)

    async def after(self, elsewhere: AsyncConnection, statement: str, **more: Any) -> None:
        """Change something of the shop, its clerk or its key elsewhere."""
        known = {"tenant": self.shop.tenant.id, "person": self.clerk.person.id, "session": self.clerk.session_id}
        given = known | more
        await elsewhere.execute(
            text(statement), {name: each for name, each in given.items() if f":{name}" in statement}
        )


@pytest.fixture
async def desk(api: Api, parts: Parts, factory: Factory, shop: Shop) -> Desk:
    await factory.product(shop)
    made = await Keyring(api, shop).make()
    clerk = await factory.staff(shop, "member")
    desk = Desk(api, parts, shop, clerk, made["key"], made["apiKey"]["id"])
    for ask in (desk.as_clerk, desk.as_program):
        for _ in range(2):  # the first request with a key notes its use
            assert (await ask(QUERIES["a session"])).status == 200
    return desk


async def looked_up(desk: Desk, query: str, *, by: str = "clerk") -> int:
    ask = desk.as_clerk if by == "clerk" else desk.as_program
    with counted_statements(desk.parts.database) as statements:
        assert (await ask(query)).status == 200
    return sum("identify_caller" in each for each in statements)


@pytest.mark.parametrize("query", [*list(QUERIES.values())[:3], STORE])
@pytest.mark.parametrize("by", ["clerk", "key"])
async def test_who_was_found_before_is_not_looked_up_again(desk: Desk, query: str, by: str) -> None:
    assert await looked_up(desk, query, by=by) == 0


@pytest.mark.parametrize("by", ["clerk", "key"])
async def test_a_known_caller_costs_at_most_one_question_a_request(desk: Desk, by: str) -> None:
    """The question stands in the message that opens the transaction, beside whose rows it may see."""
    ask = desk.as_clerk if by == "clerk" else desk.as_program
    for query in (*QUERIES.values(), STORE):
        with counted_statements(desk.parts.database, with_envelopes=True) as asked:
            assert (await ask(query)).status == 200
        questions = [each for each in asked if CHECK in each or "identify_caller" in each]
        assert len(questions) == 1, (query, asked)


CHANGES: dict[str, tuple[str, set[int]]] = {
    "the session was revoked": ("UPDATE sessions SET revoked_at = now() WHERE id = :session", {401}),
    "the session has ended": (
        "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = :session",
        {401},
    ),
    "the member was removed": ("DELETE FROM memberships WHERE person_id = :person", {403}),
    "the tenant was suspended": ("UPDATE tenants SET status = 'suspended' WHERE id = :tenant", {403}),
    "the tenant was renamed": ("UPDATE tenants SET slug = slug || '-renamed' WHERE id = :tenant", {410}),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("change", CHANGES)
async def test_the_next_request_acts_on_what_a_person_is_now(
    desk: Desk, elsewhere: AsyncConnection, change: str, query: str
) -> None:
    """Mission T5, T7."""
    statement, statuses = CHANGES[change]
    assert (await desk.as_clerk(query)).status == 200
    await desk.after(elsewhere, statement)
    reply = await desk.as_clerk(query)
    tolerated = {200} if "suspended" in change and query == QUERIES["nothing"] else set[int]()
    assert reply.status in statuses | tolerated, reply.body


KEY_CHANGES: dict[str, tuple[str, set[int]]] = {
    "it was revoked": ("UPDATE api_keys SET revoked_at = now() WHERE tenant_id = :tenant", {401}),
    "its time has come": ("UPDATE api_keys SET expires_at = now() WHERE tenant_id = :tenant", {401}),
    "it has other scopes": ("UPDATE api_keys SET scopes = '{}' WHERE tenant_id = :tenant", {200}),
    "its tenant was suspended": ("UPDATE tenants SET status = 'suspended' WHERE id = :tenant", {403}),
}


@pytest.mark.parametrize("query", [QUERIES["rows"], QUERIES["a session"]], ids=["rows", "a session"])
@pytest.mark.parametrize("change", KEY_CHANGES)
async def test_the_next_request_acts_on_what_a_key_is_now(
    desk: Desk, elsewhere: AsyncConnection, change: str, query: str
) -> None:
    """Mission T8."""
    statement, statuses = KEY_CHANGES[change]
    assert (await desk.as_program(query)).status == 200
    await desk.after(elsewhere, statement)
    reply = await desk.as_program(query)
    assert reply.status in statuses, reply.body
    assert reply.codes, "it was answered as before"


async def test_whoever_is_given_a_right_has_it_on_the_next_request(
    desk: Desk, elsewhere: AsyncConnection, factory: Factory
) -> None:
    """Mission T5. Also where the door alone would have refused what was remembered."""
    outsider = await factory.member()
    reply = await desk.api.execute(STORE, token=outsider.token, tenant=desk.shop.slug)
    assert reply.status == 200
    query = QUERIES["a session"]
    assert (await desk.api.execute(query, token=outsider.token, tenant=desk.shop.slug)).status == 403
    joined = "INSERT INTO memberships (tenant_id, id, person_id, role) VALUES (:tenant, :new, :person, 'member')"
    await desk.after(elsewhere, joined, person=outsider.person.id, new=new_id())
    assert (await desk.api.execute(query, token=outsider.token, tenant=desk.shop.slug)).status == 200


async def test_another_role_acts_within_the_answer_too(desk: Desk, elsewhere: AsyncConnection) -> None:
    """Mission T5. No door asks for this permission: the field does."""
    query = "{ tenant { slug apiKeys { totalCount } } }"
    assert (await desk.as_clerk(query)).codes == ["FORBIDDEN"]
    for role, codes in (("admin", []), ("member", ["FORBIDDEN"]), ("owner", [])):
        await desk.after(elsewhere, "UPDATE memberships SET role = :role WHERE person_id = :person", role=role)
        assert (await desk.as_clerk(query)).codes == codes, role


async def test_mutations_look_everybody_up_before_anything_is_done(desk: Desk, elsewhere: AsyncConnection) -> None:
    """Mission T2, T8. What a mutation did cannot be done again."""
    mutation = 'mutation { categoryCreate(input: {name: {en: "Dates"}}) { userErrors { code } } }'
    for ask in (desk.as_clerk, desk.as_program):
        assert (await ask(mutation)).status == 200
    assert await looked_up(desk, mutation) == 1
    await desk.after(elsewhere, "UPDATE sessions SET revoked_at = now() WHERE id = :session")
    await desk.after(elsewhere, "UPDATE api_keys SET revoked_at = now() WHERE tenant_id = :tenant")
    for ask in (desk.as_clerk, desk.as_program):
        assert (await ask(mutation)).status == 401
    count = text("SELECT count(*) FROM categories WHERE tenant_id = :tenant")
    assert (await elsewhere.execute(count, {"tenant": desk.shop.tenant.id})).scalar_one() == 3


async def test_tokens_are_remembered_for_the_tenant_they_were_used_at(desk: Desk, factory: Factory) -> None:
    """Mission T3."""
    other = await factory.shop()
    reply = await desk.api.execute(QUERIES["a session"], token=desk.clerk.token, tenant=other.slug)
    assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
    reply = await desk.api.execute(QUERIES["a session"], token=desk.key, tenant=other.slug)
    assert (reply.status, reply.codes) == (400, ["TENANT_AMBIGUOUS"])


async def test_operators_are_looked_up_each_time(api: Api, parts: Parts, factory: Factory, shop: Shop) -> None:
    """Mission T9."""
    operator = await factory.operator()
    for _ in range(2):
        with counted_statements(parts.database) as statements:
            assert (await api.execute(STORE, token=operator.token, tenant=shop.slug)).status == 200
        assert sum("identify_caller" in each for each in statements) == 1


async def test_nobody_is_remembered_for_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = callers.monotonic()
    monkeypatch.setattr(callers, "monotonic", lambda: moment + callers.REMEMBERED_SECONDS + 1)
    assert await looked_up(desk, STORE) == 1


async def test_time_alone_ends_sessions_and_keys_that_are_remembered(desk: Desk, elsewhere: AsyncConnection) -> None:
    """Mission T2, T8. No row is written when their time has come."""
    soon = "now() + interval '1 second'"
    await desk.after(elsewhere, f"UPDATE sessions SET expires_at = {soon} WHERE id = :session")
    await desk.after(elsewhere, f"UPDATE api_keys SET expires_at = {soon} WHERE tenant_id = :tenant")
    for query in (QUERIES["rows"], QUERIES["a session"]):
        assert ((await desk.as_clerk(query)).status, (await desk.as_program(query)).status) == (200, 200)
    await asyncio.sleep(1.1)
    for query in (QUERIES["rows"], QUERIES["a session"]):
        assert ((await desk.as_clerk(query)).status, (await desk.as_program(query)).status) == (401, 401)
