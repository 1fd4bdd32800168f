"""Which constraint refused a statement: two requests may pass the same check, and the database decides."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession


@contextmanager
def refusing(refusals: Mapping[str, Exception]) -> Generator[None]:
    """A constraint that the block violates raises what `refusals` has under its name, whoever came first."""
    try:
        yield
    except IntegrityError as error:
        refusal = refusals.get(violated(error) or "")
        if refusal is not None:
            raise refusal from error
        raise


def is_referred_to(error: IntegrityError) -> bool:
    """Whether a row was not deleted since another one refers to it, of whatever table."""
    return getattr(error.orig, "sqlstate", None) == "23503"


async def flushed(session: AsyncSession, refusals: Mapping[str, Exception]) -> None:
    """Write now; a violated constraint is told as by `refusing`."""
    with refusing(refusals):
        await session.flush()


def violated(error: IntegrityError) -> str | None:
    """The constraint's name, such as `uq_tenants_slug`; the message itself may hold personal data."""
    cause = error.orig.__cause__ if error.orig else None
    name = getattr(cause, "constraint_name", None)
    return name if isinstance(name, str) else None
