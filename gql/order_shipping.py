"""How an order gets to its buyer, as that was shown when it was placed."""

from collections.abc import Mapping
from typing import Any

import strawberry

from gql.scalars import LocalizedText, localized
from gql.shipping_inputs import ShippingKind


@strawberry.type(description="The way that was chosen, as it was named and promised when the order was placed.")
class OrderShippingMethod:
    kind: ShippingKind = strawberry.field(description="Whether it is brought.")
    name: LocalizedText = strawberry.field(description="What the store called it.")
    instructions: LocalizedText | None = strawberry.field(
        description="What else the store told of it, such as where to come for it; null where it told nothing."
    )
    estimate_min_days: int | None = strawberry.field(
        description="Days from the order at the least; null where nothing was promised."
    )
    estimate_max_days: int | None = strawberry.field(
        description="Days from the order at the most; null where nothing was promised."
    )


def shipping_method_of(kept: Mapping[str, Any] | None) -> OrderShippingMethod | None:
    """What an order has kept of `checkout_terms.write_shipping`."""
    if kept is None:
        return None
    told = kept["instructions_en"], kept["instructions_ar"]
    return OrderShippingMethod(
        kind=ShippingKind(kept["kind"]),
        name=localized(kept["name_en"], kept["name_ar"]),
        instructions=localized(*told) if any(told) else None,
        estimate_min_days=kept["estimate_min_days"],
        estimate_max_days=kept["estimate_max_days"],
    )
