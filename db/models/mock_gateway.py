"""What the mock gateway itself knows: the outside, played by us. Nothing of the product reads it but the gateway."""

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_tenant, within_tenant


class MockCharge(TenantOwned, Timestamped, Base):
    """A charge at the mock gateway. Its page is found by `token`, which nobody guesses."""

    __tablename__ = "mock_charges"
    __table_args__ = (
        belongs_to_tenant(),
        UniqueConstraint("tenant_id", "idempotency_key"),
        UniqueConstraint("tenant_id", "token"),
        CheckConstraint("status IN ('open', 'paid', 'failed', 'cancelled')", name="status"),
    )

    token: Mapped[str]
    idempotency_key: Mapped[str]
    payment_id: Mapped[uuid.UUID]
    status: Mapped[str] = mapped_column(server_default="open")
    amount: Mapped[Decimal]
    currency: Mapped[str]
    order_number: Mapped[str]
    locale: Mapped[str]
    return_url: Mapped[str]
    expires_at: Mapped[datetime]


class MockRefund(TenantOwned, Timestamped, Base):
    """Money that the mock gateway has given back."""

    __tablename__ = "mock_refunds"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("charge_id", "mock_charges"),
        UniqueConstraint("tenant_id", "idempotency_key"),
        Index("ix_mock_refunds_tenant_id_charge_id", "tenant_id", "charge_id", "id"),
    )

    charge_id: Mapped[uuid.UUID]
    idempotency_key: Mapped[str]
    refund_id: Mapped[uuid.UUID]
    amount: Mapped[Decimal]
