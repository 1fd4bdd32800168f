"""Inputs for the mutations of a team, made anew each time."""

from typing import Any

from sqlalchemy import text

from gql.ids import global_id
from tests.support.authorisation.stage import Stage
from tests.support.team import Team, token_for


async def new_invitee(stage: Stage) -> dict[str, Any]:
    return {"email": f"{stage.tools.factory.word()}@people.test", "role": "ADMIN"}


async def open_invitation(stage: Stage) -> dict[str, Any]:
    """One that was mailed some time ago."""
    team = Team(stage.tools, stage.shop)
    invitation = await team.invite(**await new_invitee(stage))
    await team.age(invitation, "2 minutes")
    return {"id": invitation["id"]}


async def mailed_token(stage: Stage) -> dict[str, Any]:
    """Another tenant's invitation to whoever asks; to the owner where nobody is signed in."""
    invitee = stage.member or stage.shop.owner
    other = Team(stage.tools, await stage.tools.factory.shop())
    return {"token": await token_for(other, invitee.person.email)}


async def colleague(stage: Stage) -> dict[str, Any]:
    member = await stage.tools.factory.staff(stage.shop, "member")
    found = text("SELECT id FROM memberships WHERE person_id = :person")
    rows = await stage.tools.superuser.execute(found, {"person": member.person.id})
    return {"id": global_id("membership", rows.scalar_one())}


async def promotion(stage: Stage) -> dict[str, Any]:
    return {**await colleague(stage), "role": "ADMIN"}


async def heir(stage: Stage) -> dict[str, Any]:
    return await colleague(stage)


async def owner_left_behind(stage: Stage) -> None:
    """No input, but another owner, so that nobody is the last one."""
    await stage.tools.factory.staff(stage.shop, "owner")
