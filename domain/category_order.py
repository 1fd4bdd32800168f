"""The order of the categories below one parent, given in one go."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Category
from domain.actors import Actor, Permission, require
from domain.category_tree import locked_tree
from domain.errors import FaultCode, Faults, not_found


async def reorder(
    session: AsyncSession, *, actor: Actor, parent_id: uuid.UUID | None, ordered: Sequence[uuid.UUID | None]
) -> list[Category]:
    """Put the categories right below a parent, or at the top, into this order. None stands for what is no category.

    Under the tree's lock: of two orders at once one is the last, and neither is mixed with the other.
    Faults: NOT_FOUND parent, or whatever is not right below it; INVALID for one named twice; STALE if some are missing.
    """
    require(actor, Permission.CATALOG_MANAGE)
    tree = await locked_tree(session, actor=actor)
    if parent_id is not None and parent_id not in tree.parents:
        raise not_found("category", "parentId")
    siblings = {each for each, parent in tree.parents.items() if parent == parent_id}
    check_order(siblings, ordered)
    rows = {row.id: row for row in (await session.execute(select(Category).where(Category.id.in_(siblings)))).scalars()}
    found = [rows[each] for each in ordered if each is not None]
    for place, category in enumerate(found):
        category.position = place
    await session.flush()
    return found


def check_order(siblings: set[uuid.UUID], ordered: Sequence[uuid.UUID | None]) -> None:
    """Raises everything that is wrong with it."""
    faults, named = Faults(), set[uuid.UUID]()
    for place, each in enumerate(ordered):
        if each is None or each not in siblings:
            faults.found.append(not_found("category below this parent", "ids", str(place)))
        elif each in named:
            faults.add(FaultCode.INVALID, "This category is named twice.", "ids", str(place))
        else:
            named.add(each)
    if not faults.found and named != siblings:
        message = "There are other categories below this parent, too: load them again, and name all of them."
        faults.add(FaultCode.STALE, message, "ids")
    faults.raise_any()
