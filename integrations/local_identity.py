"""The `local` identity provider: accounts, passwords, codes, second factors and tokens kept in our own database."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from db.session import Database
from domain.ports import Challenge, Holder, Origin, SignUp, Tokens, TotpEnrolment, WorkSignal
from domain.signing import Signer
from integrations.access_tokens import AccessTokenSigner
from integrations.accounts import AccountStore
from integrations.local_mfa import LocalMfa, SecondFactors
from integrations.local_passwords import LocalPasswords
from integrations.local_sessions import LocalSessions
from integrations.local_sign_ups import LocalSignUps
from integrations.mailed_codes import MailedCodes, MailLimits
from integrations.mfa_challenges import MfaChallenges
from integrations.passwords import Argon2Passwords
from integrations.recovery_codes import RecoveryCodes
from integrations.refresh_tokens import sign_out
from integrations.sealing import Seal
from integrations.totp import TotpFactors


@dataclass(frozen=True, slots=True)
class LocalRules:
    """How long things live, how often an address is mailed, and how soon an answer may come."""

    session_lifetime: timedelta = timedelta(days=30)
    code_lifetime: timedelta = timedelta(minutes=30)
    challenge_lifetime: timedelta = timedelta(minutes=5)
    mail_limits: MailLimits = field(default_factory=MailLimits)
    soonest_answer: timedelta = timedelta(milliseconds=100)
    """Longer than the database takes, so that the time of an answer does not tell whether an address is known."""
    clock: Callable[[], float] = time.time
    """What authenticator apps go by; everything else goes by the database's clock."""


class LocalIdentityProvider:
    """Implements `domain.ports.IdentityProvider`: one door to the files beside it, where each method is explained."""

    def __init__(
        self,
        database: Database,
        *,
        passwords: Argon2Passwords,
        signer: AccessTokenSigner,
        signal: WorkSignal,
        secret_key: bytes,
        rules: LocalRules | None = None,
    ) -> None:
        rules = rules or LocalRules()
        self._accounts = accounts = AccountStore(database, passwords, signal)
        codes = MailedCodes(secret_key, rules.code_lifetime, rules.mail_limits)
        signs = Signer(secret_key)
        factors = SecondFactors(
            TotpFactors(Seal(secret_key, "totp secrets"), rules.clock),
            RecoveryCodes(signs),
            MfaChallenges(signs, rules.challenge_lifetime),
        )
        self._sign_ups = LocalSignUps(accounts, codes, soonest_answer=rules.soonest_answer)
        self._sessions = LocalSessions(accounts, factors, signer, lifetime=rules.session_lifetime)
        self._passwords = LocalPasswords(accounts, codes, factors.challenges, soonest_answer=rules.soonest_answer)
        self._mfa = LocalMfa(accounts, factors)

    async def provision(self, given: SignUp) -> uuid.UUID:
        """A confirmed account without a mailed code, for the command line."""
        return await self._sign_ups.provision(given)

    async def open_session(self, person_id: uuid.UUID, *, with_mfa: bool = False) -> Tokens:
        """Sign a confirmed person in without a password: for the demo's ready tokens, never for a request."""
        return await self._sessions.open(person_id, with_mfa=with_mfa)

    async def sign_up(self, given: SignUp) -> None:
        await self._sign_ups.sign_up(given)

    async def confirm(self, *, email: str, code: str) -> None:
        await self._sign_ups.confirm(email=email, code=code)

    async def resend_confirmation(self, *, email: str) -> None:
        await self._sign_ups.resend_confirmation(email=email)

    async def sign_in(self, *, email: str, password: str, origin: Origin) -> Tokens | Challenge:
        return await self._sessions.sign_in(email=email, password=password, origin=origin)

    async def answer_challenge(self, *, challenge: str, code: str, origin: Origin) -> Tokens:
        return await self._sessions.answer_challenge(challenge=challenge, code=code, origin=origin)

    async def recover(self, *, email: str, password: str, recovery_code: str, origin: Origin) -> Tokens:
        return await self._sessions.recover(email=email, password=password, recovery_code=recovery_code, origin=origin)

    async def refresh(self, *, refresh_token: str, origin: Origin) -> Tokens:
        return await self._sessions.refresh(refresh_token=refresh_token, origin=origin)

    async def sign_out(self, *, holder: Holder, refresh_token: str | None = None) -> None:
        await sign_out(self._accounts, holder, refresh_token)

    async def sign_out_everywhere(self, *, holder: Holder) -> None:
        await self._accounts.end_every_session(holder)

    async def forgot_password(self, *, email: str) -> None:
        await self._passwords.forgot(email=email)

    async def reset_password(self, *, email: str, code: str, new_password: str, origin: Origin) -> None:
        await self._passwords.reset(email=email, code=code, new_password=new_password, origin=origin)

    async def change_password(self, *, holder: Holder, current_password: str, new_password: str) -> None:
        await self._passwords.change(holder=holder, current_password=current_password, new_password=new_password)

    async def begin_totp(self, *, holder: Holder) -> TotpEnrolment:
        return await self._mfa.begin(holder=holder)

    async def confirm_totp(self, *, holder: Holder, password: str, code: str) -> list[str]:
        return await self._mfa.confirm(holder=holder, password=password, code=code)

    async def renew_recovery_codes(self, *, holder: Holder, password: str) -> list[str]:
        return await self._mfa.renew_recovery_codes(holder=holder, password=password)

    async def disable_totp(self, *, holder: Holder, password: str, code: str) -> None:
        await self._mfa.disable(holder=holder, password=password, code=code)

    async def reset_second_factor(self, *, email: str) -> bool:
        return await self._mfa.reset(email=email)
