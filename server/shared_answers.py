"""What caches between us and a guest are told of an answer to GET: whether and how long they may keep it."""

import hashlib
from dataclasses import replace

from server.exchanges import Answer
from server.headers import RequestHeaders

VARY = "Accept, Accept-Language, Authorization, Cookie, Sadu-Tenant, X-Forwarded-Host"
"""Everything besides the URL, and its host, that an answer depends on."""


def for_caches(answer: Answer, headers: RequestHeaders, *, seconds: int) -> Answer:
    """The answer with what caches have to know of it; bare, a 304, where the client has it already."""
    if not answer.is_shared:
        return replace(answer, more={**answer.more, "cache-control": "private, no-store", "vary": VARY})
    tag = entity_tag(answer)
    # To shared caches `s-maxage` also says that they must not serve it any longer, not even while we are away.
    control = f"public, max-age={seconds}, s-maxage={seconds}"
    more = {**answer.more, "cache-control": control, "etag": tag, "vary": VARY}
    if answer.status == 200 and has_already(headers, tag):
        return replace(answer, status=304, content=b"", more=more)
    return replace(answer, more=more)


def entity_tag(answer: Answer) -> str:
    """Another for every other sequence of bytes, and for each media type."""
    return f'"{hashlib.sha256(answer.media_type.encode() + b" " + answer.content).hexdigest()[:32]}"'


def has_already(headers: RequestHeaders, tag: str) -> bool:
    """By weak comparison, as HTTP wants it here: a cache that compresses what it passes on makes tags weak."""
    named = [each.strip() for value in headers.all(b"if-none-match") for each in value.split(",")]
    return "*" in named or tag in [each.removeprefix("W/") for each in named]
