"""Texts are shown in the language that the caller would rather read."""

from collections.abc import Mapping

import pytest

from tests.support.api import Api
from tests.support.factories import Factory, Shop

PLAIN = "{ store { name { value } items { nodes { name { value } variants { name { value } } } } } }"
ENGLISH, ARABIC = ("Ajwa dates", "Shop"), ("تمر عجوة", "متجر")


async def shown(api: Api, shop: Shop, headers: Mapping[str, str], argument: str = "") -> tuple[str, str]:
    """The names of the item and of the shop."""
    reply = await api.execute(PLAIN.replace("value", f"value{argument}"), tenant=shop.slug, headers=headers)
    store = reply.data["store"]
    return store["items"]["nodes"][0]["name"]["value"], store["name"]["value"].split()[0]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en", ENGLISH),
        ("ar", ARABIC),
        ("AR-KW", ARABIC),
        ("fr, ar;q=0.8, en;q=0.5", ARABIC),
        ("ar;q=0.2, en;q=0.7", ENGLISH),
        ("ar;q=0, en;q=0.1", ENGLISH),
        ("ar;q=often, en;q=0.1", ENGLISH),
    ],
)
@pytest.mark.parametrize("locale", ["ar", "en"])
async def test_texts_are_in_the_language_that_is_accepted(
    api: Api, factory: Factory, locale: str, accepted: str, language: tuple[str, str]
) -> None:
    shop = await factory.shop(locale=locale)
    await factory.product(shop)
    assert await shown(api, shop, {"accept-language": accepted}) == language


@pytest.mark.parametrize("accepted", ["", "*", "fr", "x" * 5_000, ";;;,,,", "en;q=nan", "q=1", "ar;q=0", "english"])
@pytest.mark.parametrize(("locale", "language"), [("ar", ARABIC), ("en", ENGLISH)])
async def test_what_is_not_understood_leaves_it_to_the_tenant(
    api: Api, factory: Factory, accepted: str, locale: str, language: tuple[str, str]
) -> None:
    shop = await factory.shop(locale=locale)
    await factory.product(shop)
    assert await shown(api, shop, {"accept-language": accepted}) == language
    assert await shown(api, shop, {}) == language


async def test_an_argument_wins_over_the_header(api: Api, factory: Factory, shop: Shop) -> None:
    await factory.product(shop)
    for accepted in ("ar", "en"):
        assert await shown(api, shop, {"accept-language": accepted}, "(locale: EN)") == ENGLISH
        assert await shown(api, shop, {"accept-language": accepted}, "(locale: AR)") == ARABIC
