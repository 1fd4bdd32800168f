"""What an answer costs, declared on the fields: named as in IBM's GraphQL Cost Directives, and printed in the SDL.

`gql/cost_plans.py` counts with it.
"""

import strawberry
from graphql import GraphQLField, GraphQLSchema, is_leaf_type
from strawberry.schema_directive import Location

from gql.schema_fields import declaration, declared, fields_of, is_list, type_of


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="What each answer of the field costs. Without it an object costs 1 and a scalar nothing.",
)
class Cost:
    weight: int = strawberry.directive_field(name="weight")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many elements a list is counted for before it is read: what the slicing argument says (a number, "
    "or a list that is as long), else the assumed size. Sized fields below the field have that many, not the field.",
)
class ListSize:
    assumed_size: int | None = strawberry.directive_field(name="assumedSize", default=strawberry.UNSET)
    slicing_arguments: list[str] | None = strawberry.directive_field(name="slicingArguments", default=strawberry.UNSET)
    sized_fields: list[str] | None = strawberry.directive_field(name="sizedFields", default=strawberry.UNSET)


PAGE = ListSize(slicing_arguments=["first"], sized_fields=["nodes", "edges"])
BY_IDS = ListSize(slicing_arguments=["ids"])
MUTATION = Cost(weight=10)
RECORD = Cost(weight=4)
"""A row that is written together with others. An address is granted so many of them that a network behind one address
can browse, and no more than a few hundred a second."""
COUNT = Cost(weight=20)
"""Counting walks over every row that matches."""
CODE = Cost(weight=250)
"""Asking whether a discount code is good. An address is granted four a second, and forty at once: so many shoppers
behind one address can, and six random letters and figures are not found in years."""
DRAWING = Cost(weight=100)
"""A QR code takes ten milliseconds, in which the process does nothing else."""

INTROSPECTION = {"__schema": 300, "__type": 20}
"""GraphQL's own fields can bear no directive. Reading the whole schema takes as long as some hundred objects."""


def usually(size: int) -> ListSize:
    """The size of a list that nobody can ask a page of."""
    return ListSize(assumed_size=size)


def sized(schema: strawberry.Schema) -> strawberry.Schema:
    """The schema itself, with `PAGE` on each field that takes `first`. A list that has no size is a mistake."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - all fields at once are not in Strawberry's public interface
    for field in fields_of(core).values():
        if "first" in field.args and list_size(field) is None:
            definition = declaration(field)
            definition.directives = [*definition.directives, PAGE]
    if escaping := unsized_lists(core):
        raise TypeError(f"lists without @listSize: {', '.join(escaping)}")
    return schema


def unsized_lists(schema: GraphQLSchema) -> list[str]:
    """Fields with a list whose size neither they tell nor every field that leads to them."""
    fields = fields_of(schema)

    def paged(owner: str, name: str) -> bool:
        leading = [field for field in fields.values() if type_of(field).name == owner]
        return bool(leading) and all(name in sized_by(list_size(field)) for field in leading)

    return [
        f"{owner}.{name}"
        for (owner, name), field in fields.items()
        if is_list(field) and list_size(field) is None and not paged(owner, name)
    ]


def weight(field: GraphQLField) -> int:
    """What one answer of the field costs, without what is selected below it."""
    found = declared(field, Cost)
    if found is not None:
        return found.weight
    return 0 if is_leaf_type(type_of(field)) else 1


def list_size(field: GraphQLField) -> ListSize | None:
    return declared(field, ListSize)


def sized_by(size: ListSize | None) -> tuple[str, ...]:
    """The fields below that a size is meant for; none if it is the field's own."""
    return tuple((size.sized_fields or ()) if size else ())


def slicing_argument(size: ListSize) -> str | None:
    return size.slicing_arguments[0] if size.slicing_arguments else None
