"""Accounts and sessions in the API: signing up and in, refreshing, signing out, resetting a password.

No answer tells whether an address has an account.
"""

import strawberry

from domain.errors import AccessDenied
from domain.identity import checked_sign_up
from domain.ports import Tokens
from gql.access import OPEN, PERSON
from gql.context import Info
from gql.roots import Payload, mutation
from gql.scalars import Locale

EMAIL = "The account's email address; case does not matter."


@strawberry.input(description="A new account.")
class AccountSignUpInput:
    email: str = strawberry.field(description="A code is mailed there to prove that it is yours.")
    password: str = strawberry.field(
        description="10 to 256 characters, not a common one, without the part of the address before the `@`."
    )
    name: str = strawberry.field(description="How to address you, up to 100 characters.")
    locale: Locale = strawberry.field(default=Locale.AR, description="Language of mails to you.")


@strawberry.input(description="An address and the code that was mailed to it.")
class AccountConfirmInput:
    email: str = strawberry.field(description=EMAIL)
    code: str = strawberry.field(description="Six digits, good for 30 minutes and five attempts.")


@strawberry.input(description="Where to mail another code.")
class AccountConfirmationResendInput:
    email: str = strawberry.field(description=EMAIL)


@strawberry.input(description="Whose password is forgotten.")
class AccountPasswordForgotInput:
    email: str = strawberry.field(description=EMAIL)


@strawberry.input(description="A new password, and the mailed code that allows it.")
class AccountPasswordResetInput:
    email: str = strawberry.field(description=EMAIL)
    code: str = strawberry.field(description="Six digits, good for 30 minutes and five attempts.")
    new_password: str = strawberry.field(description="As at sign-up.")


@strawberry.input(description="What proves who you are.")
class SessionSignInInput:
    email: str = strawberry.field(description=EMAIL)
    password: str = strawberry.field(description="The account's password.")


@strawberry.input(description="The session to continue.")
class SessionRefreshInput:
    refresh_token: str = strawberry.field(description="From the last sign-in or refresh. Used twice, it ends them all.")


@strawberry.type(description="Tokens of one sign-in.")
class Session:
    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    refresh_token: str = strawberry.field(description="Exchange it once, at `sessionRefresh`. Keep it secret.")
    expires_in: int = strawberry.field(description="Seconds until the access token is refused.")


@strawberry.type(description="Whether the input was accepted; there is nothing else to tell.")
class AccountPayload(Payload):
    pass


@strawberry.type(description="The session that began or goes on.")
class SessionPayload(Payload):
    session: Session | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The session has ended.")
class SessionSignOutPayload(Payload):
    pass


@strawberry.type
class IdentityMutation:
    @mutation(
        AccountPayload,
        access=OPEN,
        description="Make an account and mail a code. An address that has one already gets a mail that says so. "
        "One address gets at most one mail a minute and ten a day.",
    )
    async def account_sign_up(self, info: Info, input: AccountSignUpInput) -> AccountPayload | None:
        given = checked_sign_up(input.email, input.password, input.name, str(input.locale.value))
        await info.context.services.identity.sign_up(given)
        return AccountPayload()

    @mutation(AccountPayload, access=OPEN, description="Prove the address by the mailed code. Then sign in.")
    async def account_confirm(self, info: Info, input: AccountConfirmInput) -> AccountPayload | None:
        await info.context.services.identity.confirm(email=input.email, code=input.code)
        return AccountPayload()

    @mutation(
        AccountPayload,
        access=OPEN,
        description="Mail another code to an unconfirmed account, at most one a minute; the one before stops working.",
    )
    async def account_confirmation_resend(
        self, info: Info, input: AccountConfirmationResendInput
    ) -> AccountPayload | None:
        await info.context.services.identity.resend_confirmation(email=input.email)
        return AccountPayload()

    @mutation(AccountPayload, access=OPEN, description="Mail a code that allows a new password, at most one a minute.")
    async def account_password_forgot(self, info: Info, input: AccountPasswordForgotInput) -> AccountPayload | None:
        await info.context.services.identity.forgot_password(email=input.email)
        return AccountPayload()

    @mutation(AccountPayload, access=OPEN, description="Set a new password by the mailed code; every session ends.")
    async def account_password_reset(self, info: Info, input: AccountPasswordResetInput) -> AccountPayload | None:
        await info.context.services.identity.reset_password(
            email=input.email, code=input.code, new_password=input.new_password
        )
        return AccountPayload()

    @mutation(SessionPayload, access=OPEN, description="Begin a session; it can be refreshed for 30 days.")
    async def session_sign_in(self, info: Info, input: SessionSignInInput) -> SessionPayload | None:
        tokens = await info.context.services.identity.sign_in(email=input.email, password=input.password)
        return SessionPayload(session=session_of(tokens))

    @mutation(SessionPayload, access=OPEN, description="Continue a session with new tokens; the old ones are used up.")
    async def session_refresh(self, info: Info, input: SessionRefreshInput) -> SessionPayload | None:
        tokens = await info.context.services.identity.refresh(refresh_token=input.refresh_token)
        return SessionPayload(session=session_of(tokens))

    @mutation(
        SessionSignOutPayload,
        access=PERSON,
        description="End the session of this request: its tokens are refused from the next request on.",
    )
    async def session_sign_out(self, info: Info) -> SessionSignOutPayload | None:
        caller = info.context.caller
        if caller.person_id is None or caller.session_id is None:
            raise AccessDenied("no session")
        await info.context.services.identity.sign_out(person_id=caller.person_id, session_id=caller.session_id)
        return SessionSignOutPayload()


def session_of(tokens: Tokens) -> Session:
    return Session(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in=int(tokens.expires_in.total_seconds()),
    )
