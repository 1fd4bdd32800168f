"""Who is asking: the person, and the tenants they belong to."""

from enum import Enum

import strawberry

from db.models import Person as PersonRow
from db.queries.identity import MembershipFound
from domain import tenants
from domain.identity import viewing_person, viewing_second_factor
from gql.access import Access, Door
from gql.context import Info
from gql.cost import usually
from gql.customers import CustomerFields
from gql.ids import global_id
from gql.mfa import ViewerMfa, mfa_of
from gql.permissions import Permission, permissions_of
from gql.roots import door
from gql.scalars import Locale, LocalizedText, localized
from gql.tenants import TenantStatus


@strawberry.enum(description="What a person is in a tenant.")
class MembershipRole(Enum):
    OWNER = strawberry.enum_value("owner", description="Opened it, or was handed it over; may do everything.")
    ADMIN = strawberry.enum_value("admin", description="May do everything that the owner trusts to others.")
    MEMBER = strawberry.enum_value("member", description="Works with catalogue and orders every day.")


@strawberry.type(description="A human being with an account, whatever tenants they belong to.")
class Person:
    id: strawberry.ID = strawberry.field(description="Identifier.")
    email: str = strawberry.field(description="The confirmed address, in lower case.")
    name: str = strawberry.field(description="As the person wrote it.")
    locale: Locale = strawberry.field(description="Language of mails to this person.")


@strawberry.type(description="A tenant as its members see it from outside.")
class MembershipTenant:
    id: strawberry.ID = strawberry.field(description="Identifier.")
    slug: str = strawberry.field(description="Send it as `Sadu-Tenant` to act in this tenant.")
    name: LocalizedText = strawberry.field(description="Name of the shop or charity.")
    status: TenantStatus = strawberry.field(description="Standing with the platform.")


@strawberry.type(description="A tenant that the viewer belongs to.")
class Membership:
    tenant: MembershipTenant = strawberry.field(description="Which one.")
    role: MembershipRole = strawberry.field(description="What the viewer is there.")
    permissions: list[Permission] = strawberry.field(
        description="What the viewer may do there in this session; nothing while a second factor is missing.",
        directives=[usually(10)],
    )


@strawberry.type(description="Who is asking.")
class Viewer(CustomerFields):
    @strawberry.field(description="The person who signed in.")
    async def person(self, info: Info) -> Person:
        async with info.context.read() as session:
            row = await viewing_person(session, actor=info.context.actor)
        return person_of(row)

    @strawberry.field(
        description="The tenants that the person belongs to, the first joined first.", directives=[usually(3)]
    )
    async def memberships(self, info: Info) -> list[Membership]:
        return [membership_of(info, each) for each in await viewing_memberships(info)]

    @strawberry.field(
        description="The membership in the request's tenant; null where no tenant is named, or the person is no member."
    )
    async def membership(self, info: Info) -> Membership | None:
        tenant = info.context.caller.tenant
        if tenant is None:
            return None
        found = await viewing_memberships(info)
        return next((membership_of(info, each) for each in found if each.tenant_id == tenant.id), None)

    @strawberry.field(description="How far the person and this session are protected by a second factor.")
    async def mfa(self, info: Info) -> ViewerMfa:
        caller = info.context.caller
        async with info.context.read() as session:
            state = await viewing_second_factor(session, actor=info.context.actor, session_id=caller.session_id)
        return mfa_of(state, is_required=caller.needs_mfa)


VIEWER = Access(Door.PERSON, only_if_active=frozenset({"customer"}))


@strawberry.type
class ViewerQuery:
    @door(VIEWER, description="Who is asking. Answers 401 to a guest.")
    def viewer(self) -> Viewer:
        return Viewer()


async def viewing_memberships(info: Info) -> list[MembershipFound]:
    """The tenants of the person acting; a guest is denied."""
    return await info.context.loaders.of(tenants.memberships_by_person).load(info.context.actor.person) or []


def person_of(row: PersonRow) -> Person:
    return Person(id=global_id("person", row.id), email=row.email, name=row.name, locale=Locale(row.locale))


def membership_of(info: Info, found: MembershipFound) -> Membership:
    tenant = MembershipTenant(
        id=global_id("tenant", found.tenant_id),
        slug=found.slug,
        name=localized(found.name_en, found.name_ar, found.locale),
        status=TenantStatus(found.status),
    )
    granted = permissions_of(info.context.caller.permissions_as(found.role))
    return Membership(tenant=tenant, role=MembershipRole(found.role), permissions=granted)
