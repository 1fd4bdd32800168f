"""Carts of customers. Guests' are in Redis; of those, what was merged into a customer's cart is noted here."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_tenant, within_tenant


class Cart(TenantOwned, Timestamped, Base):
    """What a customer means to order from a store. Whoever changes it or its lines holds this row."""

    __tablename__ = "carts"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("customer_id", "customers", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "customer_id"),
    )

    customer_id: Mapped[uuid.UUID]
    note: Mapped[str | None]
    discount_code: Mapped[str | None] = mapped_column(comment="as the shopper wrote it; nobody has checked it")
    destination: Mapped[dict[str, Any] | None]
    shipping_rate_id: Mapped[uuid.UUID | None] = mapped_column(comment="as the shopper chose it; checked at checkout")


class CartLine(Base):
    """So many of one variant.

    The variant is no reference: one that is deleted is told to the shopper as unavailable, and does not vanish.
    """

    __tablename__ = "cart_lines"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("cart_id", "carts", ondelete="CASCADE"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("seen_price >= 0", name="seen_price"),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    cart_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    variant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(comment="the first added first")
    quantity: Mapped[int]
    seen_price: Mapped[Decimal] = mapped_column(comment="of one, as the shopper was shown it")


class CartMerge(Base):
    """What of a guest's cart has become a customer's: written with that, so it happens once."""

    __tablename__ = "cart_merges"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("customer_id", "customers", ondelete="CASCADE"),
        Index("ix_cart_merges_tenant_id_customer_id", "tenant_id", "customer_id"),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    guest_cart_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    edition: Mapped[int] = mapped_column(primary_key=True, comment="counts what was merged of this guest's cart before")
    customer_id: Mapped[uuid.UUID]
    lines: Mapped[dict[str, Any]] = mapped_column(comment="how many of each variant are to leave the guest's cart")
    merged_at: Mapped[datetime] = mapped_column(server_default=func.now())
