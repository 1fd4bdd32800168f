"""What the domain asks of an object storage. `integrations` implements it; `bootstrap` chooses the bucket.

Every key begins with the tenant it belongs to: `{tenant_id}/…`. Objects that anybody may read are below
`{tenant_id}/media/` and nowhere else.
"""

import uuid
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

IMMUTABLE = "public, max-age=31536000, immutable"
"""Cache-Control of objects whose keys never get other content."""


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """One PUT that whoever has it may send: to this address, with these headers, of the length that was signed."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the storage lists it. The `etag` is another one when the content is."""

    key: str
    size: int
    etag: str
    stored_at: datetime


class ObjectMissing(Exception):
    """There is no object of that key (any more)."""


class ObjectTooLarge(Exception):
    """The object is longer than the reader said to bear."""


class ObjectStore(Protocol):
    """One bucket. What goes wrong on the way raises whatever the client of the storage raises: try again later."""

    async def presign_upload(self, key: str, *, content_type: str, size: int, expires_in: timedelta) -> PresignedUpload:
        """A PUT of exactly `size` bytes of that type; the storage refuses any other length, type, key or time.

        Until it expires it can be sent again, and replaces the object: whoever reads must not rely on earlier checks.
        """
        ...

    async def presign_download(self, key: str, *, file_name: str, expires_in: timedelta) -> str:
        """A GET that saves the object under a file name."""
        ...

    async def stat(self, key: str) -> StoredObject | None:
        """None where there is none."""
        ...

    async def read(self, key: str, *, most: int) -> bytes:
        """The whole object. Raises `ObjectMissing`, `ObjectTooLarge`."""
        ...

    async def read_range(self, key: str, *, start: int, length: int) -> bytes:
        """Some bytes of an object; fewer where it ends before. Raises `ObjectMissing`."""
        ...

    def stream(self, key: str, *, chunk_bytes: int = 2**18) -> AsyncIterator[bytes]:
        """The object from its beginning, a piece at a time. Raises `ObjectMissing` at the first."""
        ...

    async def write(self, key: str, content: bytes, *, content_type: str, cache_control: str | None = None) -> None:
        """One object at once; it is there whole or not at all, and replaces what was there."""
        ...

    async def write_stream(self, key: str, chunks: AsyncIterable[bytes], *, content_type: str) -> int:
        """One object of unknown length, never held in memory; how long it became.

        It is there whole or, where `chunks` raises, not at all.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Any number of objects; one that is not there is no error. Raises `ObjectsKept`."""
        ...

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """The objects whose keys begin so, in the order of their keys."""
        ...


class ObjectsKept(Exception):
    """The storage did not delete all that it was asked to."""


def key_of(tenant_id: uuid.UUID, *parts: str) -> str:
    """A tenant's key; the parts are ours, never what somebody typed."""
    return "/".join((str(tenant_id), *parts))
