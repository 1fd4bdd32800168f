"""Invitations in the API: sending them as staff, looking at one by its token, accepting it."""

from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from db.models import Invitation as InvitationRow
from domain import audit, invitations
from domain.actors import Permission
from domain.pages import PageRequest
from gql.access import OPEN, PERSON, staff
from gql.connections import After, Connection, First
from gql.context import Info
from gql.ids import global_id, row_id
from gql.roots import Payload, door, mutation
from gql.scalars import LocalizedText, localized, written
from gql.team import Colleague, colleague_of
from gql.viewer import Membership, MembershipRole, membership_of


@strawberry.enum(description="What became of an invitation.")
class InvitationStatus(Enum):
    PENDING = strawberry.enum_value("pending", description="It can be accepted.")
    ACCEPTED = strawberry.enum_value("accepted", description="It was, once and for all.")
    EXPIRED = strawberry.enum_value("expired", description="Nobody accepted it within seven days.")
    REVOKED = strawberry.enum_value(
        "revoked", description="It was taken back, or whoever sent it lost the right to before it was accepted."
    )


@strawberry.type(description="An address that was asked to join.")
class Invitation:
    inviter: strawberry.Private[UUID]
    id: strawberry.ID = strawberry.field(description="Identifier.")
    email: str = strawberry.field(description="The address, in lower case; only its owner can accept.")
    role: MembershipRole = strawberry.field(description="What they will be here.")
    status: InvitationStatus = strawberry.field(description="What became of it.")
    created_at: datetime = strawberry.field(description="When it was made, and mailed for the first time.")
    sent_at: datetime = strawberry.field(description="When it was mailed last.")
    expires_at: datetime = strawberry.field(description="Seven days after that.")

    @strawberry.field(
        description="Who mailed it last, perhaps not of the team any more; null for one whom the audit log does not "
        "name."
    )
    async def invited_by(self, info: Info) -> Colleague | None:
        found = await info.context.loaders.of(audit.people_by_id).load(self.inviter)
        return colleague_of(found) if found else None


@strawberry.type(description="An invitation as whoever holds its token sees it.")
class InvitationPreview:
    tenant_name: LocalizedText = strawberry.field(description="Name of the shop or charity that asks.")
    tenant_slug: str = strawberry.field(description="Send it as `Sadu-Tenant` once you have joined.")
    role: MembershipRole = strawberry.field(description="What you would be there.")
    masked_email: str = strawberry.field(
        description="The address that it was sent to, most of it hidden: `n***@people.test`. Sign in with that one."
    )
    expires_at: datetime = strawberry.field(description="Until then it can be accepted.")


StatusFilter = Annotated[
    InvitationStatus | None, strawberry.argument(description="Only invitations with this status, now.")
]


@strawberry.type(description="Invitations in the back office.")
class InvitationFields:
    @strawberry.field(
        description="The newest first; without a `status` all that were ever sent. Needs `team:read`: without it null "
        "and an error."
    )
    async def invitations(
        self, info: Info, first: First = 20, after: After = None, status: StatusFilter = None
    ) -> Connection[Invitation] | None:
        wanted, page_request = written(status), PageRequest(first, after)
        async with info.context.read() as session:
            page = await invitations.list_invitations(
                session, actor=info.context.actor, page=page_request, status=wanted
            )

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await invitations.count_invitations(session, actor=info.context.actor, status=wanted)

        return Connection[Invitation].of(page, invitation_of, count)


InvitationToken = Annotated[str, strawberry.argument(description="From the mail.")]


@strawberry.type
class InvitationQuery:
    @door(OPEN, description="What the token of a mailed invitation is for; null for one that cannot be accepted.")
    async def invitation(self, info: Info, token: InvitationToken) -> InvitationPreview | None:
        async with info.context.read() as session:
            found = await invitations.find_by_token(session, token=token)
        if found is None:
            return None
        return InvitationPreview(
            tenant_name=localized(found.name_en, found.name_ar, found.locale),
            tenant_slug=found.slug,
            role=MembershipRole(found.role),
            masked_email=invitations.masked(found.email),
            expires_at=found.expires_at,
        )


@strawberry.input(description="Whom to ask.")
class InvitationCreateInput:
    email: str = strawberry.field(description="A link is mailed there; case does not matter.")
    role: MembershipRole = strawberry.field(description="What they will be. Only owners invite owners.")


@strawberry.input(description="Which invitation to mail again.")
class InvitationResendInput:
    id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.input(description="Which invitation to take back.")
class InvitationRevokeInput:
    id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.input(description="The token that was mailed.")
class InvitationAcceptInput:
    token: str = strawberry.field(description="Good once, for the person whose address it was mailed to.")


@strawberry.type(description="The invitation that was sent or changed.")
class InvitationPayload(Payload):
    invitation: Invitation | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="What came of accepting.")
class InvitationAcceptPayload(Payload):
    membership: Membership | None = strawberry.field(
        default=None, description="The tenant that was joined; null when `userErrors` says why."
    )


@strawberry.type
class InvitationMutation:
    @mutation(
        InvitationPayload,
        access=staff(Permission.TEAM_MANAGE),
        description="Mail somebody an invitation to the request's tenant, good for seven days. `TAKEN` by a member, or "
        "by an invitation that is open. `LIMIT_REACHED` where 50 are open, or 100 were mailed within a day.",
    )
    async def invitation_create(self, info: Info, input: InvitationCreateInput) -> InvitationPayload | None:
        actor, signer, role = info.context.actor, info.context.services.signer, str(input.role.value)
        async with info.context.write() as session:
            made = await invitations.create(session, actor=actor, signer=signer, email=input.email, role=role)
        return InvitationPayload(invitation=invitation_of(made))

    @mutation(
        InvitationPayload,
        access=staff(Permission.TEAM_MANAGE),
        description="Mail an invitation again: its seven days begin anew, and the link mailed before is worthless. "
        "`NOT_FOUND` for what was accepted or revoked, `LIMIT_REACHED` within a minute or by the day's 100 mails.",
    )
    async def invitation_resend(self, info: Info, input: InvitationResendInput) -> InvitationPayload | None:
        invitation_id = row_id("invitation", input.id, "id")
        actor, signer = info.context.actor, info.context.services.signer
        async with info.context.write() as session:
            sent = await invitations.resend(session, actor=actor, signer=signer, invitation_id=invitation_id)
        return InvitationPayload(invitation=invitation_of(sent))

    @mutation(
        InvitationPayload,
        access=staff(Permission.TEAM_MANAGE),
        description="Take an invitation back; `NOT_FOUND` for what was accepted or revoked.",
    )
    async def invitation_revoke(self, info: Info, input: InvitationRevokeInput) -> InvitationPayload | None:
        invitation_id = row_id("invitation", input.id, "id")
        async with info.context.write() as session:
            revoked = await invitations.revoke(session, actor=info.context.actor, invitation_id=invitation_id)
        return InvitationPayload(invitation=invitation_of(revoked))

    @mutation(
        InvitationAcceptPayload,
        access=PERSON,
        description="Join the tenant that has invited the address of the person signed in; no tenant need be named. "
        "`INVITATION_INVALID`, whatever is wrong with the token, be it another person's. `LIMIT_REACHED` where the "
        "person or the team has too many memberships.",
    )
    async def invitation_accept(self, info: Info, input: InvitationAcceptInput) -> InvitationAcceptPayload | None:
        actor = info.context.actor
        async with info.context.read() as session:
            tenant_id = await invitations.inviting_tenant(session, token=input.token)
        async with info.context.write(tenant_id=tenant_id) as session:
            joined = await invitations.accept(session, actor=actor, tenant_id=tenant_id, token=input.token)
        return InvitationAcceptPayload(membership=membership_of(info, joined))


def invitation_of(row: InvitationRow) -> Invitation:
    return Invitation(
        inviter=row.invited_by,
        id=global_id("invitation", row.id),
        email=row.email,
        role=MembershipRole(row.role),
        status=InvitationStatus(invitations.status_of(row)),
        created_at=row.created_at,
        sent_at=row.sent_at,
        expires_at=row.expires_at,
    )
