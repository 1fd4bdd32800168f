"""The `cognito` identity provider: accounts, passwords and authenticator apps kept in a user pool of Amazon Cognito.

People, their sessions and recovery codes are rows of ours. The contract tests run it against moto, which cannot prove:

- that a wrong code of a mail is refused, since moto accepts any; nor that a code is mailed, or mailed again;
- that secrets of authenticator apps differ: moto knows one; nor that a code of an app is good once;
- that the pool keeps an app while it is not asked for, which `recover` and a sign-in without the app rely on;
- that an unknown address is answered like a known one by the pool itself (`PreventUserExistenceErrors`), or that an
  unproven account is called unconfirmed whatever the password: we rely on neither;
- limits of the pool, revoked access tokens at other AWS services, and what a pool's triggers and policies add;
- anything about signatures: the key that moto signs with is public, so production believes AWS's keys alone.

What an access token lets its holder do at Cognito itself, past us (`aws.cognito.signin.user.admin`), we cannot prevent:

- Switching the app off gains nothing. Whether there is a second factor, `people.mfa_since` says, which goes down by
  `disable_totp` and `reset_second_factor` alone. Tokens that came without the app are refused, and it is switched on.
- Changing attributes gains nothing: an address that the pool has not seen proven makes nobody an account.
- Putting another app in place of the first: who has an access token and the password as well is the person, to Cognito.
  So our sessions from before the second factor end when it is set up, and with them the refresh tokens, in which
  Cognito's are sealed; what is left is the quarter of an hour in which an access token of theirs is good at Cognito.
  `AdminUserGlobalSignOut` would end that too, but also the session that the app was just set up in: at AWS it revokes
  all of a user's refresh tokens, without exception.
"""

import uuid

from db.session import Database
from domain.ports import Challenge, Holder, Origin, SignUp, Tokens, TokenVerifier, TotpEnrolment, WorkSignal
from domain.signing import Signer
from integrations.accounts import AccountStore
from integrations.cognito_accounts import CognitoRules
from integrations.cognito_codes import CognitoCodes
from integrations.cognito_mfa import CognitoMfa
from integrations.cognito_passwords import CognitoPasswords
from integrations.cognito_pool import CognitoPool
from integrations.cognito_sessions import CognitoSessions
from integrations.cognito_sign_ins import CognitoSignIns
from integrations.cognito_sign_ups import CognitoSignUps
from integrations.mailed_codes import MailedCodes
from integrations.mfa_challenges import MfaChallenges
from integrations.passwords import Argon2Passwords
from integrations.recovery_codes import RecoveryCodes
from integrations.refresh_tokens import sign_out
from integrations.sealing import Seal


class CognitoIdentityProvider:
    """Implements `domain.ports.IdentityProvider`: one door to the files beside it, where each method is explained."""

    def __init__(
        self,
        database: Database,
        pool: CognitoPool,
        *,
        passwords: Argon2Passwords,
        verifier: TokenVerifier,
        signal: WorkSignal,
        secret_key: bytes,
        rules: CognitoRules | None = None,
    ) -> None:
        rules = rules or CognitoRules()
        self._pool = pool
        self._accounts = accounts = AccountStore(database, passwords, signal)
        signs = Signer(secret_key)
        # The lifetime is of codes of our own, and there are none: Cognito mails its own.
        mails = MailedCodes(secret_key, rules.challenge_lifetime, rules.mail_limits)
        recovery_codes, challenges = RecoveryCodes(signs), MfaChallenges(signs, rules.challenge_lifetime)
        self._codes = CognitoCodes(accounts, pool, rules=rules)
        self._sign_ups = CognitoSignUps(accounts, pool, codes=self._codes, mails=mails, rules=rules)
        self._sessions = CognitoSessions(
            accounts, pool, verifier=verifier, seal=Seal(secret_key, "cognito refresh tokens"), rules=rules
        )
        self._sign_ins = CognitoSignIns(
            accounts,
            pool,
            sign_ups=self._sign_ups,
            sessions=self._sessions,
            challenges=challenges,
            recovery_codes=recovery_codes,
            seal=Seal(secret_key, "cognito challenges"),
        )
        self._passwords = CognitoPasswords(accounts, pool, codes=self._codes, rules=rules)
        self._mfa = CognitoMfa(accounts, pool, recovery_codes, challenges)

    async def close(self) -> None:
        """Give the connections back; for the end of the process."""
        await self._pool.close()

    async def provision(self, given: SignUp) -> uuid.UUID:
        """A confirmed account without a mailed code, for the command line."""
        return (await self._sign_ups.provision(given)).person_id

    async def sign_up(self, given: SignUp) -> None:
        await self._sign_ups.sign_up(given)

    async def confirm(self, *, email: str, code: str) -> None:
        await self._codes.confirm(email=email, code=code)

    async def resend_confirmation(self, *, email: str) -> None:
        await self._codes.resend_confirmation(email=email)

    async def sign_in(self, *, email: str, password: str, origin: Origin) -> Tokens | Challenge:
        return await self._sign_ins.sign_in(email=email, password=password, origin=origin)

    async def answer_challenge(self, *, challenge: str, code: str, origin: Origin) -> Tokens:
        return await self._sign_ins.answer_challenge(challenge=challenge, code=code, origin=origin)

    async def recover(self, *, email: str, password: str, recovery_code: str, origin: Origin) -> Tokens:
        return await self._sign_ins.recover(email=email, password=password, recovery_code=recovery_code, origin=origin)

    async def refresh(self, *, refresh_token: str, origin: Origin) -> Tokens:
        return await self._sessions.refresh(refresh_token=refresh_token, origin=origin)

    async def sign_out(self, *, holder: Holder, refresh_token: str | None = None) -> None:
        await sign_out(self._accounts, holder, refresh_token)

    async def sign_out_everywhere(self, *, holder: Holder) -> None:
        await self._sessions.sign_out_everywhere(holder=holder)

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
