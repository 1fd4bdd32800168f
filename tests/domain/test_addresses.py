"""What an address must be, and what each function about customers asks of its actor."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bootstrap import Parts
from db.models import CustomerAddress
from db.session import AsyncSession, Scope
from domain import addresses, customers, order_claims, orders
from domain.actors import Actor, ActorKind
from domain.address_forms import GOVERNORATES, NewAddress, NewGeneralAddress, NewKuwaitAddress, checked_address
from domain.countries import COUNTRIES
from domain.errors import AccessDenied, UserFault, UserFaults
from domain.pages import PageRequest
from domain.signing import Signer
from tests.support.factories import Factory, Shop

HOME = NewKuwaitAddress(governorate="jahra", area="Taima", block="1", street="2", building="3")
ABROAD = NewGeneralAddress(country="bh", line1="1 Pearl Street", city="Manama")
SIGNER = Signer(b"a key of the tests that is long enough")


def test_the_list_of_countries_is_whole() -> None:
    assert len(COUNTRIES) == 249
    assert {"KW", "SA", "AE", "BH", "QA", "OM", "GB", "US"} <= COUNTRIES
    assert all(len(code) == 2 and code.isupper() for code in COUNTRIES)


def test_a_country_is_kept_in_capitals() -> None:
    assert checked_address(ABROAD)["country"] == "BH"


def test_a_form_empties_what_only_the_other_one_has() -> None:
    home, abroad = checked_address(HOME), checked_address(ABROAD)
    assert home.keys() == abroad.keys() == {column.name for column in CustomerAddress.__table__.columns} - {
        "tenant_id", "id", "customer_id", "is_default", "created_at", "updated_at",
    }  # fmt: skip
    assert {name for name, value in home.items() if value} == {
        "form", "country", "governorate", "area", "block", "street", "building",
    }  # fmt: skip
    assert {name for name, value in abroad.items() if value} == {"form", "country", "line1", "city"}


texts = st.text(max_size=600)
kuwaiti = st.builds(NewKuwaitAddress, governorate=texts, **{each.name: texts for each in fields(NewKuwaitAddress)[5:]})
general = st.builds(NewGeneralAddress, **{each.name: texts for each in fields(NewGeneralAddress)})


@given(kuwaiti | general)
def test_no_address_is_an_error_of_ours(address: NewAddress) -> None:
    form = "kuwait" if isinstance(address, NewKuwaitAddress) else "general"
    columns, faults = outcome(address)
    assert all(fault.field[:2] == ("address", form) for fault in faults)
    assert len({fault.field for fault in faults}) == len(faults)
    assert faults or columns["country"] in COUNTRIES
    assert faults or columns["governorate"] in {*GOVERNORATES, None}


def outcome(address: NewAddress) -> tuple[dict[str, Any], Sequence[UserFault]]:
    try:
        return checked_address(address, "address"), ()
    except UserFaults as refused:
        return {}, refused.faults


Call = Callable[[AsyncSession, Actor, uuid.UUID], Awaitable[object]]
CALLS: dict[str, Call] = {
    "create": lambda session, actor, _: addresses.create(session, actor=actor, given=HOME, is_default=False),
    "change": lambda session, actor, given: addresses.replace(
        session, actor=actor, address_id=given, given=HOME, is_default=True
    ),
    "delete": lambda session, actor, given: addresses.delete(session, actor=actor, address_id=given),
    "set_default": lambda session, actor, given: addresses.set_default(session, actor=actor, address_id=given),
    "viewing_customer": lambda session, actor, _: customers.viewing_customer(session, actor=actor),
    "update": lambda session, actor, _: customers.update(
        session, actor=actor, changes=customers.CustomerChanges(name="Mallory")
    ),
    "claim": lambda session, actor, _: order_claims.claim(session, actor=actor, signer=SIGNER, token=""),
    "list_own_orders": lambda session, actor, _: orders.list_own_orders(session, actor=actor, page=PageRequest(5)),
    "count_own_orders": lambda session, actor, _: orders.count_own_orders(session, actor=actor),
}


async def customer_actor(parts: Parts, factory: Factory, shop: Shop) -> Actor:
    person = (await factory.member()).person.id
    actor = Actor(ActorKind.PERSON, shop.tenant.id, person)
    async with parts.database.write(actor.scope) as session:
        registered = await customers.register(session, actor=actor, given=customers.Registration())
    return Actor(ActorKind.PERSON, shop.tenant.id, person, customer_id=registered.id)


@pytest.mark.parametrize("name", list(CALLS))
async def test_who_is_no_customer_is_denied(parts: Parts, factory: Factory, shop: Shop, name: str) -> None:
    actor = await customer_actor(parts, factory, shop)
    async with parts.database.write(actor.scope) as session:
        address = await addresses.create(session, actor=actor, given=HOME, is_default=True)
    program = Actor(ActorKind.API_KEY, shop.tenant.id, key_id=uuid.uuid4(), role=None)
    for stranger in (shop.guest, shop.actor, program):
        async with parts.database.write(stranger.scope) as session:
            with pytest.raises(AccessDenied):
                await CALLS[name](session, stranger, address.id)


async def test_nobody_but_a_person_registers(parts: Parts, shop: Shop) -> None:
    nowhere = Actor(ActorKind.PERSON, person_id=shop.owner.person.id)
    for actor in (shop.guest, Actor(ActorKind.API_KEY, shop.tenant.id, key_id=uuid.uuid4()), nowhere):
        async with parts.database.write(Scope(shop.tenant.id, shop.owner.person.id)) as session:
            with pytest.raises(AccessDenied):
                await customers.register(session, actor=actor, given=customers.Registration())


async def test_an_unproven_address_makes_no_customer(parts: Parts, factory: Factory, shop: Shop) -> None:
    member = await factory.member()
    actor = Actor(ActorKind.PERSON, shop.tenant.id, member.person.id)
    async with parts.database.write(actor.scope) as session:
        person = await session.merge(member.person)
        person.confirmed_at = None
        await session.flush()
        with pytest.raises(UserFault, match="Confirm your email"):
            await customers.register(session, actor=actor, given=customers.Registration())


class Died(Exception):
    """As if the process had."""


@pytest.mark.parametrize("name", ["create", "change", "delete", "set_default"])
async def test_what_was_cut_short_has_changed_nothing(parts: Parts, factory: Factory, shop: Shop, name: str) -> None:
    actor = await customer_actor(parts, factory, shop)
    async with parts.database.write(actor.scope) as session:
        first = await addresses.create(session, actor=actor, given=ABROAD, is_default=False)
        second = await addresses.create(session, actor=actor, given=HOME, is_default=False)
    touched = first if name == "delete" else second
    before = await book(parts, actor)
    assert [each["is_default"] for each in before] == [True, False]
    with pytest.raises(Died):
        async with parts.database.write(actor.scope) as session:
            await CALLS[name](session, actor, touched.id)
            await session.flush()
            raise Died
    assert await book(parts, actor) == before
    async with parts.database.write(actor.scope) as session:
        await CALLS[name](session, actor, touched.id)
    if name != "change":
        assert await book(parts, actor) != before


async def book(parts: Parts, actor: Actor) -> list[dict[str, Any]]:
    async with parts.database.read(actor.scope) as session:
        mine = select(CustomerAddress.__table__).where(CustomerAddress.customer_id == actor.customer)
        return [dict(row) for row in (await session.execute(mine.order_by(CustomerAddress.id))).mappings()]
