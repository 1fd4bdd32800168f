"""Discounts that shoppers get by a code, and which orders have used them."""

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    case,
    func,
    literal,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_tenant, within_tenant


class Discount(TenantOwned, Timestamped, Base):
    """What a code takes off an order, when, and how often."""

    __tablename__ = "discounts"
    __table_args__ = (
        belongs_to_tenant(),
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("title_en IS NOT NULL OR title_ar IS NOT NULL", name="titled"),
        CheckConstraint(
            "CASE kind WHEN 'percentage' THEN percentage IS NOT NULL AND amount IS NULL "
            "WHEN 'fixed' THEN amount IS NOT NULL AND percentage IS NULL "
            "WHEN 'free_shipping' THEN percentage IS NULL AND amount IS NULL ELSE false END",
            name="kind",
        ),
        CheckConstraint("percentage > 0 AND percentage <= 100", name="percentage"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("minimum_subtotal > 0", name="minimum_subtotal"),
        CheckConstraint("ends_at > starts_at", name="window"),
        CheckConstraint("usage_limit_per_customer > 0", name="usage_limit_per_customer"),
        # Whatever else goes wrong: no code is used more often than it may be.
        CheckConstraint("usage_count BETWEEN 0 AND usage_limit", name="usage_limit"),
        CheckConstraint("usage_count >= 0", name="usage_count"),
        Index("ix_discounts_tenant_id_created_at", "tenant_id", "created_at", "id"),
    )

    code: Mapped[str] = mapped_column(
        Text(collation="C"), comment="in one spelling, which is the one that is shown, too; in the order of its bytes"
    )
    title_en: Mapped[str | None]
    title_ar: Mapped[str | None]
    kind: Mapped[str] = mapped_column(comment="percentage, fixed or free_shipping")
    percentage: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    amount: Mapped[Decimal | None]
    minimum_subtotal: Mapped[Decimal | None] = mapped_column(comment="what the lines come to at least")
    starts_at: Mapped[datetime | None] = mapped_column()
    ends_at: Mapped[datetime | None] = mapped_column(comment="from this moment on it is over")
    is_enabled: Mapped[bool] = mapped_column(server_default="true")
    usage_limit: Mapped[int | None] = mapped_column()
    usage_limit_per_customer: Mapped[int | None]
    usage_count: Mapped[int] = mapped_column(server_default="0", comment="its uses that were not given back")
    version: Mapped[int] = mapped_column(server_default="1", comment="raised by each edit; a stale edit is refused")
    status: Mapped[str] = column_property(
        case(
            (is_enabled.is_(False), literal("disabled", literal_execute=True)),
            (ends_at <= func.now(), literal("ended", literal_execute=True)),
            (usage_count >= usage_limit, literal("used_up", literal_execute=True)),
            (starts_at > func.now(), literal("scheduled", literal_execute=True)),
            else_=literal("active", literal_execute=True),
        )
    )
    """How it stands when it is read: in no column, for time alone changes it."""


class DiscountUse(Base):
    """An order used a discount, which it does once at most; given back, the use counts no longer."""

    __tablename__ = "discount_uses"
    __table_args__ = (
        belongs_to_tenant(),
        # Asked at the end of the transaction: the use is counted before the order has its number and is written.
        ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], deferrable=True, initially="DEFERRED"
        ),
        within_tenant("discount_id", "discounts"),
        Index(
            "ix_discount_uses_tenant_id_discount_id_customer_key",
            "tenant_id",
            "discount_id",
            "customer_key",
            postgresql_where=text("given_back_at IS NULL"),
        ),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    order_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    discount_id: Mapped[uuid.UUID]
    customer_key: Mapped[str] = mapped_column(
        comment="whose use it is: a customer's proven address, or the one that a guest has written"
    )
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    given_back_at: Mapped[datetime | None]
