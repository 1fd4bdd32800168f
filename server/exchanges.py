"""One HTTP request and what is known of it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.types import Receive

from gql.refresh_cookies import RefreshCookie
from server.callers import Slugs
from server.headers import Language, RequestHeaders


class Preface(NamedTuple):
    """How a guest asks: what a kept answer is found by, besides the body."""

    slugs: Slugs
    language: Language | None
    media_type: str


@dataclass(slots=True)
class Exchange:
    """A request on its way to its answer."""

    method: str
    peer: str
    """Address at the other end of the connection."""
    headers: RequestHeaders
    receive: Receive
    request_id: str
    query_string: bytes = b""
    body: bytes | None = None
    """The JSON of the request; for a GET what it would have been in a POST; None before it is read."""
    preface: Preface | None = None
    """How a guest asks; None for anyone else."""
    refresh_cookie: RefreshCookie | None = None
    """Where the caller's browser keeps its refresh token; None for clients that keep it themselves."""

    @property
    def key(self) -> Hashable:
        """Everything about the request that a guest's answer depends on; None where it is for the caller alone."""
        return None if self.preface is None else (self.preface, self.body)

    @property
    def language(self) -> Language | None:
        return self.preface.language if self.preface else self.headers.language

    @property
    def is_safe(self) -> bool:
        """A GET or a HEAD, which must change nothing. The server in front of us leaves out what HEAD does not want."""
        return self.method in ("GET", "HEAD")


@dataclass(slots=True)
class Answer:
    """What goes back: a status and the bytes of a GraphQL response, in a media type."""

    status: int
    content: bytes
    media_type: str
    roots: Sequence[str] = ()
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers besides those of every answer."""
    is_shared: bool = False
    """Every guest who asks the same is answered these bytes."""
