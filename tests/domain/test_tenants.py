"""Tenants below the API: who may change one, who may open one, and how many."""

from dataclasses import replace

import pytest

from bootstrap import Parts
from db.models import Tenant, new_id
from db.session import Scope
from domain import tenants
from domain.actors import Actor, ActorKind, Permission
from domain.errors import AccessDenied, FaultCode, UserFault
from domain.tenants import NewTenant, TenantChanges
from domain.texts import LocalizedText
from tests.support.factories import Factory, Shop

WRONG = TenantChanges(slug="admin", time_zone="Moon/Crater")
GOOD = TenantChanges(name=LocalizedText(en="Taken over", ar=None), brand_primary="#000000")


async def strangers(factory: Factory, shop: Shop) -> dict[str, Actor]:
    """Everybody whose word does not count in the shop, as the API would name them there."""
    member, other = await factory.staff(shop, "member"), await factory.shop()
    in_shop = Actor(ActorKind.PERSON, shop.tenant.id)
    return {
        "guest": shop.guest,
        "member": replace(in_shop, person_id=member.person.id, role="member"),
        "another tenant's owner": replace(in_shop, person_id=other.owner.person.id),
        "retired": replace(in_shop, person_id=shop.owner.person.id, role="retired"),
        "operator": Actor(ActorKind.OPERATOR, shop.tenant.id, other.owner.person.id),
        "nowhere": Actor(ActorKind.PERSON, None, other.owner.person.id),
    }


async def profile(parts: Parts, shop: Shop) -> dict[str, object]:
    async with parts.database.read(shop.actor.scope) as session:
        row = await session.get_one(Tenant, shop.tenant.id)
        return {column.key: getattr(row, column.key) for column in Tenant.__table__.columns}


async def test_changing_a_tenant_asks_for_the_permission_before_anything_else(
    parts: Parts, factory: Factory, shop: Shop
) -> None:
    before = await profile(parts, shop)
    for who, actor in (await strangers(factory, shop)).items():
        for changes in (WRONG, GOOD):
            async with parts.database.write(shop.actor.scope) as session:
                with pytest.raises(AccessDenied) as denied:
                    await tenants.update(session, actor=actor, changes=changes)
            assert str(denied.value) == Permission.TENANT_MANAGE.value, who
    assert await profile(parts, shop) == before


async def test_an_owner_elsewhere_reaches_no_tenant_but_the_own(parts: Parts, factory: Factory, shop: Shop) -> None:
    other, before = await factory.shop(), await profile(parts, shop)
    async with parts.database.write(other.actor.scope) as session:
        changed = await tenants.update(session, actor=other.actor, changes=GOOD)
    assert (changed.id, changed.name_en) == (other.tenant.id, "Taken over")
    assert await profile(parts, shop) == before


@pytest.mark.parametrize("role", ["owner", "admin"])
async def test_those_who_manage_a_tenant_may_change_it(parts: Parts, shop: Shop, role: str) -> None:
    actor = replace(shop.actor, role=role)
    async with parts.database.write(actor.scope) as session:
        await tenants.update(session, actor=actor, changes=GOOD)
    assert (await profile(parts, shop))["name_en"] == "Taken over"


def a_tenant(slug: str) -> NewTenant:
    return NewTenant(slug=slug, name=LocalizedText(en="A tenant", ar=None))


async def test_opening_a_tenant_takes_a_person(parts: Parts, factory: Factory) -> None:
    tenant_id = new_id()
    for slug in (f"shop-{factory.word()}", "admin"):
        async with parts.database.write(Scope(tenant_id)) as session:
            with pytest.raises(AccessDenied):
                await tenants.create(session, actor=Actor(ActorKind.GUEST), tenant_id=tenant_id, given=a_tenant(slug))
    async with parts.database.read(Scope(tenant_id)) as session:
        assert await session.get(Tenant, tenant_id) is None


async def test_a_person_belongs_to_at_most_fifty_tenants(parts: Parts, factory: Factory) -> None:
    person = (await factory.member()).person

    async def open_another() -> Tenant:
        tenant_id = new_id()
        actor, given = Actor(ActorKind.PERSON, person_id=person.id), a_tenant(f"shop-{factory.word()}")
        async with parts.database.write(Scope(tenant_id, person.id)) as session:
            return await tenants.create(session, actor=actor, tenant_id=tenant_id, given=given)

    opened = [await open_another() for _ in range(50)]
    with pytest.raises(UserFault) as refused:
        await open_another()
    assert (refused.value.code, refused.value.field) == (FaultCode.LIMIT_REACHED, ())
    async with parts.database.read(Scope(person_id=person.id)) as session:
        assert await tenants.count_memberships(session) == len(opened) == 50
