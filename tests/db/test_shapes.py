"""Rows hold the columns that their selection asks for, and what belongs to them."""

import itertools
import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Text

from bootstrap import Parts
from db.models import CatalogItem
from db.queries.catalog_items import CATEGORY, ITEM, OPTION, VALUE, VARIANT, active_item_by_slug
from db.queries.selections import Selection, merged, selection
from db.queries.shapes import Found, Shape, reader, select_rows
from db.rows import compile_statement, parameter, read_rows
from domain import categories
from domain.categories import NewCategory
from domain.texts import LocalizedText
from gql.schema import admin_schema, public_schema
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Product, Shop


async def found(parts: Parts, shop: Shop, product: Product, asked: Selection) -> Found:
    statement = compile_statement(select_rows(ITEM, asked).where(CatalogItem.slug == parameter("slug", Text())))
    async with read_rows(parts.database, shop.guest.scope) as rows:
        return reader(ITEM, asked).read(await rows.fetch(statement, {"slug": product.item.slug}))


def fields_of(row: Any) -> set[str]:
    return set(row._fields)


EVERY_COLUMN = {attribute.key for attribute in CatalogItem.__mapper__.column_attrs}


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ([], {"id", "created_at"}),
        (["slug"], {"id", "created_at", "slug"}),
        (["name", "kind"], {"id", "created_at", "name_en", "name_ar", "kind"}),
        (["variants", "price"], {"id", "created_at"}),
        (["slug", "a_field_of_tomorrow"], EVERY_COLUMN),
    ],
)
async def test_columns_are_those_of_the_fields(
    parts: Parts, factory: Factory, shop: Shop, fields: list[str], columns: set[str]
) -> None:
    product = await factory.product(shop)
    (row,) = (await found(parts, shop, product, selection({"CatalogItem": fields}))).rows
    assert fields_of(row) == columns
    assert all(getattr(row, column) == getattr(product.item, column) for column in columns - {"updated_at"})


@pytest.mark.parametrize("shape", [ITEM, VARIANT, OPTION, VALUE, CATEGORY], ids=lambda shape: shape.kind)
def test_every_field_of_the_api_says_which_columns_it_needs(shape: Shape) -> None:
    """A field that is not named makes every column be read: right, and slow. A column that is no column is wrong."""
    for schema in (public_schema, admin_schema):
        definition: Any = schema.get_type_by_name(shape.kind)
        assert {field.python_name for field in definition.fields} == shape.fields.keys()
    columns = {attribute.key for attribute in shape.table.__mapper__.column_attrs}
    assert columns.issuperset(itertools.chain(shape.always, *shape.fields.values()))


@pytest.mark.parametrize(
    ("here", "anywhere", "variants"),
    [
        ({"slug"}, {"CatalogItem": ["slug"]}, None),
        ({"price"}, {"CatalogItem": ["price"]}, {"id", "price"}),
        ({"is_available"}, {"CatalogItem": ["is_available"]}, {"id", "stock"}),
        ({"variants"}, {"CatalogItem": ["variants"], "CatalogVariant": ["sku"]}, {"id", "sku"}),
        # Another part of the request has the same items: what is read here is shown there.
        ({"price"}, {"CatalogItem": ["price", "is_available"]}, {"id", "price", "stock"}),
        (
            {"variants"},
            {"CatalogItem": ["variants", "price"], "CatalogVariant": ["sku", "name"]},
            {"id", "sku", "name_en", "name_ar", "price"},
        ),
    ],
)
async def test_related_rows_have_the_columns_of_their_fields_and_of_those_around(
    parts: Parts,
    factory: Factory,
    *,
    here: set[str],
    anywhere: dict[str, list[str]],
    variants: set[str] | None,
) -> None:
    shop = await factory.shop()
    product = await factory.product(shop, price="4.750", stock=7)
    answer = await found(parts, shop, product, selection(anywhere, here))
    if variants is None:
        assert answer.related == {}
        return
    assert answer.related.keys() == {"variants"}
    ((key, (variant,)),) = answer.related["variants"].items()
    assert key == product.item.id
    assert fields_of(variant) == variants
    assert all(getattr(variant, column) == getattr(product.variant, column) for column in variants)


async def test_related_rows_are_in_their_order_and_only_those_that_are_offered(
    parts: Parts, api: Api, factory: Factory, shop: Shop
) -> None:
    client = CatalogClient.of(api, shop)
    shelves = [await client.category(f"Shelf {number}") for number in range(3)]
    sizes = [{"name": {"en": size}, "price": price} for size, price in (("S", "3"), ("M", "1.5"), ("L", "2"))]
    made = await client.create(variants=sizes, categoryIds=[shelf["id"] for shelf in reversed(shelves)])
    await client.change("catalogVariantArchive", id=made["variants"][1]["id"])
    bare = await factory.product(shop)
    asked = selection(
        {"CatalogVariant": ["name", "price"], "Category": ["slug"]}, ["slug"], variants=NONE, categories=NONE
    )
    item = CatalogItem(id=uuid.UUID(int=0), slug=made["slug"])
    answer = await found(parts, shop, Product(item, bare.variant), asked)
    ((variants,), (categories_read,)) = (answer.related[name].values() for name in ("variants", "categories"))
    assert [(each.name_en, each.price) for each in variants] == [("S", Decimal(3)), ("L", Decimal(2))]
    assert [each.slug for each in categories_read] == [shelf["slug"] for shelf in shelves]
    alone = await found(parts, shop, bare, asked)
    assert alone.related["categories"] == {bare.item.id: []}


NONE = selection({})


def test_selections_that_ask_the_same_are_one_statement() -> None:
    first, second = (selection({"CatalogItem": ["slug", "price"]}, ["price", "slug"], variants=NONE) for _ in range(2))
    assert first == second
    assert first is not second
    assert active_item_by_slug(first) is active_item_by_slug(second)
    other = selection({"CatalogItem": ["slug", "price"]}, ["slug"], variants=NONE)
    assert active_item_by_slug(other) is not active_item_by_slug(first)


def test_what_parts_ask_of_the_same_objects_is_put_together() -> None:
    inner = [selection({}, [name]) for name in ("sku", "stock")]
    one, two = (selection({}, [name], variants=below) for name, below in zip(("slug", "price"), inner, strict=True))
    both = merged([one, two])
    assert both.here == {"slug", "price", "variants"}
    assert both.of("variants").here == {"sku", "stock"}
    assert both.of("categories").here == frozenset()
    assert merged([one]) is one


ALIASES = [
    "a: items(first: 5) { nodes { price { amount } } }",
    'b: item(slug: "%s") { variants { sku stock: availability } isAvailable }',
    "c: items { nodes { id variants { name { en } } } }",
    "d: items { edges { node { categories { slug parent { slug } children { slug } } } } }",
    'e: category(slug: "top") { items { nodes { name { en } price { amount } variants { price { amount } } } } }',
]


async def test_parts_of_a_document_that_share_items_each_get_what_they_ask(
    api: Api, parts: Parts, factory: Factory, shop: Shop
) -> None:
    """The first to read an item leaves its rows to the others: those must have every column that any of them shows."""
    async with parts.database.write(shop.actor.scope) as session:
        top = await categories.create(session, actor=shop.actor, given=NewCategory(LocalizedText("Top", None)))
        given = NewCategory(LocalizedText("Below", None), parent_id=top.id)
        below = await categories.create(session, actor=shop.actor, given=given)
    product = await factory.product(shop, stock=3, category_ids=[below.id])
    aliases = [each.replace("%s", product.item.slug) for each in ALIASES]
    alone: dict[str, Any] = {}
    for each in aliases:
        alone |= (await api.execute(f"{{ store {{ {each} }} }}", tenant=shop.slug)).data["store"]
    assert alone["a"] == {"nodes": [{"price": {"amount": "4.750"}}]}
    assert alone["b"] == {"variants": [{"sku": None, "stock": "FEW_LEFT"}], "isAvailable": True}
    assert alone["c"] == {"nodes": [{"id": product.id, "variants": [{"name": None}]}]}
    shown: dict[str, Any] = {"slug": below.slug, "parent": {"slug": "top"}, "children": []}
    assert alone["d"] == {"edges": [{"node": {"categories": [shown]}}]}
    for order in itertools.permutations(aliases, 4):
        together = (await api.execute(f"{{ store {{ {' '.join(order)} }} }}", tenant=shop.slug)).data["store"]
        assert together == {name: alone[name] for name in together}, order
        twice = " ".join(f"x{place}: store {{ {each} }}" for place, each in enumerate(order))
        apart = (await api.execute(f"{{ {twice} }}", tenant=shop.slug)).data
        assert list(apart.values()) == [{each[0]: alone[each[0]]} for each in order]
