"""The ASGI application: two GraphQL endpoints, health, keys, GraphiQL."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from db.session import Database, Scope
from domain.ports import TokenVerifier
from gql.context import Services
from gql.pipeline import Api, log_unexpected
from gql.schema import admin_schema, public_schema
from server.callers import Callers
from server.graphiql_page import graphiql_routes
from server.graphql_endpoint import GraphQLEndpoint


@dataclass(frozen=True, slots=True)
class ServerParts:
    """What `bootstrap` hands to the server."""

    services: Services
    verifier: TokenVerifier
    keys: Mapping[str, Any]
    base_domain: str
    trusted_proxies: int
    deadline_seconds: float
    graphiql: bool
    close: Callable[[], Awaitable[None]]


def create_app(parts: ServerParts) -> Starlette:
    """Builds the routes; `parts.close` runs when the server stops."""
    callers = Callers(parts.services.database, parts.verifier, parts.base_domain, parts.trusted_proxies)

    def endpoint(api: Api, *, operators_only: bool) -> GraphQLEndpoint:
        return GraphQLEndpoint(
            api, parts.services, callers, deadline_seconds=parts.deadline_seconds, operators_only=operators_only
        )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        yield
        await parts.close()

    routes: list[BaseRoute] = [
        Route("/graphql", endpoint(Api(public_schema), operators_only=False)),
        Route("/admin/graphql", endpoint(Api(admin_schema), operators_only=True)),
        Route("/health/live", live),
        Route("/health/ready", readiness(parts.services.database)),
        Route("/.well-known/jwks.json", published(parts.keys)),
        *([Route("/", to_graphiql), *graphiql_routes()] if parts.graphiql else []),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def to_graphiql(_request: Request) -> Response:
    """Whoever opens the bare address in a browser wants to look around."""
    return RedirectResponse("/graphiql", 307)


async def live(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "live"})


def readiness(database: Database) -> Callable[[Request], Awaitable[Response]]:
    async def ready(_request: Request) -> Response:
        """The database answers, so requests can be served; without Redis they can, too."""
        try:
            async with database.read(Scope()) as session:
                await session.execute(text("SELECT 1"))
        except Exception as error:
            log_unexpected(error)
            return JSONResponse({"status": "unavailable", "failing": ["database"]}, 503)
        return JSONResponse({"status": "ready"})

    return ready


def published(keys: Mapping[str, Any]) -> Callable[[Request], Awaitable[Response]]:
    async def jwks(_request: Request) -> Response:
        """The public keys that access tokens are signed with."""
        return JSONResponse(dict(keys), headers={"cache-control": "public, max-age=300"})

    return jwks
