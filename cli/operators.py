"""Making operators: the one thing that only the owner's login may write."""

from sqlalchemy import text

from bootstrap import build_parts
from db.security.roles import connected
from domain.errors import UserFaults
from domain.identity import checked_sign_up
from settings import Settings


async def create_operator(settings: Settings, *, email: str, name: str, password: str) -> None:
    """Needs SADU_OWNER_DATABASE_URL. A confirmed account keeps its password and name; an unconfirmed one gets these."""
    if settings.owner_database_url is None:
        raise SystemExit("set SADU_OWNER_DATABASE_URL: only the owner's login may make operators")
    try:
        given = checked_sign_up(email=email, password=password, name=name, locale="en")
    except UserFaults as refused:
        raise SystemExit("\n".join(f"{fault.field[0]}: {fault.message}" for fault in refused.faults)) from None
    parts = build_parts(settings)
    try:
        person_id = await parts.identity.provision(given)
    finally:
        await parts.close()
    async with connected(settings.owner_database_url) as connection:
        statement = "INSERT INTO operators (person_id) VALUES (:person) ON CONFLICT DO NOTHING"
        await connection.execute(text(statement), {"person": person_id})
