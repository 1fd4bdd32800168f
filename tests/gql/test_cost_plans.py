"""What queries cost: by their page sizes before they run, by the lengths of their lists afterwards."""

from time import process_time
from typing import Any

import pytest
import strawberry
from graphql import parse, validate

from gql.cost import sized
from gql.cost_plans import CostPlan
from gql.documents import Documents
from gql.pipeline import Api
from gql.schema import admin_schema, public_schema
from gql.schema_fields import fields_of
from tests.support.api import Api as Client
from tests.support.factories import Shop

CORE = Api(admin_schema).core
ITEMS = "{ store { items(first: %s) { nodes { id } } } }"


def plan(query: str) -> CostPlan:
    """The plan of a valid document's only operation."""
    document = Documents(CORE).get(query)
    assert document.errors == ()
    assert document.parse_error is None
    (found,) = document.cost_plans.values()
    return found


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ __typename }", {}, 0),
        ("{ store { slug } }", {}, 1),
        ("{ store { name { en } } }", {}, 2),
        ("{ store { items { nodes { id } } } }", {}, 1 + 1 + 20),
        (ITEMS % 3, {}, 1 + 1 + 3),
        (ITEMS % 0, {}, 1 + 1),
        ("{ store { items(first: 3) { edges { cursor node { id } } } } }", {}, 1 + 1 + 3 * 2),
        ("{ store { items(first: 3) { nodes { id } pageInfo { hasNextPage } totalCount } } }", {}, 1 + 1 + 3 + 1 + 20),
        ("{ store { a: items(first: 3) { nodes { id } } b: items(first: 4) { nodes { id } } } }", {}, 1 + 4 + 5),
        ("{ store { items(first: 3) { nodes { id } nodes { slug } } } }", {}, 1 + 1 + 3 + 3),
        ("{ store { items(first: 3) { nodes { variants { id price { amount } } } } } }", {}, 2 + 3 * (1 + 5 * 2)),
        ("query($n: Int!) { store { items(first: $n) { nodes { id } } } }", {"n": 50}, 52),
        ("query($n: Int!) { store { items(first: $n) { nodes { id } } } }", {"n": 50.0}, 52),
        ("query($n: Int!) { store { items(first: $n) { nodes { id } } } }", {"n": -3}, 2),
        ("query($n: Int! = 7) { store { items(first: $n) { nodes { id } } } }", {}, 9),
        ("query($n: Int) { store { items(first: $n) { nodes { id } } } }", {}, 22),
        ("query($n: Int!) { store { items(first: $n) { nodes { id } } } }", {"n": 1e300}, 2 + 2**31 - 1),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3),
        ('{ nodes(ids: "a") { id } }', {}, 1),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a"] * 9}, 9),
        ('query($i: [ID!]! = ["a", "b"]) { nodes(ids: $i) { id } }', {}, 2),
        ("query($i: ID!) { nodes(ids: [$i, $i]) { id } }", {"i": "a"}, 2),
        ("{ store { ...a } } fragment a on Store { items(first: 3) { ...b } } "
         "fragment b on CatalogItemConnection { nodes { id } }", {}, 5),
        ("{ store { ... { items(first: 3) { ... on CatalogItemConnection { nodes { id } } } } } }", {}, 5),
        ("{ store { ...a ...a } } fragment a on Store { items(first: 3) { nodes { id } } }", {}, 5),
        ("{ store { a: items(first: 3) { ...b } b: items(first: 5) { ...b } } } "
         "fragment b on CatalogItemConnection { nodes { id } }", {}, 1 + 4 + 6),
        ('{ nodes(ids: ["a"]) { ... on Node { id } ... on CatalogItem { variants { id } } } }', {}, 1 + 5),
        ("{ __schema { types { name } } }", {}, 300),
        ('{ __type(name: "Query") { name } }', {}, 20),
        ("mutation { sessionSignOut { userErrors { code } } }", {}, 10 + 2),
        ("mutation { a: sessionSignOut { userErrors { code } } b: sessionSignOut { __typename } }", {}, 22),
        ("{ platform { tenants(first: 3) { nodes { id } } } }", {}, 5),
    ],
)  # fmt: skip
def test_what_is_requested(query: str, variables: dict[str, Any], cost: int) -> None:
    assert plan(query).requested(variables) == cost


ITEM = {"variants": [{"id": "v"}], "name": {"en": "x"}}


@pytest.mark.parametrize(
    ("query", "data", "cost"),
    [
        (ITEMS % 50, {"store": {"items": {"nodes": [{"id": "a"}, {"id": "b"}]}}}, 1 + 1 + 2),
        (ITEMS % 50, {"store": {"items": {"nodes": []}}}, 2),
        ("{ s: store { i: items(first: 50) { n: nodes { id } } } }", {"s": {"i": {"n": [{"id": "a"}]}}}, 3),
        ("{ store { items(first: 9) { nodes { name { en } variants { id } } } } }",
         {"store": {"items": {"nodes": [ITEM, ITEM]}}}, 2 + 2 * (1 + 1 + 1)),
        ("{ store { ...a } } fragment a on Store { items(first: 9) { nodes { id } } }",
         {"store": {"items": {"nodes": [{"id": "a"}]}}}, 3),
        ('{ nodes(ids: ["a", "b"]) { ... on CatalogItem { variants { id } } ... on Order { lines { id } } } }',
         {"nodes": [{"variants": [{"id": "v"}]}, None]}, 2),
        ('{ store { item(slug: "x") { variants { id } } } }', {"store": {"item": None}}, 2),
        ('{ store { item(slug: "x") { name { en } } } }', {"store": {"item": None}}, 3),
        ("{ store { slug } }", None, 1),
        ("mutation { sessionSignOut { userErrors { code } } }", {"sessionSignOut": None}, 10),
        # more children than are assumed are more than was requested
        ("{ store { categories { children { id } } } }",
         {"store": {"categories": [{"children": [{"id": "c"}] * 1_000}]}}, 1 + 1 + 1_000),
    ],
)  # fmt: skip
def test_what_an_answer_cost(query: str, data: dict[str, Any] | None, cost: int) -> None:
    assert plan(query).actual(data) == cost


async def test_answers_cost_what_they_hold(api: Client, shop: Shop) -> None:
    variables = {"n": 7}
    query = """query($n: Int!) { store { ...s categories { id children { id } } } node(id: "x") { id } }
      fragment s on Store { items(first: $n) { totalCount edges { node { ...i } } nodes { ...i } } }
      fragment i on CatalogItem { id name { en } variants { id price { amount } } categories { slug } }"""
    data = (await api.execute(query, variables, tenant=shop.slug)).data
    assert plan(query).actual(data) == 1 + 1 + 20 + 1  # store, connection, count, node
    assert plan(query).requested(variables) > 200


def test_fragments_that_double_each_other_are_read_once() -> None:
    fragments = "".join(
        f"fragment f{n} on Category {{ a: children {{ ...f{n + 1} }} b: children {{ ...f{n + 1} }} }} "
        for n in range(24)
    )
    source = f"{{ store {{ categories {{ ...f0 }} }} }} {fragments} fragment f24 on Category {{ slug }}"
    document = parse(source)
    taken: list[float] = []
    for _ in range(3):
        began = process_time()
        compiled = compiled_alone(document)
        assert compiled.requested({}) == 1 + 10 * sum(10**level for level in range(25))
        taken.append(process_time() - began)
    assert min(taken) < 0.5, taken


def compiled_alone(document: Any) -> CostPlan:
    """Without the limits on a document's text, which would refuse it first."""
    operation, *fragments = document.definitions
    return CostPlan(CORE, {each.name.value: each for each in fragments}, operation)


def test_counting_an_answer_is_cheap() -> None:
    """It is done for each of thousands of answers a second."""
    query = "query($n: Int!) { store { name { en } items(first: $n) { nodes { id name { en } price { amount } } } } }"
    compiled = plan(query)
    item = {"id": "x", "name": {"en": "x"}, "price": {"amount": "1"}}
    data = {"store": {"name": {"en": "x"}, "items": {"nodes": [item] * 100}}}
    taken: list[float] = []
    for _ in range(5):
        began = process_time()
        for _ in range(1_000):
            compiled.actual(data)
        taken.append((process_time() - began) / 1_000)
    assert compiled.actual(data) == 3 + 100 * 3
    assert min(taken) < 20e-6, taken


def test_every_list_has_a_size() -> None:
    """Also the two schemas would not be built without."""
    for schema in (public_schema, admin_schema):
        printed = schema.as_str()
        fields = fields_of(Api(schema).core)
        paged = [name for name, field in fields.items() if "first" in field.args]
        assert len(paged) >= 4
        assert printed.count('@listSize(slicingArguments: ["first"]') == len(paged)


def test_a_list_without_a_size_is_a_mistake() -> None:
    @strawberry.type
    class Shelf:
        @strawberry.field
        def books(self) -> list[str]:
            return []

    @strawberry.type
    class Query:
        @strawberry.field
        def shelf(self) -> Shelf:
            return Shelf()

    with pytest.raises(TypeError, match=r"Shelf\.books"):
        sized(strawberry.Schema(Query))


def test_a_page_that_a_field_without_first_leads_to_is_a_mistake() -> None:
    @strawberry.type
    class Shelf:
        @strawberry.field
        def nodes(self) -> list[str]:
            return []

    @strawberry.type
    class Query:
        @strawberry.field
        def paged(self, first: int) -> Shelf:  # noqa: ARG002 - the schema alone is asked for
            return Shelf()

        @strawberry.field
        def whole(self) -> Shelf:
            return Shelf()

    with pytest.raises(TypeError, match=r"Shelf\.nodes"):
        sized(strawberry.Schema(Query))


COSTS = {"visitRecord": 4, "cartUpdate": 250, "paymentStart": 50}
"""What is written together with others; what tells whether a code is one, which must not be cheap to guess; and what
somebody outside is asked for."""


def test_every_mutation_costs_ten_but_what_is_written_with_others() -> None:
    mutations = [name for kind, name in fields_of(CORE) if kind == "Mutation"]
    for name in mutations:
        field = CORE.mutation_type.fields[name] if CORE.mutation_type else None
        given = "(input: {})" if field and field.args else ""
        document = parse(f"mutation {{ {name}{given} {{ __typename }} }}")
        assert all(
            "input" in error.message.lower() or "required" in error.message for error in validate(CORE, document)
        )
        assert compiled_alone(document).requested({}) == COSTS.get(name, 10), name


async def test_cost_and_limit_are_told(api: Client, shop: Shop) -> None:
    reply = await api.execute(ITEMS % 10_000, tenant=shop.slug)
    assert (reply.status, reply.codes) == (400, ["QUERY_TOO_COMPLEX"])
    assert "10002" in reply.body["errors"][0]["message"]
    assert "8000" in reply.body["errors"][0]["message"]
