"""Two who put the same categories in order: the second sees what the first has done."""

import asyncio
from contextvars import Context

from bootstrap import Parts
from domain import categories, category_order
from domain.categories import NewCategory
from domain.texts import LocalizedText
from tests.support.factories import Shop
from tests.support.locks import when_blocked_by


async def test_the_second_order_waits_for_the_first_and_stands_whole(parts: Parts, shop: Shop) -> None:
    """The middle one stays where it stood in the second order: had that been read too early, nobody would move it."""
    actor = shop.actor
    async with parts.database.write(actor.scope) as session:
        given = [NewCategory(LocalizedText(name, None)) for name in "ABC"]
        a, b, c = [(await categories.create(session, actor=actor, given=each)).id for each in given]

    async def follow() -> None:
        async with parts.database.write(actor.scope) as session:
            await category_order.reorder(session, actor=actor, parent_id=None, ordered=[c, b, a])

    async with parts.database.write(actor.scope) as session:
        await category_order.reorder(session, actor=actor, parent_id=None, ordered=[b, c, a])
        following = asyncio.create_task(follow(), context=Context())
        await when_blocked_by(session)
    await following
    async with parts.database.read(actor.scope) as session:
        found = await categories.roots(session)
    assert [(each.id, each.position) for each in found] == [(c, 0), (b, 1), (a, 2)]
