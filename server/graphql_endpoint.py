"""The GraphQL endpoint: HTTP in, one answer out, with a deadline, and an end when the client is gone."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from domain.callers import Caller
from gql.access import operators_only, sign_in_first
from gql.context import Context, Services
from gql.errors import ErrorCode, Refusal
from gql.pipeline import Api, InvalidDocument, Ready, log_unexpected
from server.callers import Callers
from server.http import (
    JSON_TYPE,
    RESPONSE_TYPE,
    ClientGone,
    Identifiers,
    answer_type,
    check_method,
    identifiers,
    parse_request,
    read_body,
    send_json,
)

log = structlog.get_logger("sadu.server")


@dataclass
class Answer:
    """What goes back: a status and a GraphQL response, in a media type."""

    status: int
    body: dict[str, Any]
    media_type: str = JSON_TYPE
    roots: tuple[str, ...] = ()


class GraphQLEndpoint:
    """An ASGI application for one schema.

    `operators_only` is the privileged one: nobody else learns even its error messages.
    """

    def __init__(
        self, api: Api, services: Services, callers: Callers, *, deadline_seconds: float, operators_only: bool = False
    ) -> None:
        self.api, self.services, self.callers = api, services, callers
        self.deadline_seconds, self.operators_only = deadline_seconds, operators_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        ids = identifiers(headers)
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=ids.request_id, trace_id=ids.trace_id):
            try:
                answer = await self.answer(scope, headers, receive, ids)
            except ClientGone:
                log.info("client_gone")
                return
            allow = "POST" if answer.status == 405 else None
            await send_json(
                send, answer.status, answer.body, media_type=answer.media_type, request_id=ids.request_id, allow=allow
            )
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            log.info("request", status=answer.status, roots=answer.roots, milliseconds=milliseconds)

    async def answer(self, scope: Scope, headers: Headers, receive: Receive, ids: Identifiers) -> Answer:
        """Whatever happens becomes a coded answer; only a vanished client gets none."""
        media_type = JSON_TYPE
        try:
            media_type = answer_type(headers)
            check_method(scope, headers)
            return await self.run(headers, receive, ids, media_type)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body(), media_type)
        except InvalidDocument as invalid:
            # GraphQL over HTTP: the older media type answers 200 to any well-formed request.
            return Answer(400 if media_type == RESPONSE_TYPE else 200, invalid.body, media_type)
        except ClientGone:
            raise
        except Exception as error:
            log_unexpected(error)
            extensions = {"code": ErrorCode.INTERNAL_ERROR.value, "requestId": ids.request_id}
            message = "Something went wrong on our side. Tell us the request id."
            return Answer(500, {"errors": [{"message": message, "extensions": extensions}]}, media_type)

    async def run(self, headers: Headers, receive: Receive, ids: Identifiers, media_type: str) -> Answer:
        request = parse_request(await read_body(receive))
        caller = await self.identify(headers)
        if self.operators_only and not caller.operator:
            raise sign_in_first() if caller.person_id is None else operators_only()
        if caller.tenant:
            structlog.contextvars.bind_contextvars(tenant_id=str(caller.tenant.id))
        ready = self.api.prepare(request, caller)
        context = Context(services=self.services, caller=caller, request_id=ids.request_id)
        body = await self.within_bounds(ready, context, receive)
        status = 400 if media_type == RESPONSE_TYPE and "data" not in body else 200
        return Answer(status, body, media_type, tuple(ready.root_names))

    async def identify(self, headers: Headers) -> Caller:
        try:
            async with asyncio.timeout(self.deadline_seconds):
                return await self.callers.identify(headers)
        except TimeoutError:
            raise too_slow() from None

    async def within_bounds(self, ready: Ready, context: Context, receive: Receive) -> dict[str, Any]:
        """Execute; a query ends at its deadline or with its client, a mutation runs to its end."""
        running = asyncio.ensure_future(self.api.execute(ready, context))
        if ready.is_mutation:
            # Not even a cancelled request cuts a mutation short: `statement_timeout` bounds it.
            return await asyncio.shield(running)
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            done, _ = await asyncio.wait(
                {running, gone}, timeout=self.deadline_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if running in done:
                return running.result()
            if gone in done:
                raise ClientGone
            raise too_slow()
        finally:
            await end(gone)
            await end(running)
            await context.loaders.cancel()


def too_slow() -> Refusal:
    return Refusal(503, ErrorCode.DEADLINE_EXCEEDED, "This took too long, and was ended.")


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def end(task: asyncio.Future[Any]) -> None:
    """Cancel a task that is still running and wait until it has let go of its connection."""
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
