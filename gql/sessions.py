"""Sessions in the API: signing in by one or two factors, refreshing, signing out.

No answer tells whether an address has an account.
"""

import strawberry

from domain.attempts import REFRESH, SIGN_IN, VERIFY
from domain.errors import FaultCode, UserFault
from domain.ports import Challenge, Tokens
from gql.access import OPEN, PERSON
from gql.attempts import Attempts
from gql.context import Context, Info
from gql.identity import EMAIL
from gql.roots import Payload, mutation


@strawberry.input(description="What proves who you are.")
class SessionSignInInput:
    email: str = strawberry.field(description=EMAIL)
    password: str = strawberry.field(description="The account's password.")


@strawberry.input(description="The second factor of a sign-in.")
class SessionVerifyInput:
    challenge: str = strawberry.field(description="The `token` of the challenge that `sessionSignIn` answered.")
    code: str = strawberry.field(description="Six digits that the authenticator app shows; none is good twice.")


@strawberry.input(description="What proves who you are without the authenticator app.")
class SessionRecoverInput:
    email: str = strawberry.field(description=EMAIL)
    password: str = strawberry.field(description="The account's password.")
    recovery_code: str = strawberry.field(
        description="One that was not used yet, of those that `mfaConfirm` or `mfaRecoveryCodesRenew` answered; "
        "capitals, spaces and the hyphen do not matter."
    )


@strawberry.input(description="The session to continue.")
class SessionRefreshInput:
    refresh_token: str | None = strawberry.field(
        default=None,
        description="From the last sign-in or refresh. Used twice, it ends them all. Left out at `/session/graphql`, "
        "the cookie counts; anywhere else that is `REQUIRED`.",
    )


@strawberry.type(description="Tokens of one sign-in.")
class Session:
    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    refresh_token: str | None = strawberry.field(
        description="Exchange it once, at `sessionRefresh`. Keep it secret. Null at `/session/graphql`, which sets it "
        "as a cookie."
    )
    expires_in: int = strawberry.field(description="Seconds until the access token is refused.")


@strawberry.type(description="The password was right, and the second factor is to follow at `sessionVerify`.")
class SessionChallenge:
    token: str = strawberry.field(description="Opaque; good for one sign-in and five attempts.")
    expires_in: int = strawberry.field(description="Seconds until it is refused.")


@strawberry.type(description="The session that began or goes on, or what is to be given first.")
class SessionPayload(Payload):
    session: Session | None = strawberry.field(
        default=None, description="Null when `userErrors` says why, and where there is a `challenge`."
    )
    challenge: SessionChallenge | None = strawberry.field(
        default=None, description="Of `sessionSignIn`, where the account has a second factor; else null."
    )


@strawberry.type(description="The session has ended.")
class SessionSignOutPayload(Payload):
    pass


@strawberry.type
class SessionMutation:
    @mutation(
        SessionPayload,
        access=OPEN,
        attempts=Attempts(SIGN_IN, account="email"),
        description="Begin a session; it can be refreshed for 30 days. An account with a second factor is answered a "
        "`challenge` first. `CREDENTIALS_WRONG` for an unknown address as for a wrong password, `ACCOUNT_UNCONFIRMED` "
        "until the address is proven.",
    )
    async def session_sign_in(self, info: Info, input: SessionSignInInput) -> SessionPayload | None:
        begun = await info.context.services.identity.sign_in(
            email=input.email, password=input.password, origin=info.context.origin
        )
        return SessionPayload(challenge=challenge_of(begun)) if isinstance(begun, Challenge) else granted(info, begun)

    @mutation(
        SessionPayload,
        access=OPEN,
        attempts=Attempts(VERIFY),
        description="Finish a sign-in by the second factor. `MFA_CODE_WRONG` may be tried again; `CHALLENGE_ENDED` "
        "means to begin anew.",
    )
    async def session_verify(self, info: Info, input: SessionVerifyInput) -> SessionPayload | None:
        tokens = await info.context.services.identity.answer_challenge(
            challenge=input.challenge, code=input.code, origin=info.context.origin
        )
        return granted(info, tokens)

    @mutation(
        SessionPayload,
        access=OPEN,
        attempts=Attempts(SIGN_IN, account="email"),
        description="Begin a session by a recovery code in place of the authenticator app; the code is used up. It "
        "counts as signed in with a second factor. `CREDENTIALS_WRONG`, whichever of the three is wrong.",
    )
    async def session_recover(self, info: Info, input: SessionRecoverInput) -> SessionPayload | None:
        tokens = await info.context.services.identity.recover(
            email=input.email,
            password=input.password,
            recovery_code=input.recovery_code,
            origin=info.context.origin,
        )
        return granted(info, tokens)

    @mutation(
        SessionPayload,
        access=OPEN,
        attempts=Attempts(REFRESH),
        description="Continue a session with new tokens; the old ones are used up. What a second factor allowed, it "
        "goes on to allow.",
    )
    async def session_refresh(self, info: Info, input: SessionRefreshInput) -> SessionPayload | None:
        return granted(info, await refreshed(info.context, input.refresh_token))

    @mutation(
        SessionSignOutPayload,
        access=PERSON,
        description="End the session of this request: its tokens are refused from the next request on. At "
        "`/session/graphql` the cookie's session ends as well, should it be another one.",
    )
    async def session_sign_out(self, info: Info) -> SessionSignOutPayload | None:
        cookie = info.context.refresh_cookie
        await info.context.services.identity.sign_out(
            holder=info.context.holder, refresh_token=cookie.given if cookie else None
        )
        return signed_out(info)

    @mutation(
        SessionSignOutPayload,
        access=PERSON,
        description="End all your sessions, on every device, this one included.",
    )
    async def session_sign_out_everywhere(self, info: Info) -> SessionSignOutPayload | None:
        await info.context.services.identity.sign_out_everywhere(holder=info.context.holder)
        return signed_out(info)


async def refreshed(context: Context, given: str | None) -> Tokens:
    """New tokens for the one in the input, or else in the cookie; one that is no longer good leaves the browser."""
    cookie = context.refresh_cookie
    if given is not None or cookie is None or cookie.given is None:
        if given is None:
            raise UserFault(FaultCode.REQUIRED, "Send the refresh token.", ("refreshToken",))
        return await context.services.identity.refresh(refresh_token=given, origin=context.origin)
    try:
        return await context.services.identity.refresh(refresh_token=cookie.given, origin=context.origin)
    except UserFault as fault:
        if fault.code is FaultCode.TOKEN_INVALID:  # any other, and it may be good the next time
            cookie.clear()
        raise


def granted(info: Info, tokens: Tokens) -> SessionPayload:
    """The tokens of a session; the refresh token goes into the cookie where there is one."""
    session = Session(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in=int(tokens.expires_in.total_seconds()),
    )
    cookie = info.context.refresh_cookie
    if cookie is not None:
        cookie.keep(tokens.refresh_token)
        session.refresh_token = None
    return SessionPayload(session=session)


def challenge_of(challenge: Challenge) -> SessionChallenge:
    return SessionChallenge(token=challenge.token, expires_in=int(challenge.expires_in.total_seconds()))


def signed_out(info: Info) -> SessionSignOutPayload:
    if info.context.refresh_cookie is not None:
        info.context.refresh_cookie.clear()
    return SessionSignOutPayload()
