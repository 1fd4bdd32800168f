"""Codes that prove an address: asking for one to be mailed, and accepting the one that comes back."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as queries
from domain.identity import ACCOUNT_EXISTS, ACCOUNT_MAILS, CodePurpose, is_mailed_code
from domain.outbox import enqueue_for_person

MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class MailLimits:
    """How often one address gets a mail, whoever asks for it. What is beyond is dropped without a word.

    The pause is waived once a code was used since the last mail: then its owner is at the keyboard.
    """

    pause: timedelta = timedelta(minutes=1)
    most_in_a_day: int = 10


@dataclass(frozen=True, slots=True)
class MailedCodes:
    """The rules for codes. Methods join the caller's transaction, scoped to the person, whose lock it holds."""

    secret_key: bytes = field(repr=False)
    lifetime: timedelta
    limits: MailLimits

    async def request(self, session: AsyncSession, *, person_id: uuid.UUID, purpose: CodePurpose) -> None:
        """Mail a new code, unless the address had enough mails: then the one before stays good."""
        if await self._may_mail(session, person_id):
            code_id = await queries.add_code(
                session, person_id=person_id, purpose=purpose.value, lifetime=self.lifetime
            )
            enqueue_for_person(session, person_id=person_id, kind=purpose.mail_kind, code_id=code_id)

    async def tell_account_exists(self, session: AsyncSession, *, person_id: uuid.UUID) -> None:
        """Mail the owner that somebody signed up with their address, unless it had enough mails."""
        if await self._may_mail(session, person_id):
            enqueue_for_person(session, person_id=person_id, kind=ACCOUNT_EXISTS)

    async def accept(self, session: AsyncSession, *, person_id: uuid.UUID, purpose: CodePurpose, code: str) -> bool:
        """Whether this is the newest code for the purpose; then it is used up, and the address is proven.

        A wrong guess is counted, so the caller must let the transaction commit before it refuses.
        """
        code_id = await queries.count_attempt(session, person_id=person_id, purpose=purpose.value, most=MOST_ATTEMPTS)
        if code_id is None or not is_mailed_code(self.secret_key, code_id, code):
            return False
        await queries.consume_code(session, person_id=person_id, code_id=code_id)
        await queries.confirm_person(session, person_id=person_id)
        return True

    async def _may_mail(self, session: AsyncSession, person_id: uuid.UUID) -> bool:
        sent = await queries.mails_sent(session, person_id=person_id, kinds=ACCOUNT_MAILS, recently=self.limits.pause)
        return sent.today < self.limits.most_in_a_day and not sent.unanswered_recently
