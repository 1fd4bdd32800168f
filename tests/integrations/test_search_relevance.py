"""What people ask a Kuwaiti shop for, and that each part of the search is needed to find it."""

import re
from collections.abc import AsyncGenerator, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bootstrap import Parts
from db.security.roles import connected
from domain import catalog_items
from integrations.postgres_search import PostgresSearch
from settings import Settings
from tests.support.databases import Databases
from tests.support.factories import Factory
from tests.support.own_database import parts_of_own
from tests.support.relevance import AMONG_THREE, CATALOGUE, MISTAKEN, WRITTEN
from tests.support.search_engines import SearchedShop, item


@pytest.fixture(scope="module")
async def parts(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Parts]:
    """A database of its own, for parts of the search are taken out of it."""
    async with parts_of_own(databases, settings, f"{process_name}_relevance") as built:
        yield built


@pytest.fixture(scope="module")
async def shop(parts: Parts) -> SearchedShop:
    assert parts.settings.owner_database_url
    factory = Factory(parts, parts.settings.owner_database_url)
    made = SearchedShop(PostgresSearch(parts.database), parts, await factory.shop(), {})
    actor = made.shop.actor
    async with parts.database.write(actor.scope) as session:
        for offer in CATALOGUE:
            given = item(offer.en, offer.ar, "4.750", sku=offer.sku, about=offer.about_en, about_ar=offer.about_ar)
            stored = await catalog_items.create(session, actor=actor, given=given)
            made.names[stored.id] = offer.key
    return made


ASKED = len(WRITTEN) + len(MISTAKEN) + len(AMONG_THREE)
Change = Callable[[str], str]


def without(pattern: str, instead: str) -> Change:
    """Takes something out of a function, which must have had it."""

    def change(source: str) -> str:
        changed, count = re.subn(pattern, instead, source, flags=re.DOTALL)
        assert count, pattern
        return changed

    return change


PARTS: dict[str, tuple[str, Change]] = {
    "accents, vowel marks and hamzas are dropped": ("search_plain", without(r"normalize\(raw, NFKD\)", "raw")),
    "letters and digits that are written for each other are one": (
        "search_plain",
        without("'ىیې[^']*', '[^']*'", "'', ''"),
    ),
    "numbers part from words": ("search_plain", without(r"'\\1 \\2'", r"'\\1\\2'")),
    "English is stemmed": ("search_stem", without(r"RETURN coalesce\(.*?, word\);", "RETURN word;")),
    "the article of Arabic is taken off": ("search_stem", without(r"bare = substr\(word, \d\)", "bare = word")),
    "endings of Arabic are taken off": ("search_stem", without(r"RETURN CASE.*END;", "RETURN bare;")),
    "the last word may be half": ("search_term", without(r"begun AND", "false AND")),
    "words that say nothing are left out": ("search_words", without(r"word <> ALL", "word <> '' OR word <> ALL")),
    "words are taken for those that sound alike": (
        "search_spelling",
        without(r"WHERE NOT is_known AND", "WHERE false AND"),
    ),
    "letters that are mistaken for each other sound alike": (
        "search_sound",
        without(r"translate\(word, '[^']*', '[^']*'\)", "word"),
    ),
    "some of the words will do": ("search_query", without("WHEN partly THEN ' \\| '", "WHEN partly THEN ' & '")),
    "names weigh more than what else is said": (
        "find_documents",
        without(r"'\{0.*?\}', named", "'{1, 1, 1, 1}', words"),
    ),
}


async def make_again(superuser: AsyncConnection) -> None:
    """Makes every document anew, by the way that triggers go."""
    for statement in (
        "DELETE FROM search_vocabulary",
        "DELETE FROM search_documents",
        "INSERT INTO search_stale_items (tenant_id, item_id) SELECT tenant_id, id FROM catalog_items",
    ):
        await superuser.execute(text(statement))


async def missed(shop: SearchedShop) -> list[str]:
    """The queries whose results are not what was meant, with those."""
    wrong: list[str] = []
    for pairs, most, as_written in ((WRITTEN, 1, True), (MISTAKEN, 1, False), (AMONG_THREE, 3, False)):
        for query, meant in pairs:
            matches = await shop.matches(query, first=3)
            found = [shop.names[each.item_id] for each in matches.found]
            if not set(found[:most]) & set(meant.split()) or (as_written and matches.reading):
                wrong.append(f"{query}: {found} {matches.reading}")
    return wrong


async def test_the_first_result_is_what_was_meant(shop: SearchedShop) -> None:
    """Mission S6."""
    assert ASKED >= 60
    wrong = await missed(shop)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", PARTS)
async def test_each_part_of_the_search_is_needed(
    shop: SearchedShop, databases: Databases, process_name: str, part: str
) -> None:
    """Mission S6: what it finds is counted here without the part, by `pytest -rP`."""
    name, change = PARTS[part]
    async with connected(databases.url(f"{process_name}_relevance")) as superuser:
        found = await superuser.execute(
            text("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = :name"), {"name": name}
        )
        source: str = found.scalar_one()
        await superuser.exec_driver_sql(change(source))
        await make_again(superuser)
        try:
            wrong = await missed(shop)
        finally:
            await superuser.exec_driver_sql(source)
            await make_again(superuser)
    print(f"{ASKED - len(wrong)} of {ASKED} without: {part}")  # noqa: T201 - the figure is the point
    assert wrong
