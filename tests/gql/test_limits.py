"""What one document may ask for: hostile ones are refused at once, honest ones pass."""

from time import process_time

import pytest
from graphql import get_introspection_query, parse

from gql.limits import Shape
from tests.support.api import Api
from tests.support.factories import Shop

NESTED = "{ store { items(first: 30) { nodes { categories { items(first: 30) { nodes { categories { %s } } } } } } } }"
DOUBLING = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(24))

HOSTILE = {
    "nested lists": NESTED % "items(first: 30) { nodes { id } }",
    "a fragment bomb": f"{{ ...f0 }} {DOUBLING} fragment f24 on Query {{ store {{ slug }} }}",
    "aliases": "{ store { " + " ".join(f"a{n}: slug" for n in range(900)) + " } }",
    "one key": "{ store { name { " + "a: value " * 1300 + "} } }",
    "one key in fragments": "{ store { "
    + "".join(f"...f{n} " for n in range(300))
    + "} }"
    + "".join(f"fragment f{n} on Store {{ slug }} " for n in range(300)),
    "depth": "{ store { categories { " + "parent { " * 40 + "slug" + " }" * 43,
    "directives": "{ store { slug " + "@include(if: true) " * 600 + "} }",
    "root fields": "{ " + " ".join(f"s{n}: store {{ slug }}" for n in range(50)) + " }",
    "sign-ins": "mutation { "
    + " ".join(
        f's{n}: sessionSignIn(input: {{email: "a@b.test", password: "x"}}) {{ userErrors {{ code }} }}'
        for n in range(40)
    )
    + " }",
    "root fields behind fragments": "{ ...f ...f ...g } fragment f on Query { ...g ...g } fragment g on Query { "
    + " ".join(f"s{n}: store {{ slug }}" for n in range(5))
    + " }",
    "tokens": "{ " + "__typename " * 5_000 + "}",
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_document_is_refused_at_once(api: Api, shop: Shop, document: str) -> None:
    taken: list[float] = []
    for attempt in range(3):  # the machine may be busy with something else; a kept document would prove nothing
        began = process_time()
        reply = await api.execute(f"{document} # {attempt}", tenant=shop.slug)
        taken.append(process_time() - began)
        assert reply.codes[0] in ("QUERY_TOO_COMPLEX", "GRAPHQL_PARSE_FAILED"), reply.body
    assert min(taken) < 0.5, taken
    assert (await api.execute("{ __typename }")).data == {"__typename": "Query"}


async def test_page_sizes_in_variables_and_their_defaults_count(api: Api, shop: Shop) -> None:
    document = """query($n: Int! = 100) {
      store { items(first: $n) { nodes { categories { items(first: $n) { nodes { id } } } } } } }"""
    for variables in ({"n": 100}, {}, {"n": 10_000_000}):
        reply = await api.execute(document, variables, tenant=shop.slug)
        assert (reply.status, reply.codes) == (400, ["QUERY_TOO_COMPLEX"])
    assert (await api.execute(document, {"n": 5}, tenant=shop.slug)).data["store"]["items"]["nodes"] == []
    many = "query($i: [ID!]!) { nodes(ids: $i) { id } }"
    ids = await api.execute(many, {"i": ["x"] * 8_001}, tenant=shop.slug)
    assert ids.codes == ["QUERY_TOO_COMPLEX"]


async def test_an_honest_page_and_the_introspection_of_tools_pass(api: Api, shop: Shop) -> None:
    page = """{ store { items(first: 100) { totalCount pageInfo { hasNextPage }
      edges { cursor node { id slug name { en } price { amount } variants { id price { amount currency } } } } } } }"""
    assert (await api.execute(page, tenant=shop.slug)).data["store"]["items"]["totalCount"] == 0
    introspection = get_introspection_query(input_value_deprecation=True, schema_description=True)
    assert (await api.execute(introspection)).data["__schema"]["queryType"] == {"name": "Query", "kind": "OBJECT"}


def test_a_fragment_that_contains_itself_ends() -> None:
    assert Shape(parse("{ ...a } fragment a on Query { b { ...a } ...c }")).excess() is None
