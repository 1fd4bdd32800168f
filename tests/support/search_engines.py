"""A furnished shop for the contract of search engines, and every engine that the contract is tested with."""

import itertools
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bootstrap import Parts
from domain import catalog_items, categories
from domain.catalog_items import NewItem
from domain.catalog_variants import VariantFields
from domain.categories import NewCategory
from domain.ports import SearchEngine
from domain.searches import Dimension, Facets, Matches, Place, Search, SearchFilter, SearchSort
from domain.texts import LocalizedText
from integrations.postgres_search import PostgresSearch
from tests.support.elasticsearch.engine import indexed_engine
from tests.support.factories import Shop


@asynccontextmanager
async def postgres(parts: Parts) -> AsyncGenerator[SearchEngine]:
    yield PostgresSearch(parts.database)


ENGINES: Mapping[str, Callable[[Parts], AbstractAsyncContextManager[SearchEngine]]] = {
    "postgres": postgres,
    "elasticsearch": indexed_engine,
}
"""By name, how each is made. Whatever an engine needs besides, so as to know what was committed, it does in `find`."""

ACTIVE = ("active",)


def item(
    en: str,
    ar: str,
    price: str,
    *,
    kind: str = "product",
    status: str = "active",
    stock: int | None = None,
    sku: str | None = None,
    about: str | None = None,
    about_ar: str | None = None,
    category_ids: Sequence[uuid.UUID] = (),
    tags: Sequence[str] = (),
) -> NewItem:
    """An item with one variant."""
    return NewItem(
        kind=kind,
        status=status,
        name=LocalizedText(en, ar),
        description=LocalizedText(about, about_ar),
        category_ids=category_ids,
        tags=tags,
        only_variant=VariantFields(price=Decimal(price), stock=stock, sku=sku),
    )


@dataclass(frozen=True, slots=True)
class SearchedShop:
    """A shop with items that are known by a name each, and the engine that finds them."""

    engine: SearchEngine
    parts: Parts
    shop: Shop
    names: dict[uuid.UUID, str]

    async def shelf(self, slug: str, parent: uuid.UUID | None = None) -> uuid.UUID:
        given = NewCategory(LocalizedText(slug, None), slug=slug, parent_id=parent)
        async with self.parts.database.write(self.shop.actor.scope) as session:
            return (await categories.create(session, actor=self.shop.actor, given=given)).id

    async def put(self, name: str, given: NewItem) -> uuid.UUID:
        async with self.parts.database.write(self.shop.actor.scope) as session:
            made = await catalog_items.create(session, actor=self.shop.actor, given=given)
        self.names[made.id] = name
        return made.id

    async def matches(self, text: str = "", *, first: int = 50, after: Place | None = None, **wanted: Any) -> Matches:
        return await self.engine.find(self.shop.tenant.id, search(text, **wanted), first=first, after=after)

    async def find(self, text: str = "", **wanted: Any) -> list[str]:
        """Names of what is found, in its order."""
        return [self.names[each.item_id] for each in (await self.matches(text, **wanted)).found]

    async def leaf(self, text: str, *, first: int, **wanted: Any) -> list[list[str]]:
        """The same, page by page to the end."""
        pages: list[list[str]] = []
        after: Place | None = None
        for _ in itertools.repeat(None, 100):
            matches = await self.matches(text, first=first, after=after, **wanted)
            if not matches.found:
                return pages
            pages.append([self.names[each.item_id] for each in matches.found])
            after = Place(matches.found[-1], matches.reading)
        raise AssertionError("the list has no end")

    async def count(self, text: str = "", *, reading: str = "", **wanted: Any) -> int:
        return await self.engine.count(self.shop.tenant.id, search(text, **wanted), reading=reading)

    async def facets(self, text: str = "", **wanted: Any) -> Facets:
        return await self.engine.facets(
            self.shop.tenant.id, search(text, **wanted), reading="", dimensions=list(Dimension)
        )


def search(text: str, *, statuses: Any = ACTIVE, sort: SearchSort = SearchSort.RELEVANCE, **narrowed: Any) -> Search:
    return Search(text, statuses, SearchFilter(**narrowed), sort)


async def furnish(shop: SearchedShop) -> None:
    """Seven items: two dates, two oud, coffee, a service, a project; and a draft and an archived one of dates."""
    food = await shop.shelf("food")
    sweets = await shop.shelf("sweets", food)
    scents = await shop.shelf("scents")
    await shop.put(
        "ajwa",
        item("Ajwa dates", "تمر عجوة", "4.750", sku="DAT-001", stock=40, category_ids=[sweets], tags=["Halal", "عروض"]),
    )
    await shop.put(
        "sukari", item("Sukari dates, 2 kg", "تمر سكري ٢ كجم", "6.500", stock=2, category_ids=[sweets], tags=["halal"])
    )
    await shop.put("oil", item("Oud oil", "دهن عود", "25", stock=0, category_ids=[scents]))
    await shop.put(
        "oud", item("Cambodian oud", "عود كمبودي", "90", about="Dates well with bakhoor.", category_ids=[scents])
    )
    await shop.put("coffee", item("Arabic coffee", "قهوة عربية", "3.250", stock=5, category_ids=[food, sweets]))
    await shop.put("wrap", item("Gift wrapping", "تغليف هدايا", "1", kind="service"))
    await shop.put("iftar", item("Iftar meals", "إفطار صائم", "1.500", kind="project"))
    await shop.put("draft", item("Khalas dates", "تمر خلاص", "2", status="draft"))
