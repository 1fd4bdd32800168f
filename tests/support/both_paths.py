"""One request through both ways of execution: the compiled functions, and graphql-core alone."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import orjson
import strawberry

from db.session import AsyncSession, Scope
from domain.along import Along
from domain.callers import Caller, TenantBrief
from gql.context import Context, Services
from gql.loaders import Loaders
from gql.pipeline import Api, GraphQLRequest, Ready
from gql.plans import Operation, Place

TENANT = TenantBrief(UUID(int=1), "shop", "active", "KWD", "en")
GUEST = Caller(TENANT, person_id=None, session_id=None, role=None, operator=False)


class NoReads:
    """Batches of these tests have their answers ready: the session they get is none."""

    def __init__(self) -> None:
        self.count = 0

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncGenerator[AsyncSession]:  # noqa: ARG002 - as `Reads` has it
        self.count += 1
        yield cast("AsyncSession", None)


def memory_context(ready: Ready) -> Context:
    """A request's real context and loaders, without a database."""
    services = cast("Services", SimpleNamespace(database=None))
    context = Context(services, GUEST, "the request", ready.document.selections)
    context.loaders = Loaders(NoReads(), context.scope)
    return context


class BothPaths:
    """A schema that is executed in both ways."""

    def __init__(self, schema: strawberry.Schema, known: Along[Any] | None = None) -> None:
        """`known` is what every request has in memory."""
        self.compiling, self.plain, self.known = Api(schema), Api(schema, compiles=False), known or Along(None)

    def ready(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Ready:
        return self.compiling.prepare(GraphQLRequest(query, variables or {}, operation), GUEST)

    def fresh(self, query: str, variables: Mapping[str, Any] | None = None) -> Ready:
        """As `ready`, of a document that nothing was compiled of."""
        ready = self.ready(query, variables)
        return replace(ready, document=replace(ready.document))

    async def same(
        self, query: str, variables: Mapping[str, Any] | None = None, *, operation: str | None = None, times: int = 4
    ) -> dict[str, Any]:
        """The answer, which must be the same in both ways, whether compiled before or not."""
        ready = self.ready(query, variables, operation)
        expected = await self.answer(self.plain, ready)
        for time in range(times):
            assert await self.answer(self.compiling, ready) == expected, f"execution {time + 1} of {query}"
        answer: dict[str, Any] = orjson.loads(expected)
        return answer

    async def answer(self, api: Api, ready: Ready) -> bytes:
        """Data and errors before any is masked, then as clients see them, with the keys in their order."""
        context = memory_context(ready)
        context.take(self.known)
        result = await api.result(ready, context)
        errors = [error.formatted for error in result.errors or ()]
        await context.loaders.cancel()
        return orjson.dumps({"data": result.data, "errors": errors})


def places_of(ready: Ready) -> Iterator[Place]:
    """The selections that were compiled, or tried to be."""
    for places in ready.document.plan(ready.operation).variants.values():
        yield from places.values()


def tried(ready: Ready) -> Iterator[Place | Operation]:
    """Everything that was compiled of the operation."""
    yield from ready.document.plan(ready.operation).operations.values()
    yield from places_of(ready)


def hits(ready: Ready) -> int:
    """How often a compiled function has answered."""
    return sum(each.hits for each in tried(ready))


def misses(ready: Ready) -> int:
    """How often a compiled function has left it to graphql-core."""
    return sum(each.misses for each in tried(ready))
