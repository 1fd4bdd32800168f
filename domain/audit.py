"""The record of privileged acts on a tenant. Written once; no login that serves requests may change it."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApiKey, AuditEntry
from db.queries.audit import PersonFound, find_audited_people
from domain.actors import Actor, Permission, require
from domain.acts import OTHER, Act
from domain.pages import Page, PageRequest, newest_first


def record(session: AsyncSession, *, actor: Actor, act: Act, **details: Any) -> None:
    """Add an entry in the caller's transaction: who (`actor`), what, from where."""
    session.add(
        AuditEntry(
            tenant_id=actor.tenant,
            act=str(act),
            actor_kind=actor.kind.value,
            actor_id=actor.identity,
            details=details,
            request_id=actor.request_id,
            address=actor.address,
        )
    )


async def list_entries(session: AsyncSession, *, actor: Actor, page: PageRequest, act: str | None) -> Page[AuditEntry]:
    """What was done in the tenant and to its team's accounts, the latest first; `act` is a name, or `OTHER`."""
    require(actor, Permission.AUDIT_READ)
    return await newest_first(
        session,
        of_act(select(AuditEntry), act),
        moment=AuditEntry.created_at,
        row_id=AuditEntry.id,
        position=lambda entry: (entry.created_at, entry.id),
        page=page,
    )


async def count_entries(session: AsyncSession, *, actor: Actor, act: str | None) -> int:
    require(actor, Permission.AUDIT_READ)
    return (await session.execute(of_act(select(func.count()).select_from(AuditEntry), act))).scalar_one()


def of_act(statement: Select[Any], act: str | None) -> Select[Any]:
    if act is None:
        return statement
    return statement.where(AuditEntry.act.not_in(Act) if act == OTHER else AuditEntry.act == act)


async def people_by_id(session: AsyncSession, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, PersonFound]:
    """Who acted, for a loader. It asks for no permission: whoever loads has read a record that names them."""
    return {person.id: person for person in await find_audited_people(session, ids=person_ids)}


async def keys_by_id(session: AsyncSession, key_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of API keys, as `people_by_id`."""
    keys = await session.execute(select(ApiKey).where(ApiKey.id.in_(key_ids)))
    return {key.id: key.name for key in keys.scalars()}
