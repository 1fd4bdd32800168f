"""How orders are paid: what a store offers, each attempt, and everything that was said to a provider about it."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_tenant, within_tenant

PAYMENT_STATUS = "status IN ('pending', 'authorised', 'paid', 'failed', 'cancelled')"
STILL_OPEN = "status IN ('pending', 'authorised')"
UNBALANCED = """status = 'paid' AND (
    amount_paid <> amount AND amount_paid - amount_refunded <> amount AND amount_refunded < amount_paid
    OR provider_status <> 'paid'
    OR provider_amount <> amount_paid
    OR return_reason IS NOT NULL AND amount_refunded < amount_paid)"""
"""Paid otherwise than was asked for, otherwise than the provider says now, or kept where it was to go back."""
NOT_APPLIED = "applied_at IS NULL"


class PaymentAccount(TenantOwned, Timestamped, Base):
    """A way of paying as a tenant has set it up. What it takes to use it is in the secret store, and never here."""

    __tablename__ = "payment_accounts"
    __table_args__ = (
        belongs_to_tenant(),
        UniqueConstraint("tenant_id", "provider"),
        CheckConstraint("hold_minutes > 0", name="hold_minutes"),
    )

    provider: Mapped[str]
    is_enabled: Mapped[bool] = mapped_column(server_default="false")
    position: Mapped[int] = mapped_column(server_default="0")
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    instructions_en: Mapped[str | None]
    instructions_ar: Mapped[str | None]
    payment_link: Mapped[str | None]
    hold_minutes: Mapped[int | None] = mapped_column(comment="how long stock waits for the money; null for the usual")
    credentials_set: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default="{}", comment="names of what is in the secret store, and when each was put there"
    )


class Payment(TenantOwned, Timestamped, Base):
    """One attempt to pay an order: one charge at one provider, asked for under this row's id."""

    __tablename__ = "payments"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("order_id", "orders"),
        UniqueConstraint("tenant_id", "provider", "reference"),
        CheckConstraint(PAYMENT_STATUS, name="status"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("amount_paid >= 0", name="amount_paid"),
        CheckConstraint("amount_refunded >= 0", name="amount_refunded"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_at"),
        Index("ix_payments_tenant_id_order_id", "tenant_id", "order_id", "id"),
        # Two charges that are open at once could both be paid.
        Index(
            "ix_payments_tenant_id_order_id_open",
            "tenant_id",
            "order_id",
            unique=True,
            postgresql_where=text(STILL_OPEN),
        ),
        Index(
            "ix_payments_tenant_id_created_at_open",
            "tenant_id",
            "created_at",
            "id",
            postgresql_where=text(STILL_OPEN),
        ),
        Index(
            "ix_payments_tenant_id_created_at_unbalanced",
            "tenant_id",
            "created_at",
            "id",
            postgresql_where=text(UNBALANCED),
        ),
    )

    order_id: Mapped[uuid.UUID]
    provider: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    amount: Mapped[Decimal]
    amount_paid: Mapped[Decimal] = mapped_column(server_default="0")
    amount_refunded: Mapped[Decimal] = mapped_column(server_default="0", comment="as far as the provider has said")
    currency: Mapped[str]
    reference: Mapped[str | None] = mapped_column(comment="the provider's name of the charge; null until it answered")
    redirect_url: Mapped[str | None] = mapped_column(comment="where the shopper pays")
    return_url: Mapped[str | None]
    failure: Mapped[str | None] = mapped_column(comment="the provider's code")
    return_reason: Mapped[str | None] = mapped_column(comment="why all of it is given back without anybody's asking")
    expires_at: Mapped[datetime | None] = mapped_column(comment="when the stock is given back")
    checked_at: Mapped[datetime | None] = mapped_column(comment="the provider was last asked at this moment")
    paid_at: Mapped[datetime | None]
    provider_status: Mapped[str | None] = mapped_column(comment="what the provider said of it last")
    provider_amount: Mapped[Decimal | None] = mapped_column(comment="what it said last that was paid")


class PaymentTransaction(TenantOwned, Base):
    """One request to a provider about a payment, or one message of theirs. Written once; secrets were taken out."""

    __tablename__ = "payment_transactions"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("payment_id", "payments"),
        Index("ix_payment_transactions_tenant_id_payment_id", "tenant_id", "payment_id", "id"),
    )

    payment_id: Mapped[uuid.UUID]
    operation: Mapped[str]
    outcome: Mapped[str] = mapped_column(comment="what was made of it, such as the status, or why it went wrong")
    request: Mapped[dict[str, Any]]
    response: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), comment="null: nothing came back")
    http_status: Mapped[int | None]
    milliseconds: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PaymentEvent(TenantOwned, Base):
    """A verified message of a provider: a hint that something has happened, kept before it was answered."""

    __tablename__ = "payment_events"
    __table_args__ = (
        belongs_to_tenant(),
        UniqueConstraint("tenant_id", "provider", "event_id"),
        Index(
            "ix_payment_events_tenant_id_received_at_waiting",
            "tenant_id",
            "received_at",
            "id",
            postgresql_where=text(NOT_APPLIED),
        ),
    )

    provider: Mapped[str]
    event_id: Mapped[str] = mapped_column(comment="the provider's, unique")
    kind: Mapped[str]
    reference: Mapped[str | None]
    payment_id: Mapped[uuid.UUID | None] = mapped_column(comment="as the message names it: it may be nobody's")
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    applied_at: Mapped[datetime | None]
