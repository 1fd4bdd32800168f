"""Shipping in the API: what shoppers are quoted, and the zones that staff make."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import strawberry

from db.models import ShippingRate as RateRow
from db.models import ShippingZone as ZoneRow
from domain import shipping, shipping_zones
from domain.actors import Permission
from domain.shipping_providers import PROVIDERS
from domain.shipping_providers import ShippingProvider as Provider
from gql.access import staff
from gql.address_inputs import Governorate
from gql.context import Info
from gql.cost import usually
from gql.destinations import DestinationInput, destination_value
from gql.ids import global_id, row_id
from gql.related import related
from gql.roots import Payload, mutation
from gql.scalars import LocalizedText, Money, localized, money
from gql.shipping_inputs import (
    ShippingKind,
    ShippingProviderName,
    ShippingZoneDeleteInput,
    ShippingZoneSaveInput,
    new_zone,
)
from gql.store_profiles import text_or_none

MANAGE = staff(Permission.TENANT_MANAGE)


@strawberry.type(description="One way to get things, and what it costs now. Checking out asks again.")
class ShippingQuote:
    rate_id: strawberry.ID = strawberry.field(description="What is chosen when checking out.")
    kind: ShippingKind = strawberry.field(description="Brought, or come for.")
    provider: ShippingProviderName = strawberry.field(description="Who does it.")
    name: LocalizedText = strawberry.field(description="What the store calls it.")
    price: Money = strawberry.field(description="For the subtotal that was given; zero where that makes it free.")
    free_above: Money | None = strawberry.field(
        description="Free of charge where the goods cost this much or more; null for never."
    )
    estimate_min_days: int | None = strawberry.field(
        description="Days from the order at the earliest, 0 to 365; null where nothing is promised."
    )
    estimate_max_days: int | None = strawberry.field(description="And at the latest; null together with the earliest.")
    instructions: LocalizedText | None = strawberry.field(
        description="What the shopper has to know: of pick-up where and when to come. May have several lines."
    )


@strawberry.type(description="A provider that the platform has.")
class ShippingProvider:
    name: ShippingProviderName = strawberry.field(description="What rates name it by.")
    kind: ShippingKind = strawberry.field(description="What it does.")
    is_available: bool = strawberry.field(
        description="Whether rates may name it now. Those that do already are offered to nobody while it is not."
    )


@strawberry.type(description="A part of a governorate.")
class ShippingArea:
    governorate: Governorate = strawberry.field(description="Where it is.")
    name: LocalizedText = strawberry.field(description="In the languages in which shoppers' spelling is compared.")


@strawberry.type(description="One way to get things to where a zone is, or to come for them.")
class ShippingRate:
    id: strawberry.ID = strawberry.field(description="Identifier.")
    provider: ShippingProviderName = strawberry.field(description="Who does it.")
    kind: ShippingKind = strawberry.field(description="Brought, or come for: wherever the shopper is.")
    name: LocalizedText = strawberry.field(description="What shoppers choose.")
    price: Money = strawberry.field(description="Flat.")
    free_above: Money | None = strawberry.field(
        description="Free of charge where the goods cost this much or more; null for never."
    )
    estimate_min_days: int | None = strawberry.field(
        description="Days from the order at the earliest, 0 to 365; null where nothing is promised."
    )
    estimate_max_days: int | None = strawberry.field(description="And at the latest; null together with the earliest.")
    instructions: LocalizedText | None = strawberry.field(
        description="For the shopper: of pick-up where and when to come. May have several lines."
    )
    is_enabled: bool = strawberry.field(description="Whether it is offered to shoppers.")


@strawberry.type(
    description="Places with the same rates. Of the zones that a destination is in, the narrowest counts alone: area "
    "before governorate, before country, before everywhere else."
)
class ShippingZone:
    stored: strawberry.Private[ZoneRow]
    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: LocalizedText = strawberry.field(description="For the staff.")
    position: int = strawberry.field(description="Place among the zones, lower ones first.")
    countries: list[str] = strawberry.field(description="Whole countries, ISO 3166-1 alpha-2.", directives=[usually(6)])
    governorates: list[Governorate] = strawberry.field(
        description="Whole governorates of Kuwait.", directives=[usually(6)]
    )
    areas: list[ShippingArea] = strawberry.field(
        description="Areas within governorates, as they were given.", directives=[usually(10)]
    )
    is_everywhere_else: bool = strawberry.field(description="Wherever no zone of the tenant's is.")
    version: int = strawberry.field(description="Rises with each edit of the zone or its rates.")

    @related(shipping_zones.rates_of, description="In the order in which shoppers see them.", directives=[usually(3)])
    def rates(self, found: Sequence[RateRow], info: Info) -> list[ShippingRate]:
        return [rate_of(row, info.context.tenant.currency) for row in found]


Where = Annotated[
    DestinationInput | None,
    strawberry.argument(description="Where things go. Left out, pick-up is quoted alone."),
]
Subtotal = Annotated[
    Decimal,
    strawberry.argument(description="What the goods cost, in the store's currency, with at most three decimals."),
]


@strawberry.type(description="Shipping as shoppers see it.")
class StoreShippingFields:
    @strawberry.field(
        description="Every way to get things there: deliveries first, each in the store's order. None, where the store "
        "delivers nothing there and has no pick-up. A destination that cannot be is an error `BAD_USER_INPUT`.",
        directives=[usually(4)],
    )
    async def shipping_quotes(
        self, info: Info, destination: Where = None, subtotal: Subtotal = Decimal(0)
    ) -> list[ShippingQuote]:
        where = destination_value(destination) if destination else None
        async with info.context.read_rows() as rows:
            found = await shipping.quotes(rows, actor=info.context.actor, destination=where, subtotal=subtotal)
        return [quote_of(each, info.context.tenant.currency) for each in found]


@strawberry.type(description="Shipping in the back office.")
class StaffShippingFields:
    @strawberry.field(
        description="The tenant's shipping zones, at most 50, in their order. Needs `orders:read`: without it null and "
        "an error.",
        directives=[usually(6)],
    )
    async def shipping_zones(self, info: Info) -> list[ShippingZone] | None:
        async with info.context.read() as session:
            found = await shipping_zones.list_zones(session, actor=info.context.actor)
        return [zone_of(row) for row in info.context.take(found)]

    @strawberry.field(
        description="The providers that the platform has: each rate names one. Needs `orders:read`: without it null "
        "and an error.",
        directives=[usually(2)],
    )
    def shipping_providers(self, info: Info) -> list[ShippingProvider] | None:
        return [provider_of(each) for each in shipping_zones.list_providers(actor=info.context.actor)]


@strawberry.type(description="The zone that was made or changed.")
class ShippingZonePayload(Payload):
    zone: ShippingZone | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The zone that was deleted.")
class ShippingZoneDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Its identifier, which names nothing any more; null when `userErrors` says why."
    )


@strawberry.type
class ShippingMutation:
    @mutation(
        ShippingZonePayload,
        access=MANAGE,
        description="Make a shipping zone, or change all of one with its rates. A place is in one zone at most: "
        "`TAKEN` names those that another has. `LIMIT_REACHED` at 50 zones.",
    )
    async def shipping_zone_save(self, info: Info, input: ShippingZoneSaveInput) -> ShippingZonePayload | None:
        zone_id, given = None if input.id is None else row_id("zone", input.id, "id"), new_zone(input)
        async with info.context.write() as session:
            saved = await shipping_zones.save(
                session, actor=info.context.actor, given=given, zone_id=zone_id, version=input.version
            )
        return ShippingZonePayload(zone=zone_of(saved))

    @mutation(
        ShippingZoneDeletePayload,
        access=MANAGE,
        description="Delete a shipping zone with its rates. Orders keep what they were told; carts that chose one of "
        "its rates choose again.",
    )
    async def shipping_zone_delete(
        self, info: Info, input: ShippingZoneDeleteInput
    ) -> ShippingZoneDeletePayload | None:
        zone_id = row_id("zone", input.id, "id")
        async with info.context.write() as session:
            await shipping_zones.delete(session, actor=info.context.actor, zone_id=zone_id, version=input.version)
        return ShippingZoneDeletePayload(deleted_id=input.id)


def zone_of(row: ZoneRow) -> ShippingZone:
    return ShippingZone(
        stored=row,
        id=global_id("zone", row.id),
        name=localized(row.name_en, row.name_ar),
        position=row.position,
        countries=row.countries,
        governorates=[Governorate(each) for each in row.governorates],
        areas=[
            ShippingArea(governorate=Governorate(each["governorate"]), name=localized(each["en"], each["ar"]))
            for each in row.areas
        ],
        is_everywhere_else=row.is_everywhere_else,
        version=row.version,
    )


def rate_of(row: RateRow, currency: str) -> ShippingRate:
    return ShippingRate(
        id=global_id("rate", row.id),
        provider=ShippingProviderName(row.provider),
        kind=ShippingKind(PROVIDERS[row.provider].kind.value),
        name=localized(row.name_en, row.name_ar),
        price=money(row.price, currency),
        free_above=None if row.free_above is None else money(row.free_above, currency),
        estimate_min_days=row.estimate_min_days,
        estimate_max_days=row.estimate_max_days,
        instructions=text_or_none(row.instructions_en, row.instructions_ar),
        is_enabled=row.is_enabled,
    )


def quote_of(quote: shipping.Quote, currency: str) -> ShippingQuote:
    return ShippingQuote(
        rate_id=global_id("rate", quote.rate_id),
        kind=ShippingKind(quote.kind.value),
        provider=ShippingProviderName(quote.provider),
        name=localized(quote.name.en, quote.name.ar),
        price=money(quote.price, currency),
        free_above=None if quote.free_above is None else money(quote.free_above, currency),
        estimate_min_days=quote.estimate_min_days,
        estimate_max_days=quote.estimate_max_days,
        instructions=text_or_none(quote.instructions.en, quote.instructions.ar),
    )


def provider_of(provider: Provider) -> ShippingProvider:
    return ShippingProvider(
        name=ShippingProviderName(provider.name),
        kind=ShippingKind(provider.kind.value),
        is_available=provider.is_available,
    )
