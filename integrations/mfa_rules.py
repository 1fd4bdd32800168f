"""What holds of second factors whichever provider checks their codes. All join the caller's transaction."""

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as account_queries
from db.queries import second_factors as queries
from domain.acts import Act
from domain.errors import AccessDenied
from domain.identity import mfa_disabled, mfa_enabled
from domain.ports import Holder, Origin
from integrations.accounts import AccountStore, record
from integrations.recovery_codes import RecoveryCodes


async def check_disabled(session: AsyncSession, *, person_id: uuid.UUID) -> None:
    if await queries.has_second_factor(session, person_id=person_id):
        raise mfa_enabled()


async def check_enabled(session: AsyncSession, *, person_id: uuid.UUID) -> None:
    if not await queries.has_second_factor(session, person_id=person_id):
        raise mfa_disabled()


async def check_given(session: AsyncSession, holder: Holder) -> None:
    """Whoever never gave the second factor must not take it away, nor get recovery codes, which open the account."""
    await check_enabled(session, person_id=holder.person_id)
    state = await queries.second_factor_state(session, person_id=holder.person_id, session_id=holder.session_id)
    if not state.in_session:
        raise AccessDenied("no second factor was given in this session")


async def enable(session: AsyncSession, holder: Holder, recovery_codes: RecoveryCodes) -> list[str]:
    """Sign-ins ask for it from now on. It counts as given in this session, and no other one stays."""
    await queries.write_second_factor(session, person_id=holder.person_id, asked=True)
    await queries.note_second_factor(session, person_id=holder.person_id, session_id=holder.session_id)
    await account_queries.revoke_sessions(
        session, person_id=holder.person_id, because="mfa_enabled", but=holder.session_id
    )
    await record(session, Act.MFA_ENABLE, holder.origin)
    return await recovery_codes.renew(session, person_id=holder.person_id)


async def renew_recovery_codes(session: AsyncSession, holder: Holder, recovery_codes: RecoveryCodes) -> list[str]:
    await check_given(session, holder)
    await record(session, Act.MFA_RENEW_RECOVERY_CODES, holder.origin)
    return await recovery_codes.renew(session, person_id=holder.person_id)


async def disable(session: AsyncSession, holder: Holder) -> None:
    """No other session stays, nor what this one could do by it."""
    await remove(session, holder.person_id, but=holder.session_id)
    await queries.forget_second_factor(session, person_id=holder.person_id, session_id=holder.session_id)
    await record(session, Act.MFA_DISABLE, holder.origin)


async def reset(accounts: AccountStore, person_id: uuid.UUID) -> bool:
    """For the command line: whoever lost app and codes begins anew, without a session. False: nothing to reset."""
    async with accounts.writing(person_id) as session:
        await account_queries.lock_person(session, person_id=person_id)
        if not await queries.has_second_factor(session, person_id=person_id):
            return False
        await remove(session, person_id)
        await record(session, Act.MFA_RESET, Origin())
    return True


async def remove(session: AsyncSession, person_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """Nothing of the second factor stays, and no session `but` one."""
    await queries.remove_totp_secret(session, person_id=person_id)
    await queries.remove_recovery_codes(session, person_id=person_id)
    await queries.end_challenges(session, person_id=person_id)
    await queries.write_second_factor(session, person_id=person_id, asked=False)
    await account_queries.revoke_sessions(session, person_id=person_id, because="mfa_disabled", but=but)
