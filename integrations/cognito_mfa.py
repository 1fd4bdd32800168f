"""Authenticator apps that Cognito keeps the secrets of, and recovery codes that we keep."""

from base64 import b32decode
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as account_queries
from db.queries import second_factors as queries
from db.queries.identity import Account
from domain.errors import AccessDenied
from domain.identity import (
    CODE_DIGITS,
    mfa_code_wrong,
    mfa_disabled,
    mfa_enabled,
    mfa_not_begun,
    normalized_password,
    password_wrong,
    typed_code,
)
from domain.ports import Holder, TotpEnrolment
from integrations.cognito_pool import SIGN_IN_REFUSED, CognitoPool, CognitoRefused, asks_for_app
from integrations.local_accounts import LocalAccounts, record
from integrations.recovery_codes import RecoveryCodes
from integrations.totp import ISSUER, STEP_SECONDS

WRONG_CODE = {"CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException"}
NOT_ACCEPTED = WRONG_CODE | {"NotAuthorizedException", "ResourceNotFoundException"}


class CognitoMfa:
    """What `domain.ports.IdentityProvider` says of these methods.

    Cognito is asked before our transaction. Were we to die in between, the next sign-in would mend what we believe.
    """

    def __init__(self, accounts: LocalAccounts, pool: CognitoPool, recovery_codes: RecoveryCodes) -> None:
        self._accounts, self._pool, self._recovery_codes = accounts, pool, recovery_codes

    async def begin(self, *, holder: Holder) -> TotpEnrolment:
        account = await self._account(holder, enabled=False)
        told = await self._pool.ask("associate_software_token", AccessToken=holder.access_token)
        return TotpEnrolment(told["SecretCode"], provisioning_uri(told["SecretCode"], account.email))

    async def confirm(self, *, holder: Holder, code: str) -> list[str]:
        await self._account(holder, enabled=False)
        await self._verify(holder, code)
        settings = {"Enabled": True, "PreferredMfa": True}
        await self._pool.ask(
            "set_user_mfa_preference", AccessToken=holder.access_token, SoftwareTokenMfaSettings=settings
        )
        async with self._accounts.holding(holder) as session:
            await queries.write_second_factor(session, person_id=holder.person_id, asked=True)
            await queries.note_second_factor(session, person_id=holder.person_id, session_id=holder.session_id)
            await record(session, "mfa.enable", holder.origin)
            return await self._recovery_codes.renew(session, person_id=holder.person_id)

    async def _verify(self, holder: Holder, code: str) -> None:
        digits = typed_code(code)
        if digits is None:
            raise mfa_code_wrong()
        try:
            told = await self._pool.ask("verify_software_token", AccessToken=holder.access_token, UserCode=digits)
        except CognitoRefused as refused:
            if refused.code == "SoftwareTokenMFANotFoundException":
                raise mfa_not_begun() from None
            if refused.code in WRONG_CODE:
                raise mfa_code_wrong() from None
            raise
        if told["Status"] != "SUCCESS":
            raise mfa_code_wrong()

    async def renew_recovery_codes(self, *, holder: Holder, password: str) -> list[str]:
        account = await self._account(holder, enabled=None)
        await self._verified(account, password)
        async with self._accounts.holding(holder, verified=account) as session:
            await self._check_given(session, holder)
            await record(session, "mfa.renew_recovery_codes", holder.origin)
            return await self._recovery_codes.renew(session, person_id=holder.person_id)

    async def disable(self, *, holder: Holder, password: str, code: str) -> None:
        account = await self._account(holder, enabled=None)
        answer = await self._verified(account, password)
        await self._account(holder, enabled=True)
        if asks_for_app(answer) and not await self._accepts(account, answer["Session"], code):
            raise mfa_code_wrong()
        settings = {"Enabled": False, "PreferredMfa": False}
        await self._pool.ask(
            "set_user_mfa_preference", AccessToken=holder.access_token, SoftwareTokenMfaSettings=settings
        )
        async with self._accounts.holding(holder) as session:
            await self._remove(session, holder)
            await record(session, "mfa.disable", holder.origin)

    async def _accepts(self, account: Account, cognitos_session: str, code: str) -> bool:
        """The tokens of the sign-in that a right code ends are nobody's: no session of ours is under their id."""
        digits = typed_code(code)
        if digits is None:
            async with self._accounts.writing(account.person_id) as session:
                await account_queries.lock_person(session, person_id=account.person_id)
                return await self._recovery_codes.use(session, person_id=account.person_id, code=code)
        try:
            await self._pool.answer_totp(account.subject, cognitos_session, digits)
        except CognitoRefused as refused:
            if refused.code in NOT_ACCEPTED:
                return False
            raise
        return True

    async def _remove(self, session: AsyncSession, holder: Holder) -> None:
        """Nothing of the second factor stays, no other session, and not what this one could do by it."""
        person_id = holder.person_id
        await self._recovery_codes.void(session, person_id=person_id)
        await queries.end_challenges(session, person_id=person_id)
        await queries.write_second_factor(session, person_id=person_id, asked=False)
        await queries.forget_second_factor(session, person_id=person_id, session_id=holder.session_id)
        await account_queries.revoke_sessions(
            session, person_id=person_id, because="mfa_disabled", but=holder.session_id
        )

    async def _account(self, holder: Holder, *, enabled: bool | None) -> Account:
        """The holder's; a fault where a second factor counts, or does not, though it should not, or should."""
        async with self._accounts.holding(holder) as session:
            counts = await queries.has_second_factor(session, person_id=holder.person_id)
            if enabled is not None and counts != enabled:
                raise mfa_enabled() if counts else mfa_disabled()
            return await account_queries.find_own_account(session, person_id=holder.person_id)

    async def _check_given(self, session: AsyncSession, holder: Holder) -> None:
        """New recovery codes open an account: whoever never gave the second factor must not get them."""
        state = await queries.second_factor_state(session, person_id=holder.person_id, session_id=holder.session_id)
        if state.since is None:
            raise mfa_disabled()
        if not state.in_session:
            raise AccessDenied("no second factor was given in this session")

    async def _verified(self, account: Account, password: str) -> dict[str, Any]:
        try:
            return await self._pool.begin_sign_in(account.subject, normalized_password(password))
        except CognitoRefused as refused:
            if refused.code in SIGN_IN_REFUSED:
                raise password_wrong("password") from None
            raise


def provisioning_uri(secret: str, email: str) -> str:
    key = b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    # How long secrets are is Cognito's business; SHA-1 is what the apps compute.
    app = TOTP(key, CODE_DIGITS, SHA1(), STEP_SECONDS, enforce_key_length=False)  # noqa: S303
    return app.get_provisioning_uri(email, ISSUER)
