"""Searching the catalogue: by shoppers among active items, by staff among all.

An engine finds identifiers; the items themselves are read as any list reads them, and what has meanwhile left the store
is left out. A cursor belongs to one search: to its text, filter, sort and engine.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from db.models import CatalogItem
from db.queries import catalog_items
from db.queries.selections import Selection
from db.rows import Rows
from domain.actors import Actor, Permission, require
from domain.along import Along
from domain.catalog import item_position, read_items
from domain.errors import FaultCode, UserFault
from domain.pages import Page, PageRequest
from domain.ports import SearchEngine
from domain.searches import (
    Dimension,
    Facets,
    Match,
    Matches,
    Place,
    Search,
    checked_filter,
    checked_text,
    is_impossible,
)

ACTIVE = ("active",)
EVERY_STATUS = ("active", "draft", "archived")


@dataclass(frozen=True, slots=True)
class FoundPage(Page[CatalogItem]):
    """Items in the order in which they were found. Their cursors say how the engine got there."""

    places: Mapping[UUID, str]

    def cursor(self, row: CatalogItem) -> str:
        return self.places[row.id]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of matches, before their items are read."""

    tenant_id: UUID
    wanted: Search
    page: PageRequest
    matches: Matches

    @property
    def item_ids(self) -> Sequence[UUID]:
        return [match.item_id for match in self.matches.found[: self.page.first]]


async def browse(engine: SearchEngine, *, tenant_id: UUID, wanted: Search, page: PageRequest) -> Found:
    """What the storefront finds: active items. Faults: TOO_LONG text, INVALID filter or cursor."""
    return await find(engine, tenant_id, replace(wanted, statuses=ACTIVE), page)


async def search(engine: SearchEngine, *, actor: Actor, wanted: Search, page: PageRequest) -> Found:
    """What the back office finds: items of the statuses that are wanted, of any without. Faults: as `browse`."""
    require(actor, Permission.CATALOG_READ)
    return await find(engine, actor.tenant, replace(wanted, statuses=wanted.statuses or EVERY_STATUS), page)


async def find(engine: SearchEngine, tenant_id: UUID, wanted: Search, page: PageRequest) -> Found:
    wanted = replace(wanted, text=checked_text(wanted.text), narrowed=checked_filter(wanted.narrowed))
    after = None if page.after is None else decode_cursor(page.after, fingerprint(engine, wanted))
    if is_impossible(wanted.narrowed):
        return Found(tenant_id, wanted, page, Matches(()))
    matches = await engine.find(tenant_id, wanted, first=page.first + 1, after=after)
    return Found(tenant_id, wanted, page, matches)


async def items_found(
    rows: Rows, *, engine: SearchEngine, found: Found, selection: Selection
) -> Along[Page[CatalogItem]]:
    """The items of a page, in the order of the matches."""
    matches, narrows = found.matches, tuple(found.wanted.statuses) == ACTIVE
    statement = catalog_items.items_by_ids(selection, active=narrows)
    items = read_items(await rows.fetch(statement, {"item_ids": list(found.item_ids)}), selection)
    by_id = {item.id: item for item in items.value}
    mark = fingerprint(engine, found.wanted)
    page = FoundPage(
        rows=[by_id[item_id] for item_id in found.item_ids if item_id in by_id],
        position=item_position,
        has_next=len(matches.found) > found.page.first,
        has_previous=found.page.after is not None,
        places={match.item_id: encode_cursor(match, matches.reading, mark) for match in matches.found},
    )
    return Along(page, items.values)


async def count(engine: SearchEngine, *, found: Found) -> int:
    """How many match in all, up to `MOST_COUNTED`."""
    if is_impossible(found.wanted.narrowed):
        return 0
    return await engine.count(found.tenant_id, found.wanted, reading=found.matches.reading)


async def facets(engine: SearchEngine, *, found: Found, dimensions: Collection[Dimension]) -> Facets:
    """How many match of each category, tag, kind, availability and price, each under the filters of the others."""
    if is_impossible(found.wanted.narrowed):
        return Facets({})
    return await engine.facets(found.tenant_id, found.wanted, reading=found.matches.reading, dimensions=dimensions)


def fingerprint(engine: SearchEngine, wanted: Search) -> str:
    """What cursors of the same search have in common."""
    return hashlib.sha256(f"{engine.name} {wanted!r}".encode(errors="replace")).hexdigest()[:16]


def encode_cursor(match: Match, reading: str, mark: str) -> str:
    raw = json.dumps([mark, match.position, str(match.item_id), reading], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, mark: str) -> Place:
    """Raises a fault for anything that this server did not make for the same search."""
    try:
        made_for, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found = read_place(*place)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserFault(FaultCode.INVALID, "This cursor was not made by this list.", ("after",)) from error
    if made_for != mark:
        message = "This cursor belongs to another search: begin anew where text, filter or sort change."
        raise UserFault(FaultCode.INVALID, message, ("after",))
    return found


def read_place(position: object, item_id: str, reading: object) -> Place:
    if not isinstance(position, str) or not isinstance(reading, str):
        raise TypeError("a cursor holds texts")
    return Place(Match(UUID(item_id), position), reading)
