"""How a client hears what its queries cost, and that it has to wait."""

import math

from domain.ports import Throttled, ThrottleStatus
from gql.errors import ErrorCode, Refusal


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
