"""A customer's address book at one store. While it has addresses, exactly one of them is the default."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Customer, CustomerAddress
from domain.actors import Actor
from domain.address_forms import NewAddress, checked_address
from domain.errors import FaultCode, UserFault, not_found

MOST_ADDRESSES = 50


async def create(session: AsyncSession, *, actor: Actor, given: NewAddress, is_default: bool) -> CustomerAddress:
    """One more address; the first one is the default anyway. Faults: everything invalid at once; LIMIT_REACHED."""
    customer_id, values = actor.customer, checked_address(given, "address")
    await hold_book(session, customer_id)
    counting = select(func.count()).where(CustomerAddress.customer_id == customer_id)
    count = (await session.execute(counting)).scalar_one()
    if count >= MOST_ADDRESSES:
        raise UserFault(FaultCode.LIMIT_REACHED, f"An address book has at most {MOST_ADDRESSES} addresses.")
    if is_default:
        await end_default(session, customer_id)
    address = CustomerAddress(
        tenant_id=actor.tenant, customer_id=customer_id, is_default=is_default or count == 0, **values
    )
    session.add(address)
    await session.flush()
    return address


async def replace(
    session: AsyncSession, *, actor: Actor, address_id: uuid.UUID, given: NewAddress, is_default: bool
) -> CustomerAddress:
    """Put another address in an address's place. Faults: everything invalid at once; NOT_FOUND."""
    customer_id, values = actor.customer, checked_address(given, "address")
    address = await held_address(session, customer_id, address_id)
    for name, value in values.items():
        setattr(address, name, value)
    if is_default:
        await make_default(session, address)
    await session.flush()
    return address


async def delete(session: AsyncSession, *, actor: Actor, address_id: uuid.UUID) -> None:
    """Take an address away; where it was the default, the newest of the others becomes that. Fault: NOT_FOUND."""
    address = await held_address(session, actor.customer, address_id)
    await session.delete(address)
    await session.flush()
    if not address.is_default:
        return
    newest = select(CustomerAddress).where(CustomerAddress.customer_id == actor.customer)
    newest = newest.order_by(CustomerAddress.created_at.desc(), CustomerAddress.id.desc()).limit(1)
    heir = (await session.execute(newest)).scalar_one_or_none()
    if heir is not None:
        heir.is_default = True


async def set_default(session: AsyncSession, *, actor: Actor, address_id: uuid.UUID) -> CustomerAddress:
    """Make an address the default. Fault: NOT_FOUND."""
    address = await held_address(session, actor.customer, address_id)
    await make_default(session, address)
    await session.flush()
    return address


async def addresses_of(
    session: AsyncSession, customer_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, list[CustomerAddress]]:
    """The address books of customers, for a loader: the default first, then the newest."""
    statement = select(CustomerAddress).where(CustomerAddress.customer_id.in_(customer_ids))
    statement = statement.order_by(
        CustomerAddress.is_default.desc(), CustomerAddress.created_at.desc(), CustomerAddress.id.desc()
    )
    found: dict[uuid.UUID, list[CustomerAddress]] = {customer_id: [] for customer_id in customer_ids}
    for address in (await session.execute(statement)).scalars():
        found[address.customer_id].append(address)
    return found


async def addresses_by_id(
    session: AsyncSession, address_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, CustomerAddress]:
    """Addresses by id, for a loader. Whoever shows one asks `is_visible` first."""
    rows = await session.execute(select(CustomerAddress).where(CustomerAddress.id.in_(address_ids)))
    return {address.id: address for address in rows.scalars()}


def is_visible(address: CustomerAddress, *, actor: Actor) -> bool:
    return actor.customer_id is not None and address.customer_id == actor.customer_id


async def hold_book(session: AsyncSession, customer_id: uuid.UUID) -> None:
    """Whatever changes an address book waits here for the others, until the transaction ends."""
    held = select(Customer.id).where(Customer.id == customer_id).with_for_update(key_share=True)
    (await session.execute(held)).scalar_one()


async def held_address(session: AsyncSession, customer_id: uuid.UUID, address_id: uuid.UUID) -> CustomerAddress:
    """An address of the customer's own, its book held."""
    await hold_book(session, customer_id)
    mine = select(CustomerAddress).where(CustomerAddress.id == address_id, CustomerAddress.customer_id == customer_id)
    address = (await session.execute(mine)).scalar_one_or_none()
    if address is None:
        raise not_found("address", "id")
    return address


async def make_default(session: AsyncSession, address: CustomerAddress) -> None:
    """The caller holds the book."""
    if not address.is_default:
        await end_default(session, address.customer_id)
        address.is_default = True


async def end_default(session: AsyncSession, customer_id: uuid.UUID) -> None:
    """There is none for a moment: the index would not take two."""
    former = update(CustomerAddress).where(CustomerAddress.customer_id == customer_id, CustomerAddress.is_default)
    await session.execute(former.values(is_default=False).execution_options(synchronize_session=False))
