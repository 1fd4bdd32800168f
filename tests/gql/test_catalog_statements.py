"""However many rows an answer has, the database is asked equally often."""

import secrets
import uuid

import pytest

from bootstrap import Parts
from db.rows import rows_within
from domain import categories
from domain.categories import NewCategory
from domain.order_submission import Customer, NewOrder, NewOrderLine, submit
from domain.texts import LocalizedText
from gql.ids import global_id
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.statements import counted_statements

ITEM = """
nodes {
  slug isAvailable price { amount } variants { sku availability isArchived item { slug } }
  tags categories { slug parent { slug } children { slug } }
}
"""
QUERIES = {
    "items on the storefront": f"{{ store {{ items(first: 40) {{ totalCount {ITEM} }} }} }}",
    "items of a category": f'{{ store {{ items(first: 40, category: "top") {{ totalCount {ITEM} }} }} }}',
    "items in the back office": f"{{ tenant {{ items(first: 40) {{ totalCount {ITEM} }} }} }}",
    "options of items": "{ tenant { items(first: 40) { nodes { isAvailable options { values { name { en } } } } } } }",
    "options of variants": """{ store { category(slug: "top") { items(first: 40) { nodes { isAvailable
        variants { selectedOptions { option { name { en } } value { name { en } } } }
    } } } } }""",
    "breadcrumbs": """{ store { items(first: 40) { nodes {
        isAvailable categories { ancestors { slug ancestors { slug } } }
    } } } }""",
    "metadata": """{ store { items(first: 40) { nodes {
        isAvailable metadata { key } metadataValue(key: "colour")
        variants { metadata { key } } categories { metadata { key } }
    } } } }""",
    "private metadata": """{ tenant { items(first: 40) { nodes {
        isAvailable privateMetadata { key } variants { privateMetadata { key } } categories { privateMetadata { key } }
    } } } }""",
    "items on every shelf": f"""{{ store {{ categories {{
        slug items(first: 2) {{ totalCount {ITEM} }}
        children {{ slug parent {{ slug }} items(first: 2) {{ totalCount {ITEM} }} }}
    }} }} }}""",
    "variants of order lines": """{ tenant { orders(first: 100) { nodes {
        lines { variant { sku isArchived selectedOptions { option { id } } item { slug isAvailable } } }
    } } } }""",
    "how orders are paid": """{ tenant { orders(first: 100) { nodes {
        paymentInstructions { value } lines { variant { item { isAvailable } } }
    } } } }""",
}


async def furnish(parts: Parts, factory: Factory, shop: Shop, *, shelves: int, items: int) -> None:
    """A category with `shelves` others below it, `items` spread over them, and an order of every three items."""
    ids: list[uuid.UUID] = []
    async with parts.database.write(shop.actor.scope) as session:
        top = await categories.create(session, actor=shop.actor, given=NewCategory(LocalizedText("Top", None)))
        for number in range(shelves):
            given = NewCategory(LocalizedText(f"Shelf {number}", None), parent_id=top.id)
            ids.append((await categories.create(session, actor=shop.actor, given=given)).id)
    products = [await factory.product(shop, category_ids=[top.id, ids[each % shelves]]) for each in range(items)]
    for first in range(0, items, 3):
        lines = [NewOrderLine(product.variant.id, 1) for product in products[first : first + 3]]
        order = NewOrder(Customer("Sara", "sara@people.test"), lines)
        async with parts.database.write(shop.guest.scope) as session:
            await submit(
                await rows_within(session), actor=shop.guest, given=order, idempotency_key=secrets.token_urlsafe(24)
            )


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
async def test_the_number_of_statements_does_not_grow_with_the_rows(
    api: Api, parts: Parts, factory: Factory, query: str
) -> None:
    asked: list[int] = []
    sizes: list[int] = []
    for shelves, items in ((3, 3), (10, 30)):
        shop = await factory.shop()
        await furnish(parts, factory, shop, shelves=shelves, items=items)
        with counted_statements(parts.database) as statements:
            reply = await api.execute(query, token=shop.token, tenant=shop.slug)
        sizes.append(str(reply.data).count("isAvailable"))
        asked.append(len(statements))
    assert sizes[1] > sizes[0]
    assert asked[0] == asked[1], asked


WHOLE = """
slug price { amount } isAvailable categories { slug } options { name { en } values { name { en } } }
tags metadata { key value }
variants { sku price { amount } availability selectedOptions { option { id } value { id } } }
"""
TABLES = (
    "catalog_variants",
    "categories",
    "catalog_options",
    "catalog_option_values",
    "catalog_item_tags",
    "catalog_item_metadata",
)
ONE_STATEMENT = {
    "items on the storefront": "{ store { items { nodes { %s } } } }",
    "an item on the storefront": '{ store { item(slug: "SLUG") { %s } } }',
    "items in the back office": "{ tenant { items { edges { node { %s } } } } }",
    "an item in the back office": '{ tenant { item(id: "ID") { %s } } }',
}


@pytest.mark.parametrize("selection", [WHOLE, "slug"], ids=["whole", "slug"])
@pytest.mark.parametrize("document", ONE_STATEMENT.values(), ids=ONE_STATEMENT.keys())
async def test_items_are_one_statement_with_all_that_belongs_to_them(
    api: Api, parts: Parts, factory: Factory, document: str, selection: str
) -> None:
    """Once tenant and caller are remembered there is no other."""
    shop = await factory.shop()
    async with parts.database.write(shop.actor.scope) as session:
        shelf = await categories.create(session, actor=shop.actor, given=NewCategory(LocalizedText("Top", None)))
    product = await factory.product(shop, category_ids=[shelf.id])
    query = document.replace("SLUG", product.item.slug).replace("ID", product.id) % selection
    token = shop.token if "tenant" in query else None
    asked: list[list[str]] = []
    for number in range(3):
        with counted_statements(parts.database) as statements:
            # Another text each time: kept answers ask nothing at all.
            reply = await api.execute(f"{query} # {number}", token=token, tenant=shop.slug)
        assert product.item.slug in str(reply.data)
        asked.append(statements)
    assert [len(each) for each in asked] == [2, 1, 1], asked
    assert "identify_caller" in asked[0][0]
    assert all("FROM catalog_items" in each[-1] for each in asked)
    along = TABLES if selection == WHOLE else ()
    assert [table for table in TABLES if f"FROM {table} " in asked[0][-1]] == list(along)


async def test_a_mutation_answers_with_what_it_has_committed(
    api: Api, parts: Parts, factory: Factory, shop: Shop
) -> None:
    product = await factory.product(shop, stock=3)
    change = {"id": str(global_id("item", product.item.id)), "version": 1, "stock": 0}
    document = """mutation($input: CatalogItemUpdateInput!) {
      catalogItemUpdate(input: $input) { item { version isAvailable variants { stock } } userErrors { code } }
    }"""
    reply = await api.execute(document, {"input": change}, token=shop.token, tenant=shop.slug)
    assert reply.payload("catalogItemUpdate")["item"] == {
        "version": 2,
        "isAvailable": False,
        "variants": [{"stock": 0}],
    }
