"""What staff do with the options of an item."""

from uuid import UUID

import strawberry

from domain import catalog_option_changes
from domain.catalog_option_changes import VariantPick
from domain.catalog_options import OptionFields, ValueFields
from domain.errors import Faults
from gql.catalog import item_of
from gql.catalog_inputs import OPTION_VALUES, named_values
from gql.catalog_mutations import MANAGE, CatalogItemPayload
from gql.context import Info
from gql.ids import row_id
from gql.roots import mutation
from gql.scalars import LocalizedTextInput

KNOWN_BY = "Left out, it is the one of this name, or a new one."


@strawberry.input(description="A value as it shall be.")
class CatalogOptionValueSetInput:
    name: LocalizedTextInput = strawberry.field(description="What it is called, up to 100 characters.")
    id: strawberry.ID | None = strawberry.field(default=None, description=f"The value. {KNOWN_BY}")


@strawberry.input(description="An option as it shall be.")
class CatalogOptionSetInput:
    name: LocalizedTextInput = strawberry.field(description="What it is called, up to 100 characters.")
    values: list[CatalogOptionValueSetInput] = strawberry.field(
        description="All its values in their order, 1 to 100; what is not in the list is removed."
    )
    id: strawberry.ID | None = strawberry.field(default=None, description=f"The option. {KNOWN_BY}")
    default: int = strawberry.field(
        default=0,
        description="For a new option: the place among `values`, from 0, of the one that variants pick of which "
        "`variants` says nothing.",
    )


@strawberry.input(description="What a variant picks from now on.")
class CatalogVariantPickInput:
    id: strawberry.ID = strawberry.field(description="The variant.")
    option_values: list[str] = strawberry.field(description=OPTION_VALUES)


@strawberry.input(description="All options of an item as they shall be.")
class CatalogItemOptionsSetInput:
    id: strawberry.ID = strawberry.field(description="The item.")
    version: int = strawberry.field(description="The version that the edit is based on; a stale one is refused.")
    options: list[CatalogOptionSetInput] = strawberry.field(
        description="At most 3, in the order in which they are shown; what is not in the list is removed."
    )
    variants: list[CatalogVariantPickInput] = strawberry.field(
        default_factory=list, description="Variants that shall pick something else than they do; at most 100."
    )


@strawberry.type
class CatalogOptionMutation:
    @mutation(
        CatalogItemPayload,
        access=MANAGE,
        description="Add, rename, reorder and remove options and values of an item, by saying how all of them shall "
        "be. A value that a variant picks is `IN_USE`, and two variants never pick the same: say in `variants` what "
        "they pick instead. Without options, several variants keep the names that they have.",
    )
    async def catalog_item_options_set(
        self, info: Info, input: CatalogItemOptionsSetInput
    ) -> CatalogItemPayload | None:
        item_id, options, picks = row_id("item", input.id, "id"), option_fields(input), variant_picks(input)
        async with info.context.write() as session:
            changed = await catalog_option_changes.set_options(
                session,
                actor=info.context.actor,
                item_id=item_id,
                version=input.version,
                options=options,
                picks=picks,
            )
        return CatalogItemPayload(item=item_of(changed))


def option_fields(sent: CatalogItemOptionsSetInput) -> list[OptionFields]:
    faults = Faults()
    found: list[OptionFields] = []
    for place, option in enumerate(sent.options):
        path, option_id, values = ("options", str(place)), None, list[ValueFields]()
        with faults.collecting():
            option_id = known("option", option.id, *path)
        for value_place, value in enumerate(option.values):
            with faults.collecting():
                value_id = known("value", value.id, *path, "values", str(value_place))
                values.append(ValueFields(value.name.value(), value_id))
        found.append(OptionFields(option.name.value(), values, option_id, option.default))
    faults.raise_any()
    return found


def known(prefix: str, sent: strawberry.ID | None, *path: str) -> UUID | None:
    return None if sent is None else row_id(prefix, sent, *path, "id")


def variant_picks(sent: CatalogItemOptionsSetInput) -> list[VariantPick]:
    faults = Faults()
    found: list[VariantPick] = []
    for place, pick in enumerate(sent.variants):
        with faults.collecting():
            variant_id = row_id("variant", pick.id, "variants", str(place), "id")
            found.append(VariantPick(variant_id, named_values(pick.option_values)))
    faults.raise_any()
    return found
