"""Somebody before a browser, who knows the API and nothing else."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from tests.support.api import Api, Reply
from tests.support.authenticator import Authenticator
from tests.support.mail import Post
from tests.support.tools import Tools

PASSWORD, ANOTHER = "seven green camels", "eight blue falcons"
VIEWER = "{ viewer { person { id email name locale } memberships { tenant { id slug name { en } } role } } }"
MFA = "{ viewer { mfa { isEnabled enabledAt isGivenInSession isRequired recoveryCodesLeft } } }"
SESSION = "session { accessToken refreshToken expiresIn } challenge { token expiresIn }"
SELECTED: Mapping[str, str] = {
    **dict.fromkeys(("sessionSignIn", "sessionVerify", "sessionRecover", "sessionRefresh"), SESSION),
    **dict.fromkeys(("mfaConfirm", "mfaRecoveryCodesRenew"), "recoveryCodes"),
    "mfaBegin": "enrolment { secret uri qrCode }",
    "accountUpdate": "person { id email name locale }",
}
WITHOUT_INPUT = frozenset({"mfaBegin", "sessionSignOut", "sessionSignOutEverywhere"})


def document_of(field: str) -> str:
    """One of the mutations of accounts and sessions."""
    answered = f"{{ {SELECTED.get(field, '')} userErrors {{ code field message }} }}"
    if field in WITHOUT_INPUT:
        return f"mutation {{ {field} {answered} }}"
    kind = f"{field[0].upper()}{field[1:]}Input"
    return f"mutation($input: {kind}!) {{ {field}(input: $input) {answered} }}"


class Person:
    """An address, and what its owner does."""

    def __init__(self, api: Api, post: Post, email: str) -> None:
        self.api, self.post, self.email = api, post, email

    async def ask(self, field: str, *, token: str | None = None, **given: Any) -> Reply:
        """Send one of the mutations."""
        variables = {} if field in WITHOUT_INPUT else {"input": given}
        return await self.api.execute(document_of(field), variables, token=token)

    async def sign_up(self, password: str = PASSWORD, name: str = "Noura Al-Sabah") -> None:
        reply = await self.ask("accountSignUp", email=self.email, password=password, name=name, locale="EN")
        reply.payload("accountSignUp")

    async def confirm(self) -> None:
        code = await self.post.code_for(self.email)
        (await self.ask("accountConfirm", email=self.email, code=code)).payload("accountConfirm")

    async def sign_in(self, password: str = PASSWORD) -> dict[str, Any]:
        reply = await self.ask("sessionSignIn", email=self.email, password=password)
        return reply.payload("sessionSignIn")["session"]

    async def refresh(self, refresh_token: str) -> Reply:
        return await self.ask("sessionRefresh", refreshToken=refresh_token)

    async def sign_out(self, token: str) -> Reply:
        return await self.ask("sessionSignOut", token=token)

    async def view(self, token: str | None) -> Reply:
        return await self.api.execute(VIEWER, token=token)

    async def challenge(self, password: str = PASSWORD) -> str:
        """The token of a sign-in that asks for the second factor."""
        payload = (await self.ask("sessionSignIn", email=self.email, password=password)).payload("sessionSignIn")
        assert payload["session"] is None
        assert payload["challenge"]["expiresIn"] == 300
        return payload["challenge"]["token"]

    async def verify(self, challenge: str, code: str) -> Reply:
        return await self.ask("sessionVerify", challenge=challenge, code=code)

    async def recover(self, code: str, password: str = PASSWORD) -> Reply:
        return await self.ask("sessionRecover", email=self.email, password=password, recoveryCode=code)

    async def enrol(self, token: str, password: str = PASSWORD) -> tuple[Authenticator, list[str]]:
        """Set up an authenticator app in the session of the token."""
        begun = (await self.ask("mfaBegin", token=token)).payload("mfaBegin")["enrolment"]
        app = Authenticator(begun["secret"])
        confirmed = (await self.ask("mfaConfirm", token=token, password=password, code=app.code())).payload(
            "mfaConfirm"
        )
        return app, confirmed["recoveryCodes"]

    async def half_a_minute_later(self, tools: Tools) -> None:
        """As if the code that was used last were an old one: then the app's present one is good."""
        aged = "UPDATE totp_factors SET last_step = 0 WHERE person_id = (SELECT id FROM people WHERE email = :email)"
        await tools.superuser.execute(text(aged), {"email": self.email})

    async def mfa(self, token: str, *, tenant: str | None = None) -> dict[str, Any]:
        return (await self.api.execute(MFA, token=token, tenant=tenant)).data["viewer"]["mfa"]
