"""Options of items in the API: what shoppers choose, such as size and colour."""

from collections.abc import Sequence

import strawberry

from db.models import CatalogOption as CatalogOptionRow
from db.models import CatalogOptionValue as CatalogOptionValueRow
from domain import catalog
from gql.cost import usually
from gql.ids import global_id
from gql.publicity import PUBLIC
from gql.related import related
from gql.scalars import LocalizedText, localized


@strawberry.type(description="One of the things that an option can be, such as `Large`.")
class CatalogOptionValue:
    stored: strawberry.Private[CatalogOptionValueRow]

    @strawberry.field(description="Identifier; good in `optionValues` of variants.", directives=[PUBLIC])
    def id(self) -> strawberry.ID:
        return global_id("value", self.stored.id)

    @strawberry.field(description="What it is called.", directives=[PUBLIC])
    def name(self) -> LocalizedText:
        return localized(self.stored.name_en, self.stored.name_ar)


@strawberry.type(description="What shoppers choose of an item, such as its size.")
class CatalogOption:
    stored: strawberry.Private[CatalogOptionRow]

    @strawberry.field(description="Identifier.", directives=[PUBLIC])
    def id(self) -> strawberry.ID:
        return global_id("option", self.stored.id)

    @strawberry.field(description="What it is called.", directives=[PUBLIC])
    def name(self) -> LocalizedText:
        return localized(self.stored.name_en, self.stored.name_ar)

    @related(
        catalog.option_values_of,
        key="stored.item_id",
        description="What it can be, in the tenant's order; 1 to 100, also such as no variant picks.",
        directives=[PUBLIC, usually(5)],
    )
    def values(self, found: Sequence[CatalogOptionValueRow]) -> list[CatalogOptionValue]:
        return [CatalogOptionValue(stored=row) for row in found if row.option_id == self.stored.id]


@strawberry.type(description="What a variant is in one respect: a value of one of its item's options.")
class CatalogSelectedOption:
    stored: strawberry.Private[CatalogOptionValueRow]

    @related(
        catalog.options_of, key="stored.item_id", description="In which respect, such as its size.", directives=[PUBLIC]
    )
    def option(self, found: Sequence[CatalogOptionRow]) -> CatalogOption:
        return CatalogOption(stored=next(row for row in found if row.id == self.stored.option_id))

    @strawberry.field(description="What it is, such as `Large`.", directives=[PUBLIC])
    def value(self) -> CatalogOptionValue:
        return CatalogOptionValue(stored=self.stored)
