"""The endpoint as HTTP sees it: what it refuses before anything runs, and what it says when something breaks."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from sqlalchemy import text

from bootstrap import build_parts
from db.security.roles import APP, connected
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.breakable import Breakable

JSON = {"content-type": "application/json"}
STRICT = {"accept": "application/graphql-response+json"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", JSON, 400, "BAD_REQUEST"),
        (b"{", JSON, 400, "BAD_REQUEST"),
        (b"5", JSON, 400, "BAD_REQUEST"),
        (b"null", JSON, 400, "BAD_REQUEST"),
        (b'[{"query": "{ __typename }"}]', JSON, 400, "BAD_REQUEST"),
        (b"{}", JSON, 400, "BAD_REQUEST"),
        (b'{"query": 1}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "{ __typename }", "variables": []}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "{ __typename }", "variables": "x"}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "{ __typename }", "operationName": {}}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "{ __typename }", "extensions": 1}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "{ __typename }", "variables": {"a": "\\u0000"}}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "{ a(b: \\"\\\\u{000}\\") }"}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "{ a(b: \\"\\u005cu0000\\") }"}', JSON, 400, "BAD_REQUEST"),
        (b'{"query": "\xff"}', JSON, 400, "BAD_REQUEST"),
        (b"[" * 10_000, JSON, 400, "BAD_REQUEST"),
        (b'{"query": "' + b" " * 65_536 + b'"}', JSON, 413, "REQUEST_TOO_LARGE"),
        (b'{"query": "{ __typename }"}', {"content-type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            b"query=%7B__typename%7D",
            {"content-type": "application/x-www-form-urlencoded"},
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (b'{"query": "{ __typename }"}', JSON | {"content-encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            b'{"query": "{ __typename }"}',
            {"content-type": "application/json; charset=latin-1"},
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (b'{"query": "{ __typename }"}', JSON | {"accept": "text/html"}, 406, "NOT_ACCEPTABLE"),
    ],
)
async def test_what_is_no_request_is_refused(
    api: Api, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    response = await api.http.post("/graphql", content=body, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (status, code)


async def test_only_post_executes(api: Api) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        response = await api.http.request(method, "/graphql?query={__typename}")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ stroe { slug } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query a { __typename } query b { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" * 5_000, "GRAPHQL_PARSE_FAILED"),
        ("{ " + "__typename " * 5_000 + "}", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_bad_document_is_told_without_hints(api: Api, query: str, code: str) -> None:
    old = await api.execute(query)
    assert (old.status, old.codes) == (200, [code])
    strict = await api.execute(query, headers=STRICT)
    assert (strict.status, strict.codes) == (400, [code])
    assert "data" not in strict.body
    assert "Did you mean" not in str(strict.body)


async def test_bad_variables_are_told(api: Api) -> None:
    query = "query($on: Boolean!) { __typename @include(if: $on) }"
    for variables in ({}, {"on": "x"}, {"on": None}):
        old = await api.execute(query, variables)
        assert (old.status, old.codes) == (200, ["BAD_USER_INPUT"])
        strict = await api.execute(query, variables, headers=STRICT)
        assert (strict.status, strict.codes) == (400, ["BAD_USER_INPUT"])
        assert "data" not in strict.body


async def test_the_answer_carries_the_callers_request_id_or_a_new_one(api: Api) -> None:
    given = await api.execute("{ __typename }", headers={"x-request-id": "from-the-client-1"})
    assert given.headers["x-request-id"] == "from-the-client-1"
    for unfit in ("short", "x" * 65, "bad id with spaces", "<script>alert(1)</script>"):
        answered = (await api.execute("{ __typename }", headers={"x-request-id": unfit})).headers["x-request-id"]
        assert answered != unfit
        assert len(answered) == 24


async def test_health_and_keys(api: Api) -> None:
    assert (await api.http.get("/health/live")).json() == {"status": "live"}
    assert (await api.http.get("/health/ready")).json() == {"status": "ready"}
    (key,) = (await api.http.get("/.well-known/jwks.json")).json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


async def test_what_breaks_inside_is_masked_and_told_by_request_id(breakable: Breakable) -> None:
    shop = await breakable.factory.shop()
    async with connected(breakable.owner_url) as connection:
        await connection.execute(text(f"REVOKE SELECT ON tenants FROM {APP}"))
    reply = await breakable.api.execute("{ store { status name { en } } }", tenant=shop.slug)
    (error,) = reply.body["errors"]
    assert error["path"] == ["store", "name"]
    assert error["extensions"] == {"code": "INTERNAL_ERROR", "requestId": reply.headers["x-request-id"]}
    for secret in ("permission", "tenants", "SELECT", "sqlalchemy", "asyncpg", "Traceback"):
        assert secret not in str(reply.body)


async def test_what_breaks_before_execution_is_masked_too(breakable: Breakable) -> None:
    async with connected(breakable.owner_url) as connection:
        await connection.execute(text("DROP FUNCTION find_memberships"))
        await connection.execute(text("SET ROLE sadu_lookup"))
        await connection.execute(text("DROP FUNCTION identify_caller"))
    reply = await breakable.api.execute("{ __typename }")
    assert (reply.status, reply.codes) == (500, ["INTERNAL_ERROR"])
    assert "identify_caller" not in str(reply.body)


async def test_a_query_past_its_deadline_is_ended(breakable: Breakable) -> None:
    shop = await breakable.factory.shop()
    async with connected(breakable.owner_url) as connection:
        await connection.execute(text("BEGIN"))
        await connection.execute(text("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE"))
        reply = await breakable.api.execute("{ store { slug } }", tenant=shop.slug)
        assert (reply.status, reply.codes) == (503, ["DEADLINE_EXCEEDED"])
        await asyncio.sleep(0.1)
        assert await breakable.waiting_queries() == 0
        await connection.execute(text("ROLLBACK"))
    reply = await breakable.api.execute("{ store { slug } }", tenant=shop.slug)
    assert reply.data["store"]["slug"] == shop.slug


async def test_an_unreachable_database_makes_the_process_unready_not_dead(
    settings: Settings,
) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql://sadu_app:x@127.0.0.1:9/nowhere"})
    async with running_api(build_parts(nowhere)) as api:
        assert (await api.http.get("/health/live")).status_code == 200
        ready = await api.http.get("/health/ready")
        assert (ready.status_code, ready.json()["failing"]) == (503, ["database"])
        reply = await api.execute("{ __typename }")
        assert (reply.status, reply.codes) == (500, ["INTERNAL_ERROR"])


async def test_a_client_that_leaves_while_sending_harms_nobody(api: Api) -> None:
    async def half_a_body() -> AsyncGenerator[bytes]:
        yield b'{"query": '
        raise ConnectionError("the client is gone")

    with pytest.raises((ConnectionError, httpx.HTTPError)):
        await api.http.post("/graphql", content=half_a_body(), headers=JSON)
    assert (await api.execute("{ __typename }")).data == {"__typename": "Query"}
