"""Inputs of shipping, and what the domain makes of them."""

from decimal import Decimal
from enum import Enum

import strawberry

from domain.shipping_forms import NewArea, NewRate, NewZone
from gql.address_inputs import Governorate
from gql.ids import row_id
from gql.scalars import LocalizedTextInput


@strawberry.enum(description="Whether things go to the shopper, or the shopper comes for them.")
class ShippingKind(Enum):
    DELIVERY = strawberry.enum_value("delivery", description="They are brought.")
    PICKUP = strawberry.enum_value("pickup", description="The shopper comes for them.")


@strawberry.enum(description="A provider that the platform has. More values may come.")
class ShippingProviderName(Enum):
    OWN_DELIVERY = strawberry.enum_value(
        "own_delivery", description="The store brings things, or has them brought, for the price that its rate says."
    )
    PICKUP = strawberry.enum_value("pickup", description="Shoppers come to a place of the store.")


@strawberry.input(description="A part of a governorate.")
class ShippingAreaInput:
    governorate: Governorate = strawberry.field(description="Where it is.")
    name: LocalizedTextInput = strawberry.field(
        description="Up to 100 characters. What shoppers write is compared with each language that is given: give both."
    )


@strawberry.input(description="One way to get things to where a zone is, or to come for them.")
class ShippingRateInput:
    id: strawberry.ID | None = strawberry.field(
        default=None, description="A rate of the zone that is to stay the same one; left out, it is a new one."
    )
    provider: ShippingProviderName = strawberry.field(description="One of `tenant.shippingProviders`.")
    name: LocalizedTextInput = strawberry.field(
        description="What shoppers choose, such as Express; in at least one language, up to 100 characters."
    )
    price: Decimal = strawberry.field(description="Flat, in the tenant's currency, with at most three decimals.")
    free_above: Decimal | None = strawberry.field(
        default=None, description="Free of charge where the goods cost this much or more; null for never."
    )
    estimate_min_days: int | None = strawberry.field(
        default=None, description="Days from the order until it is there at the earliest, 0 to 365; both ends or none."
    )
    estimate_max_days: int | None = strawberry.field(
        default=None, description="And at the latest; not less than the earliest."
    )
    instructions: LocalizedTextInput | None = strawberry.field(
        default=None,
        description="For the shopper, up to 500 characters in each language, line breaks allowed. Of pick-up it is "
        "where and when to come, and required.",
    )
    is_enabled: bool = strawberry.field(default=True, description="False offers it to nobody.")


@strawberry.input(
    description="All of a zone: what is left out is empty from now on, rates that are not named are gone."
)
class ShippingZoneSaveInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="The zone to change; left out for a new one.")
    version: int | None = strawberry.field(
        default=None, description="The `version` that was read: `STALE` if somebody has changed the zone meanwhile."
    )
    name: LocalizedTextInput = strawberry.field(
        description="For the staff; in at least one language, up to 100 characters."
    )
    position: int | None = strawberry.field(
        default=None,
        description="Place among the zones, 0 to 1,000,000: lower ones first, equal ones in the order of creation. "
        "Left out, it stays; a new zone stands last.",
    )
    countries: list[str] = strawberry.field(
        default_factory=list,
        description="Whole countries, ISO 3166-1 alpha-2, `KW` among them; each once, at most 250.",
    )
    governorates: list[Governorate] = strawberry.field(
        default_factory=list, description="Whole governorates of Kuwait; each once."
    )
    areas: list[ShippingAreaInput] = strawberry.field(
        default_factory=list, description="Areas within governorates; each once, at most 200."
    )
    is_everywhere_else: bool = strawberry.field(
        default=False, description="Wherever no zone of the tenant's is, at home and abroad."
    )
    rates: list[ShippingRateInput] = strawberry.field(
        description="All rates, in the order to show; at most 20, and at most 50 for pick-up in all zones together. An "
        "empty list delivers nothing there."
    )


@strawberry.input(description="Which zone to delete.")
class ShippingZoneDeleteInput:
    id: strawberry.ID = strawberry.field(description="The zone.")
    version: int | None = strawberry.field(
        default=None, description="The `version` that was read: `STALE` if somebody has changed the zone meanwhile."
    )


def new_zone(given: ShippingZoneSaveInput) -> NewZone:
    return NewZone(
        name=given.name.value(),
        rates=[new_rate(rate, "rates", str(place)) for place, rate in enumerate(given.rates)],
        countries=given.countries,
        governorates=[str(each.value) for each in given.governorates],
        areas=[NewArea(str(each.governorate.value), each.name.value()) for each in given.areas],
        is_everywhere_else=given.is_everywhere_else,
        position=given.position,
    )


def new_rate(given: ShippingRateInput, *field: str) -> NewRate:
    return NewRate(
        provider=str(given.provider.value),
        name=given.name.value(),
        price=given.price,
        id=None if given.id is None else row_id("rate", given.id, *field, "id"),
        free_above=given.free_above,
        estimate_min_days=given.estimate_min_days,
        estimate_max_days=given.estimate_max_days,
        instructions=given.instructions.value() if given.instructions else None,
        is_enabled=given.is_enabled,
    )
