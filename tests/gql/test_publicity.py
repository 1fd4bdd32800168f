"""Which queries answer everyone alike, and that no field says so which looks at who asks."""

import inspect
from typing import Any, cast

import pytest

from gql.documents import Documents
from gql.pipeline import Api
from gql.publicity import Public
from gql.schema import admin_schema
from gql.schema_fields import declaration, declared, fields_of
from tests.support.api import Api as Client
from tests.support.factories import Factory, Shop

CORE = Api(admin_schema).core
MARKED = {name for name, field in fields_of(CORE).items() if declared(field, Public)}
SHOWN = {
    "Store", "CatalogItem", "CatalogVariant", "Category", "Money", "LocalizedText", "PageInfo",
    "CatalogItemConnection", "CatalogItemEdge", "CatalogTag", "MetadataEntry", "ShownText", "StoreProfile",
    "SocialLink",
}  # fmt: skip
NULL_FOR_GUESTS = {
    (kind, field)
    for kind in ("CatalogItem", "CatalogVariant", "Category")
    for field in ("privateMetadata", "externalReference")
}
SAME_FOR_GUESTS = {("CatalogVariant", "item")}
"""It asks who may see a draft; all those whose answers are shared, who sent no token, may not."""


@pytest.mark.parametrize(
    ("query", "public"),
    [
        ("{ store { slug name { value(locale: EN) } status } }", True),
        ("{ __typename store { __typename } }", True),
        ("{ store { items { totalCount pageInfo { endCursor } edges { cursor node { price { amount } } } } } }", True),
        ('{ store { item(slug: "x") { variants { availability } categories { items { nodes { id } } } } } }', True),
        ("{ a: store { ...s } } fragment s on Store { ... { ...t } } fragment t on Store { slug }", True),
        ("{ store { slug @include(if: false) } }", True),
        ("{ __schema { queryType { name } } }", False),
        ('{ store { slug } __type(name: "Query") { name } }', False),
        ("{ tenant { slug } }", False),
        ("{ store { slug } viewer { person { name } } }", False),
        ('{ node(id: "x") { id } }', False),
        ('{ store { slug order(token: "x") { number } } }', False),
        ("{ platform { tenants { nodes { slug } } } }", False),
        ('{ store { item(slug: "x") { variants { stock } } } }', False),
        ('{ store { item(slug: "x") { variants { ...v } } } } fragment v on CatalogVariant { id stock }', False),
        ('{ store { item(slug: "x") { variants { ... on CatalogVariant { slug: stock } } } } }', False),
        ('{ store { item(slug: "x") { variants { stock @skip(if: true) } } } }', False),
        ("mutation { sessionSignOut { __typename } }", False),
        ("mutation { __typename }", False),
    ],
)
def test_a_query_is_public_if_all_its_fields_are(query: str, public: bool) -> None:
    document = Documents(CORE).get(query)
    assert document.errors == ()
    assert document.public == {None: public}


def test_each_operation_of_a_document_is_told_apart() -> None:
    document = Documents(CORE).get("query a { store { slug } } query b { tenant { slug } }")
    assert document.public == {"a": True, "b": False}


def test_what_is_public_is_the_storefront() -> None:
    """A new field is no part of it before somebody has said so here or there."""
    of_shown_types = {name for name in fields_of(CORE) if name[0] in SHOWN}
    own = {("Store", "order"), ("Store", "cart")}
    of_the_moment = {("Store", "discount"), ("Store", "paymentMethods"), ("Store", "shippingQuotes")}
    assert of_shown_types - MARKED == {("CatalogVariant", "stock"), *own, *of_the_moment, *NULL_FOR_GUESTS}
    assert {name for name in MARKED if name[0] in ("Query", "Mutation")} == {("Query", "store")}


def test_no_public_field_looks_at_who_asks() -> None:
    watching: set[tuple[str, str]] = set()
    for name in MARKED:
        resolver = cast("Any", declaration(fields_of(CORE)[name])).base_resolver
        source = inspect.getsource(resolver.wrapped_func) if resolver and name[0] in SHOWN else ""
        if any(word in source for word in ("actor", "caller", "person", "role", "operator")):
            watching.add(name)
    assert watching == SAME_FOR_GUESTS


async def test_a_guest_and_a_customer_read_the_same(api: Client, shop: Shop, factory: Factory) -> None:
    """All that is marked below `store`, asked for at once."""
    query = """{ store { id slug name { en ar value } contactEmail contactPhone brandPrimary brandSecondary
      locale timeZone currency status items { totalCount nodes { ...i } }
      categories { id slug position itemCount ancestors { id } items { totalCount } } tags { name itemCount } } }
      fragment i on CatalogItem { id kind status slug version isAvailable createdAt price { amount } tags
        metadata { key value }
        metadataValue(key: "colour") variants { id sku availability isArchived item { id } } }"""
    document = Documents(CORE).get(query)
    assert document.public == {None: True}
    customer = await factory.member()
    asked = [await api.execute(query, tenant=shop.slug, token=token) for token in (None, customer.token)]
    assert asked[0].data == asked[1].data
