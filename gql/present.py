"""What a compiled function lets resolvers see: the request as it is in memory. Nothing in it can be waited for."""

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any

from domain.callers import TenantBrief
from gql.context import Context
from gql.loaders import Batch, Loaders


class WouldWait(BaseException):
    """A resolver asked for something that has to be read first: its selection is not plain after all.

    No `Exception`, so that a resolver which catches those cannot take it for a failed read.
    """


class PresentLoader:
    def __init__(self, known: Mapping[Any, Any]) -> None:
        self._known = known

    async def load(self, key: Hashable) -> Any:
        """What was read together with the object around; `WouldWait` for anything else."""
        try:
            return self._known[key]
        except KeyError:
            raise WouldWait from None


class PresentLoaders:
    def __init__(self, loaders: Loaders) -> None:
        self._loaders = loaders
        self._present: dict[object, PresentLoader] = {}

    def of(self, batch: "Batch[Any, Any]") -> PresentLoader:
        found = self._present.get(batch)
        if found is None:
            found = self._present[batch] = PresentLoader(self._loaders.known(batch))
        return found


class PresentContext:
    """Stands for the request's context: everything but reading and writing, which is `WouldWait`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.caller, self.actor, self.language = context.caller, context.actor, context.language
        self.loaders = PresentLoaders(context.loaders)

    @cached_property
    def tenant(self) -> TenantBrief:
        return self._context.tenant

    def __getattr__(self, name: str) -> Any:
        raise WouldWait


class PresentInfo:
    """Stands for Strawberry's `Info`; a resolver that asks for more than `context` is left to graphql-core."""

    def __init__(self, context: Context) -> None:
        self.context, self._context = PresentContext(context), context
        self.count = context.elements.count

    def reading(self, place: Any) -> "ReadingInfo":
        """The `info` of the one field that may wait. `place` tells where in the document it stands."""
        return ReadingInfo(self._context, place)

    def __getattr__(self, name: str) -> Any:
        raise WouldWait


class ReadingInfo:
    """Stands for Strawberry's `Info` where a resolver may read."""

    __slots__ = ("_raw_info", "context")

    def __init__(self, context: Context, place: Any) -> None:
        self.context, self._raw_info = context, place

    def __getattr__(self, name: str) -> Any:
        raise WouldWait
