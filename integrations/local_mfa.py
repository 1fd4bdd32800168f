"""Second factors of the `local` provider: authenticator apps, and recovery codes in case one is lost."""

import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as account_queries
from db.queries import second_factors as queries
from domain.emails import normalized_email
from domain.errors import AccessDenied
from domain.identity import mfa_code_wrong, mfa_disabled, mfa_enabled, mfa_not_begun
from domain.ports import Holder, Origin, TotpEnrolment
from integrations.local_accounts import LocalAccounts, record
from integrations.mfa_challenges import MfaChallenges
from integrations.recovery_codes import RecoveryCodes
from integrations.totp import TotpFactors


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """What can be given beside a password, and the sign-ins that wait for it."""

    totp: TotpFactors
    recovery_codes: RecoveryCodes
    challenges: MfaChallenges


class LocalMfa:
    """What `domain.ports.IdentityProvider` says of these methods."""

    def __init__(self, accounts: LocalAccounts, factors: SecondFactors) -> None:
        self._accounts, self._factors = accounts, factors

    async def begin(self, *, holder: Holder) -> TotpEnrolment:
        async with self._accounts.holding(holder) as session:
            await self._check_disabled(session, holder)
            account = await account_queries.find_own_account(session, person_id=holder.person_id)
            return await self._factors.totp.begin(session, person_id=holder.person_id, email=account.email)

    async def confirm(self, *, holder: Holder, code: str) -> list[str]:
        async with self._accounts.holding(holder) as session:
            await self._check_disabled(session, holder)
            if not await self._factors.totp.has_begun(session, person_id=holder.person_id):
                raise mfa_not_begun()
            if not await self._factors.totp.accept(session, person_id=holder.person_id, code=code):
                raise mfa_code_wrong()
            await queries.write_second_factor(session, person_id=holder.person_id, asked=True)
            await queries.note_second_factor(session, person_id=holder.person_id, session_id=holder.session_id)
            await record(session, "mfa.enable", holder.origin)
            return await self._factors.recovery_codes.renew(session, person_id=holder.person_id)

    async def renew_recovery_codes(self, *, holder: Holder, password: str) -> list[str]:
        account = await self._accounts.verified(holder, password, "password")
        async with self._accounts.holding(holder, verified=account) as session:
            await self._check_given(session, holder)
            await record(session, "mfa.renew_recovery_codes", holder.origin)
            return await self._factors.recovery_codes.renew(session, person_id=holder.person_id)

    async def disable(self, *, holder: Holder, password: str, code: str) -> None:
        account = await self._accounts.verified(holder, password, "password")
        async with self._accounts.holding(holder, verified=account) as session:
            await self._check_enabled(session, holder)
            if not await self._accepts(session, holder, code):
                raise mfa_code_wrong()
            await self._remove(session, holder.person_id, but=holder.session_id)
            await queries.forget_second_factor(session, person_id=holder.person_id, session_id=holder.session_id)
            await record(session, "mfa.disable", holder.origin)

    async def reset(self, *, email: str) -> bool:
        """For the command line: whoever lost app and codes begins anew, without a session. False: nothing to reset."""
        account = await self._accounts.find(normalized_email(email, "email"))
        if account is None:
            return False
        async with self._accounts.writing(account.person_id) as session:
            await account_queries.lock_person(session, person_id=account.person_id)
            if not await queries.has_second_factor(session, person_id=account.person_id):
                return False
            await self._remove(session, account.person_id)
            await record(session, "mfa.reset", Origin())
        return True

    async def _remove(self, session: AsyncSession, person_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
        """Nothing of the second factor stays, and no session `but` one."""
        await self._factors.totp.remove(session, person_id=person_id)
        await self._factors.recovery_codes.void(session, person_id=person_id)
        await self._factors.challenges.end_all(session, person_id=person_id)
        await queries.write_second_factor(session, person_id=person_id, asked=False)
        await account_queries.revoke_sessions(session, person_id=person_id, because="mfa_disabled", but=but)

    async def _accepts(self, session: AsyncSession, holder: Holder, code: str) -> bool:
        by_app = await self._factors.totp.accept(session, person_id=holder.person_id, code=code)
        return by_app or await self._factors.recovery_codes.use(session, person_id=holder.person_id, code=code)

    async def _check_disabled(self, session: AsyncSession, holder: Holder) -> None:
        if await queries.has_second_factor(session, person_id=holder.person_id):
            raise mfa_enabled()

    async def _check_enabled(self, session: AsyncSession, holder: Holder) -> None:
        if not await queries.has_second_factor(session, person_id=holder.person_id):
            raise mfa_disabled()

    async def _check_given(self, session: AsyncSession, holder: Holder) -> None:
        """New recovery codes open an account: whoever never gave the second factor must not get them."""
        await self._check_enabled(session, holder)
        state = await queries.second_factor_state(session, person_id=holder.person_id, session_id=holder.session_id)
        if not state.in_session:
            raise AccessDenied("no second factor was given in this session")
