"""The statements by which discounts are found, used and given back. What locks, locks the discount's row first.

The count is a conditional UPDATE of that row, and whoever has written it counts the uses of one customer by a statement
of its own: begun behind the wait, it sees what those had used that were waited for.
"""

from functools import cache

from sqlalchemy import ColumnElement, Integer, Text, Uuid, func, insert, literal, null, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.models import Customer, Discount, DiscountUse
from db.rows import Statement, compile_statement, parameter

COLUMNS = (
    Discount.id,
    Discount.code,
    Discount.title_en,
    Discount.title_ar,
    Discount.kind,
    Discount.percentage,
    Discount.amount,
    Discount.minimum_subtotal,
    Discount.ends_at,
    Discount.usage_limit_per_customer,
    Discount.version,
    Discount.status.expression.label("status"),
)
ONE = literal(1, literal_execute=True)


@cache
def by_code() -> Statement:
    """A discount as it stands now, and how often the shopper has used it."""
    used = (
        select(func.count())
        .where(
            DiscountUse.tenant_id == Discount.tenant_id,
            DiscountUse.discount_id == Discount.id,
            DiscountUse.customer_key == customer_key(),
            DiscountUse.given_back_at.is_(None),
        )
        .correlate(Discount)
        .scalar_subquery()
    )
    columns = (*COLUMNS, used.label("used_by_customer"))
    return compile_statement(select(*columns).where(Discount.code == parameter("code", Text())))


@cache
def counted_once_more() -> Statement:
    """Count a use of the version that was found, unless the limit is reached. Holds the row until the end."""
    return compile_statement(
        update(Discount)
        .where(
            Discount.id == parameter("discount_id", Uuid()),
            Discount.version == parameter("version", Integer()),
            is_left(),
        )
        # An edit is told by `updated_at`, and a use is none.
        .values(usage_count=Discount.usage_count + ONE, updated_at=Discount.updated_at)
        .returning(Discount.id)
    )


@cache
def noted_use() -> Statement:
    """Note whose use it is, unless they have used it as often as each may. The discount's row is held."""
    key = customer_key()
    used = select(
        parameter("tenant_id", Uuid()), parameter("order_id", Uuid()), Discount.id, key.label("customer_key")
    ).where(Discount.id == parameter("discount_id", Uuid()), is_left_to(key))
    names = ["tenant_id", "order_id", "discount_id", "customer_key"]
    return compile_statement(insert(DiscountUse).from_select(names, used).returning(DiscountUse.order_id))


@cache
def held_by_order() -> Statement:
    """Lock the discount that an order has used, now or before."""
    return compile_statement(
        select(Discount.id)
        .join(DiscountUse, DiscountUse.discount_id == Discount.id)
        .where(DiscountUse.order_id == parameter("order_id", Uuid()))
        .with_for_update(key_share=True, of=Discount)
    )


@cache
def given_back() -> Statement:
    """End the order's use if it lasts, and count it no longer. The discount's row is held."""
    ended = (
        update(DiscountUse)
        .where(DiscountUse.order_id == parameter("order_id", Uuid()), DiscountUse.given_back_at.is_(None))
        .values(given_back_at=func.now())
        .returning(DiscountUse.discount_id)
        .cte("ended")
    )
    return compile_statement(
        update(Discount)
        .where(Discount.id == ended.c.discount_id)
        .values(usage_count=Discount.usage_count - ONE, updated_at=Discount.updated_at)
        .returning(Discount.id)
    )


@cache
def used_again() -> Statement:
    """Take up a use that was given back, within both limits. The discount's row is held."""
    resumed = (
        update(DiscountUse)
        .where(
            DiscountUse.order_id == parameter("order_id", Uuid()),
            DiscountUse.given_back_at.is_not(None),
            select(Discount.id)
            .where(Discount.id == DiscountUse.discount_id, is_left(), is_left_to(DiscountUse.customer_key))
            .correlate(DiscountUse)
            .exists(),
        )
        .values(given_back_at=null())
        .returning(DiscountUse.discount_id)
        .cte("resumed")
    )
    return compile_statement(
        update(Discount)
        .where(Discount.id == resumed.c.discount_id)
        .values(usage_count=Discount.usage_count + ONE, updated_at=Discount.updated_at)
        .returning(Discount.id)
    )


@cache
def use_of_order() -> Statement:
    """Whether an order's use lasts."""
    lasts = DiscountUse.given_back_at.is_(None).label("lasts")
    return compile_statement(select(lasts).where(DiscountUse.order_id == parameter("order_id", Uuid())))


def customer_key() -> ColumnElement[str]:
    """A customer's proven address, whatever they write; else the one that was written. NULL is nobody yet."""
    proven = select(Customer.email).where(Customer.id == parameter("customer_id", Uuid())).scalar_subquery()
    return func.coalesce(proven, parameter("email", Text()))


def is_left() -> ColumnElement[bool]:
    return or_(Discount.usage_limit.is_(None), Discount.usage_count < Discount.usage_limit)


def is_left_to(key: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    other = aliased(DiscountUse)
    used = (
        select(func.count())
        .where(
            other.tenant_id == Discount.tenant_id,
            other.discount_id == Discount.id,
            other.customer_key == key,
            other.given_back_at.is_(None),
        )
        .correlate(Discount, DiscountUse)
        .scalar_subquery()
    )
    return or_(Discount.usage_limit_per_customer.is_(None), used < Discount.usage_limit_per_customer)
