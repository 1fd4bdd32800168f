"""How a request ends: with its client, at its deadline, a mutation when it is done. Nothing stays behind."""

import asyncio
import io
import secrets
from collections.abc import Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from bootstrap import server_parts
from db.models import Tenant
from db.security.roles import APP
from db.session import AsyncSession, Database, RequestReads, Scope, create_engine
from server.app import create_app
from settings import Settings
from tests.support.api import Reply
from tests.support.breakable import Breakable, checked_out, happens
from tests.support.factories import Shop

ROOT = ("catalog_items", "{ store { items { nodes { slug } } } }")
LOADER = ("catalog_variants", "{ store { items { nodes { variants { id } } } } }")
RENAME = (
    "mutation($to: String!) { tenantUpdate(input: {name: {en: $to}}) { tenant { name { en } } userErrors { code } } }"
)


async def gone(asking: asyncio.Task[Reply]) -> None:
    """The client closes its connection in the middle of its request."""
    assert not asking.done()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize(("table", "query"), [ROOT, LOADER], ids=["root", "loader"])
async def test_a_query_ends_with_its_client(patient: Breakable, table: str, query: str, logged: io.StringIO) -> None:
    shop = await patient.factory.shop()
    await patient.factory.product(shop)
    async with patient.held(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
        asking = asyncio.create_task(patient.api.execute(query, tenant=shop.slug))
        await patient.until_one_waits()
        await gone(asking)
        await happens(patient.has_let_go, within=0.5)
    assert '"client_gone"' in logged.getvalue()
    assert (await patient.api.execute(query, tenant=shop.slug)).data["store"]["items"]["nodes"]


@pytest.mark.parametrize(("table", "query"), [ROOT, LOADER], ids=["root", "loader"])
async def test_a_query_ends_at_its_deadline(breakable: Breakable, table: str, query: str) -> None:
    shop = await breakable.factory.shop()
    await breakable.factory.product(shop)
    async with breakable.held(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
        reply = await breakable.api.execute(query, tenant=shop.slug)
        assert (reply.status, reply.codes) == (503, ["DEADLINE_EXCEEDED"])
        await happens(breakable.has_let_go, within=0.1)
    assert (await breakable.api.execute(query, tenant=shop.slug)).data["store"]["items"]["nodes"]


def changing(breakable: Breakable, shop: Shop) -> AbstractAsyncContextManager[None]:
    """Somebody else is changing the shop's profile, and has not committed yet."""
    return breakable.held(f"SELECT * FROM tenants WHERE id = '{shop.tenant.id}' FOR UPDATE")


async def name_of(breakable: Breakable, shop: Shop) -> str | None:
    async with breakable.parts.database.read(shop.actor.scope) as session:
        return (await session.get_one(Tenant, shop.tenant.id)).name_en


async def test_a_mutation_past_the_deadline_answers_when_it_is_done(breakable: Breakable) -> None:
    shop = await breakable.factory.shop()
    async with changing(breakable, shop):
        asking = asyncio.create_task(breakable.api.execute(RENAME, {"to": "Late"}, token=shop.token, tenant=shop.slug))
        await breakable.until_one_waits()
        await asyncio.sleep(0.8)
        assert not asking.done()
    assert (await asking).payload("tenantUpdate")["tenant"] == {"name": {"en": "Late"}}


async def test_a_mutation_is_committed_though_its_client_left(breakable: Breakable) -> None:
    shop = await breakable.factory.shop()

    async def renamed() -> bool:
        return await name_of(breakable, shop) == "Left"

    async with changing(breakable, shop):
        asking = asyncio.create_task(breakable.api.execute(RENAME, {"to": "Left"}, token=shop.token, tenant=shop.slug))
        await breakable.until_one_waits()
        await gone(asking)
        await asyncio.sleep(0.8)
        assert await breakable.waiting_queries() == 1
    await happens(renamed, within=2)
    await happens(breakable.has_let_go, within=0.5)


async def test_not_even_a_cancelled_request_cuts_a_mutation_short(breakable: Breakable) -> None:
    """As a server does with the requests that are left when it must stop."""
    shop = await breakable.factory.shop()
    app = create_app(server_parts(breakable.parts))
    headers = {"content-type": "application/json", "authorization": f"Bearer {shop.token}", "sadu-tenant": shop.slug}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    told = [{"type": "http.request", "body": orjson.dumps({"query": RENAME, "variables": {"to": "Stopped"}})}]

    async def receive() -> dict[str, Any]:
        return told.pop() if told else await asyncio.Future[dict[str, Any]]()

    async def send(_message: MutableMapping[str, Any]) -> None:
        pytest.fail("a cancelled request answers nothing")

    async def renamed() -> bool:
        return await name_of(breakable, shop) == "Stopped"

    async with changing(breakable, shop):
        request = asyncio.ensure_future(app(scope, receive, send))
        await breakable.until_one_waits()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert await breakable.waiting_queries() == 1
    await happens(renamed, within=2)
    await happens(breakable.has_let_go, within=0.5)


Opening = Callable[[Database, Scope], AbstractAsyncContextManager[AsyncSession]]
OPENINGS: dict[str, Opening] = {
    "read": Database.read,
    "shared read": lambda database, scope: RequestReads(database).read(scope),
}


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS.keys())
async def test_no_number_of_cancels_keeps_a_connection(
    settings: Settings, shop: Shop, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(create_engine(settings.database_url, pool_size=1))
    closing, close = asyncio.Event(), AsyncSession.close

    async def close_slowly(session: AsyncSession) -> None:
        closing.set()
        await asyncio.sleep(0.1)
        await close(session)

    async def one_unit() -> None:
        async with opening(database, Scope(shop.tenant.id)) as session:
            await session.execute(text("SELECT 1"))
            monkeypatch.setattr(AsyncSession, "close", close_slowly)

    unit = asyncio.create_task(one_unit())
    await closing.wait()
    for _ in range(3):
        assert not unit.done()
        assert checked_out(database) == 1
        unit.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await unit
    assert checked_out(database) == 0
    async with database.read(Scope()) as session:
        assert (await session.execute(text("SELECT count(*) FROM tenants"))).scalar_one() == 0
    await database.dispose()


@pytest.mark.parametrize("opening", [*OPENINGS.values(), Database.write], ids=[*OPENINGS.keys(), "write"])
async def test_a_statement_cancelled_again_and_again_gives_its_connection_back(
    settings: Settings, shop: Shop, opening: Opening
) -> None:
    database = Database(create_engine(settings.database_url, pool_size=1))

    async def one_unit() -> None:
        async with opening(database, Scope(shop.tenant.id)) as session:
            await session.execute(text("SELECT pg_sleep(30)"))

    for pause in (0, 0, 0, 0.0005, 0.001, 0.002):
        unit = asyncio.create_task(one_unit())
        await asyncio.sleep(0.05)
        for _ in range(4):
            unit.cancel()
            await asyncio.sleep(pause)
        with pytest.raises(asyncio.CancelledError):
            await unit
        assert checked_out(database) == 0
    await database.dispose()


async def test_nothing_that_was_typed_is_logged_when_something_breaks_inside(
    breakable: Breakable, logged: io.StringIO
) -> None:
    shop, canary = await breakable.factory.shop(), f"canary{secrets.token_hex(6)}"
    await breakable.run(
        f"REVOKE SELECT ON catalog_items FROM {APP}",
        """CREATE FUNCTION quote_it() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'will not be called %', NEW.name_en USING DETAIL = NEW.name_en; END $$""",
        "CREATE TRIGGER quote_it BEFORE UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION quote_it()",
    )
    read = f"query {canary} {{ {canary}1: store {{ {canary}2: items {{ {canary}3: nodes {{ slug }} }} }} }}"
    reply = await breakable.api.execute(read, tenant=shop.slug)
    assert reply.codes == ["INTERNAL_ERROR"]
    assert reply.body["errors"][0]["path"] == [f"{canary}1", f"{canary}2"]
    reply = await breakable.api.execute(RENAME, {"to": canary}, token=shop.token, tenant=shop.slug)
    assert reply.codes == ["INTERNAL_ERROR"]
    assert canary not in str(reply.body)

    assert canary not in logged.getvalue()
    events = [orjson.loads(line)["event"] for line in logged.getvalue().splitlines()]
    assert events.count("unexpected_error") == 2
