"""Center control below the API: for operators, and for nobody else."""

import inspect
import uuid
from collections.abc import Awaitable, Callable

import pytest

from bootstrap import Parts
from db.models import Tenant
from db.session import AsyncSession, Scope
from domain import platform
from domain.actors import Actor, ActorKind
from domain.errors import AccessDenied, UserFault
from domain.pages import PageRequest
from tests.support.factories import Factory, Shop

Call = Callable[[AsyncSession, Actor, uuid.UUID], Awaitable[object]]
CALLS: dict[str, Call] = {
    "list_tenants": lambda s, a, _: platform.list_tenants(s, actor=a, page=PageRequest(5), status=None),
    "count_tenants": lambda s, a, _: platform.count_tenants(s, actor=a, status=None),
    "find_tenant": lambda s, a, t: platform.find_tenant(s, actor=a, tenant_id=t),
    "set_tenant_status": lambda s, a, t: platform.set_tenant_status(
        s, actor=a, tenant_id=t, status="suspended", reason=None
    ),
}
TOO_LONG = "x" * 501


def test_every_function_is_tried() -> None:
    made_here = {
        name for name, made in inspect.getmembers(platform, inspect.isfunction) if made.__module__ == platform.__name__
    }
    assert made_here == set(CALLS)


async def nobodies(factory: Factory, shop: Shop) -> list[Actor]:
    """Everybody who is no operator, the operator's own person in a shop among them."""
    operator = await factory.operator()
    return [
        Actor(ActorKind.GUEST),
        shop.guest,
        shop.actor,
        Actor(ActorKind.PERSON, shop.tenant.id, shop.owner.person.id, "operator"),
        Actor(ActorKind.PERSON, None, operator.person.id),
    ]


@pytest.mark.parametrize("name", CALLS)
async def test_nobody_but_an_operator_gets_in(parts: Parts, factory: Factory, shop: Shop, name: str) -> None:
    for actor in await nobodies(factory, shop):
        async with parts.platform_database.write(Scope(shop.tenant.id, actor.person_id)) as session:
            with pytest.raises(AccessDenied, match="operator"):
                await CALLS[name](session, actor, shop.tenant.id)
    assert await status_of(parts, shop) == "active"


async def test_a_standing_asks_who_comes_before_what_they_say(parts: Parts, factory: Factory, shop: Shop) -> None:
    async def suspend(actor: Actor) -> None:
        async with parts.platform_database.write(Scope(shop.tenant.id, actor.person_id)) as session:
            await platform.set_tenant_status(
                session, actor=actor, tenant_id=shop.tenant.id, status="suspended", reason=TOO_LONG
            )

    with pytest.raises(AccessDenied):
        await suspend(shop.actor)
    with pytest.raises(UserFault):
        await suspend(Actor(ActorKind.OPERATOR, person_id=(await factory.operator()).person.id))
    assert await status_of(parts, shop) == "active"


@pytest.mark.parametrize("name", CALLS)
async def test_an_operator_gets_in(parts: Parts, factory: Factory, shop: Shop, name: str) -> None:
    operator = Actor(ActorKind.OPERATOR, person_id=(await factory.operator()).person.id)
    async with parts.platform_database.write(Scope(shop.tenant.id, operator.person_id)) as session:
        assert await CALLS[name](session, operator, shop.tenant.id)


async def status_of(parts: Parts, shop: Shop) -> str:
    async with parts.database.read(shop.actor.scope) as session:
        return (await session.get_one(Tenant, shop.tenant.id)).status
