"""The privileged schema's own fields: what only the platform's operators see and do."""

from typing import Annotated

import strawberry

from db.models import Tenant as TenantRow
from domain import platform
from domain.pages import PageRequest
from gql.access import PLATFORM
from gql.connections import After, Connection, First
from gql.context import Info
from gql.ids import known_id, row_id
from gql.roots import Payload, door, mutation
from gql.scalars import written
from gql.tenants import Tenant, TenantStatus

StatusFilter = Annotated[TenantStatus | None, strawberry.argument(description="Only tenants with this standing.")]
TenantId = Annotated[strawberry.ID, strawberry.argument(description="Its identifier.")]


@strawberry.type(description="Center control: every tenant, for the platform's operators alone.")
class Platform:
    @strawberry.field(description="All tenants, newest first.")
    async def tenants(
        self, info: Info, first: First = 20, after: After = None, status: StatusFilter = None
    ) -> Connection[Tenant]:
        wanted = written(status)
        page_request = PageRequest(first, after)
        async with info.context.read_platform() as session:
            page = await platform.list_tenants(session, actor=info.context.operator, page=page_request, status=wanted)

        async def count(info: Info) -> int:
            async with info.context.read_platform() as session:
                return await platform.count_tenants(session, actor=info.context.operator, status=wanted)

        return Connection[Tenant].of(page, as_tenant, count)

    @strawberry.field(description="One tenant; null if there is none with this identifier.")
    async def tenant(self, info: Info, id: TenantId) -> Tenant | None:
        tenant_id = known_id("tenant", id)
        if tenant_id is None:
            return None
        async with info.context.read_platform() as session:
            row = await platform.find_tenant(session, actor=info.context.operator, tenant_id=tenant_id)
        return as_tenant(row) if row else None


def as_tenant(row: TenantRow) -> Tenant:
    return Tenant(stored=row)


@strawberry.type
class PlatformQuery:
    @door(PLATFORM, description="Center control: what the platform's operators see across all tenants.")
    def platform(self) -> Platform:
        return Platform()


@strawberry.input(description="Which tenant, and why.")
class TenantStandingInput:
    id: strawberry.ID = strawberry.field(description="The tenant.")
    reason: str | None = strawberry.field(
        default=None, description="Kept in the tenant's audit log, up to 500 characters."
    )


@strawberry.type(description="The tenant whose standing was changed.")
class TenantStandingPayload(Payload):
    tenant: Tenant | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class PlatformMutation:
    @mutation(
        TenantStandingPayload,
        access=PLATFORM,
        description="Close a tenant's store and back office from the very next request on.",
    )
    async def tenant_suspend(self, info: Info, input: TenantStandingInput) -> TenantStandingPayload | None:
        return await change_standing(info, input, "suspended")

    @mutation(TenantStandingPayload, access=PLATFORM, description="As suspend; its owner cannot look in either.")
    async def tenant_disable(self, info: Info, input: TenantStandingInput) -> TenantStandingPayload | None:
        return await change_standing(info, input, "disabled")

    @mutation(TenantStandingPayload, access=PLATFORM, description="Open a suspended or disabled tenant again.")
    async def tenant_reactivate(self, info: Info, input: TenantStandingInput) -> TenantStandingPayload | None:
        return await change_standing(info, input, "active")


async def change_standing(info: Info, given: TenantStandingInput, status: str) -> TenantStandingPayload:
    tenant_id = row_id("tenant", given.id, "id")
    async with info.context.write_platform(tenant_id) as session:
        changed = await platform.set_tenant_status(
            session, actor=info.context.operator, tenant_id=tenant_id, status=status, reason=given.reason
        )
    return TenantStandingPayload(tenant=as_tenant(changed))
