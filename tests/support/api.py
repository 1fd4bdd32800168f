"""The API as a client meets it: a real server on a real socket, and a small GraphQL client."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from bootstrap import Parts, server_parts
from server.app import Server, create_app


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the API: HTTP status, GraphQL data and errors."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors."""
        assert self.status == 200, (self.status, self.body)
        assert "errors" not in self.body, self.body["errors"]
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def codes(self) -> list[str]:
        """`extensions.code` of each top-level error."""
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]

    def payload(self, field: str) -> dict[str, Any]:
        """A mutation's payload, which must have no user errors."""
        payload: dict[str, Any] = self.data[field]
        assert payload["userErrors"] == [], payload
        return payload

    def faults(self, field: str) -> list[tuple[str, list[str] | None]]:
        """Code and field path of each user error of a mutation."""
        return [(error["code"], error["field"]) for error in self.data[field]["userErrors"]]


class Api:
    """A client of the API at `url`. `token` and `tenant` go into the headers as a front end would send them."""

    def __init__(self, url: str, app: Server | None = None) -> None:
        """`app` is what serves there, for tests that look inside."""
        self.url, self.app = url, app
        self.http = httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=200))

    async def execute(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        tenant: str | None = None,
        path: str = "/graphql",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {"accept": "application/json", **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if tenant is not None:
            sent["sadu-tenant"] = tenant
        response = await self.http.post(path, json={"query": query, "variables": variables or {}}, headers=sent)
        return Reply(response.status_code, response.json(), response.headers)

    async def admin(self, query: str, variables: Mapping[str, Any] | None = None, *, token: str | None) -> Reply:
        """As `execute`, on the privileged endpoint."""
        return await self.execute(query, variables, token=token, path="/admin/graphql")


class QuietServer(uvicorn.Server):
    """A server inside the test process: it leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def running_api(parts: Parts, port: int = 0) -> AsyncGenerator[Api]:
    """Serve the product's application on a free port of this machine, or on this one."""
    app = create_app(server_parts(parts))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # as `sadu serve`: `trusted_proxies` says what is believed
        loop="none",
        lifespan="on",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )
    server = QuietServer(config)
    # With the protocol named, asyncio sets TCP_NODELAY; without, every answer waits 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        api = Api(f"http://127.0.0.1:{listening.getsockname()[1]}", app)
        while not server.started:
            assert not serving.done(), serving.exception()
            await asyncio.sleep(0.005)
        try:
            yield api
        finally:
            await api.http.aclose()
            server.should_exit = True
            await serving
