"""The statements that an order is placed by, compiled once. Each is a round trip under locks: so there are few."""

import uuid
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    Integer,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    case,
    column,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from db.models import CatalogItem, CatalogVariant, IdempotencyRecord, Order, OrderLine, Tenant, Visit
from db.queries.visits import last_touch, living
from db.rows import Statement, compile_statement, parameter

OFFER_COLUMNS = (
    CatalogVariant.id.label("variant_id"),
    CatalogVariant.item_id,
    CatalogVariant.sku,
    CatalogVariant.name_en,
    CatalogVariant.name_ar,
    CatalogVariant.price,
    CatalogVariant.stock,
    CatalogItem.kind.label("item_kind"),
    CatalogItem.name_en.label("item_name_en"),
    CatalogItem.name_ar.label("item_name_ar"),
)


@cache
def open_and_claim() -> Statement:
    """The tenant, whether the key was free, and the shopper's visit if it lives.

    Waits for another transaction that has taken the key.
    """
    kinds: dict[str, TypeEngine[Any]] = {
        "tenant_id": Uuid(),
        "operation": Text(),
        "actor_key": Text(),
        "key": Text(),
        "fingerprint": LargeBinary(),
        "entity_id": Uuid(),
    }
    values = {name: parameter(name, kind) for name, kind in kinds.items()}
    taken = insert(IdempotencyRecord).values(values).on_conflict_do_nothing().returning(IdempotencyRecord.key)
    claimed = select(taken.cte("claimed")).exists().label("claimed")
    tenant_id, visit_id = parameter("tenant_id", Uuid()), parameter("visit_id", Uuid())
    visit = (Visit.id.label("visit_id"), case((Visit.id.is_not(None), last_touch())).label("visit_touch"))
    columns = (Tenant.status, Tenant.currency, Tenant.locale, claimed, *visit)
    statement = select(*columns).outerjoin_from(Tenant, Visit, living(Tenant.id, visit_id))
    return compile_statement(statement.where(Tenant.id == tenant_id))


@cache
def held_offers() -> Statement:
    """The variants on sale among `variant_ids`, their items held against a change of key, in the order of their ids."""
    of_item = and_(CatalogItem.tenant_id == CatalogVariant.tenant_id, CatalogItem.id == CatalogVariant.item_id)
    return compile_statement(
        select(*OFFER_COLUMNS)
        .join(CatalogItem, of_item)
        .where(
            CatalogVariant.id == any_(parameter("variant_ids", ARRAY(Uuid()))),
            CatalogVariant.archived_at.is_(None),
            CatalogItem.status == literal("active", literal_execute=True),
        )
        .order_by(CatalogItem.id)
        .with_for_update(read=True, key_share=True, of=CatalogItem)
    )


@cache
def locked_stock() -> Statement:
    """What is left of the variants that are not archived, held until the transaction ends."""
    return compile_statement(locked_variants())


@cache
def taken_stock() -> Statement:
    """Lock the variants in the order of their ids, then subtract `quantities`; answers those that had enough."""
    return compile_statement(taking())


def stock_taken() -> CTE:
    """As `taken_stock`, as the part of a statement that does more."""
    return taking().cte("taken")


def taking() -> ReturningUpdate[uuid.UUID]:
    wanted = (
        func.unnest(parameter("variant_ids", ARRAY(Uuid())), parameter("quantities", ARRAY(Integer())))
        .table_valued(column("id", Uuid()), column("quantity", Integer()))
        .render_derived(name="wanted")
    )
    locked = locked_variants().cte("locked")
    return (
        update(CatalogVariant)
        .where(
            CatalogVariant.id == locked.c.id,
            CatalogVariant.id == wanted.c.id,
            locked.c.stock >= wanted.c.quantity,
        )
        # Of what was locked, and not of the row that the statement saw before it had to wait.
        .values(stock=locked.c.stock - wanted.c.quantity, updated_at=func.now())
        .returning(CatalogVariant.id)
    )


@cache
def nothing_held() -> Statement:
    """The order's lines of these variants hold no stock: that has become unlimited."""
    return compile_statement(
        update(OrderLine)
        .where(
            OrderLine.order_id == parameter("order_id", Uuid()),
            OrderLine.variant_id == any_(parameter("variant_ids", ARRAY(Uuid()))),
        )
        .values(stock_held=literal(0, literal_execute=True))
    )


def locked_variants() -> Select[uuid.UUID, int | None]:
    """Locked in the order of their ids, so that no two orders wait for each other."""
    return (
        select(CatalogVariant.id, CatalogVariant.stock)
        .where(CatalogVariant.id == any_(parameter("variant_ids", ARRAY(Uuid()))), CatalogVariant.archived_at.is_(None))
        .order_by(CatalogVariant.id)
        .with_for_update(key_share=True)
    )


@cache
def order_by_id() -> Statement:
    return compile_statement(select(*Order.__table__.columns).where(Order.id == parameter("order_id", Uuid())))
