"""The API with every door of its root fields taken out: to see that what is behind them is locked as well."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from starlette.routing import Route

from bootstrap import Parts, server_parts
from gql.access import OPEN
from server.app import create_app
from server.graphql_endpoint import GraphQLEndpoint
from tests.support.api import Api

NOWHERE = "http://sadu.test"


@asynccontextmanager
async def api_without_doors(parts: Parts) -> AsyncGenerator[Api]:
    """The application without a server around it, since the parts are not its own to close."""
    app, opened = create_app(server_parts(parts)), 0
    for route in app.routes:
        if isinstance(route, Route) and isinstance(route.endpoint, GraphQLEndpoint):
            endpoint, opened = route.endpoint, opened + 1
            endpoint.operators_only = False
            endpoint.api.access = dict.fromkeys(endpoint.api.access, OPEN)
    assert opened == 3
    api = Api(NOWHERE)
    await api.http.aclose()
    api.http = httpx.AsyncClient(base_url=NOWHERE, transport=httpx.ASGITransport(app))
    async with api.http:
        yield api
