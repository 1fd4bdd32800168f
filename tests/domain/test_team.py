"""Teams below the API: permissions come first, and what counts is what somebody is once it is their turn."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

import pytest

from bootstrap import Parts
from db.models import Membership, new_id
from db.queries import team as queries
from db.session import AsyncSession, Scope
from domain import audit, invitations, team
from domain.actors import NOTHING, Actor, ActorKind
from domain.errors import AccessDenied, FaultCode, UserFault
from domain.pages import PageRequest
from domain.signing import Signer
from tests.support.factories import Factory, Member, Shop

SIGNER = Signer(b"a secret of the tests")
Act = Callable[[AsyncSession, Actor], Awaitable[object]]


def changes(membership_id: uuid.UUID | None = None) -> Mapping[str, Act]:
    """Everything that changes a team, by its name. Without a member to change, nothing about the input is right."""
    found = membership_id or new_id()
    email = "boss@people.test" if membership_id else "nobody"
    asked = {
        "change_role": partial(team.change_role, membership_id=found, role="member"),
        "remove": partial(team.remove, membership_id=found),
        "transfer": partial(team.transfer, membership_id=found),
        "leave": team.leave,
        "create": partial(invitations.create, signer=SIGNER, email=email, role="owner"),
        "resend": partial(invitations.resend, signer=SIGNER, invitation_id=new_id()),
        "revoke": partial(invitations.revoke, invitation_id=new_id()),
    }
    return {name: partial(_as, function) for name, function in asked.items()}


async def _as(function: Callable[..., Awaitable[object]], session: AsyncSession, actor: Actor) -> object:
    return await function(session, actor=actor)


async def membership_of(parts: Parts, shop: Shop, member: Member) -> uuid.UUID:
    async with parts.database.read(shop.actor.scope) as session:
        return next(each.id for each in await queries.find_team(session) if each.person_id == member.person.id)


def actor_of(shop: Shop, member: Member, role: str | None) -> Actor:
    return Actor(ActorKind.PERSON, shop.tenant.id, member.person.id, role)


@pytest.mark.parametrize("name", changes().keys())
async def test_whoever_has_no_permission_is_denied_before_anything_else(
    parts: Parts, factory: Factory, shop: Shop, name: str
) -> None:
    """Mission T5."""
    stranger = await factory.member()
    unguarded = replace(shop.actor, permissions=NOTHING)  # an owner whose second factor is missing
    for actor in (shop.guest, actor_of(shop, stranger, None), unguarded):
        async with parts.database.write(actor.scope) as session:
            with pytest.raises(AccessDenied):
                await changes()[name](session, actor)


@pytest.mark.parametrize("name", changes().keys())
async def test_a_right_that_was_lost_since_the_request_began_counts_no_more(
    parts: Parts, factory: Factory, shop: Shop, name: str
) -> None:
    """Mission T5."""
    was_owner, member = await factory.member(), await factory.staff(shop, "member")
    stale, target = actor_of(shop, was_owner, "owner"), await membership_of(parts, shop, member)
    async with parts.database.write(stale.scope) as session:
        with pytest.raises(AccessDenied):
            await changes(target)[name](session, stale)
    async with parts.database.read(shop.actor.scope) as session:
        assert len(await queries.find_team(session)) == 2


async def test_reading_asks_for_permission(parts: Parts, shop: Shop) -> None:
    """Mission T5."""
    reads: Mapping[str, Callable[[AsyncSession, Actor], Awaitable[object]]] = {
        "members": lambda session, actor: team.list_members(session, actor=actor),
        "invitations": lambda session, actor: invitations.list_invitations(
            session, actor=actor, page=PageRequest(1), status=None
        ),
        "their number": lambda session, actor: invitations.count_invitations(session, actor=actor, status=None),
        "log": lambda session, actor: audit.list_entries(session, actor=actor, page=PageRequest(1), act=None),
        "its length": lambda session, actor: audit.count_entries(session, actor=actor, act=None),
    }
    async with parts.database.read(shop.actor.scope) as session:
        for read in reads.values():
            await read(session, shop.actor)
            with pytest.raises(AccessDenied):
                await read(session, shop.guest)


async def invitation_to(parts: Parts, shop: Shop, invitee: Member) -> str:
    async with parts.database.write(shop.actor.scope) as session:
        made = await invitations.create(
            session, actor=shop.actor, signer=SIGNER, email=invitee.person.email, role="member"
        )
    return invitations.token_of(SIGNER, made.id, sends=1)


async def accept(parts: Parts, shop: Shop, invitee: Member, token: str, *, dies: bool = False) -> None:
    actor = Actor(ActorKind.PERSON, person_id=invitee.person.id)
    async with parts.database.write(Scope(shop.tenant.id, invitee.person.id)) as session:
        await invitations.accept(session, actor=actor, tenant_id=shop.tenant.id, token=token)
        if dies:
            raise SystemExit


async def test_an_invitation_is_used_up_together_with_the_membership_or_not_at_all(
    parts: Parts, factory: Factory, shop: Shop
) -> None:
    """Mission T5."""
    invitee = await factory.member()
    token = await invitation_to(parts, shop, invitee)
    with pytest.raises(SystemExit):
        await accept(parts, shop, invitee, token, dies=True)
    async with parts.database.read(shop.actor.scope) as session:
        assert len(await queries.find_team(session)) == 1
    await accept(parts, shop, invitee, token)
    async with parts.database.read(shop.actor.scope) as session:
        assert len(await queries.find_team(session)) == 2


async def test_no_token_is_stored(parts: Parts, factory: Factory, shop: Shop) -> None:
    """Mission T5."""
    token = await invitation_to(parts, shop, await factory.member())
    async with parts.database.read(shop.actor.scope) as session:
        page = await invitations.list_invitations(session, actor=shop.actor, page=PageRequest(1), status=None)
    [row] = page.rows
    assert row.token_hash == invitations.hash_of(token)
    assert token not in str({column.key: getattr(row, column.key) for column in row.__table__.columns})
    assert len(token) == 43


async def test_a_full_team_takes_nobody_however_many_come_at_the_same_time(
    parts: Parts, factory: Factory, shop: Shop
) -> None:
    """Mission T5."""
    for _ in range(team.MOST_MEMBERS - 3):
        await factory.staff(shop, "member")
    invitees = [await factory.member() for _ in range(6)]
    tokens = [await invitation_to(parts, shop, each) for each in invitees]
    joining = [accept(parts, shop, each, token) for each, token in zip(invitees, tokens, strict=True)]
    refusals = [each for each in await asyncio.gather(*joining, return_exceptions=True) if each is not None]
    assert [getattr(each, "code", each) for each in refusals] == [FaultCode.LIMIT_REACHED] * 4
    async with parts.database.read(shop.actor.scope) as session:
        assert len(await queries.find_team(session)) == 200


async def test_nobody_joins_a_fifty_first_tenant(parts: Parts, factory: Factory, shop: Shop) -> None:
    """Mission T4, T5. The invitation stays open until there is room."""
    invitee = await factory.member()
    token = await invitation_to(parts, shop, invitee)
    others = [await factory.shop() for _ in range(50)]
    for other in others:
        async with parts.database.write(Scope(other.tenant.id)) as session:
            session.add(Membership(tenant_id=other.tenant.id, person_id=invitee.person.id, role="member"))
    with pytest.raises(UserFault) as refused:
        await accept(parts, shop, invitee, token)
    assert refused.value.code is FaultCode.LIMIT_REACHED
    leaving = actor_of(others[0], invitee, "member")
    async with parts.database.write(leaving.scope) as session:
        await team.leave(session, actor=leaving)
    await accept(parts, shop, invitee, token)
