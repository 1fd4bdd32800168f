"""Whole answers of the storefront, kept as bytes: found before the request is even parsed.

Kept is what a guest was answered to a query of public fields alone, without an error. An answer is good for as long as
its tenant's version is the one it was made under; see `server.storefront_versions` for how old that may be.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Generator, Hashable
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from server.storefront_versions import StorefrontVersions

log = structlog.get_logger("sadu.answer_cache")

Key = Hashable
"""Everything about a request that the answer depends on."""
REPORT_SECONDS = 10.0
OVERHEAD_BYTES = 500
"""What an entry takes besides its bytes, roughly."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with the version that it was made under."""

    content: bytes
    tenant_id: UUID
    version: int
    size: int


class AnswerCache:
    """Bounded by its bytes, the least recently used forgotten first."""

    def __init__(self, versions: StorefrontVersions, *, most_bytes: int) -> None:
        self.versions, self._most_bytes = versions, most_bytes
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._coming: dict[Key, asyncio.Future[None]] = {}
        self.served = 0
        """Answers that were good, since the last report."""

    def get(self, key: Key) -> bytes | None:
        """The answer, if it is still good."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        version = self.versions.version_of(kept.tenant_id)
        if version == kept.version:
            self._kept.move_to_end(key)
            self.served += 1
            return kept.content
        if version is not None:
            self._forget(key)
        return None

    async def report(self) -> None:
        """Tell the log every ten seconds how many went out from here, instead of a line for each."""
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if self.served:
                log.info("answers_from_memory", served=self.served, kept=len(self._kept), bytes=self._bytes)
                self.served = 0

    def keep(self, key: Key, content: bytes, tenant_id: UUID, version: int, *, weight: int) -> None:
        """Keep an answer that was made under a version asked for before anything was read. `weight` is the key's."""
        size = len(content) + weight + OVERHEAD_BYTES
        if size > self._most_bytes // 8:
            return
        self._forget(key)
        self._kept[key] = Kept(content, tenant_id, version, size)
        self._bytes += size
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._kept)))

    async def wait_for_other(self, key: Key) -> None:
        """Wait while somebody else is answering the same request, so that a hundred misses are one statement.

        Where nothing came of that, or a change has made it void, one of those who waited answers and the others wait
        for that, so that it is two statements and not a hundred. After that nobody waits any more.
        """
        for _ in range(2):
            coming = self._coming.get(key)
            if coming is not None:
                await asyncio.shield(coming)

    @contextmanager
    def answering(self, key: Key) -> Generator[None]:
        """Let others wait for the answer that is being made; where somebody makes it already, both do."""
        if key in self._coming:
            yield
            return
        coming = self._coming[key] = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            del self._coming[key]
            coming.set_result(None)

    def _forget(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size
