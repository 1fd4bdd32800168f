"""Tags: words of a merchant's own that items are found by. `Halal` and `halal` are the same one."""

import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogItemTag
from db.queries.tags import ACTIVE_TAGS, EVERY_TAG
from db.rows import Rows
from domain.actors import Actor, Permission, require
from domain.errors import FaultCode, Faults, UserFault
from domain.pages import PageRequest
from domain.texts import cleaned, required

MOST_TAGS = 50
LONGEST_TAG = 64


@dataclass(frozen=True, slots=True)
class TagInUse:
    """A tag as one of its items spells it, and how many have it."""

    tag: str
    item_count: int


async def browse_tags(rows: Rows, *, page: PageRequest) -> list[TagInUse]:
    """The most used tags of active items: the public storefront. Drafts neither count nor lend their spelling."""
    return [TagInUse(*record) for record in await rows.fetch(ACTIVE_TAGS, {"most": page.first})]


async def list_tags(rows: Rows, *, actor: Actor, page: PageRequest) -> list[TagInUse]:
    """The most used tags of items of any status: the back office."""
    require(actor, Permission.CATALOG_READ)
    return [TagInUse(*record) for record in await rows.fetch(EVERY_TAG, {"most": page.first})]


async def tags_of(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[CatalogItemTag]]:
    """The tags of items, by item and in the order of their keys; for a loader."""
    statement = select(CatalogItemTag).where(CatalogItemTag.item_id.in_(item_ids)).order_by(CatalogItemTag.key)
    found: dict[uuid.UUID, list[CatalogItemTag]] = {item_id: [] for item_id in item_ids}
    for tag in (await session.execute(statement)).scalars():
        found[tag.item_id].append(tag)
    return found


def tag_key(tag: str) -> str | None:
    """What a tag is found by; None for a text that no tag can be."""
    try:
        text = cleaned(spaced(tag), limit=LONGEST_TAG)
    except UserFault:
        return None
    return folded(text) if text else None


def checked_tags(tags: Sequence[str], *field: str) -> dict[str, str]:
    """The tags as they will be stored, by key; of several spellings of one the first counts.

    Raises everything that is wrong with them: REQUIRED for an empty one, TOO_LONG for one or for all, INVALID.
    """
    faults = Faults()
    found: dict[str, str] = {}
    for place, each in enumerate(tags):
        with faults.collecting():
            tag = required(spaced(each), *field, str(place), limit=LONGEST_TAG)
            found.setdefault(folded(tag), tag)
    if len(found) > MOST_TAGS:
        faults.add(FaultCode.TOO_LONG, f"An item has at most {MOST_TAGS} tags.", *field)
    faults.raise_any()
    return found


def new_tags(item: CatalogItem, tags: Mapping[str, str]) -> list[CatalogItemTag]:
    return [CatalogItemTag(tenant_id=item.tenant_id, item_id=item.id, key=key, tag=tag) for key, tag in tags.items()]


async def replace_tags(session: AsyncSession, item: CatalogItem, tags: Mapping[str, str]) -> None:
    """Give the item exactly these tags. Its lock is the caller's."""
    await replace_all_tags(session, [(item, tags)])


async def replace_all_tags(session: AsyncSession, wanted: Sequence[tuple[CatalogItem, Mapping[str, str]]]) -> None:
    """As `replace_tags`, of several items at once."""
    if not wanted:
        return
    tagged = await tags_of(session, [item.id for item, _ in wanted])
    for item, tags in wanted:
        current = {each.key: each for each in tagged[item.id]}
        for key in current.keys() - tags.keys():
            await session.delete(current[key])
        for key in current.keys() & tags.keys():
            current[key].tag = tags[key]
        session.add_all(new_tags(item, {key: tag for key, tag in tags.items() if key not in current}))
    await session.flush()


def spaced(text: str) -> str:
    """White space of any kind and length becomes one space."""
    return " ".join(text.split())


def folded(tag: str) -> str:
    return unicodedata.normalize("NFC", tag.casefold())
