"""What a document asks for, as read builders are told it: however it is written."""

import itertools
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse, validate

from db.queries.selections import Selection
from gql.schema import public_schema
from gql.schema_fields import type_of
from gql.selections import Selections

SCHEMA: Any = public_schema._schema  # pyright: ignore[reportPrivateUsage] - graphql-core's schema has no public name
PATHS = ("nodes", "edges.node")


def asked(document: str, field: str = "items", paths: tuple[str, ...] = PATHS) -> Selection:
    """What is asked of the objects of a field of `store`, which is the document's first field."""
    parsed = parse(document)
    assert validate(SCHEMA, parsed) == []
    operations = [each for each in parsed.definitions if isinstance(each, OperationDefinitionNode)]
    fragments = {each.name.value: each for each in parsed.definitions if isinstance(each, FragmentDefinitionNode)}
    store: Any = operations[0].selection_set.selections[0]
    nodes = [each for each in store.selection_set.selections if each.name.value == field]
    kind: Any = SCHEMA.get_type("Store")
    return Selections(SCHEMA, operations, fragments).of(type_of(kind.fields[field]), nodes, *paths)


def tree(selection: Selection) -> dict[str, Any]:
    """As nested dictionaries."""
    return {name: tree(selection.of(name)) for name in sorted(selection.here)}


PLAIN = "{ store { items { nodes { slug variants { sku price { amount } } } } } }"
SHOWN: dict[str, Any] = {"slug": {}, "variants": {"price": {"amount": {}}, "sku": {}}}
EQUAL = {
    "plain": PLAIN,
    "edges": "{ store { items { edges { cursor node { slug variants { sku price { amount } } } } } } }",
    "nodes and edges": """{ store { items {
        nodes { slug } edges { node { variants { sku price { amount } } } } pageInfo { hasNextPage }
    } } }""",
    "aliases": """{ store { items { x: nodes { s: slug v: variants { a: sku b: sku } } y: nodes {
        w: variants { price { amount } } } } } }""",
    "a fragment": """query { store { items { ...page } } }
        fragment page on CatalogItemConnection { nodes { ...item } }
        fragment item on CatalogItem { slug variants { sku ...priced } }
        fragment priced on CatalogVariant { price { amount } }""",
    "inline fragments": """{ store { items { ... { nodes { ... on CatalogItem { slug } ... on CatalogItem {
        variants { ... @include(if: true) { sku } ... on CatalogVariant { price { amount } } } } } } } } }""",
    "an interface": """{ store { items { nodes { ... on Node { ... on CatalogItem {
        slug variants { ... on Node { ... on CatalogVariant { sku price { amount } } } } } } } } } }""",
    "a fragment spread twice": """{ store { items { nodes { ...item variants { sku } ...item } } } }
        fragment item on CatalogItem { slug variants { price { amount } } }""",
    "skip and include": """query($yes: Boolean = false) { store { items { nodes {
        slug @skip(if: true) variants @include(if: $yes) { sku @include(if: false) price { amount } }
    } } } }""",
    "__typename": """{ store { __typename items { __typename nodes {
        __typename slug variants { sku price { amount __typename } } } } } }""",
}


@pytest.mark.parametrize("document", EQUAL.values(), ids=EQUAL.keys())
def test_what_is_asked_does_not_depend_on_how_it_is_written(document: str) -> None:
    """What directives leave out counts as asked for: so each field has one selection whatever the variables are."""
    found = asked(document)
    assert tree(found) == SHOWN
    assert found.fields_of("CatalogItem") == {"slug", "variants"}
    assert found.fields_of("CatalogVariant") == {"sku", "price"}
    assert found.fields_of("Category") == frozenset()


def test_fields_of_the_interface_are_fields_of_the_object() -> None:
    found = asked("{ store { items { nodes { ...n variants { ... on Node { id } } } } } } fragment n on Node { id }")
    assert tree(found) == {"id": {}, "variants": {"id": {}}}
    assert found.fields_of("CatalogItem") == {"id", "variants"}
    assert found.fields_of("CatalogVariant") == {"id"}


def test_an_interface_anywhere_stands_for_each_of_its_types() -> None:
    found = asked('{ store { items { nodes { slug } } } node(id: "x") { id ... on CatalogVariant { sku } } }')
    assert found.fields_of("CatalogItem") == {"slug", "id"}
    assert found.fields_of("CatalogVariant") == {"sku", "id"}
    assert found.fields_of("Category") == {"id"}


def test_names_are_those_of_python() -> None:
    found = asked("{ store { items { nodes { isAvailable createdAt variants { compareAtPrice { amount } } } } } }")
    assert tree(found) == {"created_at": {}, "is_available": {}, "variants": {"compare_at_price": {"amount": {}}}}


def test_each_part_is_told_its_own_and_what_is_asked_anywhere() -> None:
    parts = ['item(slug: "x") { slug variants { sku } }', "items { nodes { categories { items { nodes { kind } } } } }"]
    for order in itertools.permutations(parts):
        document = f"{{ store {{ {' '.join(order)} }} }}"
        item, items = asked(document, "item", ()), asked(document)
        assert tree(item) == {"slug": {}, "variants": {"sku": {}}}
        assert tree(items) == {"categories": {"items": {"nodes": {"kind": {}}}}}
        assert item.anywhere == items.anywhere
        assert item.fields_of("CatalogItem") == {"slug", "variants", "categories", "kind"}


def test_a_field_that_is_asked_for_twice_has_both_selections() -> None:
    """As graphql-core merges them: under one name in the answer."""
    found = asked("{ store { items { nodes { slug } } items { nodes { variants { sku } } } } }")
    assert tree(found) == {"slug": {}, "variants": {"sku": {}}}


def test_a_field_below_itself_is_told_apart_by_its_place() -> None:
    found = asked("{ store { items { nodes { variants { item { slug variants { sku item { kind } } } } } } } }")
    assert tree(found) == {"variants": {"item": {"slug": {}, "variants": {"item": {"kind": {}}, "sku": {}}}}}
    assert found.fields_of("CatalogItem") == {"variants", "slug", "kind"}


def test_other_operations_of_a_document_add_columns_and_no_relations() -> None:
    document = (
        "query a { store { items { nodes { slug } } } } query b { store { items { nodes { kind price { amount } } } } }"
    )
    found = asked(document)
    assert tree(found) == {"slug": {}}
    assert found.fields_of("CatalogItem") == {"slug", "kind", "price"}


def test_nothing_asked_of_nodes_reads_nothing_of_them() -> None:
    found = asked("{ store { items { totalCount pageInfo { endCursor } edges { cursor } } } }")
    assert tree(found) == {}
    assert found.fields_of("CatalogItem") == frozenset()
