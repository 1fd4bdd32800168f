"""How much of an order's money is for some of its lines: pure arithmetic, to the fils.

What was paid for a line is its total less its part of the discount. It is split over its quantity so that the parts of
several refunds, in whatever order they come, add up to exactly that.
"""

from decimal import ROUND_HALF_UP, Decimal

from domain.money import FILS, ZERO
from domain.payment_providers import Capabilities


def share(paid: Decimal, quantity: int, *, count: int) -> Decimal:
    """What the first `count` of a line's `quantity` cost together."""
    return (paid * count / quantity).quantize(FILS, rounding=ROUND_HALF_UP)


def of_line(paid: Decimal, quantity: int, *, before: int, count: int) -> Decimal:
    """What `count` more of a line cost, where `before` were given back already."""
    return share(paid, quantity, count=before + count) - share(paid, quantity, count=before)


def payable_part(parts: Decimal, *, parts_before: Decimal, given_before: Decimal, step: Decimal) -> Decimal:
    """What the provider is asked for, for parts that it could not pay to the fils.

    What is rounded off one refund is made good by the next: all parts together are exactly what was paid.
    """
    steps = ((parts_before + parts) / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return (steps * step).quantize(FILS) - given_before


def step_of(capabilities: Capabilities, currency: str) -> Decimal:
    """The smallest amount of a currency that a provider can pay."""
    rule = (capabilities.currencies or {}).get(currency)
    return FILS if rule is None else Decimal(rule.step).scaleb(-rule.exponent)


def paid_for_shipping(total: Decimal, paid_for_lines: Decimal) -> Decimal:
    """What an order's shipping cost after all discounts."""
    return max(total - paid_for_lines, ZERO)
