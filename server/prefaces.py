"""What the headers of a request say about its answer, found at once where the same headers came before."""

from collections.abc import Iterable

from gql.errors import Refusal
from server.callers import Callers
from server.exchanges import Preface
from server.headers import SHORT, RequestHeaders
from server.http import answer_type, is_json

MOST_KEPT = 10_000
MOST_BYTES = 1_000
"""Longer headers are read each time: nobody's memory is theirs to fill."""
CREDENTIALS = frozenset({b"authorization", b"cookie"})
RELEVANT = frozenset(
    {
        b"accept",
        b"accept-language",
        b"authorization",
        b"content-encoding",
        b"content-type",
        b"cookie",
        b"host",
        b"sadu-tenant",
        b"x-forwarded-host",
    }
)
"""Headers that a guest's answer depends on, or that make the caller no guest."""

Pair = tuple[bytes, bytes]


class Prefaces:
    """Remembers what headers meant. Few clients are behind most requests, and each sends the same ones."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._kept: dict[tuple[Pair, ...], Preface | None] = {}

    def of(self, raw: Iterable[Pair], *, with_body: bool) -> Preface | None:
        """None for anyone with credentials, and for headers that are refused, or that came twice."""
        pairs = tuple([pair for pair in raw if pair[0] in RELEVANT])
        size = 0
        for name, value in pairs:
            if name in CREDENTIALS:
                return None
            size += len(value)
        if not with_body or size > MOST_BYTES:
            return self._read(pairs, with_body=with_body)
        if pairs not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[pairs] = self._read(pairs, with_body=True)
        return self._kept[pairs]

    def _read(self, pairs: tuple[Pair, ...], *, with_body: bool) -> Preface | None:
        """What headers without credentials mean."""
        headers = RequestHeaders(pairs)
        if headers.repeats:
            return None
        content_type = headers.get(b"content-type") or ""
        if with_body and (
            len(content_type) > SHORT or not is_json(content_type) or headers.get(b"content-encoding") is not None
        ):
            return None
        try:
            return Preface(self._callers.slugs(headers), headers.language, answer_type(headers))
        except Refusal:
            return None
