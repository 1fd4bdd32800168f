"""Discounts in the back office: listed, made, changed, taken away."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, false, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import Discount, DiscountUse
from domain import audit
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.discount_codes import beginning_of_code
from domain.discount_terms import DiscountChanges, NewDiscount, all_of, change
from domain.errors import FaultCode, UserFault, not_found
from domain.pages import Page, PageRequest, newest_first

LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class DiscountFilter:
    """Which discounts: by how they stand now, and by how their codes begin."""

    status: str | None = None
    code_prefix: str | None = None


async def list_discounts(
    session: AsyncSession, *, actor: Actor, page: PageRequest, wanted: DiscountFilter
) -> Page[Discount]:
    """The tenant's discounts, the newest first."""
    require(actor, Permission.CATALOG_READ)
    return await newest_first(
        session,
        narrowed(select(Discount), wanted),
        moment=Discount.created_at,
        row_id=Discount.id,
        position=lambda discount: (discount.created_at, discount.id),
        page=page,
    )


async def count_discounts(session: AsyncSession, *, actor: Actor, wanted: DiscountFilter) -> int:
    require(actor, Permission.CATALOG_READ)
    counting = narrowed(select(func.count()).select_from(Discount), wanted)
    return (await session.execute(counting)).scalar_one()


async def find_discount(session: AsyncSession, *, actor: Actor, discount_id: uuid.UUID) -> Discount | None:
    require(actor, Permission.CATALOG_READ)
    return await session.get(Discount, (actor.tenant, discount_id))


async def create(session: AsyncSession, *, actor: Actor, given: NewDiscount) -> Discount:
    """Faults: everything invalid at once; TAKEN code."""
    require(actor, Permission.CATALOG_MANAGE)
    discount = Discount(tenant_id=actor.tenant)
    change(discount, all_of(given))
    session.add(discount)
    await save(session, discount)
    audit.record(session, actor=actor, act=Act.DISCOUNT_CREATE, code=discount.code)
    return discount


async def update(
    session: AsyncSession, *, actor: Actor, discount_id: uuid.UUID, version: int, changes: DiscountChanges
) -> Discount:
    """Orders that use it wait meanwhile, and are judged by what is written. An edit that changes nothing is none.

    Faults: NOT_FOUND; STALE if `version` is not the current one; as `create`; INVALID limit below the uses.
    """
    require(actor, Permission.CATALOG_MANAGE)
    discount = await session.get(Discount, (actor.tenant, discount_id), with_for_update={"key_share": True})
    if discount is None:
        raise not_found("discount", "id")
    if discount.version != version:
        raise UserFault(FaultCode.STALE, "Somebody else has changed this discount: load it again.", ("version",))
    with session.no_autoflush:
        change(discount, changes)
        if not session.is_modified(discount):
            # What was sent over it, though the same, would have it read once more when it is shown.
            await session.refresh(discount)
            return discount
    discount.version += 1
    await save(session, discount)
    audit.record(session, actor=actor, act=Act.DISCOUNT_UPDATE, code=discount.code)
    return discount


async def delete(session: AsyncSession, *, actor: Actor, discount_id: uuid.UUID) -> None:
    """Faults: NOT_FOUND; IN_USE once an order has used it, also if that gave its use back: disable it then."""
    require(actor, Permission.CATALOG_MANAGE)
    # An order that is about to use it holds the row: this waits for it, and then sees its use.
    discount = await session.get(Discount, (actor.tenant, discount_id), with_for_update=True)
    if discount is None:
        raise not_found("discount", "id")
    if (await session.execute(select(exists().where(DiscountUse.discount_id == discount_id)))).scalar_one():
        raise UserFault(
            FaultCode.IN_USE, "Orders have used this discount: disable it, and it stays with them.", ("id",)
        )
    audit.record(session, actor=actor, act=Act.DISCOUNT_DELETE, code=discount.code)
    await session.delete(discount)
    await session.flush()


async def save(session: AsyncSession, discount: Discount) -> None:
    """Write it, and read what the database adds and how it stands from now on. Fault: TAKEN code."""
    taken = UserFault(FaultCode.TAKEN, "Another discount has this code.", ("code",))
    await flushed(session, {"uq_discounts_tenant_id_code": taken})
    await session.refresh(discount)


def narrowed(statement: Select[Any], wanted: DiscountFilter) -> Select[Any]:
    """Codes are compared as bytes: so those that begin alike stand together in the index, which `<` may read."""
    if wanted.status is not None:
        statement = statement.where(Discount.status == wanted.status)
    if wanted.code_prefix is not None:
        prefix = beginning_of_code(wanted.code_prefix)
        if prefix is None:
            return statement.where(false())
        statement = statement.where(Discount.code >= prefix, Discount.code < prefix + LAST_CHARACTER)
    return statement
