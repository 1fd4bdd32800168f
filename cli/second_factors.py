"""Second factors that were lost with the recovery codes."""

from bootstrap import build_parts
from domain.errors import UserFault
from settings import Settings


async def reset_second_factor(settings: Settings, *, email: str) -> bool:
    """Whether there was one. Every tenant that the person works for finds `mfa.reset` in its audit log."""
    parts = build_parts(settings)
    try:
        return await parts.identity.reset_second_factor(email=email)
    except UserFault as refused:
        raise SystemExit(refused.message) from None
    finally:
        await parts.close()
