"""Signing up with the `local` provider: an account, and the mailed code that proves its address."""

import uuid
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import new_id
from db.queries import identity as queries
from db.queries.identity import Account
from domain.emails import normalized_email
from domain.identity import CodePurpose, code_wrong
from domain.ports import SignUp
from integrations.accounts import AccountStore, no_sooner_than
from integrations.mailed_codes import MailedCodes
from integrations.passwords import UNUSABLE


class LocalSignUps:
    """What `domain.ports.IdentityProvider` says of these methods."""

    def __init__(self, accounts: AccountStore, codes: MailedCodes, *, soonest_answer: timedelta) -> None:
        self._accounts, self._codes, self._soonest_answer = accounts, codes, soonest_answer

    async def sign_up(self, given: SignUp) -> None:
        """One hash and one verification, in this order, whether the address is known or not: time would tell."""
        passwords, account = self._accounts.passwords, await self._accounts.find(given.email)
        password_hash = await passwords.hash(given.password)
        if account is None and not await self._make_account(given, password_hash):
            # Two first sign-ups at once: the address is taken by now.
            account = await self._accounts.find(given.email)
        same_password = await passwords.matches(account.password_hash if account else None, given.password)
        if account is not None:
            await self._sign_up_again(account, same_password=same_password)

    async def _make_account(self, given: SignUp, password_hash: str) -> bool:
        """False where somebody else was quicker."""
        person_id = new_id()
        async with self._accounts.writing(person_id) as session:
            made = await add_person(session, person_id, given)
            if made:
                await queries.write_password(session, password_hash=password_hash)
                await self._codes.request(session, person_id=person_id, purpose=CodePurpose.CONFIRM)
        return made

    async def _sign_up_again(self, account: Account, *, same_password: bool) -> None:
        """Mail the address; take over nothing of what was given.

        Where the address is unproven and the passwords differ, two people may be signing up with one address, and
        nobody knows which of them will read the code. So neither password counts: the account opens by a reset.
        """
        person_id = account.person_id
        async with self._accounts.writing(person_id) as session:
            if await queries.lock_person(session, person_id=person_id):
                await self._codes.tell_account_exists(session, person_id=person_id)
                return
            await self._codes.request(session, person_id=person_id, purpose=CodePurpose.CONFIRM)
            if not same_password:
                await queries.write_password(session, password_hash=UNUSABLE)

    async def provision(self, given: SignUp) -> uuid.UUID:
        """A confirmed account without a mailed code, for the command line. Returns the person.

        A confirmed account stays as it is. An unconfirmed one gets this password: whose the old one is, nobody knows.
        """
        account = await self._accounts.find(given.email)
        if account is not None and account.confirmed:
            return account.person_id
        password_hash = await self._accounts.passwords.hash(given.password)
        person_id = account.person_id if account else new_id()
        async with self._accounts.writing(person_id) as session:
            if account is None:
                await add_person(session, person_id, given)
            elif await queries.lock_person(session, person_id=person_id):
                return person_id
            await queries.write_password(session, password_hash=password_hash)
            await queries.confirm_person(session, person_id=person_id)
        return person_id

    async def confirm(self, *, email: str, code: str) -> None:
        address = normalized_email(email, "email")
        async with no_sooner_than(self._soonest_answer):
            confirmed = await self._confirm(address, code)
        if not confirmed:
            raise code_wrong()

    async def _confirm(self, address: str, code: str) -> bool:
        account = await self._accounts.find(address)
        if account is None:
            return False
        async with self._accounts.writing(account.person_id) as session:
            await queries.lock_person(session, person_id=account.person_id)
            return await self._codes.accept(
                session, person_id=account.person_id, purpose=CodePurpose.CONFIRM, code=code
            )

    async def resend_confirmation(self, *, email: str) -> None:
        address = normalized_email(email, "email")
        async with no_sooner_than(self._soonest_answer):
            account = await self._accounts.find(address)
            if account is not None:
                await self._resend(account)

    async def _resend(self, account: Account) -> None:
        async with self._accounts.writing(account.person_id) as session:
            if not await queries.lock_person(session, person_id=account.person_id):
                await self._codes.request(session, person_id=account.person_id, purpose=CodePurpose.CONFIRM)


async def add_person(session: AsyncSession, person_id: uuid.UUID, given: SignUp) -> bool:
    subject = str(uuid.uuid4())
    return await queries.add_person(
        session, person_id=person_id, subject=subject, email=given.email, name=given.name, locale=given.locale
    )
