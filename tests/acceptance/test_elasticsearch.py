"""A shop that has outgrown Postgres: taken to Elasticsearch and back by the command, searched as before."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from bootstrap import Parts, build_parts, worker_parts
from cli.search_indexes import leave_index, reindex_tenant
from jobs.worker import drain
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.catalog import CatalogClient
from tests.support.elasticsearch.server import API_KEY, FakeElasticsearch, fake_elasticsearch
from tests.support.factories import Factory, Shop
from tests.support.searches import FACETS, RESULTS, SearchClient

DATES = {"en": "Ajwa dates, 1 kg", "ar": "تمر العجوة ١ كجم"}
Command = Callable[[Settings, str], Awaitable[object]]
COFFEE = {"en": "Arabic coffee with cardamom", "ar": "قهوة عربية بالهيل"}


@dataclass(frozen=True, slots=True)
class Deployment:
    """The product with a cluster, as its settings would have it."""

    settings: Settings
    parts: Parts
    api: Api
    fake: FakeElasticsearch

    async def work(self, shop: Shop) -> None:
        """The worker's part, and the refresh that the cluster does by itself each second."""
        await drain(worker_parts(self.parts))
        assert self.parts.cluster
        self.fake.indexes.named(self.parts.cluster.alias(shop.tenant.id)).refresh()

    def searched(self) -> list[str]:
        """What was searched in the cluster since last asked."""
        paths = [path for _, path in self.fake.asked if path.endswith("/_search")]
        self.fake.asked.clear()
        return paths


@pytest.fixture(scope="module")
async def deployment(settings: Settings) -> AsyncGenerator[Deployment]:
    with fake_elasticsearch() as fake:
        with_cluster = settings.model_copy(
            update={
                "search_engine": "elasticsearch",
                "elasticsearch_url": fake.url,
                "elasticsearch_api_key": SecretStr(API_KEY),
            }
        )
        parts = build_parts(with_cluster)
        async with running_api(parts) as api:
            yield Deployment(with_cluster, parts, api, fake)


@pytest.fixture
async def client(deployment: Deployment, shop: Shop) -> CatalogClient:
    made = CatalogClient.of(deployment.api, shop)
    await made.create(name=DATES, price="4.750", sku="DAT-001")
    await made.create(name=COFFEE, price="3.250", stock=0)
    return made


async def test_a_shop_goes_to_elasticsearch_and_back_and_nobody_notices(
    deployment: Deployment, client: CatalogClient, factory: Factory
) -> None:
    """Mission S6."""
    searches, slug = SearchClient(client), client.shop.slug
    asked = {"query": "تمور", "sort": "RELEVANCE", "selection": f"{RESULTS.replace('edges { cursor }', '')} {FACETS}"}
    asked["selection"] = asked["selection"].replace("endCursor", "hasPreviousPage")
    inside = (await searches.send(**asked)).data
    assert (deployment.searched(), inside["store"]["search"]["totalCount"]) == ([], 1)
    await reindex_tenant(deployment.settings, slug)
    asked["language"] = "en"  # another question: the answer to the first one may be remembered
    outside = (await searches.send(**asked)).data
    assert outside == inside
    assert set(deployment.searched()) == {f"/sadu-test-{client.shop.tenant.id}/_search"}
    fuzzy = await searches.find("cofee")
    assert (fuzzy.slugs, fuzzy.corrected) == (["arabic-coffee-with-cardamom"], "coffee")
    await client.create(name={"en": "Mabroom dates", "ar": None}, price="5")
    await deployment.work(client.shop)
    page = await searches.find("date", first=1)
    rest = await searches.find("date", first=1, after=page.end)
    assert {*page.slugs, *rest.slugs} == {"ajwa-dates-1-kg", "mabroom-dates"}
    other = CatalogClient.of(deployment.api, await factory.shop())
    deployment.searched()
    assert (await SearchClient(other).find("dates")).slugs == []
    assert deployment.searched() == []
    await leave_index(deployment.settings, slug)
    assert set((await searches.find("dates date")).slugs) == {"ajwa-dates-1-kg", "mabroom-dates"}
    assert (deployment.searched(), deployment.fake.indexes.by_name) == ([], {})


async def test_a_cluster_that_is_away_is_told_and_everything_else_goes_on(
    deployment: Deployment, client: CatalogClient
) -> None:
    """Mission S6."""
    searches = SearchClient(client)
    await reindex_tenant(deployment.settings, client.shop.slug)
    for how in ({"status": 503}, {"status": 429}, {"drops": True}, {"status": 401}):
        for _ in range(2):  # what fails in a hurry is executed again, step by step
            deployment.fake.fail("/_search", **how)
        assert await searches.refused(f"dates {how}") == "TEMPORARILY_UNAVAILABLE"
        deployment.fake.failures.clear()
    deployment.fake.fail("/_search", is_lasting=True, status=503)
    deployment.fake.fail("/_bulk", is_lasting=True, status=503)
    await client.create(name={"en": "Mabroom dates", "ar": None}, price="5")
    listed = await deployment.api.execute("{ store { items(first: 5) { nodes { slug } } } }", tenant=client.shop.slug)
    assert len(listed.data["store"]["items"]["nodes"]) == 3
    deployment.fake.failures.clear()


@pytest.mark.parametrize("command", [reindex_tenant, leave_index])
async def test_the_command_names_what_it_lacks(
    deployment: Deployment, settings: Settings, client: CatalogClient, command: Command
) -> None:
    with pytest.raises(SystemExit, match="no tenant has the slug nobody"):
        await command(deployment.settings, "nobody")
    with pytest.raises(SystemExit, match="SADU_SEARCH_ENGINE"):
        await command(settings, client.shop.slug)
    deployment.fake.fail("", is_lasting=True, status=403)
    with pytest.raises(SystemExit, match="AuthorizationException"):
        await command(deployment.settings, client.shop.slug)
    deployment.fake.failures.clear()
