"""How a checkout begins: all that it has to know besides cart and catalogue, in one statement that claims its key."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    distinct,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.types import TypeEngine

from db.models import CatalogItem, CatalogVariant, IdempotencyRecord, OrderLine, PaymentAccount, Tenant, Visit
from db.queries.visits import last_touch, living
from db.rows import Statement, compile_statement, parameter

KEY_COLUMNS: dict[str, TypeEngine[Any]] = {
    "tenant_id": Uuid(),
    "operation": Text(),
    "actor_key": Text(),
    "key": Text(),
    "fingerprint": LargeBinary(),
    "entity_id": Uuid(),
}
CART_OPERATION = "checkout.cart"
"""Under it the states of guests' carts are claimed: Postgres cannot lock what is in Redis."""


@cache
def open_and_claim() -> Statement:
    """The tenant, its ways of paying, whether key and cart were free, and the shopper's visit if it lives.

    Waits for another transaction that has taken the key or the cart. A cart is claimed only with the key.
    """
    claimed = claimed_key()
    cart = claimed_cart(claimed)
    tenant_id, visit_id = parameter("tenant_id", Uuid()), parameter("visit_id", Uuid())
    has_no_cart = parameter("cart_key", Text()).is_(None)
    columns = (
        Tenant.status,
        Tenant.currency,
        Tenant.locale,
        func.now().label("opened_at"),
        select(claimed.c.key).exists().label("claimed"),
        (has_no_cart | select(cart.c.key).exists()).label("has_cart"),
        of_accounts(PaymentAccount.provider, Text()).label("providers"),
        of_accounts(PaymentAccount.hold_minutes, Integer()).label("holds"),
        Visit.id.label("visit_id"),
        case((Visit.id.is_not(None), last_touch())).label("visit_touch"),
    )
    statement = select(*columns).outerjoin_from(Tenant, Visit, living(Tenant.id, visit_id))
    return compile_statement(statement.where(Tenant.id == tenant_id).add_cte(cart))


def claimed_key() -> CTE:
    values = {name: parameter(name, kind) for name, kind in KEY_COLUMNS.items()}
    taken = insert(IdempotencyRecord).values(values).on_conflict_do_nothing().returning(IdempotencyRecord.key)
    return taken.cte("claimed")


def claimed_cart(claimed: CTE) -> CTE:
    """The guest's cart in the state that `cart_state` names: it is ordered once."""
    parts: dict[str, ColumnElement[Any]] = {
        "tenant_id": parameter("tenant_id", Uuid()),
        "operation": literal(CART_OPERATION, literal_execute=True),
        "actor_key": parameter("cart_key", Text()),
        "key": parameter("cart_state", Text()),
        "fingerprint": parameter("fingerprint", LargeBinary()),
        "entity_id": parameter("entity_id", Uuid()),
    }
    given: Select[*tuple[Any, ...]] = select(*parts.values()).where(
        exists(select(claimed.c.key)), parameter("cart_key", Text()).is_not(None)
    )
    taken = insert(IdempotencyRecord).from_select(list(parts), given).on_conflict_do_nothing()
    return taken.returning(IdempotencyRecord.key).cte("cart")


def of_accounts(column: Any, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """A column of the ways of paying that shoppers are offered, as an array in their order."""
    listed = func.array_agg(aggregate_order_by(column, PaymentAccount.position, PaymentAccount.id))
    offered = select(cast(listed, ARRAY(kind))).where(
        PaymentAccount.tenant_id == parameter("tenant_id", Uuid()), PaymentAccount.is_enabled
    )
    return offered.scalar_subquery()


@cache
def ways_and_kinds() -> Statement:
    """The tenant's currency and ways of paying, and of which kinds the items are that are on sale of these variants."""
    tenant_id = parameter("tenant_id", Uuid())
    kinds = (
        select(func.array_agg(distinct(CatalogItem.kind)))
        .join(CatalogVariant, and_(CatalogVariant.tenant_id == tenant_id, CatalogVariant.item_id == CatalogItem.id))
        .where(
            CatalogItem.tenant_id == tenant_id,
            CatalogVariant.id == any_(parameter("variant_ids", ARRAY(Uuid()))),
            CatalogVariant.archived_at.is_(None),
            CatalogItem.status == literal("active", literal_execute=True),
        )
        .scalar_subquery()
    )
    columns = (
        Tenant.currency,
        of_accounts(PaymentAccount.provider, Text()).label("providers"),
        of_accounts(PaymentAccount.hold_minutes, Integer()).label("holds"),
        kinds.label("kinds"),
    )
    return compile_statement(select(*columns).where(Tenant.id == tenant_id))


@cache
def order_of_cart() -> Statement:
    """The order that a guest's cart became in a state."""
    return compile_statement(
        select(IdempotencyRecord.entity_id).where(
            IdempotencyRecord.tenant_id == parameter("tenant_id", Uuid()),
            IdempotencyRecord.operation == literal(CART_OPERATION, literal_execute=True),
            IdempotencyRecord.actor_key == parameter("cart_key", Text()),
            IdempotencyRecord.key == parameter("cart_state", Text()),
        )
    )


@cache
def ordered_quantities() -> Statement:
    """How many of each variant an order has."""
    counted = select(OrderLine.variant_id, func.sum(OrderLine.quantity).label("quantity"))
    statement = counted.where(OrderLine.order_id == parameter("order_id", Uuid())).group_by(OrderLine.variant_id)
    return compile_statement(statement)
