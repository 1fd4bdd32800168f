"""One HTTP request and what is known of it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.types import Receive

from server.headers import RequestHeaders


@dataclass(slots=True)
class Exchange:
    """A request on its way to its answer."""

    method: str
    peer: str
    """Address at the other end of the connection."""
    headers: RequestHeaders
    receive: Receive
    request_id: str
    body: bytes = b""
    key: Hashable = None
    """Everything about the request that a guest's answer depends on; None where the answer is for the caller alone."""


@dataclass(slots=True)
class Answer:
    """What goes back: a status and the bytes of a GraphQL response, in a media type."""

    status: int
    content: bytes
    media_type: str
    roots: Sequence[str] = ()
    more: Mapping[str, str] = field(default_factory=dict)
    """Headers besides those of every answer."""
