"""The ways of paying that a store offers its shoppers, as far as prices and stock depend on them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from db.rows import Record
from domain.money import FILS
from domain.payment_accounts import hold_of
from domain.payment_gateways import Gateways
from domain.payment_providers import Capabilities, CurrencyRule


@dataclass(frozen=True, slots=True)
class WayToPay:
    """A provider that the store has enabled."""

    provider: str
    capabilities: Capabilities
    rule: CurrencyRule | None
    """How it counts the store's currency; None where it takes any amount, or does not know it."""
    holds_for: timedelta
    """For how long stock waits for the money."""


def offered_of(told: Record, gateways: Gateways) -> Mapping[str, WayToPay]:
    """By name, in the order in which shoppers see them; `told` has the tenant's `currency`, `providers` and `holds`."""
    found: dict[str, WayToPay] = {}
    for provider, minutes in zip(told["providers"] or (), told["holds"] or (), strict=True):
        capabilities = gateways.capabilities(provider)
        if capabilities is not None:
            rule = (capabilities.currencies or {}).get(told["currency"])
            holds_for = hold_of(minutes, is_online=capabilities.is_online)
            found[provider] = WayToPay(provider, capabilities, rule, holds_for)
    return found


def coin_of(ways: Iterable[WayToPay]) -> Decimal:
    """The smallest coin that all of the online ones take: a percentage is rounded to it, so that totals can be paid."""
    coins = [
        Decimal(way.rule.step).scaleb(-way.rule.exponent) for way in ways if way.rule and way.capabilities.is_online
    ]
    return max(coins, default=FILS)
