"""Orders, with everything they showed at the moment they were placed."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Minor, TenantOwned, belongs_to_tenant, within_tenant

GONE_AND_PAID = "status = 'cancelled' AND payment_status IN ('paid', 'partially_refunded')"


class Order(TenantOwned, Base):
    """A shopper's order. Order, payment and fulfilment each have a status of their own."""

    __tablename__ = "orders"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("customer_id", "customers"),
        within_tenant("visit_id", "visits"),
        UniqueConstraint("tenant_id", "number"),
        CheckConstraint("status IN ('pending', 'confirmed', 'fulfilled', 'cancelled')", name="status"),
        CheckConstraint(
            "payment_status IN ('unpaid', 'paid', 'partially_refunded', 'refunded')", name="payment_status"
        ),
        CheckConstraint(
            "fulfilment_status IN ('unfulfilled', 'processing', 'shipped', 'delivered')", name="fulfilment_status"
        ),
        CheckConstraint("total >= 0", name="total"),
        CheckConstraint("discount >= 0", name="discount"),
        CheckConstraint("shipping >= 0", name="shipping"),
        Index("ix_orders_tenant_id_placed_at", "tenant_id", "placed_at", "id"),
        Index("ix_orders_tenant_id_status_placed_at", "tenant_id", "status", "placed_at", "id"),
        Index("ix_orders_tenant_id_customer_id_placed_at", "tenant_id", "customer_id", "placed_at", "id"),
        Index(
            "ix_orders_tenant_id_customer_email",
            "tenant_id",
            "customer_email",
            postgresql_where=text("customer_id IS NULL"),
        ),
        Index(
            "ix_orders_tenant_id_placed_at_gone",
            "tenant_id",
            "placed_at",
            "id",
            postgresql_where=text(GONE_AND_PAID),
        ),
        Index("ix_orders_tenant_id_visit_id", "tenant_id", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
    )

    number: Mapped[int] = mapped_column(BigInteger, comment="counts from 1001 within the tenant")
    status: Mapped[str] = mapped_column(server_default="pending")
    payment_status: Mapped[str] = mapped_column(server_default="unpaid")
    fulfilment_status: Mapped[str] = mapped_column(server_default="unfulfilled")
    customer_id: Mapped[uuid.UUID | None] = mapped_column(comment="null for a guest's order that nobody has claimed")
    customer_name: Mapped[str]
    customer_email: Mapped[str]
    customer_phone: Mapped[str | None]
    note: Mapped[str | None]
    locale: Mapped[str] = mapped_column(comment="language of the mails to the shopper")
    currency: Mapped[str]
    total: Mapped[Decimal]
    total_minor: Mapped[int] = mapped_column(Minor, Computed("(total * 1000)::bigint", persisted=True))
    placed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    visit_id: Mapped[uuid.UUID | None] = mapped_column(comment="how the shopper came, where that is known")
    visit_touch: Mapped[dict[str, Any] | None] = mapped_column(
        comment="the visit's last touch when the order was placed"
    )
    discount: Mapped[Decimal] = mapped_column(server_default="0", comment="all that was taken off")
    shipping: Mapped[Decimal] = mapped_column(server_default="0", comment="its price before any discount")
    # Whoever writes, with or without knowing of these: the amounts add up.
    subtotal: Mapped[Decimal] = mapped_column(
        Computed("total - shipping + discount", persisted=True), comment="of the lines"
    )
    discount_code: Mapped[str | None] = mapped_column(comment="as it was compared, if one counted")
    discount_id: Mapped[uuid.UUID | None] = mapped_column(comment="what the code stood for, which may be gone by now")
    shipping_method: Mapped[dict[str, Any] | None] = mapped_column(
        comment="how it was to be shipped, as it was named and estimated then"
    )
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(
        comment="the filled columns of an address in one of its forms"
    )
    payment_method: Mapped[str | None] = mapped_column(
        comment="name of the provider; null where the order was placed without a checkout"
    )
    held_until: Mapped[datetime | None] = mapped_column(
        comment="until when an unpaid order holds its stock; null without end"
    )


class OrderLine(TenantOwned, Base):
    """A variant in an order, as it was named and priced then."""

    __tablename__ = "order_lines"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("order_id", "orders"),
        within_tenant("variant_id", "catalog_variants"),
        within_tenant("item_id", "catalog_items"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("stock_held >= 0", name="stock_held"),
        CheckConstraint("discount BETWEEN 0 AND total", name="discount"),
        Index("ix_order_lines_tenant_id_order_id", "tenant_id", "order_id", "position"),
        # Whether any order tells of an item or a variant that is to be deleted.
        Index("ix_order_lines_tenant_id_item_id", "tenant_id", "item_id"),
        Index("ix_order_lines_tenant_id_variant_id", "tenant_id", "variant_id"),
    )

    order_id: Mapped[uuid.UUID]
    position: Mapped[int]
    item_id: Mapped[uuid.UUID]
    variant_id: Mapped[uuid.UUID]
    sku: Mapped[str | None]
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    unit_price: Mapped[Decimal]
    quantity: Mapped[int]
    total: Mapped[Decimal]
    stock_held: Mapped[int] = mapped_column(
        server_default="0", comment="taken from stock for this line and not yet given back; 0 where unlimited"
    )
    discount: Mapped[Decimal] = mapped_column(server_default="0", comment="its part of the order's")
