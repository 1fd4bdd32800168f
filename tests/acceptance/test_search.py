"""Searching a shop in Arabic and English, narrowing what was found, and leafing through it."""

import pytest

from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Shop
from tests.support.searches import SearchClient

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
        ("قهووة", "arabic-coffee-with-cardamom", "قهوه"),
        ("coffee machine", "arabic-coffee-with-cardamom", "coffee"),
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
