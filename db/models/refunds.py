"""Money that goes back, and for what."""

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_tenant, within_tenant

REFUND_IN_DOUBT = """status <> 'succeeded'
    OR provider_status <> 'succeeded'
    OR provider_amount <> amount"""
"""What staff may have to look at: it is under way, it failed, or the provider says something else."""
MADE_THERE = "origin = 'provider'"


class Refund(TenantOwned, Timestamped, Base):
    """One return of money out of one payment. While it is pending its amount is reserved."""

    __tablename__ = "refunds"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("order_id", "orders"),
        within_tenant("payment_id", "payments"),
        UniqueConstraint("tenant_id", "payment_id", "reference"),
        CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
        CheckConstraint("origin IN ('staff', 'cancellation', 'return', 'provider')", name="origin"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("shipping >= 0", name="shipping"),
        CheckConstraint("(status = 'pending') = (settled_at IS NULL)", name="settled_at"),
        Index("ix_refunds_tenant_id_order_id", "tenant_id", "order_id", "id"),
        Index("ix_refunds_tenant_id_payment_id", "tenant_id", "payment_id", "id"),
        Index(
            "ix_refunds_tenant_id_created_at_in_doubt",
            "tenant_id",
            "created_at",
            "id",
            postgresql_where=text(REFUND_IN_DOUBT),
        ),
        Index(
            "ix_refunds_tenant_id_created_at_made_there",
            "tenant_id",
            "created_at",
            "id",
            postgresql_where=text(MADE_THERE),
        ),
    )

    order_id: Mapped[uuid.UUID]
    payment_id: Mapped[uuid.UUID]
    origin: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    amount: Mapped[Decimal]
    shipping: Mapped[Decimal] = mapped_column(server_default="0", comment="as much of it is for the shipping")
    parts: Mapped[Decimal | None] = mapped_column(
        comment="of lines and shipping, before it was rounded to what the provider can pay; null for any other amount"
    )
    currency: Mapped[str]
    reason: Mapped[str | None]
    reference: Mapped[str | None] = mapped_column(comment="the provider's name of it, or what staff have noted")
    failure: Mapped[str | None] = mapped_column(comment="the code of what went wrong last")
    provider_status: Mapped[str | None] = mapped_column(comment="what the provider said of it last")
    provider_amount: Mapped[Decimal | None]
    settled_at: Mapped[datetime | None]


class RefundLine(TenantOwned, Base):
    """So many of an order's line that a refund is for."""

    __tablename__ = "refund_lines"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("refund_id", "refunds"),
        within_tenant("order_line_id", "order_lines"),
        UniqueConstraint("tenant_id", "refund_id", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("restocked BETWEEN 0 AND quantity", name="restocked"),
        Index("ix_refund_lines_tenant_id_order_line_id", "tenant_id", "order_line_id"),
    )

    refund_id: Mapped[uuid.UUID]
    order_line_id: Mapped[uuid.UUID]
    quantity: Mapped[int]
    amount: Mapped[Decimal]
    restocks: Mapped[bool] = mapped_column(server_default="false", comment="whether they are to be sold again")
    restocked: Mapped[int] = mapped_column(server_default="0", comment="so many of them were given back to the stock")
