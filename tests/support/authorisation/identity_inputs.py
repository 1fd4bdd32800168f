"""Inputs for the mutations of accounts and second factors, made anew each time."""

from typing import Any

from sqlalchemy import text

from domain.errors import UserFault
from domain.ports import Challenge, Holder, Origin
from integrations.passwords import Argon2Passwords
from tests.support.authenticator import Authenticator
from tests.support.authorisation.stage import Stage
from tests.support.factories import Member

PASSWORD, ANOTHER = "seven green camels", "eight blue falcons"
CHEAP = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)
SET_PASSWORD = """INSERT INTO credentials (person_id, password_hash) VALUES (:person, :hash)
                  ON CONFLICT (person_id) DO UPDATE SET password_hash = excluded.password_hash"""


def whoever_asks(stage: Stage) -> Member:
    """The owner where nobody is signed in: somebody must be able to do it."""
    return stage.member or stage.shop.owner


async def with_password(stage: Stage, member: Member) -> Holder:
    given = {"person": member.person.id, "hash": await CHEAP.hash(PASSWORD)}
    await stage.tools.superuser.execute(text(SET_PASSWORD), given)
    return Holder(member.person.id, member.session_id, member.token, Origin())  # pyright: ignore[reportArgumentType]


async def begun(stage: Stage, member: Member) -> tuple[Holder, Authenticator]:
    holder = await with_password(stage, member)
    enrolment = await stage.tools.factory.parts.identity.begin_totp(holder=holder)
    return holder, Authenticator(enrolment.secret)


async def protected(stage: Stage, member: Member) -> list[str]:
    """Recovery codes of somebody who has a second factor from now on, if not already."""
    provider = stage.tools.factory.parts.identity
    try:
        holder, app = await begun(stage, member)
        return await provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())
    except UserFault:
        holder = await with_password(stage, member)
        return await provider.renew_recovery_codes(holder=holder, password=PASSWORD)


async def password_change(stage: Stage) -> dict[str, Any]:
    await with_password(stage, whoever_asks(stage))
    return {"currentPassword": PASSWORD, "newPassword": ANOTHER}


async def self_description(stage: Stage) -> dict[str, Any]:
    return {"name": f"Noura {stage.tools.factory.word()}", "locale": "AR"}


async def credentials_of_the_protected(stage: Stage) -> dict[str, Any]:
    member = await stage.tools.factory.member()
    await protected(stage, member)
    return {"email": member.person.email, "password": PASSWORD}


async def answer_to_challenge(stage: Stage) -> dict[str, Any]:
    member, provider = await stage.tools.factory.member(), stage.tools.factory.parts.identity
    holder, app = await begun(stage, member)
    await provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())
    challenge = await provider.sign_in(email=member.person.email, password=PASSWORD, origin=Origin())
    assert isinstance(challenge, Challenge)
    return {"challenge": challenge.token, "code": app.code(steps=1)}  # the one before is used up


async def recovery(stage: Stage) -> dict[str, Any]:
    member = await stage.tools.factory.member()
    code, *_ = await protected(stage, member)
    return {"email": member.person.email, "password": PASSWORD, "recoveryCode": code}


async def first_code(stage: Stage) -> dict[str, Any]:
    _, app = await begun(stage, whoever_asks(stage))
    return {"password": PASSWORD, "code": app.code()}


async def password_again(stage: Stage) -> dict[str, Any]:
    await protected(stage, whoever_asks(stage))
    return {"password": PASSWORD}


async def both_factors(stage: Stage) -> dict[str, Any]:
    code, *_ = await protected(stage, whoever_asks(stage))
    return {"password": PASSWORD, "code": code}


async def back_again(stage: Stage) -> None:
    """No input, but the session that `sessionSignOutEverywhere` has ended, for there is one more to be played."""
    revived = text("UPDATE sessions SET revoked_at = NULL WHERE id = :session")
    await stage.tools.superuser.execute(revived, {"session": whoever_asks(stage).session_id})
