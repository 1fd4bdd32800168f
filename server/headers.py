"""The headers of a request, read as often as needed and decoded only when asked for."""

import itertools
import re
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from domain.api_keys import is_key

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
TRACE_PARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

SHORT = 200
"""What a longer header means is worked out each time: memory is not the client's to fill."""

Language = Literal["ar", "en"]
LANGUAGES: tuple[Language, ...] = ("ar", "en")
QUALITY = re.compile(r"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

process_id, requests = secrets.token_hex(6), itertools.count(1)


def new_request_id() -> str:
    """Told apart from all others, and cheap: it is no secret."""
    return f"{process_id}{next(requests):012x}"


class RequestHeaders:
    """Names are in lower case, as ASGI gives them. `get` answers the first of several."""

    __slots__ = ("_first", "_raw")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)
        self._first = dict(reversed(self._raw))

    def get(self, name: bytes) -> str | None:
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1")

    def all(self, name: bytes) -> list[str]:
        if name not in self._first:
            return []
        return [value.decode("latin-1") for each, value in self._raw if each == name]

    @property
    def repeats(self) -> bool:
        """Some header came twice."""
        return len(self._first) != len(self._raw)

    @property
    def has_credentials(self) -> bool:
        return b"authorization" in self._first or b"cookie" in self._first

    @property
    def bearer_token(self) -> str | None:
        """What stands in `Authorization: Bearer …`, good or not; None without one."""
        scheme, _, token = (self.get(b"authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    @property
    def request_id(self) -> str:
        """The id that the caller gave the request, if it looks like one; else a new one at each call.

        An API key looks like one, too, and the id is logged.
        """
        given = self.get(b"x-request-id")
        return given if given and REQUEST_ID.fullmatch(given) and not is_key(given) else new_request_id()

    @property
    def trace_id(self) -> str:
        """The caller's trace, or a new one at each call."""
        trace = TRACE_PARENT.fullmatch(self.get(b"traceparent") or "")
        return trace["trace"] if trace else secrets.token_hex(16)

    @property
    def language(self) -> Language | None:
        """The language that the caller would rather read, of those that texts are in; None leaves it to the tenant."""
        accepted = ",".join(self.all(b"accept-language"))
        if not accepted:
            return None
        return preferred_language(accepted) if len(accepted) <= SHORT else preferred_language.__wrapped__(accepted)

    @property
    def size(self) -> int:
        """In bytes, names and values."""
        return sum([len(name) + len(value) for name, value in self._raw])


@lru_cache(maxsize=1_000)
def preferred_language(accepted: str) -> Language | None:
    """The best of `Accept-Language` that texts are in. What is not understood is not an error.

    `*` stands for the languages that are not named: by itself it prefers none, behind one it may prefer the other.
    """
    qualities: dict[str, float] = {}
    for part in accepted.split(",")[:20]:
        tag, _, parameters = part.strip().lower().partition(";")
        language = tag.strip().split("-")[0]
        qualities[language] = max(quality_of(parameters), qualities.get(language, 0.0))
    others = qualities.get("*", 0.0)
    named: list[Language] = [each for each in qualities if each in ("ar", "en")]
    unnamed: list[Language] = [each for each in LANGUAGES if each not in qualities] if named else []
    best = max(named + unnamed, key=lambda each: qualities.get(each, others), default=None)
    return best if best is not None and qualities.get(best, others) > 0 else None


def quality_of(parameters: str) -> float:
    """From 0, not at all, to 1. What is written otherwise than RFC 9110 has it is 0."""
    if not parameters:
        return 1.0
    quality = QUALITY.fullmatch(parameters.strip())
    return float(quality[1]) if quality else 0.0
