"""What an order comes to: its lines, what a discount takes off, and shipping, exact to the fils.

Nothing here asks anybody. Subtotal + shipping - discount is the total always, and what is taken off goods is split over
their lines without a rest, so that a line that is given back later gives back what was paid for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from domain.money import FILS, ZERO


class ReductionKind(Enum):
    PERCENTAGE = "percentage"
    """Of the lines together; `value` is 0 to 100."""
    FIXED = "fixed"
    """An amount off the lines together, or all that they come to where that is less."""
    FREE_SHIPPING = "free_shipping"
    """What shipping costs; the value does not count."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a discount takes off."""

    kind: ReductionKind
    value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Totals:
    """What an order comes to, in three decimals."""

    subtotal: Decimal
    """Of the lines, before any discount."""
    discount: Decimal
    """All that is taken off."""
    shipping: Decimal
    """The price of shipping, before any discount."""
    total: Decimal
    line_discounts: Sequence[Decimal]
    """The lines' parts of the discount, in their order."""

    @property
    def shipping_discount(self) -> Decimal:
        """What of the discount is off shipping, and off no line."""
        return self.discount - sum(self.line_discounts, ZERO)


def totals(
    line_totals: Sequence[Decimal], *, reduction: Reduction | None, shipping: Decimal, step: Decimal = FILS
) -> Totals:
    """The amounts of an order of these lines, which are given in at most three decimals.

    Percentages are rounded half-up to `step`, the smallest coin that the store is paid in.
    """
    subtotal, shipping = sum(line_totals, ZERO), shipping.quantize(FILS)
    off_lines = off_lines_by(reduction, subtotal, step) if reduction else ZERO
    off_shipping = shipping if reduction and reduction.kind is ReductionKind.FREE_SHIPPING else ZERO
    discount = off_lines + off_shipping
    return Totals(subtotal, discount, shipping, subtotal + shipping - discount, split(off_lines, line_totals))


def off_lines_by(reduction: Reduction, subtotal: Decimal, step: Decimal) -> Decimal:
    """What is taken off the lines together: never more than they come to."""
    match reduction.kind:
        case ReductionKind.PERCENTAGE:
            return min(stepped(subtotal * reduction.value / 100, step), subtotal)
        case ReductionKind.FIXED:
            return min(reduction.value.quantize(FILS), subtotal)
        case ReductionKind.FREE_SHIPPING:
            return ZERO


def stepped(amount: Decimal, step: Decimal) -> Decimal:
    """Half-up to a multiple of the step."""
    return ((amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step).quantize(FILS)


def split(amount: Decimal, weights: Sequence[Decimal]) -> Sequence[Decimal]:
    """An amount that is no more than the weights together, in parts as large as those.

    Each part is cut to the fils; the fils that are left over go to those that lost most by that, the first of equals
    first. So no part is larger than its weight.
    """
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    # In fils and whole numbers of them: no quotient is rounded.
    cut, lost = zip(*(divmod(amount / FILS * weight, whole) for weight in weights), strict=True)
    left_over = int(amount / FILS - sum(cut))
    by_loss = sorted(range(len(weights)), key=lambda place: -lost[place])
    favoured = frozenset(by_loss[:left_over])
    return [(fils + (place in favoured)) * FILS for place, fils in enumerate(cut)]
