"""Documents that the operator has registered, asked for by their hash: by POST in place of `query`, and by GET.

The persisted documents of GraphQL over HTTP, whose identifiers are `sha256:` and the hash of the document's text.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

from gql.documents import Document, is_mutation
from gql.errors import ErrorCode, Refusal
from gql.pipeline import Api
from server.http import NUL_IN_QUERY, bad_request

KEY = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
MOST_BYTES_OF_URL = 16 * 1024
"""Servers and CDNs refuse longer URLs in ways of their own."""
MOST_PARAMETERS = 20


class UnfitDocuments(ValueError):
    """A manifest that nobody must serve with; each of its `objections` names a document."""

    def __init__(self, *objections: str) -> None:
        super().__init__("\n".join(objections))
        self.objections = list(objections)


def document_id(text: str) -> str:
    """The identifier of a document: every byte of its text counts."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def read_manifest(content: bytes) -> dict[str, str]:
    """The documents of a JSON manifest by their identifiers; raises `UnfitDocuments`.

    Keys may lack `sha256:`, as Relay and GraphQL Code Generator write them. No hash is believed.
    """
    try:
        given: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise UnfitDocuments("The manifest is not JSON.") from None
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in cast("dict[str, Any]", given).values()):
        raise UnfitDocuments('The manifest must be one JSON object: {"sha256:<hash>": "<document>"}.')
    found = cast("dict[str, str]", given)
    objections = [told for key, text in found.items() if (told := objection_to_key(key, text))]
    if objections:
        raise UnfitDocuments(*objections)
    return {document_id(text): text for text in found.values()}


def objection_to_key(key: str, text: str) -> str | None:
    named = KEY.fullmatch(key)
    if named is None:
        return f"{key[:80]}: not a SHA-256 in lower-case hexadecimals. Let your compiler hash with SHA-256."
    actual = document_id(text)
    return None if actual.endswith(named[1]) else f"{key}: the hash of its document is {actual}."


def objection_to_document(document: Document, text: str, *, introspection: bool) -> str | None:
    """Why the API would refuse a document, whatever its variables are."""
    if NUL_IN_QUERY.search(text):
        return "it has NUL characters"
    if document.parse_error:
        return document.parse_error.message
    if document.excess:
        return document.excess
    if document.errors:
        return document.errors[0].message
    if not document.operations:
        return "it has no operation"
    return "it asks for the schema, which is not told here" if document.introspects and not introspection else None


class TrustedDocuments:
    """The registered documents of one schema. Raises `UnfitDocuments` where one does not fit it."""

    def __init__(self, texts: Mapping[str, str], api: Api) -> None:
        self._texts, self._api = texts, api
        objections = [
            f"{name}: {told}"
            for name, text in texts.items()
            if (told := objection_to_document(api.documents.get(text), text, introspection=api.introspection))
        ]
        if objections:
            raise UnfitDocuments(*objections)

    def text_of(self, name: str) -> str:
        """The document's text; a `Refusal` where none is registered."""
        text = self._texts.get(name)
        if text is None:
            told = "No document is registered under this id."
            raise Refusal(404, ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND, told)
        return text

    def check_safe(self, text: str, operation_name: str | None) -> None:
        """GET must change nothing: refused is every operation but a query."""
        operation = self._api.documents.get(text).operation(operation_name)
        if operation is not None and is_mutation(operation):
            raise Refusal(405, ErrorCode.METHOD_NOT_ALLOWED, "Send a POST: this is a mutation.")


def body_of_url(query_string: bytes) -> bytes:
    """What a POST would have in its body: one spelling for all URLs that ask the same, for answers are kept by it."""
    if len(query_string) > MOST_BYTES_OF_URL:
        told = f"A URL's query has at most {MOST_BYTES_OF_URL} bytes: send a POST."
        raise Refusal(413, ErrorCode.REQUEST_TOO_LARGE, told)
    try:
        given = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise bad_request("The URL's query cannot be read.") from None
    parameters = dict(given)
    if "query" in parameters or "documentId" not in parameters:
        raise Refusal(405, ErrorCode.METHOD_NOT_ALLOWED, "Send a POST, or a GET with the `documentId` of a query.")
    if len(parameters) != len(given):
        raise bad_request("Name each parameter of the URL once.")
    body: dict[str, Any] = {"documentId": parameters["documentId"]}
    if parameters.get("operationName"):
        body["operationName"] = parameters["operationName"]
    try:
        for name in ("variables", "extensions"):
            if name in parameters:
                body[name] = orjson.loads(parameters[name])
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # what is nested too deeply can be read but not written
        raise bad_request("`variables` and `extensions` must be JSON.") from None
