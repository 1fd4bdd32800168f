"""Reading requests and writing answers, without a framework's costs: bounded bodies, negotiated types."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, cast

import orjson
from starlette.types import Receive, Send

from gql.errors import ErrorCode, Refusal
from gql.pipeline import GraphQLRequest
from server.exchanges import Answer
from server.headers import REQUEST_ID, SHORT, RequestHeaders, new_request_id

MOST_BYTES = 64 * 1024
MOST_HEADER_BYTES = 16 * 1024
"""The server in front of us has no such limit."""
JSON_TYPE = "application/json"
RESPONSE_TYPE = "application/graphql-response+json"
# Postgres has no text with a NUL; refused here, it cannot become an error deep inside. In JSON it can only be written
# as an escape; a query may hold an escape of GraphQL's own, itself escaped in whatever way JSON allows.
NUL_IN_JSON = b"\\u0000"
NUL_IN_QUERY = re.compile(r"\0|\\u0000|\\u\{0+\}")


class ClientGone(Exception):
    """The client closed the connection before its request was read."""


def check_size(headers: RequestHeaders) -> None:
    if headers.size > MOST_HEADER_BYTES:
        told = f"The headers of a request have at most {MOST_HEADER_BYTES} bytes."
        raise Refusal(431, ErrorCode.REQUEST_TOO_LARGE, told)


def answer_type(headers: RequestHeaders) -> str:
    """The media type of the answer. A client that names neither is refused; one that names nothing gets JSON."""
    accept = headers.get(b"accept") or "*/*"
    media_type = accepted_type(accept) if len(accept) <= SHORT else accepted_type.__wrapped__(accept)
    if media_type is None:
        raise Refusal(406, ErrorCode.NOT_ACCEPTABLE, f"This endpoint answers {RESPONSE_TYPE} or {JSON_TYPE}.")
    return media_type


@lru_cache(maxsize=1_000)
def accepted_type(accept: str) -> str | None:
    accepted = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    if RESPONSE_TYPE in accepted:
        return RESPONSE_TYPE
    return None if {"*/*", "application/*", JSON_TYPE}.isdisjoint(accepted) else JSON_TYPE


def check_method(method: str, headers: RequestHeaders) -> None:
    """Only a POST of JSON can change anything: a form or an image tag on another site can send neither."""
    if method != "POST":
        raise Refusal(405, ErrorCode.METHOD_NOT_ALLOWED, "Send a POST.")
    content_type = headers.get(b"content-type") or ""
    if len(content_type) > SHORT or not is_json(content_type) or headers.get(b"content-encoding") is not None:
        raise Refusal(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"Send {JSON_TYPE} in UTF-8, not compressed.")


@lru_cache(maxsize=1_000)
def is_json(content_type: str) -> bool:
    kind, _, parameters = content_type.lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    return kind.strip() == JSON_TYPE and charset in ("", "utf-8")


async def read_body(receive: Receive) -> bytes:
    """The whole body, refused as soon as it grows too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise Refusal(413, ErrorCode.REQUEST_TOO_LARGE, f"A request has at most {MOST_BYTES} bytes.")
        if not message.get("more_body"):
            return body


def parse_request(body: bytes, find: Callable[[str], str]) -> GraphQLRequest:
    """The GraphQL request in a JSON body. `find` answers the text of the document with an id."""
    try:
        given: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad_request("The body is not JSON.") from None
    if not isinstance(given, dict) or NUL_IN_JSON in body:
        raise bad_request("The body must be one JSON object, without NUL characters.")
    parameters: dict[str, Any] = cast("dict[str, Any]", given)
    variables, name = parameters.get("variables"), parameters.get("operationName")
    query = document_of(parameters, find)
    if not isinstance(variables, dict | None) or not isinstance(parameters.get("extensions"), dict | None):
        raise bad_request("`variables` and `extensions` must be objects.")
    if not isinstance(name, str | None):
        raise bad_request("`operationName` must be a string.")
    return GraphQLRequest(query, cast("dict[str, Any]", variables or {}), name or None)


def document_of(parameters: dict[str, Any], find: Callable[[str], str]) -> str:
    """The text of the document: in `query`, or found by `documentId`."""
    query, name = parameters.get("query"), parameters.get("documentId")
    if name is not None:
        if query is not None or not isinstance(name, str):
            raise bad_request("Send either `query` or `documentId`, as a string.")
        return find(name)
    if not isinstance(query, str) or not query or has_nul(query):
        raise bad_request("`query` must be a string that is not empty and has no NUL characters.")
    return query


def has_nul(query: str) -> bool:
    return ("\0" in query or "\\u" in query) and NUL_IN_QUERY.search(query) is not None


def bad_request(message: str) -> Refusal:
    return Refusal(400, ErrorCode.BAD_REQUEST, message)


async def send_answer(send: Send, answer: Answer, request_id: str) -> None:
    """Write an answer. Unless it says otherwise, no cache keeps it."""
    headers = [(b"x-content-type-options", b"nosniff"), (b"x-request-id", request_id.encode())]
    if answer.status != 304:  # which would tell the length and type of what it stands for
        headers.append((b"content-type", CONTENT_TYPES[answer.media_type]))
        headers.append((b"content-length", b"%d" % len(answer.content)))
    if "cache-control" not in answer.more:
        headers.append((b"cache-control", b"no-store"))
    headers += [(name.encode(), value.encode()) for name, value in answer.more.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


async def send_kept(send: Send, content: bytes, media_type: str, given: Iterable[tuple[bytes, bytes]]) -> None:
    """Write an answer that is kept here, and nowhere else."""
    named = next((value for name, value in given if name == b"x-request-id"), b"")
    request_id = named if named and REQUEST_ID.fullmatch(named.decode("latin-1")) else new_request_id().encode()
    headers = [
        *KEPT_HEADERS,
        (b"content-type", CONTENT_TYPES[media_type]),
        (b"content-length", b"%d" % len(content)),
        (b"x-request-id", request_id),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


KEPT_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
CONTENT_TYPES = {kind: f"{kind}; charset=utf-8".encode() for kind in (JSON_TYPE, RESPONSE_TYPE)}
