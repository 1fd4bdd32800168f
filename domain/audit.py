"""The record of privileged acts on a tenant. Written once; no login that serves requests may change it."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEntry
from domain.actors import Actor


def record(session: AsyncSession, *, actor: Actor, act: str, **details: Any) -> None:
    """Add an entry in the caller's transaction: who (`actor`), what (`act`, such as `tenant.update`), which request."""
    session.add(
        AuditEntry(
            tenant_id=actor.tenant,
            act=act,
            actor_kind=actor.kind.value,
            actor_id=actor.person_id,
            details=details,
            request_id=actor.request_id,
        )
    )
