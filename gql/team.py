"""The team in the API: who works for the tenant and as what, changing that, leaving, handing over."""

from datetime import datetime

import strawberry

from db.queries.audit import PersonFound
from db.queries.team import TeamMember
from domain import team
from domain.actors import Permission
from gql.access import staff
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id, row_id
from gql.roots import Payload, mutation
from gql.viewer import MembershipRole


@strawberry.type(description="A person as their colleagues know them.")
class Colleague:
    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="As the person wrote it.")
    email: str = strawberry.field(description="The confirmed address, in lower case.")


@strawberry.type(description="Somebody who works for the tenant.")
class Member:
    id: strawberry.ID = strawberry.field(description="Identifier of the membership, not of the person.")
    person: Colleague = strawberry.field(description="Who it is.")
    role: MembershipRole = strawberry.field(description="What they are here.")
    joined_at: datetime = strawberry.field(description="Since when.")
    has_mfa: bool = strawberry.field(description="They sign in with a second factor.")
    is_viewer: bool = strawberry.field(description="It is whoever is asking.")


@strawberry.type(description="The team in the back office.")
class TeamFields:
    @strawberry.field(
        description="Everybody who works here, the first joined first; at most 200. Needs `team:read`: anyone else "
        "gets null and an error.",
        directives=[usually(10)],
    )
    async def members(self, info: Info) -> list[Member] | None:
        async with info.context.read() as session:
            found = await team.list_members(session, actor=info.context.actor)
        return [member_of(info, each) for each in found]


@strawberry.input(description="A member's new role.")
class MembershipUpdateInput:
    id: strawberry.ID = strawberry.field(description="The membership.")
    role: MembershipRole = strawberry.field(description="Acts on the member's next request. Only owners make owners.")


@strawberry.input(description="Whom to shut out.")
class MembershipRemoveInput:
    id: strawberry.ID = strawberry.field(description="The membership.")
    revoke_api_keys: bool = strawberry.field(
        default=True, description="Also revoke the API keys that they made, for they have seen them."
    )


@strawberry.input(description="Who is to be the owner.")
class OwnershipTransferInput:
    id: strawberry.ID = strawberry.field(description="The membership of somebody else.")


@strawberry.type(description="The member that was changed.")
class MembershipPayload(Payload):
    member: Member | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The member that was removed.")
class MembershipRemovePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The membership that was; null when `userErrors` says why."
    )


@strawberry.type(description="Whether the person has left; there is nothing else to tell.")
class MembershipLeavePayload(Payload):
    pass


@strawberry.type(description="The new owner.")
class OwnershipTransferPayload(Payload):
    owner: Member | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class TeamMutation:
    @mutation(
        MembershipPayload,
        access=staff(Permission.TEAM_MANAGE),
        description="Give a member another role. The last owner stays one (`LAST_OWNER`), nobody changes their own "
        "(`INVALID`), and an admin changes no owner. API keys that the member made stay good: rotate or revoke them.",
    )
    async def membership_update(self, info: Info, input: MembershipUpdateInput) -> MembershipPayload | None:
        membership_id, role = row_id("membership", input.id, "id"), str(input.role.value)
        async with info.context.write() as session:
            member = await team.change_role(session, actor=info.context.actor, membership_id=membership_id, role=role)
        return MembershipPayload(member=member_of(info, member))

    @mutation(
        MembershipRemovePayload,
        access=staff(Permission.TEAM_MANAGE),
        description="Shut a member out from their next request on; invitations that they sent are revoked, and API "
        "keys that they made unless told otherwise. The last "
        "owner stays (`LAST_OWNER`), nobody removes themselves (`INVALID`), and an admin removes no owner.",
    )
    async def membership_remove(self, info: Info, input: MembershipRemoveInput) -> MembershipRemovePayload | None:
        membership_id = row_id("membership", input.id, "id")
        async with info.context.write() as session:
            removed = await team.remove(
                session,
                actor=info.context.actor,
                membership_id=membership_id,
                revoke_api_keys=input.revoke_api_keys,
            )
        return MembershipRemovePayload(deleted_id=global_id("membership", removed.id))

    @mutation(
        MembershipLeavePayload,
        access=staff(Permission.TEAM_READ),
        description="Stop working for the request's tenant. The last owner stays (`LAST_OWNER`).",
    )
    async def membership_leave(self, info: Info) -> MembershipLeavePayload | None:
        async with info.context.write() as session:
            await team.leave(session, actor=info.context.actor)
        return MembershipLeavePayload()

    @mutation(
        OwnershipTransferPayload,
        access=staff(Permission.OWNERSHIP_MANAGE),
        description="Make another member an owner, and yourself an admin, both at once. `INVALID` for yourself.",
    )
    async def ownership_transfer(self, info: Info, input: OwnershipTransferInput) -> OwnershipTransferPayload | None:
        membership_id = row_id("membership", input.id, "id")
        async with info.context.write() as session:
            owner = await team.transfer(session, actor=info.context.actor, membership_id=membership_id)
        return OwnershipTransferPayload(owner=member_of(info, owner))


def colleague_of(found: PersonFound) -> Colleague:
    return Colleague(id=global_id("person", found.id), name=found.name, email=found.email)


def member_of(info: Info, found: TeamMember) -> Member:
    return Member(
        id=global_id("membership", found.id),
        person=Colleague(id=global_id("person", found.person_id), name=found.name, email=found.email),
        role=MembershipRole(found.role),
        joined_at=found.joined_at,
        has_mfa=found.has_mfa,
        is_viewer=found.person_id == info.context.actor.person_id,
    )
