"""Whatever is asked of a real shop, compiled functions answer to the byte what graphql-core alone answers.

And what is read along with something else only saves statements: without it the answer is the same.
"""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import orjson
import pytest
from graphql import ExecutionResult, parse_value, value_from_ast_untyped

from bootstrap import Parts
from db.rows import rows_within
from db.session import Scope
from domain.along import Along
from domain.callers import Caller, identify
from domain.signing import Signer
from domain.visit_batches import VisitBatches
from gql.access import Door
from gql.context import Context, Services
from gql.errors import Refusal
from gql.pipeline import Api, GraphQLRequest, InvalidDocument, Ready, response
from gql.schema import public_schema
from integrations.postgres_search import PostgresSearch
from tests.support.both_paths import hits
from tests.support.factories import Factory, Shop
from tests.support.furnished import furnish
from tests.support.generated_queries import Query, Writer

# graphql-core itself forgets some coroutines of fields that it cancels, beside one that failed, before they began.
# Where they are collected while a named tuple is made, whose code has no builtins, the warning cannot even be given.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings(
        r"ignore:Exception ignored in. <coroutine object:pytest.PytestUnraisableExceptionWarning"
    ),
]

T = TypeVar("T")


class Unprepared(Context):
    """A request whose loaders are told nothing beforehand: they read everything themselves."""

    def take(self, found: Along[T]) -> T:
        return found.value


@dataclass
class Figures:
    """What the generated queries were worth."""

    queries: int = 0
    with_hits: int = 0
    answers: int = 0
    characters: int = 0
    codes: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True)
class Stage:
    """A furnished shop, somebody there, and the schema in both ways."""

    services: Services
    caller: Caller
    fast: Api
    plain: Api
    figures: Figures

    async def answer(self, api: Api, ready: Ready, kind: type[Context] = Context) -> bytes:
        context = kind(self.services, self.caller, "the request", ready.document.selections)
        result = await api.result(ready, context)
        await context.loaders.cancel()
        body, errors = response(result, context), unmasked(result)
        if ready.request.query.count("search") > 1:
            # Which of two searches fails first, and ends the other, is nobody's promise either.
            errors = [{"message": each["message"]} for each in errors]
            body = {"data": body.get("data")} if errors else body
        if len(result.errors or ()) > 1:
            # In what order fields fail that wait for different things, and so which five are told, is nobody's promise.
            body, errors = {"data": body.get("data")}, sorted(errors, key=orjson.dumps)
        return orjson.dumps([body, errors])

    async def compare(self, query: Query) -> bool:
        """Fails at the first difference; whether the query could be asked at all."""
        hit = False
        for variables in query.variables:
            try:
                ready = self.fast.prepare(GraphQLRequest(query.text, variables, None), self.caller)
            except (InvalidDocument, Refusal):
                return False
            expected = await self.answer(self.plain, ready)
            for _ in range(3):
                assert await self.answer(self.fast, ready) == expected, (query.text, variables)
            assert await self.answer(self.fast, ready, Unprepared) == expected, (query.text, variables)
            hit = hits(ready) > 0
            self.count(expected)
        self.figures.queries += 1
        self.figures.with_hits += hit
        return True

    def count(self, answer: bytes) -> None:
        self.figures.answers += 1
        self.figures.characters += len(answer)
        self.figures.codes.update(error["extensions"]["code"] for error in orjson.loads(answer)[0].get("errors", ()))


def unmasked(result: ExecutionResult) -> Any:
    return [error.formatted for error in result.errors or ()]


async def caller_of(parts: Parts, shop: Shop, role: str) -> Caller:
    async with parts.database.read(Scope()) as session:
        guest = await identify(await rows_within(session), header_slug=shop.slug, host_slug=None)
    if role == "guest":
        return guest
    return replace(guest, person_id=shop.owner.person.id, role=role)


DOORS = {"guest": frozenset({Door.OPEN, Door.STORE}), "owner": frozenset(Door) - {Door.PLATFORM}}


def roots_of(api: Api, role: str) -> Sequence[str]:
    """Names of root fields, those more often that have more below them."""
    names = [name for (kind, name), access in api.access.items() if kind == "query" and access.door in DOORS[role]]
    return [*names, *(name for name in names if name in ("store", "tenant") for _ in range(10))]


async def compare_many(parts: Parts, factory: Factory, role: str, *, wanted: int, seed: int) -> Figures:
    """Two queries at a time, so that one is executed while the other is read for."""
    shop = await factory.shop()
    arguments = await furnish(parts, shop)
    database, platform = parts.database, parts.platform_database
    services = Services(
        database,
        platform,
        parts.identity,
        parts.signal,
        parts.throttle,
        parts.attempts,
        Signer(b"a secret of the tests"),
        PostgresSearch(database),
        VisitBatches(database),
        lambda _tenant: None,
        parts.guest_carts,
        parts.objects,
        parts.gateways,
        "https://cdn.sadu.test",
    )
    stage = Stage(
        services, await caller_of(parts, shop, role), Api(public_schema), Api(public_schema, compiles=False), Figures()
    )
    roots, chance = roots_of(stage.fast, role), random.Random(seed)  # noqa: S311 - the same queries each time

    async def ask() -> None:
        while stage.figures.queries < wanted:
            writer = Writer(stage.fast.core, random.Random(chance.random()), arguments)  # noqa: S311
            await stage.compare(writer.query(roots, literal))

    await asyncio.gather(ask(), ask())
    for query in refused_to_somebody(arguments["id"]):
        await stage.compare(Query(query, [{}]))
    return stage.figures


def refused_to_somebody(ids: Sequence[str]) -> Iterator[str]:
    """What may not come up by chance: answers with one error, for a field that is not for guests or a bad cursor."""
    yield '{ store { items(after: "of nobody") { nodes { slug } } } }'
    for each in ids:
        if "variant_" in each:
            yield f"{{ node(id: {each}) {{ id ... on CatalogVariant {{ sku stock }} }} }}"


def literal(text: str) -> Any:
    return value_from_ast_untyped(parse_value(text))


def check(figures: Figures, role: str) -> None:
    """The comparison was worth something: compiled functions answered, and there was much to answer."""
    assert figures.with_hits > figures.queries / 2, figures
    assert figures.characters > 500 * figures.answers, figures
    assert figures.codes["FORBIDDEN"] > 0 if role == "guest" else figures.codes["BAD_USER_INPUT"] > 0, figures
    assert figures.codes.keys() <= {"FORBIDDEN", "BAD_USER_INPUT"}, figures


@pytest.mark.timeout(600)  # half a minute, but several on a busy machine
@pytest.mark.parametrize("role", DOORS)
async def test_generated_queries_are_answered_alike_in_both_ways(parts: Parts, factory: Factory, role: str) -> None:
    check(await compare_many(parts, factory, role, wanted=150, seed=1), role)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("role", DOORS)
async def test_many_generated_queries_are_answered_alike_in_both_ways(
    parts: Parts, factory: Factory, role: str
) -> None:
    check(await compare_many(parts, factory, role, wanted=5_000, seed=secrets.randbits(32)), role)
