"""The ASGI application: three GraphQL endpoints, webhooks of payment providers, health, keys, GraphiQL."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from db.session import Database, Scope
from domain.ports import TokenVerifier
from gql.context import Services
from gql.pipeline import Api, log_unexpected
from gql.schema import admin_schema, public_schema
from server.answer_cache import AnswerCache
from server.browser_sessions import PATH as SESSION_PATH
from server.browser_sessions import BrowserSessions
from server.callers import Callers
from server.graphiql_page import graphiql_routes
from server.graphql_endpoint import GraphQLEndpoint
from server.mock_gateway import mock_gateway_routes
from server.payment_webhooks import PaymentWebhooks
from server.storefront_versions import StorefrontVersions
from server.trusted_documents import TrustedDocuments


@dataclass(frozen=True, slots=True)
class ServerParts:
    """What `bootstrap` hands to the server."""

    services: Services
    verifier: TokenVerifier
    keys: Mapping[str, Any] | None
    """The public keys that access tokens of ours are signed with; None where another provider signs them."""
    base_domain: str
    public_url: str
    web_origins: Collection[str]
    """Origins whose pages may have their refresh token in a cookie, besides those of the API's own hosts."""
    trusted_proxies: int
    wants_mfa: bool
    """Owners, admins and operators can do nothing in a session without a second factor."""
    deadline_seconds: float
    introspection: bool
    graphiql: bool
    versions: StorefrontVersions
    answer_cache_bytes: int
    trusted_documents: Mapping[str, str]
    """Texts of documents by their identifiers."""
    cdn_seconds: int
    start: Callable[[], None]
    close: Callable[[], Awaitable[None]]


class Server(Starlette):
    """Starlette, but for the GraphQL endpoints, which every request but a few is for: those are found by their path."""

    def __init__(self, endpoints: Mapping[str, GraphQLEndpoint], routes: Sequence[BaseRoute], lifespan: Any) -> None:
        super().__init__(routes=[*(Route(*each) for each in endpoints.items()), *routes], lifespan=lifespan)
        self.endpoints = endpoints

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        endpoint = self.endpoints.get(scope["path"]) if scope["type"] == "http" else None
        await (endpoint or super().__call__)(scope, receive, send)


def create_app(parts: ServerParts) -> Server:
    """Builds the routes; `parts.start` runs when the server starts, `parts.close` when it stops.

    Raises `UnfitDocuments` where a registered document does not fit the public schema.
    """
    answers = AnswerCache(parts.versions, most_bytes=parts.answer_cache_bytes) if parts.answer_cache_bytes else None
    routes: list[BaseRoute] = [
        Route("/health/live", live),
        Route("/health/ready", readiness(parts.services.database)),
        *([Route("/.well-known/jwks.json", published(parts.keys))] if parts.keys else []),
        PaymentWebhooks(parts.services, parts.trusted_proxies).route,
        *(mock_gateway_routes(mock) if (mock := parts.services.gateways.mock) else []),
        *([Route("/", to_graphiql), *graphiql_routes()] if parts.graphiql else []),
    ]
    return Server(endpoints_of(parts, answers), routes, lifespan_of(parts, answers))


def endpoints_of(parts: ServerParts, answers: AnswerCache | None) -> Mapping[str, GraphQLEndpoint]:
    """By their paths. Raises `UnfitDocuments`."""
    services, deadline, callers = parts.services, parts.deadline_seconds, callers_of(parts)
    public = Api(public_schema, introspection=parts.introspection)
    privileged = Api(admin_schema, introspection=parts.introspection)
    trusted = TrustedDocuments(parts.trusted_documents, public)
    browsers = BrowserSessions(callers, origins=parts.web_origins, public_url=parts.public_url)
    return {
        "/graphql": GraphQLEndpoint(
            public,
            services,
            callers,
            trusted=trusted,
            deadline_seconds=deadline,
            answers=answers,
            cdn_seconds=parts.cdn_seconds,
        ),
        "/admin/graphql": GraphQLEndpoint(
            privileged,
            services,
            callers,
            trusted=TrustedDocuments({}, privileged),
            deadline_seconds=deadline,
            operators_only=True,
        ),
        SESSION_PATH: GraphQLEndpoint(
            public, services, callers, trusted=trusted, deadline_seconds=deadline, browsers=browsers
        ),
    }


def callers_of(parts: ServerParts) -> Callers:
    return Callers(
        parts.services.database,
        parts.verifier,
        base_domain=parts.base_domain,
        trusted_proxies=parts.trusted_proxies,
        deadline_seconds=parts.deadline_seconds,
        wants_mfa=parts.wants_mfa,
    )


def lifespan_of(
    parts: ServerParts, answers: AnswerCache | None
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        parts.start()
        polling = asyncio.create_task(parts.versions.run())
        reporting = asyncio.create_task(answers.report()) if answers else None
        spare_collector()
        yield
        if reporting:
            reporting.cancel()
        parts.versions.close()
        await polling
        await parts.close()

    return lifespan


def spare_collector() -> None:
    """Schema and modules live as long as the process: looking through them for garbage would only take time."""
    gc.collect()
    gc.freeze()
    # Requests leave hardly any cycles behind; what they hold while they run must not look like garbage to be sought.
    gc.set_threshold(200_000, 20, 20)


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
