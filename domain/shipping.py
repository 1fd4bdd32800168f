"""What it costs to get things to somewhere: told to shoppers, and asked again when they check out."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from db.queries.shipping import offered_rates, rate_with_offer
from db.rows import Record, Rows
from domain.actors import Actor
from domain.destinations import Destination
from domain.errors import FaultCode, UserFault, not_found
from domain.money import checked_amount
from domain.shipping_places import destination_of, keys_of
from domain.shipping_providers import PROVIDERS, Providers, ShippingKind, Tariff, available
from domain.texts import LocalizedText

__all__ = ["Destination", "Quote", "destination_of", "needs_shipping", "quote_for", "quotes"]

SHIPPED_KINDS = frozenset({"product"})
"""Kinds of items that have to get to somebody. A service is done and a project given to."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One way to get things, and what it costs now. Days are counted from the order; None where nothing is promised."""

    rate_id: uuid.UUID
    provider: str
    kind: ShippingKind
    name: LocalizedText
    price: Decimal
    free_above: Decimal | None
    estimate_min_days: int | None
    estimate_max_days: int | None
    instructions: LocalizedText


def needs_shipping(kinds: Iterable[str]) -> bool:
    """Whether an order of items of these kinds is brought or collected."""
    return not SHIPPED_KINDS.isdisjoint(kinds)


async def quotes(
    rows: Rows,
    *,
    actor: Actor,
    destination: Destination | None,
    subtotal: Decimal,
    providers: Providers = PROVIDERS,
) -> list[Quote]:
    """Every way to get things there: deliveries first, each in the order of zones and rates; anybody may ask.

    Pick-up is offered wherever somebody lives, and alone where no destination is given. Faults: INVALID, REQUIRED or
    TOO_LONG parts of the destination, INVALID subtotal.
    """
    subtotal = checked_amount(subtotal, "subtotal")
    asked = offer_asked(actor, destination, providers)
    found = [quote_of(row, destination, subtotal, providers) for row in await rows.fetch(offered_rates(), asked)]
    return [quote for quote in found if quote is not None]


async def quote_for(
    rows: Rows,
    *,
    actor: Actor,
    rate_id: uuid.UUID,
    destination: Destination | None,
    subtotal: Decimal,
    field: tuple[str, ...] = ("shippingRateId",),
    providers: Providers = PROVIDERS,
) -> Quote:
    """What one rate costs now. Faults, at `field`: NOT_FOUND; SHIPPING_UNAVAILABLE for what is not offered there.

    A destination that is wrong by itself is told as by `quotes`; one of a checked address never is.
    """
    asked = offer_asked(actor, destination, providers)
    found = await rows.fetch(rate_with_offer(), asked | {"rate_id": rate_id})
    if not found:
        raise not_found("shipping rate", *field)
    quote = quote_of(found[0], destination, subtotal, providers) if found[0]["is_offered"] else None
    if quote is None:
        message = "This is not offered to this destination any more: choose another way to get it."
        raise UserFault(FaultCode.SHIPPING_UNAVAILABLE, message, field)
    return quote


def offer_asked(actor: Actor, destination: Destination | None, providers: Providers) -> dict[str, object]:
    """What the statements are given. Without a destination no place is looked for, be it everywhere else."""
    return {
        "tenant_id": actor.tenant,
        "keys": [] if destination is None else keys_of(destination, "destination"),
        "deliveries": available(providers, ShippingKind.DELIVERY),
        "pickups": available(providers, ShippingKind.PICKUP),
    }


def quote_of(row: Record, destination: Destination | None, subtotal: Decimal, providers: Providers) -> Quote | None:
    """None where the provider does not go there."""
    provider = providers[row["provider"]]
    tariff = Tariff(row["price"], row["free_above"])
    price = provider.price(tariff, destination=destination, subtotal=subtotal)
    if price is None:
        return None
    return Quote(
        rate_id=row["id"],
        provider=provider.name,
        kind=provider.kind,
        name=LocalizedText(en=row["name_en"], ar=row["name_ar"]),
        price=price,
        free_above=row["free_above"],
        estimate_min_days=row["estimate_min_days"],
        estimate_max_days=row["estimate_max_days"],
        instructions=LocalizedText(en=row["instructions_en"], ar=row["instructions_ar"]),
    )
