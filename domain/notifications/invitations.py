"""The mail that asks somebody to join a tenant."""

import uuid

from sqlalchemy import select

from db.models import Invitation, Tenant
from db.queries.team import OPEN, find_team
from domain.invitations import token_of
from domain.notifications.errands import Errand
from domain.notifications.orders import local_time
from domain.notifications.rendering import Sender, brand_colour, one_line, render
from domain.notifications.wording import LABELS, Wordings
from domain.ports import OutgoingMail
from domain.signing import Signer
from domain.texts import LINK, LocalizedText


async def to_invitee(wordings: Wordings, errand: Errand) -> OutgoingMail | None:
    """To the invited address, in the tenant's language; nothing once the invitation cannot be accepted any more."""
    invitation_id = uuid.UUID(errand.payload["invitation_id"])
    still_open = select(Invitation).where(Invitation.id == invitation_id, OPEN)
    invitation = (await errand.session.execute(still_open)).scalar_one_or_none()
    if invitation is None:
        return None
    tenant = await errand.session.get_one(Tenant, errand.owner_id)
    names = {each.person_id: each.name for each in await find_team(errand.session)}
    return written(wordings, errand, invitation, tenant, inviter=names.get(invitation.invited_by, tenant.slug))


def written(
    wordings: Wordings, errand: Errand, invitation: Invitation, tenant: Tenant, *, inviter: str
) -> OutgoingMail:
    locale = tenant.locale
    name = LocalizedText(en=tenant.name_en, ar=tenant.name_ar).in_locale(locale)
    sender = Sender(name=harmless(name, tenant.slug), colour=brand_colour(tenant.brand_primary))
    role, called = LABELS[locale][f"role_{invitation.role}"], harmless(inviter, tenant.slug)
    wording = wordings[locale].filled(store=sender.name, inviter=called, role=role)
    token = token_of(Signer(errand.secret_key), invitation.id, sends=invitation.sends)
    bodies = render(
        "invitation",
        locale,
        sender,
        wording=wording,
        link=errand.store_pages.invitation_page(tenant.slug, token),
        until=f"{local_time(invitation.expires_at, tenant.time_zone)} ({tenant.time_zone})",
    )
    subject, reply_to = one_line(wording.subject), tenant.contact_email
    return OutgoingMail(errand.message_id, invitation.email, subject, bodies.text, bodies.html, reply_to)


def harmless(name: str, instead: str) -> str:
    """The name, unless a mail program might make a link of it: this mail goes to people who have not asked for it."""
    return instead if LINK.search(name) else name
