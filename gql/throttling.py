"""How a client hears what its queries cost, and that it has to wait."""

import math

from domain.ports import Throttled, ThrottleStatus, TooManyAttempts
from gql.errors import ErrorCode, Refusal

SECONDS_UNTIL_AVAILABLE = 5
"""A guess: nobody knows when Redis comes back."""


def cost_extension(requested: int, actual: int | None, status: ThrottleStatus) -> dict[str, object]:
    """The value of `extensions.cost`. `actual` is None where nothing was executed."""
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": status.maximum_available,
            "currentlyAvailable": status.currently_available,
            "restoreRate": status.restore_rate,
        },
    }


def throttled(raised: Throttled, requested: int) -> Refusal:
    """The refusal of a request whose client has too few points left."""
    seconds = max(1, math.ceil(raised.retry_after))
    return Refusal(
        429,
        ErrorCode.THROTTLED,
        f"This may cost {requested} points, more than you have left. Try again in {seconds} s.",
        retry_after=seconds,
        extensions={"cost": cost_extension(requested, None, raised.status)},
    )


def too_many_attempts(raised: TooManyAttempts) -> Refusal:
    """It does not say whether the address or the account had too many, nor whether there is such an account."""
    seconds = max(1, math.ceil(raised.retry_after.total_seconds()))
    wait = f"{seconds} s" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"
    return Refusal(429, ErrorCode.TOO_MANY_ATTEMPTS, f"Too many attempts. Try again in {wait}.", retry_after=seconds)


def limits_unavailable() -> Refusal:
    """The refusal of an attempt while nobody can count attempts."""
    told = "This is out of order for the moment. Try again soon."
    return Refusal(503, ErrorCode.TEMPORARILY_UNAVAILABLE, told, retry_after=SECONDS_UNTIL_AVAILABLE)


def overloaded() -> Refusal:
    """The refusal of what would have to wait behind too many others."""
    told = "Too many of these are waiting. Nothing was done: try again soon."
    return Refusal(503, ErrorCode.TEMPORARILY_UNAVAILABLE, told, retry_after=1)


def search_unavailable() -> Refusal:
    """Where a tenant's search engine is away. Nothing stands in for it: see `integrations.search_by_tenant`."""
    told = "Searching is out of order. Everything else goes on: try again soon."
    return Refusal(503, ErrorCode.TEMPORARILY_UNAVAILABLE, told, retry_after=1)


def cart_unavailable() -> Refusal:
    """Where the store of guests' carts is away. Nothing stands in for it: a cart must not be in two places."""
    told = "Guests' carts are out of order. Everything else goes on: try again soon."
    return Refusal(503, ErrorCode.CART_UNAVAILABLE, told, retry_after=SECONDS_UNTIL_AVAILABLE)
