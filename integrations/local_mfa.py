"""Second factors of the `local` provider: authenticator apps, and recovery codes in case one is lost."""

import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries.identity import find_own_account
from domain.emails import normalized_email
from domain.errors import UserFault
from domain.identity import mfa_code_wrong, mfa_not_begun, mfa_tried_too_often, typed_code
from domain.ports import Holder, TotpEnrolment
from integrations import mfa_rules
from integrations.accounts import AccountStore
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

    def __init__(self, accounts: AccountStore, factors: SecondFactors) -> None:
        self._accounts, self._factors = accounts, factors

    async def begin(self, *, holder: Holder) -> TotpEnrolment:
        async with self._accounts.holding(holder) as session:
            await mfa_rules.check_disabled(session, person_id=holder.person_id)
            account = await find_own_account(session, person_id=holder.person_id)
            return await self._factors.totp.begin(session, person_id=holder.person_id, email=account.email)

    async def confirm(self, *, holder: Holder, password: str, code: str) -> list[str]:
        account = await self._accounts.verified(holder, password, "password")
        async with self._accounts.holding(holder, verified=account) as session:
            await mfa_rules.check_disabled(session, person_id=holder.person_id)
            if not await self._factors.totp.has_begun(session, person_id=holder.person_id):
                raise mfa_not_begun()
            if not await self._factors.totp.accept(session, person_id=holder.person_id, code=code):
                raise mfa_code_wrong()
            return await mfa_rules.enable(session, holder, self._factors.recovery_codes)

    async def renew_recovery_codes(self, *, holder: Holder, password: str) -> list[str]:
        account = await self._accounts.verified(holder, password, "password")
        async with self._accounts.holding(holder, verified=account) as session:
            return await mfa_rules.renew_recovery_codes(session, holder, self._factors.recovery_codes)

    async def disable(self, *, holder: Holder, password: str, code: str) -> None:
        account = await self._accounts.verified(holder, password, "password")
        # A wrong guess is counted, so the transaction ends well before it is refused.
        async with self._accounts.holding(holder, verified=account) as session:
            await mfa_rules.check_given(session, holder)
            refused = await self._objection(session, holder.person_id, code)
            if refused is None:
                await mfa_rules.disable(session, holder)
        if refused is not None:
            raise refused

    async def reset(self, *, email: str) -> bool:
        account = await self._accounts.find(normalized_email(email, "email"))
        return account is not None and await mfa_rules.reset(self._accounts, account.person_id)

    async def _objection(self, session: AsyncSession, person_id: uuid.UUID, code: str) -> UserFault | None:
        if typed_code(code) is None:
            used = await self._factors.recovery_codes.use(session, person_id=person_id, code=code)
            return None if used else mfa_code_wrong()
        guess = await self._factors.challenges.begin_and_count_guess(session, person_id=person_id)
        if guess is None:
            return mfa_tried_too_often()
        if not await self._factors.totp.accept(session, person_id=person_id, code=code):
            return mfa_code_wrong()
        await self._factors.challenges.answer(session, guess)
        return None
