"""People as one store's customers. No store learns of a person who has not asked for it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Customer, Person, new_id
from domain import order_claims
from domain.actors import Actor
from domain.changes import ABSENT, Absent, unless_absent
from domain.errors import Faults
from domain.identity import account_unconfirmed, checked_locale, viewing_person
from domain.tenants import checked_phone
from domain.texts import person_name

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Registration:
    """What a person tells the store of themselves; what is missing is taken from their account."""

    name: str | None = None
    phone: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerChanges:
    """A partial update of the profile."""

    name: str | Absent = ABSENT
    phone: str | Absent | None = ABSENT
    locale: str | Absent = ABSENT


async def register(session: AsyncSession, *, actor: Actor, given: Registration) -> Customer:
    """The person as the store's customer; one who is that already stays as they are.

    Guest orders under the person's proven address become theirs. Faults: everything invalid at once;
    ACCOUNT_UNCONFIRMED.
    """
    person, checked = await viewing_person(session, actor=actor), checked_registration(given)
    if person.confirmed_at is None:
        raise account_unconfirmed()
    adding = insert(Customer).values(**values_of(actor, person, checked))
    await session.execute(adding.on_conflict_do_nothing(index_elements=["tenant_id", "person_id"]))
    customer = (await session.execute(select(Customer).where(Customer.person_id == person.id))).scalar_one()
    await order_claims.claim_all(session, actor=actor, customer_id=customer.id, email=person.email)
    return customer


def checked_registration(given: Registration) -> Registration:
    """Tidied. Raises everything that is wrong at once."""
    faults, name, phone = Faults(), None, None
    with faults.collecting():
        name = None if given.name is None else person_name(given.name, "name", limit=LONGEST_NAME)
    with faults.collecting():
        phone = checked_phone(given.phone, "phone")
    with faults.collecting():
        if given.locale is not None:
            checked_locale(given.locale, "locale")
    faults.raise_any()
    return Registration(name, phone, given.locale)


def values_of(actor: Actor, person: Person, given: Registration) -> dict[str, object]:
    return {
        "tenant_id": actor.tenant,
        "id": new_id(),
        "person_id": person.id,
        "email": person.email,
        "name": given.name or person.name,
        "phone": given.phone,
        "locale": given.locale or person.locale,
    }


async def find_viewing_customer(session: AsyncSession, *, actor: Actor) -> Customer | None:
    """The person acting as a customer of the store; None for one who has not registered, and a guest is denied."""
    mine = (Customer.person_id == actor.person, Customer.id == actor.customer_id)
    return (await session.execute(select(Customer).where(*mine))).scalar_one_or_none()


async def viewing_customer(session: AsyncSession, *, actor: Actor) -> Customer:
    """The actor as a customer of the store; anyone else is denied."""
    return await session.get_one(Customer, (actor.tenant, actor.customer))


async def update(session: AsyncSession, *, actor: Actor, changes: CustomerChanges) -> Customer:
    """Change what the store knows of the actor. Faults: everything invalid at once."""
    customer, faults = await viewing_customer(session, actor=actor), Faults()
    with faults.collecting():
        if not isinstance(changes.name, Absent):
            customer.name = person_name(changes.name, "name", limit=LONGEST_NAME)
    with faults.collecting():
        if not isinstance(changes.phone, Absent):
            customer.phone = checked_phone(changes.phone, "phone")
    with faults.collecting():
        customer.locale = checked_locale(unless_absent(changes.locale, customer.locale), "locale")
    faults.raise_any()
    await session.flush()
    return customer
