"""Center control: what operators see and do across tenants, under the platform's own login."""

import uuid
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Tenant
from domain import audit
from domain.actors import Actor, require_operator
from domain.acts import Act
from domain.errors import not_found
from domain.pages import Page, PageRequest, newest_first
from domain.texts import cleaned
from domain.transitions import StateMachine

TENANT_STATUS = StateMachine(
    "The tenant",
    {"active": ("suspended", "disabled"), "suspended": ("active", "disabled"), "disabled": ("active",)},
)


async def list_tenants(session: AsyncSession, *, actor: Actor, page: PageRequest, status: str | None) -> Page[Tenant]:
    """All tenants, newest first."""
    require_operator(actor)
    statement = select(Tenant) if status is None else select(Tenant).where(Tenant.status == status)
    return await newest_first(
        session,
        statement,
        moment=Tenant.created_at,
        row_id=Tenant.id,
        position=lambda tenant: (tenant.created_at, tenant.id),
        page=page,
    )


async def count_tenants(session: AsyncSession, *, actor: Actor, status: str | None) -> int:
    require_operator(actor)
    statement = select(func.count()).select_from(Tenant)
    statement = statement if status is None else statement.where(Tenant.status == status)
    return (await session.execute(statement)).scalar_one()


async def find_tenant(session: AsyncSession, *, actor: Actor, tenant_id: uuid.UUID) -> Tenant | None:
    require_operator(actor)
    return await session.get(Tenant, tenant_id)


async def set_tenant_status(
    session: AsyncSession, *, actor: Actor, tenant_id: uuid.UUID, status: str, reason: str | None
) -> Tenant:
    """Suspend, disable or reactivate; acts on the tenant's very next request. The tenant's audit log says who and why.

    Faults: NOT_FOUND; ILLEGAL_TRANSITION, when it is so already.
    """
    require_operator(actor)
    why = cleaned(reason, "reason", limit=500, multiline=True)
    tenant = await session.get(Tenant, tenant_id, with_for_update=True)
    if tenant is None:
        raise not_found("tenant", "id")
    TENANT_STATUS.check(tenant.status, status, "id")
    acting = replace(actor, tenant_id=tenant_id)
    audit.record(session, actor=acting, act=Act(f"tenant.{status}"), before=tenant.status, reason=why)
    tenant.status = status
    await session.flush()
    return tenant
