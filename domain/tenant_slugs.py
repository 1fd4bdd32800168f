"""Names of tenants in addresses: who may have one, and where a former one leads.

A slug that a tenant gives up is kept for it, and leads there, for a year or until the tenant lets it go. The database
writes that down, whoever renames (migration 0017); nobody else can have it meanwhile.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import FormerSlug
from db.rows import Rows, Statement, compile_statement
from domain import audit
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.errors import FaultCode, UserFault, not_found
from domain.texts import checked_slug

# fmt: off
RESERVED_SLUGS = frozenset(
    {
        "about", "account", "admin", "api", "app", "assets", "auth", "billing",
        "blog", "cdn", "center", "control", "dashboard", "dev", "docs", "ftp",
        "graphiql", "graphql", "health", "help", "imap", "internal", "login", "mail",
        "media", "metrics", "ns1", "ns2", "owner", "platform", "pop", "root",
        "sadu", "secure", "shop", "signin", "signup", "smtp", "staging", "static",
        "status", "store", "support", "system", "tenant", "test", "webhook", "webhooks",
        "well-known", "www",
    }
)
# fmt: on
"""Names under the base domain that are the platform's own, or would look as if they were."""

MOST_FORMER_SLUGS = 5
"""That one tenant keeps from everybody else at a time."""

# In the order of the keys, so that tenants who want each other's slugs do not wait in a circle.
LOCK_SLUGS = text("""
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended('tenant slug ' || slug, 0) AS key FROM unnest(CAST(:slugs AS text[])) AS slug
    ORDER BY key) AS keys
""")


def tenant_slug(slug: str) -> str:
    checked = checked_slug(slug, "slug", shortest=3, limit=40)
    if checked in RESERVED_SLUGS:
        raise UserFault(FaultCode.RESERVED, "This slug is reserved.", ("slug",))
    return checked


async def lock_slugs(session: AsyncSession, *slugs: str) -> None:
    """Let nobody else take or leave these until the transaction ends."""
    await session.execute(LOCK_SLUGS, {"slugs": sorted(slugs)})


async def leave_slug(session: AsyncSession, *, old: str, new: str) -> None:
    """Before the scope's tenant changes its slug. Fault: LIMIT_REACHED; the database says which are TAKEN."""
    await lock_slugs(session, old, new)
    kept = select(func.count()).select_from(FormerSlug)
    kept = kept.where(FormerSlug.expires_at > func.now(), FormerSlug.slug != new)
    if (await session.execute(kept)).scalar_one() >= MOST_FORMER_SLUGS:
        message = f"{MOST_FORMER_SLUGS} former slugs still lead here: let go of one of them first."
        raise UserFault(FaultCode.LIMIT_REACHED, message, ("slug",))


async def release(session: AsyncSession, *, actor: Actor, slug: str) -> None:
    """Let a former slug go: it leads nowhere from now on, and anybody may take it. Fault: NOT_FOUND."""
    require(actor, Permission.TENANT_MANAGE)
    statement = delete(FormerSlug).where(FormerSlug.tenant_id == actor.tenant, FormerSlug.slug == slug)
    if (await session.execute(statement.returning(FormerSlug.slug))).first() is None:
        raise not_found("former slug", "slug")
    audit.record(session, actor=actor, act=Act.TENANT_SLUG_RELEASE, slug=slug)


async def list_former(session: AsyncSession, *, actor: Actor) -> Sequence[FormerSlug]:
    """Those that still lead to the actor's tenant, the one that was left last first."""
    require(actor, Permission.TENANT_MANAGE)
    rows = select(FormerSlug).where(FormerSlug.tenant_id == actor.tenant, FormerSlug.expires_at > func.now())
    return (await session.execute(rows.order_by(FormerSlug.left_at.desc(), FormerSlug.slug))).scalars().all()


@cache
def moved_slug() -> Statement:
    return compile_statement(text("SELECT slug FROM find_moved_slug(:slug)"))


async def moved_to(rows: Rows, slug: str) -> str | None:
    """The slug of the open tenant that had this one; found in any scope."""
    if slug in RESERVED_SLUGS:  # the platform's own hosts: every request there would ask
        return None
    found = await rows.fetch(moved_slug(), {"slug": slug})
    return found[0]["slug"] if found else None
