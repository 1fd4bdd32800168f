"""What the database itself keeps about options, whoever writes."""

import uuid
from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from bootstrap import Parts
from db.constraints import violated
from db.models import CatalogOption, CatalogOptionValue, CatalogVariant, new_id
from tests.support.factories import Factory, Product, Shop

PICKS = "fk_catalog_variants_tenant_id_item_id_{}_value_id"


async def values_of(parts: Parts, shop: Shop, product: Product) -> list[uuid.UUID]:
    """Two values of an option of the item."""
    tenant_id, item_id = shop.tenant.id, product.item.id
    option = CatalogOption(tenant_id=tenant_id, id=new_id(), item_id=item_id, slot=1, position=0, name_en="Size")
    own = {"tenant_id": tenant_id, "item_id": item_id, "option_id": option.id}
    values = [CatalogOptionValue(**own, id=new_id(), position=place, name_en=f"{place}") for place in range(2)]
    async with parts.database.write(shop.actor.scope) as session:
        session.add(option)
        await session.flush()
        session.add_all(values)
        return [value.id for value in values]


async def write(parts: Parts, shop: Shop, variants: Sequence[CatalogVariant]) -> str | None:
    """The name of the constraint that refuses these variants together; None where all are fine."""
    try:
        async with parts.database.write(shop.actor.scope) as session:
            session.add_all(variants)
    except IntegrityError as error:
        return violated(error)
    return None


def variant(product: Product, *picks: uuid.UUID | None, **more: object) -> CatalogVariant:
    columns = dict(zip(("first_value_id", "second_value_id", "third_value_id"), picks, strict=False))
    own = {"tenant_id": product.item.tenant_id, "item_id": product.item.id, "price": Decimal(1)}
    return CatalogVariant(**own, **columns, **more)


async def test_no_two_variants_of_an_item_pick_the_same(parts: Parts, shop: Shop, factory: Factory) -> None:
    """Mission S3: whatever transactions do at the same moment."""
    product, other = await factory.product(shop), await factory.product(shop)
    small, large = await values_of(parts, shop, product)
    refused = "ix_catalog_variants_combination"
    archived = {"archived_at": product.item.created_at}
    assert await write(parts, shop, [variant(product, small)]) is None
    assert await write(parts, shop, [variant(product, small)]) == refused
    assert await write(parts, shop, [variant(product, small, large)]) is None
    assert await write(parts, shop, [variant(product, small, large)]) == refused
    assert await write(parts, shop, [variant(product, None, large)]) is None
    assert await write(parts, shop, [variant(product, small, **archived), variant(product, small, **archived)]) is None
    assert await write(parts, shop, [variant(product), variant(product), variant(other)]) is None


@pytest.mark.parametrize("place", range(3))
async def test_a_variant_picks_of_its_own_item_alone(parts: Parts, shop: Shop, factory: Factory, place: int) -> None:
    """Mission S3."""
    product, other = await factory.product(shop), await factory.product(shop)
    (small, _) = await values_of(parts, shop, other)
    picks = [small if place == each else None for each in range(3)]
    refused = PICKS.format(("first", "second", "third")[place])
    assert await write(parts, shop, [variant(product, *picks)]) == refused
