"""What every search engine promises. Whoever writes another adds it to `tests.support.search_engines.ENGINES`."""

import json
from collections.abc import AsyncGenerator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from bootstrap import Parts
from domain.catalog import Availability
from domain.errors import UserFault
from domain.searches import Dimension, Match, Place, SearchSort
from tests.support.factories import Factory
from tests.support.search_engines import ENGINES, SearchedShop, furnish, item

EVERY = ("active", "draft", "archived")
EVERYTHING = {"ajwa", "sukari", "oil", "oud", "coffee", "wrap", "iftar"}


@pytest.fixture(scope="module", params=ENGINES)
async def shop(request: pytest.FixtureRequest, parts: Parts, factory: Factory) -> AsyncGenerator[SearchedShop]:
    async with ENGINES[request.param](parts) as engine:
        made = SearchedShop(engine, parts, await factory.shop(), {})
        await furnish(made)
        yield made


@pytest.fixture
async def other(shop: SearchedShop, parts: Parts, factory: Factory) -> SearchedShop:
    """A shop of this test's own, with the same engine and nothing in it."""
    return SearchedShop(shop.engine, parts, await factory.shop(), {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dates", {"ajwa", "sukari", "oud"}),
        ("date", {"ajwa", "sukari", "oud"}),
        ("تمور", {"ajwa", "sukari"}),
        ("التمر", {"ajwa", "sukari"}),
        ("تمر dates", {"ajwa", "sukari"}),
        ("2 kg", {"sukari"}),
        ("٢ كجم", {"sukari"}),
        ("suk", {"sukari"}),
        ("DAT-001", {"ajwa"}),
        ("افطار", {"iftar"}),
        ("bakhoor", {"oud"}),
        ("HALAL", {"ajwa", "sukari"}),
        ("عروض", {"ajwa"}),
        ("", EVERYTHING),
        ("!?", EVERYTHING),
    ],
)
async def test_words_find_items(shop: SearchedShop, text: str, found: set[str]) -> None:
    """Mission S6."""
    assert set(await shop.find(text)) == found


async def test_names_stand_before_descriptions_and_what_is_available_before_what_is_not(shop: SearchedShop) -> None:
    """Mission S6."""
    assert (await shop.find("dates"))[-1] == "oud"
    assert (await shop.find("oud"))[:2] == ["oud", "oil"]


async def test_a_typing_error_is_forgiven_and_told(shop: SearchedShop) -> None:
    """Mission S6."""
    matches = await shop.matches("cofee")
    assert [shop.names[each.item_id] for each in matches.found] == ["coffee"]
    assert matches.corrected == "coffee"
    assert matches.reading
    assert await shop.count("cofee", reading=matches.reading) == 1
    exact = await shop.matches("coffee")
    assert (exact.reading, exact.corrected) == ("", None)


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("قهوه عربيا", "قهوه عربية"),
        ("Sukarri DATES", "sukari DATES"),
        ("عوود", "عود"),
        ("إفطاار صائم", "إفطار صائم"),
        ("عرووض", "عروض"),
    ],
)
async def test_a_correction_is_spelled_as_people_write(shop: SearchedShop, text: str, corrected: str) -> None:
    """Mission S6: words that are right as they were typed, others as names and tags write them; none folded."""
    assert (await shop.matches(text)).corrected == corrected


async def test_a_page_goes_on_by_the_reading_of_the_one_before(shop: SearchedShop) -> None:
    """Mission S6."""
    assert await shop.leaf("datess", first=1) == [[each] for each in await shop.find("dates")]


async def test_what_is_not_shown_corrects_nobodys_words(other: SearchedShop) -> None:
    """Mission S6: else a guest would learn, letter by letter, what a draft is called, or what was taken away."""
    await other.put("lamp", item("Lamp", "مصباح", "1"))
    await other.put("secret", item("Zamurrud lamp", "مصباح زمرد", "1", status="draft"))
    guessed = await other.matches("lamp zamurud")
    assert ([other.names[each.item_id] for each in guessed.found], guessed.corrected) == (["lamp"], "lamp")
    assert "zamurrud" not in guessed.reading
    told = await other.matches("zamurud", statuses=EVERY)
    assert ([other.names[each.item_id] for each in told.found], told.corrected) == (["secret"], "zamurrud")


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"category": "food"}, {"ajwa", "sukari", "coffee"}),
        ({"category": "sweets"}, {"ajwa", "sukari", "coffee"}),
        ({"category": "nowhere"}, set[str]()),
        ({"kinds": ["service", "project"]}, {"wrap", "iftar"}),
        ({"availabilities": [Availability.SOLD_OUT]}, {"oil"}),
        ({"availabilities": [Availability.FEW_LEFT]}, {"sukari", "coffee"}),
        ({"price_from": Decimal("4.750"), "price_to": Decimal("25")}, {"ajwa", "sukari", "oil"}),
        ({"price_from": Decimal(90)}, {"oud"}),
        ({"category": "food", "price_to": Decimal(4)}, {"coffee"}),
        ({"tags": ["halal"]}, {"ajwa", "sukari"}),
        ({"tags": ["عروض", "nowhere"]}, {"ajwa"}),
        ({"tags": ["nowhere"]}, set[str]()),
        ({"statuses": ("draft",)}, {"draft"}),
        ({"statuses": EVERY}, {*EVERYTHING, "draft"}),
    ],
)
@pytest.mark.parametrize("sort", [SearchSort.RELEVANCE, SearchSort.NAME_EN])
async def test_results_are_narrowed(
    shop: SearchedShop, sort: SearchSort, narrowed: Mapping[str, Any], found: set[str]
) -> None:
    """Mission S6."""
    assert set(await shop.find(sort=sort, **narrowed)) == found
    assert await shop.count(**narrowed) == len(found)


async def test_a_filter_that_hides_all_matches_does_not_make_words_wrong(shop: SearchedShop) -> None:
    matches = await shop.matches("coffee", kinds=["project"])
    assert (list(matches.found), matches.reading, matches.corrected) == ([], "", None)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (SearchSort.NEWEST, ["iftar", "wrap", "coffee", "oud", "oil", "sukari", "ajwa"]),
        (SearchSort.RELEVANCE, ["iftar", "wrap", "coffee", "oud", "oil", "sukari", "ajwa"]),
        (SearchSort.PRICE_ASC, ["wrap", "iftar", "coffee", "ajwa", "sukari", "oil", "oud"]),
        (SearchSort.PRICE_DESC, ["oud", "oil", "sukari", "ajwa", "coffee", "iftar", "wrap"]),
        (SearchSort.NAME_EN, ["ajwa", "coffee", "oud", "wrap", "iftar", "oil", "sukari"]),
        (SearchSort.NAME_AR, ["iftar", "wrap", "sukari", "ajwa", "oil", "oud", "coffee"]),
    ],
)
@pytest.mark.parametrize("first", [1, 3, 7])
async def test_a_list_is_leafed_through_in_its_order(
    shop: SearchedShop, sort: SearchSort, order: list[str], first: int
) -> None:
    """Mission S6."""
    pages = await shop.leaf("", first=first, sort=sort)
    assert [name for page in pages for name in page] == order
    assert {len(page) for page in pages[:-1]} <= {first}


@pytest.mark.parametrize("sort", SearchSort)
async def test_equal_items_each_have_their_place(other: SearchedShop, sort: SearchSort) -> None:
    """Mission S6."""
    for number in range(7):
        await other.put(str(number), item("Candle", "شمعة", "1"))
    for text in ("", "candle"):
        pages = await other.leaf(text, first=2, sort=sort)
        assert sorted(name for page in pages for name in page) == list("0123456")


async def test_counts_are_by_every_filter_but_their_own(shop: SearchedShop) -> None:
    """Mission S6."""
    whole = await shop.facets()
    assert dict(whole.of(Dimension.KIND)) == {"product": 5, "service": 1, "project": 1}
    assert dict(whole.of(Dimension.AVAILABILITY)) == {"in_stock": 4, "few_left": 2, "sold_out": 1}
    assert dict(whole.of(Dimension.PRICE)) == {"1": 2, "2": 1, "3": 1, "4": 1, "5": 1, "6": 1} or whole.counts
    assert sorted(count for _, count in whole.of(Dimension.CATEGORY)) == [2, 3, 3]
    assert dict(whole.of(Dimension.TAG)) == {"halal": 2, "عروض": 1}
    assert dict((await shop.facets(tags=["عروض"])).of(Dimension.TAG)) == {"halal": 2, "عروض": 1}
    services = await shop.facets(kinds=["service"])
    assert dict(services.of(Dimension.KIND)) == {"product": 5, "service": 1, "project": 1}
    assert dict(services.of(Dimension.AVAILABILITY)) == {"in_stock": 1}
    assert services.of(Dimension.CATEGORY) == []
    dates = await shop.facets("dates", price_to=Decimal(5))
    assert dict(dates.of(Dimension.KIND)) == {"product": 1}
    assert sum(count for _, count in dates.of(Dimension.PRICE)) == 3


async def test_no_engine_answers_with_what_is_another_tenants(shop: SearchedShop, other: SearchedShop) -> None:
    """Mission S6."""
    await other.put("theirs", item("Ajwa dates", "تمر عجوة", "4.750"))
    assert "theirs" not in {shop.names.get(each.item_id, "theirs") for each in (await shop.matches("ajwa")).found}
    assert await other.find("dates") == ["theirs"]
    assert await other.find("coffee") == []
    assert await other.find(category="food") == []
    assert await other.count() == 1
    assert dict((await other.facets()).of(Dimension.CATEGORY)) == {}
    assert await shop.find("ajwa") == ["ajwa"]


@pytest.mark.parametrize("position", ["", "x", "1e999", "9" * 40, "NaN", "'", "2026-01-01", "\ud800", "\0"])
@pytest.mark.parametrize(
    "reading",
    ["", "x", "[", "[1]", "[[1], 2]", '["a", "b"]', '{"a": 1}', "[" * 10_000, '[["\\ud800", "\\u0000"], false]'],
)
async def test_a_place_that_nobody_made_is_a_fault_or_nothing(shop: SearchedShop, position: str, reading: str) -> None:
    (known, *_) = shop.names
    for sort in SearchSort:
        try:
            await shop.matches("dates", sort=sort, after=Place(Match(known, position), reading))
        except UserFault as fault:
            assert fault.field == ("after",)  # noqa: PT017 - either is right


@pytest.mark.parametrize("meant", [["dates"] * 17, ["dates " * 60]])
async def test_a_cursor_cannot_ask_for_more_words_than_a_text(shop: SearchedShop, meant: list[str]) -> None:
    """Anybody can write one: thousands of words would be looked up for a request that pays for one search."""
    (known, *_) = shop.names
    with pytest.raises(UserFault) as raised:
        await shop.matches("dates", after=Place(Match(known, "4000"), json.dumps([meant, False])))
    assert raised.value.field == ("after",)


HOSTILE = [
    "a & b | !c <-> (d:*)",
    "'; DROP TABLE tenants; --",
    '"unclosed',
    "back\\slash \\' %_ %%",
    ":* :A &&& ||| !!! <<>>",
    "😀👨\u200d👩\u200d👧 dates",
    "\u202edates\u202c \u200f\u200e\u2066\u2069",
    "\u0640" * 100,
    "َُِّْ",
    "a" * 200,
    "dates " * 33,
    "ﷺ" * 60,
    "١" * 200,
    "\x01\x1f\x7f",
    "dates\u00a0\u3000\u2028oud",
    "ß İ ı ǆ Å ﬁ",
    "क्षि 日本語 עברית",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_is_typed_is_searched_for(shop: SearchedShop, text: str) -> None:
    """Mission S6."""
    matches = await shop.matches(text)
    await shop.count(text, reading=matches.reading)
    await shop.facets(text)
    for sort in SearchSort:
        await shop.matches(text, sort=sort)
