"""Second factors in the API: an authenticator app, recovery codes, and what the viewer is told of them.

Whoever is signed in may set one up, also where nothing else is allowed before that.
"""

from datetime import datetime
from io import BytesIO

import segno
import strawberry

from db.queries.second_factors import SecondFactorState
from domain.attempts import REAUTHENTICATE
from domain.ports import TotpEnrolment
from gql.access import PERSON
from gql.attempts import Attempts
from gql.context import Info
from gql.cost import DRAWING, usually
from gql.roots import Payload, mutation

RECOVERY_CODES = (
    "Ten codes, each good once at `sessionRecover`. They are shown this once: let the person print or store them."
)


@strawberry.input(description="Proof that it is you, and that your authenticator app has the secret.")
class MfaConfirmInput:
    password: str = strawberry.field(description="The account's password, once more.")
    code: str = strawberry.field(description="Six digits that the app shows.")


@strawberry.input(description="Whose recovery codes are to be replaced.")
class MfaRecoveryCodesRenewInput:
    password: str = strawberry.field(description="The account's password, once more.")


@strawberry.input(description="Both factors, once more.")
class MfaDisableInput:
    password: str = strawberry.field(description="The account's password.")
    code: str = strawberry.field(description="Six digits that the app shows, or a recovery code.")


@strawberry.type(description="What an authenticator app has to be told. Shown this once; begin again to get another.")
class MfaEnrolment:
    secret: str = strawberry.field(description="In base32, to be typed into the app.")
    uri: str = strawberry.field(description="The same as `otpauth://…`, for a link on the phone itself.")

    @strawberry.field(
        description="The same as a QR code: a whole SVG document, which refers to nothing outside.",
        directives=[DRAWING],
    )
    def qr_code(self) -> str:
        return svg_of(self.uri)


@strawberry.type(description="What `mfaConfirm` is to prove next.")
class MfaBeginPayload(Payload):
    enrolment: MfaEnrolment | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="New recovery codes; older ones are void.")
class RecoveryCodesPayload(Payload):
    recovery_codes: list[str] | None = strawberry.field(
        default=None, description=f"{RECOVERY_CODES} Null when `userErrors` says why.", directives=[usually(10)]
    )


@strawberry.type(description="Whether the second factor is gone; there is nothing else to tell.")
class MfaDisablePayload(Payload):
    pass


@strawberry.type(description="The viewer's second factor.")
class ViewerMfa:
    is_enabled: bool = strawberry.field(description="Sign-ins of this account ask for a second factor.")
    enabled_at: datetime | None = strawberry.field(description="Since when; null where it is not enabled.")
    is_given_in_session: bool = strawberry.field(description="One was given in this session.")
    is_required: bool = strawberry.field(
        description="The viewer's role, in the request's tenant or on the platform, may do nothing in a session "
        "without one."
    )
    recovery_codes_left: int = strawberry.field(description="How many recovery codes were not used yet.")


@strawberry.type
class MfaMutation:
    @mutation(
        MfaBeginPayload,
        access=PERSON,
        description="Begin to set up an authenticator app: a new secret, which counts once `mfaConfirm` has seen a "
        "code of it. `MFA_ENABLED` where one counts already.",
    )
    async def mfa_begin(self, info: Info) -> MfaBeginPayload | None:
        begun = await info.context.services.identity.begin_totp(holder=info.context.holder)
        return MfaBeginPayload(enrolment=enrolment_of(begun))

    @mutation(
        RecoveryCodesPayload,
        access=PERSON,
        attempts=Attempts(REAUTHENTICATE),
        description="Finish that. From now on sign-ins ask for a code; this session counts as signed in with a second "
        "factor, and every other one ends. `CREDENTIALS_WRONG`, `MFA_CODE_WRONG`, `MFA_ENABLED`; `NOT_FOUND` where "
        "nothing was begun.",
    )
    async def mfa_confirm(self, info: Info, input: MfaConfirmInput) -> RecoveryCodesPayload | None:
        codes = await info.context.services.identity.confirm_totp(
            holder=info.context.holder, password=input.password, code=input.code
        )
        return RecoveryCodesPayload(recovery_codes=codes)

    @mutation(
        RecoveryCodesPayload,
        access=PERSON,
        attempts=Attempts(REAUTHENTICATE),
        description="Replace the recovery codes, in a session that was signed in with the second factor; to any other "
        "it is `FORBIDDEN`. `CREDENTIALS_WRONG`, `MFA_DISABLED`.",
    )
    async def mfa_recovery_codes_renew(
        self, info: Info, input: MfaRecoveryCodesRenewInput
    ) -> RecoveryCodesPayload | None:
        codes = await info.context.services.identity.renew_recovery_codes(
            holder=info.context.holder, password=input.password
        )
        return RecoveryCodesPayload(recovery_codes=codes)

    @mutation(
        MfaDisablePayload,
        access=PERSON,
        attempts=Attempts(REAUTHENTICATE),
        description="Take the second factor away, with its recovery codes; every other session ends, and this one no "
        "longer counts as signed in with it. In a session that was not, it is `FORBIDDEN`. `CREDENTIALS_WRONG`, "
        "`MFA_CODE_WRONG`, `MFA_DISABLED`; `LIMIT_REACHED` after fifty wrong codes of the app within a day.",
    )
    async def mfa_disable(self, info: Info, input: MfaDisableInput) -> MfaDisablePayload | None:
        await info.context.services.identity.disable_totp(
            holder=info.context.holder, password=input.password, code=input.code
        )
        return MfaDisablePayload()


def enrolment_of(begun: TotpEnrolment) -> MfaEnrolment:
    return MfaEnrolment(secret=begun.secret, uri=begun.uri)


def mfa_of(state: SecondFactorState, *, is_required: bool) -> ViewerMfa:
    return ViewerMfa(
        is_enabled=state.since is not None,
        enabled_at=state.since,
        is_given_in_session=state.in_session,
        is_required=is_required,
        recovery_codes_left=state.recovery_codes_left,
    )


def svg_of(text: str) -> str:
    """Dark on white, whatever it is shown on: cameras want the contrast, and the margin."""
    drawn = BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", scale=4, light="#fff", xmldecl=False, nl=False)
    return drawn.getvalue().decode()
