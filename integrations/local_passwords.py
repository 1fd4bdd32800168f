"""Forgotten and changed passwords of the `local` provider."""

from datetime import timedelta

from db.queries import identity as queries
from domain.acts import Act
from domain.emails import normalized_email
from domain.identity import CodePurpose, code_wrong
from domain.passwords import checked_password
from domain.ports import Holder, Origin
from integrations.accounts import AccountStore, no_sooner_than, record
from integrations.mailed_codes import MailedCodes
from integrations.mfa_challenges import MfaChallenges


class LocalPasswords:
    """What `domain.ports.IdentityProvider` says of these methods."""

    def __init__(
        self, accounts: AccountStore, codes: MailedCodes, challenges: MfaChallenges, *, soonest_answer: timedelta
    ) -> None:
        self._accounts, self._codes, self._challenges = accounts, codes, challenges
        self._soonest_answer = soonest_answer

    async def forgot(self, *, email: str) -> None:
        address = normalized_email(email, "email")
        async with no_sooner_than(self._soonest_answer):
            account = await self._accounts.find(address)
            if account is not None:
                async with self._accounts.writing(account.person_id) as session:
                    await queries.lock_person(session, person_id=account.person_id)
                    await self._codes.request(session, person_id=account.person_id, purpose=CodePurpose.RESET)

    async def reset(self, *, email: str, code: str, new_password: str, origin: Origin) -> None:
        address = normalized_email(email, "email")
        password = checked_password(new_password, "newPassword", email=address)
        password_hash = await self._accounts.passwords.hash(password)
        async with no_sooner_than(self._soonest_answer):
            reset = await self._reset(address, code, password_hash, origin)
        if not reset:
            raise code_wrong()

    async def _reset(self, address: str, code: str, password_hash: str, origin: Origin) -> bool:
        account = await self._accounts.find(address)
        if account is None:
            return False
        person_id = account.person_id
        async with self._accounts.writing(person_id) as session:
            await queries.lock_person(session, person_id=person_id)
            accepted = await self._codes.accept(session, person_id=person_id, purpose=CodePurpose.RESET, code=code)
            if accepted:
                await queries.write_password(session, password_hash=password_hash)
                await queries.revoke_sessions(session, person_id=person_id, because="password_reset")
                await self._challenges.end_all(session, person_id=person_id)
                await record(session, Act.ACCOUNT_PASSWORD_RESET, origin)
        return accepted

    async def change(self, *, holder: Holder, current_password: str, new_password: str) -> None:
        account = await self._accounts.verified(holder, current_password, "currentPassword")
        password = checked_password(new_password, "newPassword", email=account.email)
        password_hash = await self._accounts.passwords.hash(password)
        async with self._accounts.holding(holder, verified=account) as session:
            await queries.write_password(session, password_hash=password_hash)
            await queries.revoke_sessions(
                session, person_id=holder.person_id, because="password_changed", but=holder.session_id
            )
            await self._challenges.end_all(session, person_id=holder.person_id)
            await record(session, Act.ACCOUNT_PASSWORD_CHANGE, holder.origin)
