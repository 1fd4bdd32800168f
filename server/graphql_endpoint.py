"""The GraphQL endpoint: HTTP in, one answer out."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from starlette.types import Receive, Scope, Send

from gql.context import Services
from gql.errors import ErrorCode, Refusal
from gql.pipeline import Api, InvalidDocument, log_unexpected
from server.answer_cache import AnswerCache
from server.browser_sessions import BrowserSessions
from server.callers import Callers, too_slow
from server.exchanges import Answer, Exchange
from server.headers import RequestHeaders
from server.http import (
    JSON_TYPE,
    RESPONSE_TYPE,
    ClientGone,
    answer_type,
    check_method,
    check_size,
    parse_request,
    read_body,
    send_answer,
    send_kept,
)
from server.logs import log_request
from server.prefaces import Preface, Prefaces
from server.runs import Run
from server.shared_answers import for_caches
from server.trusted_documents import TrustedDocuments, body_of_url

log = structlog.get_logger("sadu.server")


class GraphQLEndpoint:
    """An ASGI application for one schema.

    `operators_only` is the privileged one: nobody else learns even its error messages. `answers` keeps what guests were
    answered; without it nothing is kept. `trusted` are the documents that may be asked for by their hash, and by GET;
    other caches may keep what guests are answered to a GET for `cdn_seconds`. With `browsers` it is for sessions alone,
    and for pages that may have their refresh token in a cookie.
    """

    def __init__(
        self,
        api: Api,
        services: Services,
        callers: Callers,
        *,
        trusted: TrustedDocuments,
        deadline_seconds: float,
        operators_only: bool = False,
        answers: AnswerCache | None = None,
        cdn_seconds: int = 0,
        browsers: BrowserSessions | None = None,
    ) -> None:
        self.api, self.services, self.callers, self.answers = api, services, callers, answers
        self.trusted, self.cdn_seconds, self.prefaces = trusted, cdn_seconds, Prefaces(callers)
        self.deadline_seconds, self.operators_only, self.browsers = deadline_seconds, operators_only, browsers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers that are kept go out before anything else is done, and are counted rather than logged."""
        posts = scope["method"] == "POST"
        preface = self.prefaces.of(scope["headers"], with_body=posts)
        if not posts or preface is None or self.answers is None:
            await self.serve(scope, receive, send, preface)
            return
        try:
            body = await read_body(receive)
        except ClientGone:
            log.info("client_gone")
            return
        except Refusal as refusal:
            await send_answer(send, refused(refusal, preface.media_type), RequestHeaders(scope["headers"]).request_id)
            return
        content = self.answers.get((preface, body))
        if content is None:
            await self.serve(scope, receive, send, preface, body)
        else:
            await send_kept(send, content, preface.media_type, scope["headers"])

    async def serve(
        self, scope: Scope, receive: Receive, send: Send, preface: Preface | None, body: bytes | None = None
    ) -> None:
        """A request that nobody was answered just now."""
        started = time.perf_counter()
        headers = RequestHeaders(scope["headers"])
        peer = scope["client"][0] if scope.get("client") else ""
        query_string: bytes = scope["query_string"]
        exchange = Exchange(scope["method"], peer, headers, receive, headers.request_id, query_string, body, preface)
        # The server runs each request in a task of its own, whose context ends with it.
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id, trace_id=headers.trace_id)
        try:
            answer = await self.answer(exchange)
        except ClientGone:
            log.info("client_gone")
            return
        await send_answer(send, answer, exchange.request_id)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        log_request(log, status=answer.status, roots=answer.roots, milliseconds=milliseconds)

    async def answer(self, exchange: Exchange) -> Answer:
        """What goes back; a GET's answer tells caches what it is to them."""
        answer = await self.coded(exchange)
        if self.browsers and exchange.refresh_cookie:
            return self.browsers.told(answer, exchange.refresh_cookie, exchange.headers)
        return for_caches(answer, exchange.headers, seconds=self.cdn_seconds) if exchange.is_safe else answer

    async def coded(self, exchange: Exchange) -> Answer:
        """Whatever happens becomes a coded answer; only a vanished client gets none."""
        media_type = JSON_TYPE
        try:
            check_size(exchange.headers)
            media_type = answer_type(exchange.headers)
            if self.browsers:
                exchange.refresh_cookie = self.browsers.admit(exchange.method, exchange.headers)
            body = exchange.body = await self.read(exchange)
            return self.kept(exchange, media_type) or await self.run(exchange, body, media_type)
        except Refusal as refusal:
            return refused(refusal, media_type, is_shared=refusal.is_shared and exchange.preface is not None)
        except InvalidDocument as invalid:
            # GraphQL over HTTP: the older media type answers 200 to any well-formed request.
            return Answer(400 if media_type == RESPONSE_TYPE else 200, orjson.dumps(invalid.body), media_type)
        except ClientGone:
            raise
        except Exception as error:
            log_unexpected(error)
            extensions = {"code": ErrorCode.INTERNAL_ERROR.value, "requestId": exchange.request_id}
            message = "Something went wrong on our side. Tell us the request id."
            return Answer(500, orjson.dumps({"errors": [{"message": message, "extensions": extensions}]}), media_type)

    async def read(self, exchange: Exchange) -> bytes:
        if exchange.is_safe:
            return body_of_url(exchange.query_string)
        check_method(exchange.method, exchange.headers)
        return await read_body(exchange.receive) if exchange.body is None else exchange.body

    def kept(self, exchange: Exchange, media_type: str) -> Answer | None:
        """What another guest was answered to the same GET a moment ago; for a POST that was looked up before all."""
        content = self.answers.get(exchange.key) if self.answers and exchange.is_safe else None
        return None if content is None else Answer(200, content, media_type, is_shared=True)

    async def run(self, exchange: Exchange, body: bytes, media_type: str) -> Answer:
        run = self.run_of(exchange, body)
        await run.admit()
        if self.browsers:
            self.browsers.check_roots(run.ready.root_names)
        tenant, key = run.caller.tenant, exchange.key
        if key is None or tenant is None or not run.ready.is_public:
            return answer_of(await run.execute(), run, media_type)
        if self.answers is None:
            return public_answer(await run.execute(), run, exchange, media_type)
        try:
            async with asyncio.timeout(self.deadline_seconds):
                await self.answers.wait_for_other(key)
        except TimeoutError:
            raise too_slow() from None
        content = self.answers.get(key)
        if content is not None:
            return Answer(200, content, media_type, run.ready.root_names, is_shared=True)
        with self.answers.answering(key):
            # Before anything is read: what changes from here on makes the answer one of an older version.
            version = self.answers.versions.version_of(tenant.id)
            response = await run.execute()
            # While it ran, another tenant may have been found behind the slug: of that one's version nothing is known.
            if version is not None and "errors" not in response and run.is_at(tenant.id):
                content = shared_content(response)
                self.answers.keep(key, content, tenant.id, version, weight=len(body))
            return public_answer(response, run, exchange, media_type)

    def run_of(self, exchange: Exchange, body: bytes) -> Run:
        request = parse_request(body, self.trusted.text_of)
        if exchange.is_safe:
            self.trusted.check_safe(request.query, request.operation_name)
        return Run(
            self.api,
            self.services,
            self.callers,
            exchange,
            request,
            deadline_seconds=self.deadline_seconds,
            operators_only=self.operators_only,
        )


def answer_of(body: dict[str, Any], run: Run, media_type: str) -> Answer:
    status = 400 if media_type == RESPONSE_TYPE and "data" not in body else 200
    return Answer(status, orjson.dumps(body), media_type, run.ready.root_names)


def public_answer(body: dict[str, Any], run: Run, exchange: Exchange, media_type: str) -> Answer:
    """To a GET without what it cost the one who asked first."""
    if not exchange.is_safe or "errors" in body:
        return answer_of(body, run, media_type)
    return Answer(200, shared_content(body), media_type, run.ready.root_names, is_shared=True)


def shared_content(body: dict[str, Any]) -> bytes:
    return orjson.dumps({"data": body["data"]})


def refused(refusal: Refusal, media_type: str, *, is_shared: bool = False) -> Answer:
    content, more = orjson.dumps(refusal.body()), refusal_headers(refusal)
    return Answer(refusal.status, content, media_type, more=more, is_shared=is_shared)


def refusal_headers(refusal: Refusal) -> Mapping[str, str]:
    """What a refused client has to know before it reads the body."""
    headers: dict[str, str] = {}
    if refusal.status == 405:
        headers["allow"] = "POST"
    if refusal.status == 401:
        headers["www-authenticate"] = 'Bearer realm="sadu"'
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    return headers
