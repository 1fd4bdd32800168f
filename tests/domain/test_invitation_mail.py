"""What an invited person reads."""

import re
import uuid
from typing import Any

import pytest

from bootstrap import Parts
from db.models import Membership, Person, Tenant
from db.session import Scope
from domain import invitations
from domain.actors import Actor, ActorKind
from domain.invitations import masked, token_of
from domain.notifications import Errand, compose
from domain.ports import OutgoingMail
from domain.signing import Signer
from domain.store_pages import StorePages
from tests.support.outbox import Ground

SECRET = b"a secret of the tests"
PAGES = StorePages("shops.test", "https")


@pytest.fixture
def ground(parts: Parts) -> Ground:
    return Ground(parts.database)


async def tenant_of(ground: Ground, inviter: Person, **changes: Any) -> Tenant:
    tenant = await ground.tenant(contact_email=ground.address(), brand_primary="#7a1f2b", **changes)
    async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
        session.add(Membership(tenant_id=tenant.id, person_id=inviter.id, role="owner"))
    return tenant


async def invite(ground: Ground, tenant: Tenant, inviter: Person, role: str = "admin") -> uuid.UUID:
    actor = Actor(ActorKind.PERSON, tenant.id, inviter.id, "owner")
    async with ground.database.write(actor.scope) as session:
        made = await invitations.create(
            session, actor=actor, signer=Signer(SECRET), email="Noura@Invited.test", role=role
        )
    return made.id


async def mail_of(ground: Ground, tenant: Tenant, invitation_id: uuid.UUID) -> OutgoingMail | None:
    async with ground.database.read(Scope(tenant_id=tenant.id)) as session:
        payload = {"invitation_id": str(invitation_id)}
        return await compose(Errand(session, tenant.id, "mail.invitation", payload, SECRET, "<1@sadu.test>", PAGES))


async def test_the_invited_read_english_and_follow_a_link(ground: Ground) -> None:
    """Mission T5, N1."""
    inviter = await ground.person(name="Fahad Al-Ali")
    tenant = await tenant_of(ground, inviter, locale="en", time_zone="Asia/Kuwait")
    invitation_id = await invite(ground, tenant, inviter)
    mail = await mail_of(ground, tenant, invitation_id)
    assert mail
    assert (mail.to, mail.subject, mail.reply_to) == (
        "noura@invited.test",
        "You are invited to Sadu Crafts",
        tenant.contact_email,
    )
    link = f"https://{tenant.slug}.shops.test/invitation#{token_of(Signer(SECRET), invitation_id, sends=1)}"
    for body in (mail.text, mail.html):
        for told in ("Fahad Al-Ali", "Sadu Crafts", "as an administrator", link):
            assert told in body
    assert 'lang="en" dir="ltr"' in mail.html
    assert "background-color:#7a1f2b;color:#ffffff" in mail.html


async def test_the_invited_read_arabic_from_right_to_left(ground: Ground) -> None:
    """Mission T5, N1."""
    inviter = await ground.person(name="فهد العلي")
    tenant = await tenant_of(ground, inviter, locale="ar")
    invitation_id = await invite(ground, tenant, inviter, "member")
    mail = await mail_of(ground, tenant, invitation_id)
    assert mail
    token = token_of(Signer(SECRET), invitation_id, sends=1)
    for body in (mail.text, mail.html):
        for told in ("فهد العلي", "حرف السدو", "موظف", token):
            assert told in body
        words = re.sub(r"<[^>]*>", " ", body).replace(token, "")
        assert not {"Join", "invites", "Accept"} & set(re.findall(r"\w+", words))
    assert '<html lang="ar" dir="rtl">' in mail.html


async def test_a_name_makes_no_link_and_no_markup(ground: Ground) -> None:
    """Mission T5. The mail goes to people who have not asked for it."""
    inviter = await ground.person(name="Win at casino.test/now")
    tenant = await tenant_of(ground, inviter, locale="en", name_en="Prizes: http://evil.test")
    mail = await mail_of(ground, tenant, await invite(ground, tenant, inviter))
    assert mail
    for part in (mail.subject, mail.text, mail.html):
        assert "evil.test" not in part
        assert "casino" not in part
    assert mail.subject == f"You are invited to {tenant.slug}"
    bold = await ground.person(name="<b>Bold</b>")
    other = await tenant_of(ground, bold, locale="en")
    marked = await mail_of(ground, other, await invite(ground, other, bold))
    assert marked
    assert "<b>Bold" not in marked.html


def test_a_masked_address_shows_its_first_letter_and_its_host() -> None:
    """Mission T5."""
    assert masked("noura@people.test") == "n***@people.test"
    assert masked("a@people.test") == "a***@people.test"
