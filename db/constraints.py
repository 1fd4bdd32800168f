"""Which constraint refused a statement: two requests may pass the same check, and the database decides."""

from sqlalchemy.exc import IntegrityError


def violated(error: IntegrityError) -> str | None:
    """The constraint's name, such as `uq_tenants_slug`; the message itself may hold personal data."""
    cause = error.orig.__cause__ if error.orig else None
    name = getattr(cause, "constraint_name", None)
    return name if isinstance(name, str) else None
