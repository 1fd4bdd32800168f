"""Items as rows of a catalogue's file, such that reading them again changes nothing."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogVariant
from domain import catalog, csv_cells
from domain.catalog_csv_cells import UNLIMITED, joined
from domain.catalog_import_options import Choice, read_choices
from domain.tags import tags_of


async def rows_of(session: AsyncSession, items: Sequence[CatalogItem]) -> list[Mapping[str, str]]:
    """The cells of every variant that can be ordered, by column."""
    ids = [item.id for item in items]
    variants = await catalog.variants_of(session, ids)
    shelves = await catalog.categories_of(session, ids)
    slugs = {item_id: [category.slug for category in found] for item_id, found in shelves.items()}
    tags = {item_id: [each.tag for each in found] for item_id, found in (await tags_of(session, ids)).items()}
    choices = await read_choices(session, ids)
    return [
        row
        for item in items
        for row in rows_of_item(
            item,
            variants[item.id],
            {"categories": joined(slugs[item.id]), "tags": joined(tags[item.id])},
            choices[item.id],
        )
    ]


def rows_of_item(
    item: CatalogItem, variants: Sequence[CatalogVariant], lists: Mapping[str, str], choices: Sequence[Choice]
) -> Iterator[Mapping[str, str]]:
    """What is told of the item stands in its first row alone, but for what says which item it is."""
    told = {
        "kind": item.kind,
        "status": item.status,
        "slug": item.slug,
        "name_en": item.name_en,
        "name_ar": item.name_ar,
        "description_en": item.description_en,
        "description_ar": item.description_ar,
        "external_reference": item.external_reference,
        **lists,
    }
    for place, choice in enumerate(choices, 1):
        told |= {f"option{place}_name_{locale}": name for locale, name in choice.names.items()}
    for place, variant in enumerate(variants):
        row = {
            "item": item.slug,
            "version": str(item.version),
            **({} if place else told),
            **cells_of(variant),
            **picks_of(variant, choices),
        }
        yield {column: csv_cells.written(cell) for column, cell in row.items() if cell}


def cells_of(variant: CatalogVariant) -> dict[str, str | None]:
    return {
        "variant_name_en": None if variant.is_named_by_options else variant.name_en,
        "variant_name_ar": None if variant.is_named_by_options else variant.name_ar,
        "variant_reference": variant.external_reference,
        "sku": variant.sku,
        "barcode": variant.barcode,
        "price": str(variant.price),
        "compare_at_price": None if variant.compare_at_price is None else str(variant.compare_at_price),
        "stock": UNLIMITED[0] if variant.stock is None else str(variant.stock),
        "weight_grams": None if variant.weight is None else str(variant.weight),
        "position": str(variant.position),
    }


def picks_of(variant: CatalogVariant, choices: Sequence[Choice]) -> dict[str, str | None]:
    picks: dict[str, str | None] = {}
    for place, choice in enumerate(choices, 1):
        value = choice.value(getattr(variant, choice.column))
        picks |= {f"option{place}_value_{locale}": name for locale, name in (value.names if value else {}).items()}
    return picks
