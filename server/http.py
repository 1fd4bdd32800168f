"""Reading requests and writing answers, without a framework's costs: bounded bodies, negotiated types."""

import re
import secrets
from dataclasses import dataclass
from typing import Any, cast

import orjson
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from gql.errors import ErrorCode, Refusal
from gql.pipeline import GraphQLRequest

MOST_BYTES = 64 * 1024
JSON_TYPE = "application/json"
RESPONSE_TYPE = "application/graphql-response+json"
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
TRACE_PARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
# Postgres has no text with a NUL; refused here, it cannot become an error deep inside. In JSON it can only be written
# as an escape; a query may hold an escape of GraphQL's own, itself escaped in whatever way JSON allows.
NUL_IN_JSON = re.compile(rb"\\u0000")
NUL_IN_QUERY = re.compile(r"\0|\\u0000|\\u\{0+\}")


class ClientGone(Exception):
    """The client closed the connection before its request was read."""


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What ties log lines together: our id of the request, and the caller's trace."""

    request_id: str
    trace_id: str


def identifiers(headers: Headers) -> Identifiers:
    """Ids that the caller sent, if they look like ids; else new ones."""
    given = headers.get("x-request-id", "")
    trace = TRACE_PARENT.fullmatch(headers.get("traceparent", ""))
    return Identifiers(
        given if REQUEST_ID.fullmatch(given) else secrets.token_hex(12),
        trace["trace"] if trace else secrets.token_hex(16),
    )


def answer_type(headers: Headers) -> str:
    """The media type of the answer. A client that names neither is refused; one that names nothing gets JSON."""
    accepted = [part.split(";")[0].strip().lower() for part in headers.get("accept", "*/*").split(",")]
    if RESPONSE_TYPE in accepted:
        return RESPONSE_TYPE
    if {"*/*", "application/*", JSON_TYPE}.isdisjoint(accepted):
        raise Refusal(406, ErrorCode.NOT_ACCEPTABLE, f"This endpoint answers {RESPONSE_TYPE} or {JSON_TYPE}.")
    return JSON_TYPE


def check_method(scope: Scope, headers: Headers) -> None:
    """Only a POST of JSON executes anything: a form or an image tag on another site can send neither."""
    if scope["method"] != "POST":
        raise Refusal(405, ErrorCode.METHOD_NOT_ALLOWED, "Send a POST.")
    content_type, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    if content_type.strip() != JSON_TYPE or charset not in ("", "utf-8") or "content-encoding" in headers:
        raise Refusal(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"Send {JSON_TYPE} in UTF-8, not compressed.")


async def read_body(receive: Receive) -> bytes:
    """The whole body, refused as soon as it grows too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise Refusal(413, ErrorCode.REQUEST_TOO_LARGE, f"A request has at most {MOST_BYTES} bytes.")
        if not message.get("more_body"):
            return bytes(body)


def parse_request(body: bytes) -> GraphQLRequest:
    """The GraphQL request in a JSON body."""
    try:
        given: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad_request("The body is not JSON.") from None
    if not isinstance(given, dict) or NUL_IN_JSON.search(body):
        raise bad_request("The body must be one JSON object, without NUL characters.")
    parameters: dict[str, Any] = cast("dict[str, Any]", given)
    query, variables, name = (parameters.get(key) for key in ("query", "variables", "operationName"))
    if not isinstance(query, str) or not query or NUL_IN_QUERY.search(query):
        raise bad_request("`query` must be a string that is not empty and has no NUL characters.")
    if not isinstance(variables, dict | None) or not isinstance(parameters.get("extensions"), dict | None):
        raise bad_request("`variables` and `extensions` must be objects.")
    if not isinstance(name, str | None):
        raise bad_request("`operationName` must be a string.")
    return GraphQLRequest(query, cast("dict[str, Any]", variables or {}), name or None)


def bad_request(message: str) -> Refusal:
    return Refusal(400, ErrorCode.BAD_REQUEST, message)


async def send_json(
    send: Send, status: int, body: object, *, media_type: str, request_id: str, allow: str | None = None
) -> None:
    """Write an answer that no cache keeps."""
    content = orjson.dumps(body)
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", request_id.encode()),
    ]
    if allow:
        headers.append((b"allow", allow.encode()))
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="sadu"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
