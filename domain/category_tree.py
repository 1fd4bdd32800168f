"""The shape of a tenant's tree of categories, and the rules that keep it a tree."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Category
from domain.actors import Actor
from domain.errors import FaultCode, UserFault, not_found

DEEPEST = 6
MOST_CATEGORIES = 1_000


@dataclass(frozen=True, slots=True)
class CategoryTree:
    """Every category of a tenant with its parent; None for one at the top."""

    parents: Mapping[uuid.UUID, uuid.UUID | None]

    def path(self, category_id: uuid.UUID | None) -> list[uuid.UUID]:
        """A category and everything above it, up to the top; empty for the top itself. Ends even in a ring."""
        above: list[uuid.UUID] = []
        while category_id is not None and category_id not in above:
            above.append(category_id)
            category_id = self.parents[category_id]
        return above

    def height(self, category_id: uuid.UUID) -> int:
        """How many levels a category and everything below it take."""
        paths = (self.path(each) for each in self.parents)
        return max(path.index(category_id) + 1 for path in paths if category_id in path)

    def check_new(self, parent_id: uuid.UUID | None) -> None:
        """Faults: NOT_FOUND parent; LIMIT_REACHED, by number or depth."""
        if len(self.parents) >= MOST_CATEGORIES:
            raise UserFault(FaultCode.LIMIT_REACHED, f"A tenant has at most {MOST_CATEGORIES} categories.")
        check_depth(self.path_to_parent(parent_id), 1)

    def check_move(self, category_id: uuid.UUID, parent_id: uuid.UUID | None) -> None:
        """Faults: NOT_FOUND parent; INVALID for a place below itself; LIMIT_REACHED, too deep."""
        above = self.path_to_parent(parent_id)
        if category_id in above:
            raise UserFault(FaultCode.INVALID, "A category cannot stand below itself.", ("parentId",))
        check_depth(above, self.height(category_id))

    def path_to_parent(self, parent_id: uuid.UUID | None) -> list[uuid.UUID]:
        if parent_id is not None and parent_id not in self.parents:
            raise not_found("category", "parentId")
        return self.path(parent_id)


def check_depth(above: Sequence[uuid.UUID], levels: int) -> None:
    if len(above) + levels > DEEPEST:
        raise UserFault(FaultCode.LIMIT_REACHED, f"Categories are at most {DEEPEST} levels deep.", ("parentId",))


async def locked_tree(session: AsyncSession, *, actor: Actor) -> CategoryTree:
    """The tenant's tree, which nobody else changes until this transaction ends.

    Two moves that are harmless each can make a ring together, so that whoever changes the tree takes turns.
    """
    key = func.hashtextextended(f"categories {actor.tenant}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))
    rows = await session.execute(select(Category.id, Category.parent_id))
    return CategoryTree(dict(rows.all()))
