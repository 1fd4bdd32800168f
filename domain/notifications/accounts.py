"""Mails about a person's own account, in the platform's name."""

import uuid

from sqlalchemy import func, select

from db.models import EmailCode, Person
from domain.identity import mailed_code
from domain.notifications.errands import Errand
from domain.notifications.rendering import Sender, one_line, render
from domain.notifications.wording import LABELS, Wordings
from domain.ports import OutgoingMail


async def with_code(wordings: Wordings, errand: Errand) -> OutgoingMail | None:
    """Tells the code; nothing once the code has expired or was used."""
    code_id = uuid.UUID(errand.payload["code_id"])
    usable = select(EmailCode.id).where(
        EmailCode.id == code_id, EmailCode.consumed_at.is_(None), EmailCode.expires_at > func.now()
    )
    if (await errand.session.execute(usable)).first() is None:
        return None
    return await written(wordings, errand, code=mailed_code(errand.secret_key, code_id))


async def without_code(wordings: Wordings, errand: Errand) -> OutgoingMail:
    """Tells something that wants no code."""
    return await written(wordings, errand, code=None)


async def written(wordings: Wordings, errand: Errand, *, code: str | None) -> OutgoingMail:
    person = await errand.session.get_one(Person, errand.owner_id)
    wording = wordings[person.locale].filled(name=person.name)
    sender = Sender(name=LABELS[person.locale]["platform"])
    bodies = render("account", person.locale, sender, wording=wording, code=code)
    return OutgoingMail(errand.message_id, person.email, one_line(wording.subject), bodies.text, bodies.html)
