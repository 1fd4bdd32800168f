"""Metadata: texts that a merchant and their programs keep beside a thing, on a side for everybody and one for staff.

Each key is a row of its own: whoever sets one leaves the others alone. It is no part of the thing's version, so a
program that writes here makes nobody's edit stale.
"""

import re
import unicodedata
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    CatalogItem,
    CatalogItemMetadata,
    CatalogVariant,
    CatalogVariantMetadata,
    Category,
    CategoryMetadata,
    MetadataEntry,
)
from domain.actors import Actor, Permission, require
from domain.errors import FaultCode, Faults, UserFault, not_found

Owner = type[CatalogItem] | type[CatalogVariant] | type[Category]
Table = type[CatalogItemMetadata] | type[CatalogVariantMetadata] | type[CategoryMetadata]
Entries = Mapping[uuid.UUID, list[MetadataEntry]]
Batch = Callable[[AsyncSession, Sequence[uuid.UUID]], Awaitable[Entries]]

TABLES: Mapping[Owner, Table] = {
    CatalogItem: CatalogItemMetadata,
    CatalogVariant: CatalogVariantMetadata,
    Category: CategoryMetadata,
}
KEY = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
MOST_ENTRIES = 50
LONGEST_VALUE = 2_000


@dataclass(frozen=True, slots=True)
class Side:
    """The public or the private metadata of one thing."""

    owner: Owner
    owner_id: uuid.UUID
    is_private: bool

    @property
    def table(self) -> Table:
        return TABLES[self.owner]


def batch(table: Table, *, is_private: bool) -> Batch:
    """Reads one side of several things, in the order of the keys; for a loader."""

    async def entries_of(session: AsyncSession, owner_ids: Sequence[uuid.UUID]) -> Entries:
        statement = select(table).where(table.owner_id.in_(owner_ids), table.is_private.is_(is_private))
        found: dict[uuid.UUID, list[MetadataEntry]] = {owner_id: [] for owner_id in owner_ids}
        for entry in (await session.execute(statement.order_by(table.key))).scalars():
            found[entry.owner_id].append(entry)
        return found

    return entries_of


public_of_items, private_of_items = (batch(CatalogItemMetadata, is_private=each) for each in (False, True))
public_of_variants, private_of_variants = (batch(CatalogVariantMetadata, is_private=each) for each in (False, True))
public_of_categories, private_of_categories = (batch(CategoryMetadata, is_private=each) for each in (False, True))


def sees_private(actor: Actor) -> bool:
    """The private side is for staff."""
    return actor.may(Permission.CATALOG_READ)


async def set_entries(
    session: AsyncSession, *, actor: Actor, side: Side, entries: Sequence[tuple[str, str]]
) -> list[MetadataEntry]:
    """Set these keys and leave the others alone; the whole side as it is then.

    Faults: NOT_FOUND; INVALID, TOO_LONG or REQUIRED entries; LIMIT_REACHED, too many keys.
    """
    require(actor, Permission.CATALOG_MANAGE)
    check_entries(entries)
    await lock(session, actor, side)
    common = {"tenant_id": actor.tenant, "owner_id": side.owner_id, "is_private": side.is_private}
    statement = insert(side.table).values([common | {"key": key, "value": value} for key, value in entries])
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "owner_id", "is_private", "key"], set_={"value": statement.excluded.value}
        )
    )
    if await number_of(session, side) > MOST_ENTRIES:
        message = f"There are at most {MOST_ENTRIES} keys on each side: delete some first."
        raise UserFault(FaultCode.LIMIT_REACHED, message, ("entries",))
    return await entries_on(session, side)


async def delete_entries(
    session: AsyncSession, *, actor: Actor, side: Side, keys: Sequence[str]
) -> list[MetadataEntry]:
    """Delete these keys, whether they are there or not; the whole side as it is then. Faults: NOT_FOUND, INVALID."""
    require(actor, Permission.CATALOG_MANAGE)
    check_keys(keys)
    await lock(session, actor, side)
    table = side.table
    mine = table.owner_id == side.owner_id, table.is_private.is_(side.is_private), table.key.in_(keys)
    await session.execute(delete(table).where(*mine))
    return await entries_on(session, side)


async def copy_public(session: AsyncSession, owner: Owner, copies: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Give new things the public metadata of those that they are copies of, under the locks of these.

    The private side stays behind: it is what programs know one thing by, as its external reference is.
    """
    table = TABLES[owner]
    for entries in (await batch(table, is_private=False)(session, [*copies])).values():
        session.add_all(
            table(
                tenant_id=entry.tenant_id,
                owner_id=copies[entry.owner_id],
                is_private=False,
                key=entry.key,
                value=entry.value,
            )
            for entry in entries
        )
    await session.flush()


async def lock(session: AsyncSession, actor: Actor, side: Side) -> None:
    """Those who write on one thing take turns: else all of them could add a last key. Fault: NOT_FOUND.

    A variant's is its item's, as for every edit of it: orders hold the variant's own row.
    """
    owner, owner_id = side.owner, side.owner_id
    if owner is CatalogVariant:
        variant = await session.get(CatalogVariant, (actor.tenant, owner_id))
        if variant is None:
            raise nothing_to_note()
        owner, owner_id = CatalogItem, variant.item_id
    if await session.get(owner, (actor.tenant, owner_id), with_for_update={"key_share": True}) is None:
        raise nothing_to_note()


def nothing_to_note() -> UserFault:
    return not_found("item, variant or category", "id")


async def number_of(session: AsyncSession, side: Side) -> int:
    table = side.table
    counted = select(func.count()).where(table.owner_id == side.owner_id, table.is_private.is_(side.is_private))
    return (await session.execute(counted)).scalar_one()


async def entries_on(session: AsyncSession, side: Side) -> list[MetadataEntry]:
    return (await batch(side.table, is_private=side.is_private)(session, [side.owner_id]))[side.owner_id]


def check_entries(entries: Sequence[tuple[str, str]]) -> None:
    """Raises everything that is wrong with them."""
    faults = Faults()
    with faults.collecting():
        check_number(entries, "entries")
    for place, (key, value) in enumerate(entries):
        at = "entries", str(place)
        if not KEY.fullmatch(key):
            faults.found.append(bad_key(*at, "key"))
        elif key in {earlier for earlier, _ in entries[:place]}:
            faults.add(FaultCode.INVALID, "This key is given twice.", *at, "key")
        if len(value) > LONGEST_VALUE:
            faults.add(FaultCode.TOO_LONG, f"At most {LONGEST_VALUE} characters.", *at, "value")
        elif any(unicodedata.category(each) in {"Cc", "Cs"} and each not in "\n\r\t" for each in value):
            faults.add(FaultCode.INVALID, "Control characters are not allowed.", *at, "value")
    faults.raise_any()


def check_keys(keys: Sequence[str]) -> None:
    faults = Faults()
    with faults.collecting():
        check_number(keys, "keys")
    for place, key in enumerate(keys):
        if not KEY.fullmatch(key):
            faults.found.append(bad_key("keys", str(place)))
    faults.raise_any()


def check_number(given: Sequence[object], field: str) -> None:
    if not given:
        raise UserFault(FaultCode.REQUIRED, "Name at least one key.", (field,))
    if len(given) > MOST_ENTRIES:
        raise UserFault(FaultCode.TOO_LONG, f"At most {MOST_ENTRIES} at once.", (field,))


def bad_key(*field: str) -> UserFault:
    message = "A key has 1 to 64 Latin letters, digits and any of `_ . : -`."
    return UserFault(FaultCode.INVALID, message, field)
