"""Money: `Decimal` from edge to edge, three decimals, never rounded on the way in."""

from decimal import ROUND_HALF_UP, Decimal

from domain.errors import FaultCode, UserFault

FILS = Decimal("0.001")
ZERO = Decimal("0.000")
LARGEST = Decimal("999999999.999")
"""What NUMERIC(12,3) holds."""


def checked_amount(amount: Decimal, *field: str) -> Decimal:
    """The amount with exactly three decimals. Refuses NaN, infinity, negatives, a fourth decimal, and too much."""
    if not amount.is_finite():
        raise UserFault(FaultCode.INVALID, "An amount must be a number.", field)
    if amount < 0:
        raise UserFault(FaultCode.INVALID, "An amount must not be negative.", field)
    if amount > LARGEST:
        raise UserFault(FaultCode.INVALID, f"An amount must not exceed {LARGEST}.", field)
    if amount != amount.quantize(FILS):
        raise UserFault(FaultCode.INVALID, "An amount has at most three decimals.", field)
    return amount.quantize(FILS) + 0  # a negative zero becomes a plain one


def rounded(amount: Decimal) -> Decimal:
    """Half-up to three decimals: the one place where the server's own arithmetic rounds."""
    return amount.quantize(FILS, rounding=ROUND_HALF_UP)
