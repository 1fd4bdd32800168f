"""Where an order goes: the address as it was given when the order was placed."""

from collections.abc import Mapping
from typing import Any

import strawberry

from gql.address_inputs import Governorate


@strawberry.type(description="The part of an order's address that only Kuwait's form has.")
class KuwaitShippingAddress:
    governorate: Governorate = strawberry.field(description="One of the six.")
    area: str = strawberry.field(description="Such as Salmiya.")
    block: str = strawberry.field(description="The area's block.")
    street: str = strawberry.field(description="Name or number of the street.")
    avenue: str | None = strawberry.field(description="Jadda, where there is one.")
    building: str = strawberry.field(description="House or building.")
    floor: str | None = strawberry.field(description="Floor.")
    flat: str | None = strawberry.field(description="Flat or office.")


@strawberry.type(description="The part of an order's address that is written in lines.")
class GeneralShippingAddress:
    line1: str = strawberry.field(description="Street and number.")
    line2: str | None = strawberry.field(description="More of that.")
    city: str = strawberry.field(description="City or town.")
    region: str | None = strawberry.field(description="State, province or emirate.")
    postal_code: str | None = strawberry.field(description="Postal code.")


@strawberry.type(description="Where an order goes, as it was written when the order was placed: in one of two forms.")
class ShippingAddress:
    recipient: str | None = strawberry.field(description="Who takes the order in there, if not the customer.")
    phone: str | None = strawberry.field(description="Telephone number for the delivery.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as `KW`.")
    notes: str | None = strawberry.field(description="For whoever brings it; may have several lines.")
    kuwait: KuwaitShippingAddress | None = strawberry.field(description="Within Kuwait; else null.")
    general: GeneralShippingAddress | None = strawberry.field(description="Anywhere else; within Kuwait null.")


def shipping_address_of(kept: Mapping[str, Any] | None) -> ShippingAddress | None:
    """What an order has kept of `address_forms.checked_address`: the columns that are filled."""
    if kept is None:
        return None
    is_kuwaiti = kept["form"] == "kuwait"
    return ShippingAddress(
        recipient=kept.get("recipient"),
        phone=kept.get("phone"),
        country=kept["country"],
        notes=kept.get("notes"),
        kuwait=kuwait_part(kept) if is_kuwaiti else None,
        general=None if is_kuwaiti else general_part(kept),
    )


def kuwait_part(kept: Mapping[str, Any]) -> KuwaitShippingAddress:
    return KuwaitShippingAddress(
        governorate=Governorate(kept["governorate"]),
        area=kept["area"],
        block=kept["block"],
        street=kept["street"],
        avenue=kept.get("avenue"),
        building=kept["building"],
        floor=kept.get("floor"),
        flat=kept.get("flat"),
    )


def general_part(kept: Mapping[str, Any]) -> GeneralShippingAddress:
    return GeneralShippingAddress(
        line1=kept["line1"],
        line2=kept.get("line2"),
        city=kept["city"],
        region=kept.get("region"),
        postal_code=kept.get("postal_code"),
    )
