"""Accounts in the API: signing up, proving the address, passwords, what a person says about themselves.

No answer tells whether an address has an account.
"""

import strawberry

from domain.attempts import CONFIRM, FORGOT, REAUTHENTICATE, RESEND, RESET, SIGN_IN, SIGN_UP
from domain.changes import ABSENT, Absent
from domain.identity import PersonChanges, checked_sign_up, update_person
from gql.access import OPEN, PERSON
from gql.attempts import Attempts
from gql.context import Info
from gql.maybe import NOT_NULL, given_value
from gql.roots import Payload, mutation
from gql.scalars import Locale
from gql.viewer import Person, person_of

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


@strawberry.input(description="A new password in place of one that is known.")
class AccountPasswordChangeInput:
    current_password: str = strawberry.field(description="The account's password until now.")
    new_password: str = strawberry.field(description="As at sign-up.")


@strawberry.input(description="What you say about yourself; what is left out stays.")
class AccountUpdateInput:
    name: strawberry.Maybe[str | None] = strawberry.field(
        description=f"How to address you, up to 100 characters. {NOT_NULL}"
    )
    locale: strawberry.Maybe[Locale | None] = strawberry.field(description=f"Language of mails to you. {NOT_NULL}")


@strawberry.type(description="Whether the input was accepted; there is nothing else to tell.")
class AccountPayload(Payload):
    pass


@strawberry.type(description="The person who was changed.")
class AccountUpdatePayload(Payload):
    person: Person | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class IdentityMutation:
    @mutation(
        AccountPayload,
        access=OPEN,
        attempts=Attempts(SIGN_UP, account="email"),
        description="Make an account and mail a code. An address that has one already gets a mail that says so. "
        "One address gets at most one mail a minute and ten a day.",
    )
    async def account_sign_up(self, info: Info, input: AccountSignUpInput) -> AccountPayload | None:
        given = checked_sign_up(input.email, input.password, input.name, str(input.locale.value))
        await info.context.services.identity.sign_up(given)
        return AccountPayload()

    @mutation(
        AccountPayload,
        access=OPEN,
        attempts=Attempts(CONFIRM, account="email"),
        description="Prove the address by the mailed code. Then sign in.",
    )
    async def account_confirm(self, info: Info, input: AccountConfirmInput) -> AccountPayload | None:
        await info.context.services.identity.confirm(email=input.email, code=input.code)
        return AccountPayload()

    @mutation(
        AccountPayload,
        access=OPEN,
        attempts=Attempts(RESEND, account="email"),
        description="Mail another code to an unconfirmed account, at most one a minute; the one before stops working.",
    )
    async def account_confirmation_resend(
        self, info: Info, input: AccountConfirmationResendInput
    ) -> AccountPayload | None:
        await info.context.services.identity.resend_confirmation(email=input.email)
        return AccountPayload()

    @mutation(
        AccountPayload,
        access=OPEN,
        attempts=Attempts(FORGOT, account="email"),
        description="Mail a code that allows a new password, at most one a minute.",
    )
    async def account_password_forgot(self, info: Info, input: AccountPasswordForgotInput) -> AccountPayload | None:
        await info.context.services.identity.forgot_password(email=input.email)
        return AccountPayload()

    @mutation(
        AccountPayload,
        access=OPEN,
        attempts=Attempts(RESET, account="email"),
        description="Set a new password by the mailed code; every session ends.",
    )
    async def account_password_reset(self, info: Info, input: AccountPasswordResetInput) -> AccountPayload | None:
        await info.context.services.identity.reset_password(
            email=input.email, code=input.code, new_password=input.new_password, origin=info.context.origin
        )
        await info.context.services.attempts.forgive(SIGN_IN, account=input.email)
        return AccountPayload()

    @mutation(
        AccountPayload,
        access=PERSON,
        attempts=Attempts(REAUTHENTICATE),
        description="Set a new password; every other session ends, this one goes on. `CREDENTIALS_WRONG` for the "
        "current one.",
    )
    async def account_password_change(self, info: Info, input: AccountPasswordChangeInput) -> AccountPayload | None:
        await info.context.services.identity.change_password(
            holder=info.context.holder, current_password=input.current_password, new_password=input.new_password
        )
        return AccountPayload()

    @mutation(
        AccountUpdatePayload,
        access=PERSON,
        description="Change your own name, or the language of mails to you. Stores where you are a customer keep what "
        "you told them.",
    )
    async def account_update(self, info: Info, input: AccountUpdateInput) -> AccountUpdatePayload | None:
        async with info.context.write() as session:
            changed = await update_person(session, actor=info.context.actor, changes=person_changes(input))
        return AccountUpdatePayload(person=person_of(changed))


def person_changes(changes: AccountUpdateInput) -> PersonChanges:
    locale = given_value(changes.locale, "locale")
    return PersonChanges(
        name=given_value(changes.name, "name"), locale=ABSENT if isinstance(locale, Absent) else str(locale.value)
    )
