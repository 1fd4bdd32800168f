"""What the engine asks of Elasticsearch, and that its stand-in lets nothing pass that it does not know."""

import json
import uuid
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from elasticsearch import BadRequestError

from domain.errors import UserFault
from domain.search_indexes import IndexedItem
from domain.searches import Match, Place, Search, SearchSort
from integrations.elasticsearch_cluster import Cluster
from integrations.elasticsearch_indexes import ElasticsearchIndexes
from integrations.elasticsearch_queries import Asked, Term, search_after
from tests.support.elasticsearch.server import API_KEY, FakeElasticsearch, fake_elasticsearch

TENANT = uuid.uuid4()


@pytest.fixture
async def fake() -> AsyncGenerator[FakeElasticsearch]:
    with fake_elasticsearch() as fake:
        yield fake


@pytest.fixture
async def cluster(fake: FakeElasticsearch) -> AsyncGenerator[Cluster]:
    cluster = Cluster.at(fake.url, API_KEY, "test")
    yield cluster
    await cluster.close()


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"match": {"words": "dates"}}},
        {"query": {"term": {"kind": "product"}}},
        {"query": {"terms": {"unknown": ["a"]}}},
        {"query": {"terms": {"price": ["a"]}}},
        {"query": {"range": {"price": {"gt": 1}}}},
        {"query": {"bool": {"must": []}}},
        {"query": {"bool": {}}, "sort": [{"words": "asc"}]},
        {"query": {"bool": {}}, "sort": [{"price": {"order": "asc"}}]},
        {"query": {"bool": {}}, "sort": [{"price": "asc"}], "search_after": ["1"]},
        {"query": {"bool": {}}, "sort": [{"price": "asc"}], "search_after": [1, 2]},
        {"query": {"bool": {}}, "aggs": {"words": {"terms": {"field": "words"}}}},
        {"query": {"bool": {}}, "aggs": {"kinds": {"significant_terms": {"field": "kind"}}}},
        {"query": {"bool": {}}, "collapse": {"field": "kind"}},
        {"query": {"bool": {}}, "size": 10_001},
    ],
)
async def test_the_stand_in_refuses_what_it_does_not_know(cluster: Cluster, body: Mapping[str, Any]) -> None:
    indexes = ElasticsearchIndexes(cluster)
    await indexes.put_in_place(TENANT, await indexes.make(TENANT))
    with pytest.raises(BadRequestError):
        await cluster.client.search(index=cluster.alias(TENANT), body=dict(body))


async def test_what_was_written_is_found_once_it_was_refreshed(cluster: Cluster, fake: FakeElasticsearch) -> None:
    """So that no test finds at once what a cluster would find a second later."""
    indexes = ElasticsearchIndexes(cluster)
    await indexes.put_in_place(TENANT, await indexes.make(TENANT))
    await indexes.write(TENANT, [IndexedItem(uuid.uuid4(), 1, {"status": "active"})])
    body = {"query": {"terms": {"status": ["active"]}}}
    assert (await cluster.client.search(index=cluster.alias(TENANT), body=body))["hits"]["hits"] == []
    fake.indexes.named(cluster.alias(TENANT)).refresh()
    assert len((await cluster.client.search(index=cluster.alias(TENANT), body=body))["hits"]["hits"]) == 1


def asked(sort: SearchSort, *terms: Term) -> Asked:
    return Asked(Search("", ("active",), sort=sort), terms, partly=False, shelves=None)


@pytest.mark.parametrize(
    ("sort", "position"),
    [
        (SearchSort.PRICE_ASC, [1.5]),
        (SearchSort.PRICE_ASC, [True]),
        (SearchSort.PRICE_ASC, [2**63]),
        (SearchSort.PRICE_ASC, ["1"]),
        (SearchSort.PRICE_ASC, [1, 2]),
        (SearchSort.NAME_EN, [1]),
        (SearchSort.NAME_EN, ["\ud800"]),
        (SearchSort.RELEVANCE, [float("inf"), 1, 1]),
        (SearchSort.RELEVANCE, [float("nan"), 1, 1]),
        (SearchSort.RELEVANCE, [1]),
        (SearchSort.RELEVANCE, {"a": 1}),
    ],
)
def test_a_position_that_elasticsearch_would_refuse_is_a_fault(sort: SearchSort, position: object) -> None:
    """To the cluster it would be a mistake of ours."""
    place = Place(Match(TENANT, json.dumps(position)), "")
    with pytest.raises(UserFault):
        search_after(asked(sort, Term(["dates", "~date"])), place)


def test_ranks_are_the_same_on_every_copy_of_an_index() -> None:
    """No clause is scored by frequencies, which differ between copies."""
    query = asked(SearchSort.RELEVANCE, Term(["dates", "~date"], begun=True)).query()
    [rank] = query["bool"]["should"]
    assert {kind for each in rank["dis_max"]["queries"] for kind in each} == {"constant_score"}
    assert asked(SearchSort.NEWEST, Term(["dates"])).query()["bool"].keys() == {"filter"}
