"""Which constraint refused a statement: two requests may pass the same check, and the database decides."""

from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession


async def flushed(session: AsyncSession, refusals: Mapping[str, Exception]) -> None:
    """Write now; a violated constraint raises what `refusals` has under its name, whoever came first."""
    try:
        await session.flush()
    except IntegrityError as error:
        refusal = refusals.get(violated(error) or "")
        if refusal is not None:
            raise refusal from error
        raise


def violated(error: IntegrityError) -> str | None:
    """The constraint's name, such as `uq_tenants_slug`; the message itself may hold personal data."""
    cause = error.orig.__cause__ if error.orig else None
    name = getattr(cause, "constraint_name", None)
    return name if isinstance(name, str) else None
