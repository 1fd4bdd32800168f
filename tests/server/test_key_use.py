"""When a key was used last is noted about once a minute, and holds nobody up. A key is never logged."""

import asyncio
import io
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from bootstrap import Parts, build_parts
from db.rows import write_rows
from db.security.roles import APP, connected
from db.session import Scope
from domain.api_keys import new_key, note_use
from gql.ids import known_id
from settings import Settings
from tests.support.api import Api, Reply, running_api
from tests.support.api_keys import Keyring
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop
from tests.support.statements import counted_statements

QUERY = "{ tenant { orders { totalCount } } }"
COUNTING = """
CREATE SEQUENCE uses;
CREATE FUNCTION count_use() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN PERFORM nextval('uses'); RETURN NULL; END $$;
CREATE TRIGGER count_use AFTER UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION count_use();
"""
NOT_COUNTING = ("DROP TRIGGER count_use ON api_keys", "DROP FUNCTION count_use()", "DROP SEQUENCE uses")


@pytest.fixture
def superuser_url(databases: Databases, settings: Settings) -> str:
    return databases.url(make_url(settings.database_url).database or "")


@pytest.fixture
async def superuser(superuser_url: str) -> AsyncGenerator[AsyncConnection]:
    async with connected(superuser_url) as connection:
        yield connection


@pytest.fixture
def keyring(api: Api, shop: Shop) -> Keyring:
    return Keyring(api, shop)


async def used_at(keyring: Keyring) -> str | None:
    (listed,) = await keyring.listed()
    return listed["lastUsedAt"]


@asynccontextmanager
async def counted(superuser: AsyncConnection) -> AsyncGenerator[None]:
    """The sequence `uses` counts every row of a key that is written."""
    for statement in COUNTING.strip().split(";\n"):
        await superuser.exec_driver_sql(statement.rstrip(";"))
    try:
        yield
    finally:
        for statement in NOT_COUNTING:
            await superuser.exec_driver_sql(statement)


async def test_requests_that_come_together_write_once(keyring: Keyring, superuser: AsyncConnection) -> None:
    """Mission T8."""
    key = await keyring.key()
    async with counted(superuser):
        replies = await asyncio.gather(*(keyring.call(key, QUERY) for _ in range(64)))
        for _ in range(3):
            replies.append(await keyring.call(key, QUERY))
        assert {reply.status for reply in replies} == {200}
        assert (await superuser.execute(text("SELECT last_value, is_called FROM uses"))).one() == (1, True)
    assert await used_at(keyring) is not None


async def test_processes_that_note_a_use_together_do_not_wait_for_each_other(
    keyring: Keyring, superuser_url: str
) -> None:
    """Mission T8. The row is held as another process would hold it while it writes the same."""
    key = await keyring.key()
    async with connected(superuser_url) as holding:
        await holding.execute(text("BEGIN"))
        await holding.execute(text("SELECT id FROM api_keys FOR NO KEY UPDATE"))
        started = time.monotonic()
        assert (await keyring.call(key, QUERY)).status == 200
        assert time.monotonic() - started < 2
        await holding.execute(text("ROLLBACK"))


async def test_another_process_that_notes_the_same_use_writes_nothing(
    keyring: Keyring, parts: Parts, superuser: AsyncConnection
) -> None:
    """Mission T8. It may have asked who calls before this one wrote."""
    key_id = known_id("key", (await keyring.make())["apiKey"]["id"])
    assert key_id is not None
    async with counted(superuser):
        for _ in range(3):
            async with write_rows(parts.database, Scope(keyring.shop.tenant.id)) as rows:
                await note_use(rows, key_id=key_id)
        assert (await superuser.execute(text("SELECT last_value, is_called FROM uses"))).one() == (1, True)


async def test_a_use_is_noted_again_after_a_minute(keyring: Keyring, superuser: AsyncConnection) -> None:
    """Mission T8."""
    key = await keyring.key()
    await keyring.call(key, QUERY)
    first = await used_at(keyring)
    await keyring.call(key, QUERY)
    assert await used_at(keyring) == first
    age = text("UPDATE api_keys SET last_used_at = last_used_at - interval '61 seconds' WHERE tenant_id = :tenant")
    await superuser.execute(age, {"tenant": keyring.shop.tenant.id})
    await keyring.call(key, QUERY)
    assert (await used_at(keyring) or "") >= (first or "?")


async def test_a_use_that_cannot_be_noted_fails_nobody(keyring: Keyring, superuser: AsyncConnection) -> None:
    """Mission T8. Else a full disk would shut the tenant's programs out, which only want to read."""
    key = await keyring.key()
    await superuser.execute(text(f"REVOKE UPDATE ON api_keys FROM {APP}"))
    try:
        with capture_logs() as logged:
            assert (await keyring.call(key, QUERY)).status == 200
    finally:
        await superuser.execute(text(f"GRANT UPDATE ON api_keys TO {APP}"))
    assert [line["error"] for line in logged if line["event"] == "unexpected_error"] == ["InsufficientPrivilegeError"]
    assert await used_at(keyring) is None


async def test_a_mistyped_key_is_refused_without_asking_the_database(keyring: Keyring, parts: Parts) -> None:
    """Mission T8."""
    key = await keyring.key()
    slipped = key[:20] + ("a" if key[20] != "a" else "b") + key[21:]
    with counted_statements(parts.database, with_envelopes=True) as statements:
        reply = await keyring.call(slipped, QUERY)
    assert (reply.status, reply.codes, statements) == (401, ["UNAUTHENTICATED"], [])
    unknown = await keyring.call(new_key(), QUERY)
    assert (unknown.status, unknown.body) == (reply.status, reply.body)


@pytest.mark.parametrize("slips", [False, True], ids=["a good key", "a wrong key"])
async def test_no_key_is_ever_logged(keyring: Keyring, slips: bool, logged: io.StringIO) -> None:
    """Mission T8. Wherever it is put, also by mistake."""
    good = await keyring.key()
    key = good[:-1] + ("a" if good[-1] != "a" else "b") if slips else good
    ask = keyring.api.execute
    replies = [
        await ask(QUERY, token=key),
        await ask(QUERY, headers={"authorization": key}),
        await ask(QUERY, headers={"authorization": f"Basic {key}"}),
        await ask(QUERY, headers={"sadu-tenant": key}),
        await ask(QUERY, headers={"x-request-id": key}, token=key),
        await ask(QUERY, headers={"cookie": f"key={key}"}),
        await ask(f"{{ {key} }}", token=key),
        await ask(f'{{ node(id: "{key}") {{ id }} }}', token=key),
        await ask("query($id: ID!) { node(id: $id) { id } }", {"id": key}, token=key),
        await ask(f"{{ {key}: __typename }}", token=key),
        await ask(QUERY, token=key, path="/admin/graphql"),
        await ask(QUERY, token=f"{key}{key}"),
    ]
    assert logged.getvalue().count('"event":"request"') >= len(replies)
    assert key not in logged.getvalue()
    assert key not in "".join(repr(reply.body) for reply in replies if reply.status != 200)


@pytest.fixture
async def poor(settings: Settings) -> AsyncGenerator[Api]:
    """A process in which every client has few points."""
    given = {"cost_bucket": 100, "cost_restore": 1, "storefront_cache": 0}
    parts = build_parts(settings.model_copy(update=given))
    async with running_api(parts) as running:
        yield running


async def test_keys_and_their_owner_have_points_of_their_own(
    poor: Api, keyring: Keyring, factory: Factory, shop: Shop
) -> None:
    """Mission T8, G4. Asking for the same twice under aliases costs twice."""
    query = "{ tenant { a: items(first: 100) { nodes { slug } } b: items(first: 100) { nodes { slug } } } }"
    first, second = [await keyring.key() for _ in range(2)]

    async def ask(token: str) -> Reply:
        return await poor.execute(query, token=token, tenant=shop.slug)

    async def until_throttled(token: str) -> list[Any]:
        return [(await ask(token)).status for _ in range(30)]

    for _ in range(4):
        await factory.product(shop)
    assert 429 in await until_throttled(first)
    refused = await ask(first)
    assert (refused.status, refused.codes) == (429, ["THROTTLED"])
    assert (await ask(second)).status == 200
    assert (await ask(shop.token)).status == 200
