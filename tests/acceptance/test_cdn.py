"""A storefront behind a CDN: its queries are registered, asked for by GET, and kept near the shopper for seconds."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from settings import Settings
from tests.support.cdn import Cdn
from tests.support.documents import PAGE, STOCK, TOLD, id_of, trusting_api, url_of
from tests.support.factories import Factory, Shop
from tests.support.storefront import Storefront

SECONDS = 2
URL = url_of(PAGE)


@dataclass(frozen=True, slots=True)
class Edge:
    """The CDN that a shop's shoppers reach, and the API behind it."""

    cdn: Cdn
    origin: Storefront

    @property
    def host(self) -> dict[str, str]:
        return {"host": f"{self.origin.shop.slug}.localhost"}


@pytest.fixture
async def edge(settings: Settings, tmp_path: Path, shop: Shop, factory: Factory) -> AsyncGenerator[Edge]:
    await factory.product(shop)
    async with trusting_api(settings, tmp_path, cdn_seconds=SECONDS) as (api, parts):
        origin = Storefront(api, parts, shop)
        await origin.warm()
        yield Edge(Cdn(api.http), origin)


async def test_shoppers_are_answered_by_the_cdn(edge: Edge) -> None:
    first = await edge.cdn.get(URL, edge.host)
    assert first.json()["data"]["store"]["slug"] == edge.origin.shop.slug
    assert "extensions" not in first.json(), "what the first one paid is nobody else's business"
    assert first.headers["cache-control"] == f"public, max-age={SECONDS}, s-maxage={SECONDS}"
    assert first.headers["content-type"] == "application/json; charset=utf-8"
    for _ in range(20):
        assert (await edge.cdn.get(URL, edge.host)).content == first.content
    assert edge.cdn.asked == [200]


async def test_what_has_not_changed_is_not_sent_again(edge: Edge) -> None:
    await edge.cdn.get(URL, edge.host)
    await asyncio.sleep(SECONDS)
    await edge.cdn.get(URL, edge.host)
    await edge.cdn.get(URL, edge.host)
    assert edge.cdn.asked == [200, 304]


async def test_a_304_tells_all_that_a_cache_has_to_know(edge: Edge) -> None:
    http = edge.origin.api.http
    full = await http.get(URL, headers=edge.host)
    tag = full.headers["etag"]
    assert tag.startswith('"')
    for condition in (tag, f"W/{tag}", "*", f'"other", {tag}'):
        bare = await http.get(URL, headers=edge.host | {"if-none-match": condition})
        assert (bare.status_code, bare.content) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert bare.headers[name] == full.headers[name]
        assert {"content-length", "content-type"}.isdisjoint(bare.headers)
    for condition in ('"other"', tag.strip('"'), ""):
        assert (await http.get(URL, headers=edge.host | {"if-none-match": condition})).content == full.content


async def test_the_tag_is_that_of_the_bytes(edge: Edge, settings: Settings, tmp_path: Path) -> None:
    """The same from memory or made anew, at every process; another for other bytes and for another media type."""
    http = edge.origin.api.http
    tags = [(await http.get(URL, headers=edge.host)).headers["etag"] for _ in range(3)]
    async with trusting_api(settings, tmp_path, storefront_cache=0) as (other, _parts):
        tags.append((await other.http.get(URL, headers=edge.host)).headers["etag"])
    assert len(set(tags)) == 1
    strict = {"accept": "application/graphql-response+json"}
    assert (await http.get(URL, headers=edge.host | strict)).headers["etag"] not in tags
    assert (await http.get(url_of(PAGE, variables={"first": 0}), headers=edge.host)).headers["etag"] not in tags


async def test_without_the_memory_answers_may_be_shared_all_the_same(
    edge: Edge, settings: Settings, tmp_path: Path
) -> None:
    async with trusting_api(settings, tmp_path, storefront_cache=0, cdn_seconds=0) as (other, _parts):
        answer = await other.http.get(URL, headers=edge.host)
    assert answer.headers["cache-control"] == "public, max-age=0, s-maxage=0"
    assert "extensions" not in answer.json()


async def test_an_edit_is_shown_when_the_answer_has_become_as_old_as_it_may(edge: Edge) -> None:
    """Here by the API's own process, which knows of it at once: what is left is the CDN's time."""
    origin = edge.origin
    query = {"sadu-tenant": origin.shop.slug}
    before = await edge.cdn.get(URL, query)
    reply = await origin.api.execute(
        'mutation { catalogItemCreate(input: {kind: PRODUCT, status: ACTIVE, name: {en: "New"}, price: "1.000"}) '
        "{ userErrors { code } } }",
        token=origin.shop.token,
        tenant=origin.shop.slug,
    )
    reply.payload("catalogItemCreate")
    assert (await edge.cdn.get(URL, query)).content == before.content
    await asyncio.sleep(SECONDS)
    assert len((await edge.cdn.get(URL, query)).json()["data"]["store"]["items"]["nodes"]) == 2


async def test_shops_languages_and_people_are_not_mixed_up(edge: Edge, factory: Factory) -> None:
    other = await factory.shop()
    shop = edge.origin.shop
    for _ in range(2):
        by_host = await edge.cdn.get(URL, {"host": f"{other.slug}.localhost"})
        assert by_host.json()["data"]["store"]["slug"] == other.slug
        for slug in (shop.slug, other.slug):
            by_header = await edge.cdn.get(URL, {"sadu-tenant": slug})
            assert by_header.json()["data"]["store"]["slug"] == slug
        for language, name in (("ar", "تمر عجوة"), ("en", "Ajwa dates")):
            told = await edge.cdn.get(URL, edge.host | {"accept-language": language})
            assert told.json()["data"]["store"]["items"]["nodes"][0]["name"]["value"] == name
        strict = await edge.cdn.get(URL, edge.host | {"accept": "application/graphql-response+json"})
        assert strict.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
        await edge.cdn.get(URL, edge.host)
    assert edge.cdn.asked == [200] * 7
    for credentials in ({"authorization": f"Bearer {shop.token}"}, {"cookie": "session=1"}):
        for count in (1, 2):
            asked = len(edge.cdn.asked)
            await edge.cdn.get(URL, edge.host | credentials)
            assert len(edge.cdn.asked) == asked + 1, count


async def test_errors_and_what_is_not_public_are_never_kept(edge: Edge) -> None:
    unknown = f"/graphql?documentId={id_of('{ store { id } }')}"
    urls = (url_of(TOLD), url_of(STOCK), url_of(PAGE, variables={"first": -1}), unknown, "/graphql?query={__typename}")
    for url in urls:
        for _ in range(2):
            answer = await edge.cdn.get(url, edge.host)
            assert answer.headers["cache-control"] == "private, no-store"
    nobody = {"host": "nobody-has-this.localhost"}
    for _ in range(2):
        assert (await edge.cdn.get(URL, nobody)).headers["cache-control"] == "private, no-store"
    assert len(edge.cdn.asked) == 2 * (len(urls) + 1)


async def test_all_spellings_of_a_request_share_one_answer_in_memory(edge: Edge) -> None:
    """The API looks at what they ask, and not how it is written."""
    http, origin = edge.origin.api.http, edge.origin
    await asyncio.sleep(1)
    document = id_of(PAGE)
    urls = [
        url_of(PAGE, variables={"first": 1}),
        url_of(PAGE, variables='{ "first" :1}', operationName=""),
        f"/graphql?variables=%7B%22first%22%3A1%7D&documentId={document.replace(':', '%3A')}",
    ]
    first = await http.get(urls[0], headers=edge.host)
    with origin.counted() as statements:
        answers = [await http.get(url, headers=edge.host) for url in urls]
    assert statements == []
    assert {answer.headers["etag"] for answer in answers} == {first.headers["etag"]}


async def test_a_suspended_shop_is_not_shared(edge: Edge, factory: Factory) -> None:
    operator = (await factory.operator()).token
    named = (await edge.origin.shown("{ store { id } }"))["store"]["id"]
    mutation = "mutation($input: TenantStandingInput!) { tenantSuspend(input: $input) { userErrors { code } } }"
    await edge.cdn.get(URL, edge.host)
    (await edge.origin.api.admin(mutation, {"input": {"id": named}}, token=operator)).payload("tenantSuspend")
    refused = await edge.origin.api.http.get(URL, headers=edge.host)
    assert (refused.status_code, refused.headers["cache-control"]) == (403, "private, no-store")
    await asyncio.sleep(SECONDS)
    assert (await edge.cdn.get(URL, edge.host)).status_code == 403


async def test_an_answer_depends_on_nothing_that_it_does_not_name(edge: Edge) -> None:
    answer = await edge.origin.api.http.get(URL, headers=edge.host)
    named = {"accept", "accept-language", "authorization", "cookie", "sadu-tenant", "x-forwarded-host"}
    assert set(answer.headers["vary"].lower().split(", ")) == named
