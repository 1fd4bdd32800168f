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
        ("en;q=inf, ar;q=0.1", ARABIC),
        ("en;q=1.5, ar;q=0.1", ARABIC),
        ("en-GB;q=0.5, en;q=0.1, ar;q=0.3", ENGLISH),
        ("ar_KW, en;q=0.1", ENGLISH),
        ("en ; q=0.3 , ar-EG ; q=0.4", ARABIC),
        ("en, *", ENGLISH),
        ("en;q=0.2, *;q=0.8", ARABIC),
        ("ar;q=0, *", ENGLISH),
    ],
)
@pytest.mark.parametrize("locale", ["ar", "en"])
async def test_texts_are_in_the_language_that_is_accepted(
    api: Api, factory: Factory, locale: str, accepted: str, language: tuple[str, str]
) -> None:
    shop = await factory.shop(locale=locale)
    await factory.product(shop)
    assert await shown(api, shop, {"accept-language": accepted}) == language


@pytest.mark.parametrize(
    "accepted",
    ["", "*", "fr", "x" * 5_000, ";;;,,,", "en;q=nan", "q=1", "ar;q=0", "english", "fr, *;q=0.5", "*;q=0", "x-ar"],
)
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


async def test_a_header_that_comes_twice_is_one_list(api: Api, factory: Factory) -> None:
    shop = await factory.shop(locale="en")
    await factory.product(shop)
    lines = [("sadu-tenant", shop.slug), ("accept-language", "fr, en;q=0.3"), ("accept-language", "ar;q=0.6")]
    answer = await api.http.post(
        "/graphql", json={"query": "{ store { name { text { value locale } } } }"}, headers=lines
    )
    assert answer.json()["data"]["store"]["name"]["text"] == {"value": "متجر", "locale": "AR"}


async def test_a_text_says_which_language_it_fell_back_to(api: Api, factory: Factory) -> None:
    """Mission S8: by argument, by header, and by the tenant's own language; also where the answer was kept."""
    shop = await factory.shop(locale="ar")
    rename = """mutation { tenantUpdate(input: {name: {en: "Only English"}, profile: {about: {ar: "نحن"}}}) {
      userErrors { code } tenant { name { text { locale isFallback } } }
    } }"""
    changed = (await api.execute(rename, token=shop.token, tenant=shop.slug)).payload("tenantUpdate")
    assert changed["tenant"]["name"]["text"] == {"locale": "EN", "isFallback": True}
    shown = "value locale direction isFallback"
    query = f"""{{ store {{
      name {{ text {{ {shown} }} english: text(locale: EN) {{ isFallback }} }}
      profile {{ about {{ text {{ {shown} }} }} terms {{ text {{ {shown} }} }} }}
    }} }}"""
    for accepted, fallbacks in (("ar", (True, False)), ("en", (False, True)), ("fr", (True, False))) * 2:
        headers = {"accept-language": accepted}
        store = (await api.execute(query, tenant=shop.slug, headers=headers)).data["store"]
        name = {"value": "Only English", "locale": "EN", "direction": "LTR", "isFallback": fallbacks[0]}
        assert store["name"] == {"text": name, "english": {"isFallback": False}}
        about = {"value": "نحن", "locale": "AR", "direction": "RTL", "isFallback": fallbacks[1]}
        assert store["profile"] == {"about": {"text": about}, "terms": None}
