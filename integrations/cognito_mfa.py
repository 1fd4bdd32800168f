"""Authenticator apps that Cognito keeps the secrets of, and recovery codes that we keep."""

from base64 import b32decode
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from db.queries import identity as account_queries
from db.queries.identity import Account
from domain.emails import normalized_email
from domain.identity import CODE_DIGITS, mfa_code_wrong, mfa_not_begun, mfa_tried_too_often, password_wrong, typed_code
from domain.passwords import normalized_password
from domain.ports import Holder, TotpEnrolment
from integrations import mfa_rules
from integrations.accounts import AccountStore
from integrations.cognito_pool import SIGN_IN_REFUSED, CognitoPool, CognitoRefused, asks_for_app
from integrations.mfa_challenges import MfaChallenges
from integrations.recovery_codes import RecoveryCodes
from integrations.totp import ISSUER, STEP_SECONDS

WRONG_CODE = {"CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException"}
NOT_ACCEPTED = WRONG_CODE | {"NotAuthorizedException", "ResourceNotFoundException"}


class CognitoMfa:
    """What `domain.ports.IdentityProvider` says of these methods.

    Cognito is asked before our transaction. Were we to die in between, the next sign-in would learn of an app that was
    switched on, and switch one on again that was switched off.
    """

    def __init__(
        self, accounts: AccountStore, pool: CognitoPool, recovery_codes: RecoveryCodes, challenges: MfaChallenges
    ) -> None:
        self._accounts, self._pool = accounts, pool
        self._recovery_codes, self._challenges = recovery_codes, challenges

    async def begin(self, *, holder: Holder) -> TotpEnrolment:
        account = await self._account(holder, enabled=False)
        told = await self._pool.ask("associate_software_token", AccessToken=holder.access_token)
        return TotpEnrolment(told["SecretCode"], provisioning_uri(told["SecretCode"], account.email))

    async def confirm(self, *, holder: Holder, password: str, code: str) -> list[str]:
        account = await self._account(holder, enabled=False)
        await self._verified(account, password)
        await self._verify(holder, code)
        settings = {"Enabled": True, "PreferredMfa": True}
        await self._pool.ask(
            "set_user_mfa_preference", AccessToken=holder.access_token, SoftwareTokenMfaSettings=settings
        )
        async with self._accounts.holding(holder, verified=account) as session:
            await mfa_rules.check_disabled(session, person_id=holder.person_id)
            return await mfa_rules.enable(session, holder, self._recovery_codes)

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
            return await mfa_rules.renew_recovery_codes(session, holder, self._recovery_codes)

    async def disable(self, *, holder: Holder, password: str, code: str) -> None:
        account = await self._account(holder, enabled=None)
        answer = await self._verified(account, password)
        async with self._accounts.holding(holder) as session:
            await mfa_rules.check_given(session, holder)
        digits = typed_code(code)
        if digits is None:
            await self._check_recovery_code(account, code)
        else:
            await self._check_app(account, answer, digits)
        settings = {"Enabled": False, "PreferredMfa": False}
        await self._pool.ask(
            "set_user_mfa_preference", AccessToken=holder.access_token, SoftwareTokenMfaSettings=settings
        )
        async with self._accounts.holding(holder) as session:
            await mfa_rules.disable(session, holder)

    async def reset(self, *, email: str) -> bool:
        """The pool's app first: were we to die in between, asking again does the rest."""
        account = await self._accounts.find(normalized_email(email, "email"))
        if account is None:
            return False
        user = await self._pool.find_user(account.subject)
        was_asked_for = user is not None and user.has_mfa
        if was_asked_for:
            await self._pool.set_mfa(account.subject, enabled=False)
        return await mfa_rules.reset(self._accounts, account.person_id) or was_asked_for

    async def _check_recovery_code(self, account: Account, code: str) -> None:
        async with self._accounts.writing(account.person_id) as session:
            await account_queries.lock_person(session, person_id=account.person_id)
            used = await self._recovery_codes.use(session, person_id=account.person_id, code=code)
        if not used:
            raise mfa_code_wrong()

    async def _check_app(self, account: Account, answer: dict[str, Any], digits: str) -> None:
        """The tokens of the sign-in that a right code ends are nobody's: no session of ours is under their id."""
        async with self._accounts.writing(account.person_id) as session:
            await account_queries.lock_person(session, person_id=account.person_id)
            guess = await self._challenges.begin_and_count_guess(session, person_id=account.person_id)
        if guess is None:
            raise mfa_tried_too_often()
        if not asks_for_app(answer):
            # Somebody switched it off at Cognito itself. That is no proof: the next code may be.
            await self._pool.insist_on_mfa(account.subject)
            raise mfa_code_wrong()
        try:
            await self._pool.answer_totp(account.subject, answer["Session"], digits)
        except CognitoRefused as refused:
            if refused.code in NOT_ACCEPTED:
                raise mfa_code_wrong() from None
            raise
        async with self._accounts.writing(account.person_id) as session:
            await self._challenges.answer(session, guess)

    async def _account(self, holder: Holder, *, enabled: bool | None) -> Account:
        """The holder's; a fault where a second factor counts, or does not, though it should not, or should."""
        async with self._accounts.holding(holder) as session:
            if enabled is not None:
                check = mfa_rules.check_enabled if enabled else mfa_rules.check_disabled
                await check(session, person_id=holder.person_id)
            return await account_queries.find_own_account(session, person_id=holder.person_id)

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
