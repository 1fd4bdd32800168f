"""Searching a shop in Arabic and English, narrowing what was found, and leafing through it."""

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Shop
from tests.support.searches import FACETS, RESULTS, SearchClient

DATES = {"en": "Ajwa dates, 1 kg", "ar": "تمر العجوة ١ كجم"}
OUD = {"en": "Cambodian oud oil", "ar": "دهن عود كمبودي"}
COFFEE = {"en": "Arabic coffee with cardamom", "ar": "قهوة عربية بالهيل"}
ABAYA = {"en": "Black silk abaya", "ar": "عباءة حرير سوداء"}


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    return CatalogClient.of(api, shop)


@pytest.fixture
async def searched(client: CatalogClient) -> SearchClient:
    """A small shop with four items that are told apart by every word."""
    await client.create(name=DATES, price="4.750", sku="DAT-001", description={"en": "Soft, from Madinah."})
    await client.create(name=OUD, price="25", stock=3)
    await client.create(name=COFFEE, price="3.250", stock=0)
    await client.create(name=ABAYA, price="35", kind="SERVICE")
    return SearchClient(client)


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("dates", "ajwa-dates-1-kg"),
        ("date", "ajwa-dates-1-kg"),
        ("DATES kg", "ajwa-dates-1-kg"),
        ("aj", "ajwa-dates-1-kg"),
        ("madinah", "ajwa-dates-1-kg"),
        ("dat-001", "ajwa-dates-1-kg"),
        ("تمر", "ajwa-dates-1-kg"),
        ("العجوه", "ajwa-dates-1-kg"),
        ("عجوة", "ajwa-dates-1-kg"),
        ("تَمْر", "ajwa-dates-1-kg"),
        ("تـــمـــر", "ajwa-dates-1-kg"),
        ("تمر 1 كجم", "ajwa-dates-1-kg"),
        ("تمر ١", "ajwa-dates-1-kg"),
        ("dates تمر", "ajwa-dates-1-kg"),
        ("عباية", "black-silk-abaya"),
        ("عباه", "black-silk-abaya"),
        ("oud كمبودي", "cambodian-oud-oil"),
        ("قهوه", "arabic-coffee-with-cardamom"),
        ("هيل", "arabic-coffee-with-cardamom"),
        ("\u200fق\u200cهوة\u202e", "arabic-coffee-with-cardamom"),
    ],
)
async def test_an_item_is_found_in_both_languages(searched: SearchClient, query: str, slug: str) -> None:
    """Mission S6."""
    found = await searched.find(query)
    assert found.slugs == [slug]
    assert (found.total, found.fuzzy, found.corrected) == (1, False, None)


@pytest.mark.parametrize(
    ("query", "slug", "corrected"),
    [
        ("ambodian oud", "cambodian-oud-oil", "cambodian oud"),
        ("abayah", "black-silk-abaya", "abaya"),
        ("cofee", "arabic-coffee-with-cardamom", "coffee"),
        ("قهووة", "arabic-coffee-with-cardamom", "قهوة"),
        ("coffee machine", "arabic-coffee-with-cardamom", "coffee"),
        ("«قهوه» بالهيييل", "arabic-coffee-with-cardamom", "قهوه بالهيل"),
        ("Coffee  Cardamon", "arabic-coffee-with-cardamom", "Coffee cardamom"),
        ("عبايه حرر", "black-silk-abaya", "عبايه حرير"),
    ],
)
async def test_a_typing_error_is_forgiven_and_told(
    searched: SearchClient, query: str, slug: str, corrected: str
) -> None:
    """Mission S6."""
    found = await searched.find(query)
    assert found.slugs[0] == slug
    assert (found.fuzzy, found.corrected) == (True, corrected)


async def test_nothing_is_found_of_what_is_not_there(searched: SearchClient) -> None:
    """Mission S6."""
    found = await searched.find("submarine")
    assert (found.slugs, found.total, found.fuzzy, found.corrected) == ([], 0, False, None)


async def test_results_are_narrowed_counted_and_leafed_through(searched: SearchClient) -> None:
    """Mission S6."""
    narrowed = {"price": {"gte": "3.250", "lte": "25"}, "availability": ["IN_STOCK", "FEW_LEFT"]}
    first = await searched.find(filter=narrowed, sort="PRICE_ASC", first=1)
    assert (first.slugs, first.total, first.has_next) == (["ajwa-dates-1-kg"], 2, True)
    second = await searched.find(filter=narrowed, sort="PRICE_ASC", first=1, after=first.end)
    assert (second.slugs, second.has_next) == (["cambodian-oud-oil"], False)
    counted = await searched.find(selection=f"{RESULTS} {FACETS}")
    assert counted.facet("kinds", "kind") == {"PRODUCT": 3, "SERVICE": 1}
    assert counted.facet("availabilities", "availability") == {"IN_STOCK": 2, "FEW_LEFT": 1, "SOLD_OUT": 1}
    assert counted.found["facets"]["prices"] == [
        {"gte": {"amount": "2.000"}, "lte": {"amount": "4.999"}, "count": 2},
        {"gte": {"amount": "20.000"}, "lte": {"amount": "49.999"}, "count": 2},
    ]


async def test_categories_with_those_below_and_tags_narrow_and_are_counted(client: CatalogClient) -> None:
    """Mission S6."""
    food = await client.category("Food")
    sweets = await client.category("Sweets", food["id"])
    await client.create(name=DATES, categoryIds=[sweets["id"]], tags=["Halal"])
    await client.create(name=COFFEE, categoryIds=[food["id"]])
    search = SearchClient(client)
    found = await search.find(filter={"category": "food"}, selection=f"{RESULTS} {FACETS}")
    assert found.total == 2
    counts = {each["category"]["slug"]: each["count"] for each in found.found["facets"]["categories"]}
    assert counts == {"food": 2, "sweets": 1}
    assert found.facet("tags", "tag") == {"halal": 1}
    assert (await search.find("halal")).slugs == ["ajwa-dates-1-kg"]
    assert (await search.find(filter={"tags": ["HALAL"]})).slugs == ["ajwa-dates-1-kg"]


async def test_names_are_sorted_in_the_language_that_is_asked_for(searched: SearchClient) -> None:
    """Mission S6."""
    english = await searched.find(sort="NAME", language="en")
    assert english.slugs == sorted(english.slugs)
    arabic = await searched.find(sort="NAME", language="ar")
    assert arabic.slugs == [
        "ajwa-dates-1-kg",
        "cambodian-oud-oil",
        "black-silk-abaya",
        "arabic-coffee-with-cardamom",
    ]


async def test_shoppers_find_active_items_alone_and_staff_every_one(searched: SearchClient, api: Api) -> None:
    """Mission S6."""
    catalog = searched.catalog
    staff = SearchClient(catalog, "tenant")
    draft = await catalog.create(name={"en": "Secret saffron"}, status="DRAFT")
    assert (await searched.find("saffron")).slugs == []
    assert (await staff.find("saffron")).slugs == [draft["slug"]]
    await catalog.change("catalogItemActivate", id=draft["id"])
    assert (await searched.find("saffron")).slugs == [draft["slug"]]
    await catalog.change("catalogItemArchive", id=draft["id"])
    assert (await searched.find("saffron ")).slugs == []
    document = '{ tenant { search(query: "saffron", status: [ARCHIVED]) { nodes { slug status } } } }'
    archived = (await catalog.ask(document)).data["tenant"]["search"]["nodes"]
    assert archived == [{"slug": draft["slug"], "status": "ARCHIVED"}]


async def test_a_cursor_belongs_to_one_search(searched: SearchClient) -> None:
    """Mission S6."""
    cursor = (await searched.find(sort="NEWEST", first=1)).end
    others: list[dict[str, Any]] = [
        {"sort": "PRICE_ASC"},
        {"sort": "NEWEST", "query": "oud"},
        {"sort": "NEWEST", "filter": {"kind": ["PRODUCT"]}},
    ]
    for other in others:
        assert await searched.refused(after=cursor, **other) == "BAD_USER_INPUT"
    for nonsense in ("", "x", "W10", "bnVsbA", "é", cursor[:-3]):
        assert await searched.refused(after=nonsense, sort="NEWEST") == "BAD_USER_INPUT"
    assert len((await searched.find(after=cursor, sort="NEWEST")).slugs) == 3


@pytest.mark.parametrize("narrowed", [{"kind": []}, {"tags": []}, {"availability": []}])
async def test_no_choice_narrows_nothing(searched: SearchClient, narrowed: dict[str, Any]) -> None:
    """Mission S6: nothing ticked is as good as not asked."""
    found = await searched.find(filter=narrowed, selection=f"{RESULTS} {FACETS}")
    assert (len(found.slugs), found.total, found.facet("kinds", "kind")) == (4, 4, {"PRODUCT": 3, "SERVICE": 1})
    assert (await searched.find(filter={"tags": ["\u200b"]})).slugs == [], "a tag that no item can have is a choice"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"query": "a" * 201}, "query"),
        ({"first": 101}, "first"),
        ({"filter": {"price": {"gte": "-1"}}}, "filter.price.gte"),
        ({"filter": {"price": {"lte": "1.0001"}}}, "filter.price.lte"),
        ({"filter": {"tags": ["x"] * 21}}, "filter.tags"),
    ],
)
async def test_what_cannot_be_searched_for_is_refused(
    searched: SearchClient, given: dict[str, Any], field: str
) -> None:
    """Mission S6."""
    assert await searched.refused(**given) == "BAD_USER_INPUT"
    (error,) = (await searched.send(**given)).body["errors"]
    assert error["extensions"]["field"] == field.split(".")


@pytest.mark.parametrize("query", ["' | !(:*", "%_\\", "\u202e\u200b", "😀", "& |"])
async def test_whatever_is_typed_is_answered(searched: SearchClient, query: str) -> None:
    """Mission S6."""
    for given in ({}, {"filter": {"category": query}}, {"filter": {"tags": [query]}}):
        await searched.find(query, **given)
