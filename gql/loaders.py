"""Dataloaders: one per batch function and request, made when first asked for."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from aiodataloader import DataLoader

from db.session import AsyncSession, Reads, Scope
from domain.along import Along

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Batch = Callable[[AsyncSession, Sequence[K]], Awaitable[Mapping[K, V]]]


class Loader(Generic[K, V]):
    """Loads by key; keys asked for together travel in one batch.

    graphql-core cancels the siblings of a failed field, and a loader's future is shared between subtrees: every
    waiter is shielded, and the request cancels the batches itself when it ends early.
    """

    def __init__(self, load_batch: Callable[[list[K]], Any], known: Mapping[K, V]) -> None:
        """`known` came along with something else: nobody has to ask for it."""
        self._loader: DataLoader[K, V | None] = DataLoader(load_batch)
        self._known = known

    async def load(self, key: K) -> V | None:
        """The value of a key, or None where the batch had none."""
        if key in self._known:
            return self._known[key]
        return await asyncio.shield(self._loader.load(key))

    def clear(self) -> None:
        self._loader.clear_all()


class Loaders:
    """The loaders of one request. `of(batch)` names one by the function that reads a batch."""

    def __init__(self, reads: Reads, scope: Scope) -> None:
        self._reads, self._scope = reads, scope
        self._loaders: dict[object, Loader[Any, Any]] = {}
        self._known: defaultdict[object, dict[Any, Any]] = defaultdict(dict)
        self._running: set[asyncio.Task[Any]] = set()
        self._ended = False

    def of(self, batch: Batch[K, V]) -> Loader[K, V]:
        """The loader of a domain function `(session, keys) -> {key: value}`."""
        if batch not in self._loaders:
            self._loaders[batch] = Loader(self._reading(batch), self._known[batch])
        return cast("Loader[K, V]", self._loaders[batch])

    def know(self, found: Along[Any]) -> None:
        """Learn what was read along with something else, so that no batch has to read it."""
        for batch, values in found.values.items():
            self._known[batch].update(values)

    def known(self, batch: Batch[K, V]) -> Mapping[K, V]:
        """What has been read along so far, and what will be."""
        return self._known[batch]

    def _reading(self, batch: Batch[K, V]) -> Callable[[list[K]], Awaitable[list[V | None]]]:
        async def load_batch(keys: list[K]) -> list[V | None]:
            if self._ended:  # asked for just before the request ended: nobody waits for it any more
                return [None] * len(keys)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine always runs in a task
            self._running.add(task)
            try:
                async with self._reads.read(self._scope) as session:
                    found = await batch(session, keys)
            finally:
                self._running.discard(task)
            return [found.get(key) for key in keys]

        return load_batch

    def clear(self) -> None:
        """Forget everything: after a write, what was read before is old."""
        for loader in self._loaders.values():
            loader.clear()
        for known in self._known.values():
            known.clear()

    async def cancel(self) -> None:
        """End the batches that are still running, and wait until their connections are back. None begins after."""
        self._ended = True
        running = list(self._running)
        if not running:
            return
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
