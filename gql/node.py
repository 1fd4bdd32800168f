"""The interface of everything that has an identifier of its own."""

from abc import abstractmethod

import strawberry


@strawberry.interface(description="A thing with an identifier: `node(id:)` finds it again.")
class Node:
    @strawberry.field(description="Opaque, typed, never given twice.")
    @abstractmethod
    def id(self) -> strawberry.ID: ...
