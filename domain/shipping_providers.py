"""Who gets things to shoppers: the providers that the platform has, of which each rate of a tenant names one.

A further one, such as a carrier with prices of its own, is one more entry of what is given as `providers`; nothing else
asks which there are. Orders are priced within a transaction: so a provider answers at once from what it knows, and
whatever has to be asked outside is asked and stored beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol

from domain.destinations import Destination

NOTHING = Decimal("0.000")


class ShippingKind(Enum):
    """Whether things go to the shopper, or the shopper comes to the things."""

    DELIVERY = "delivery"
    PICKUP = "pickup"


@dataclass(frozen=True, slots=True)
class Tariff:
    """What the tenant has written down in a rate; free where the subtotal reaches `free_above`."""

    price: Decimal
    free_above: Decimal | None = None


class ShippingProvider(Protocol):
    """One that the platform knows."""

    @property
    def name(self) -> str:
        """In rows and in the API's enum, such as `own_delivery`. It is never given to another."""
        ...

    @property
    def kind(self) -> ShippingKind: ...

    @property
    def is_available(self) -> bool:
        """Whether tenants may choose it now. Where not, rates that name it stay, and are offered to nobody."""
        ...

    def price(self, tariff: Tariff, *, destination: Destination | None, subtotal: Decimal) -> Decimal | None:
        """With three decimals; None where it does not go there. `destination` may be None for pick-up alone."""
        ...


@dataclass(frozen=True, slots=True)
class PlainProvider:
    """Whoever takes just what the tenant has written down."""

    name: str
    kind: ShippingKind
    is_available: bool = True

    def price(self, tariff: Tariff, *, destination: Destination | None, subtotal: Decimal) -> Decimal | None:
        del destination  # the same to everywhere in the zone
        is_free = tariff.free_above is not None and subtotal >= tariff.free_above
        return NOTHING if is_free else tariff.price


Providers = Mapping[str, ShippingProvider]

PROVIDERS: Providers = {
    "own_delivery": PlainProvider("own_delivery", ShippingKind.DELIVERY),
    "pickup": PlainProvider("pickup", ShippingKind.PICKUP),
}


def available(providers: Providers, kind: ShippingKind) -> list[str]:
    """The names of those of a kind that may be offered now."""
    return [name for name, each in providers.items() if each.kind is kind and each.is_available]
