"""People as one store's customers. What a store knows of a person is here, and no other store sees it."""

import uuid

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_person, belongs_to_tenant, within_tenant


class Customer(TenantOwned, Timestamped, Base):
    """A person who has told this store who they are. The same person may be another store's customer, too."""

    __tablename__ = "customers"
    __table_args__ = (
        belongs_to_tenant(),
        belongs_to_person(),
        UniqueConstraint("tenant_id", "person_id"),
        CheckConstraint("locale IN ('ar', 'en')", name="locale"),
    )

    person_id: Mapped[uuid.UUID]
    email: Mapped[str] = mapped_column(comment="the person's proven address when they registered here")
    name: Mapped[str]
    phone: Mapped[str | None]
    locale: Mapped[str] = mapped_column(comment="language of this store's mails to them")


class CustomerAddress(TenantOwned, Timestamped, Base):
    """Where a customer has things brought: in Kuwait's form, or in lines as the rest of the world writes them."""

    __tablename__ = "customer_addresses"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("customer_id", "customers", ondelete="CASCADE"),
        CheckConstraint("form IN ('kuwait', 'general')", name="form"),
        CheckConstraint(
            "form <> 'kuwait' OR (country = 'KW' AND governorate IS NOT NULL AND area IS NOT NULL "
            "AND block IS NOT NULL AND street IS NOT NULL AND building IS NOT NULL)",
            name="kuwait",
        ),
        CheckConstraint("form <> 'general' OR (line1 IS NOT NULL AND city IS NOT NULL)", name="general"),
        Index("ix_customer_addresses_tenant_id_customer_id", "tenant_id", "customer_id", "created_at", "id"),
        Index(
            "uq_customer_addresses_tenant_id_customer_id",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    customer_id: Mapped[uuid.UUID]
    form: Mapped[str]
    label: Mapped[str | None] = mapped_column(comment="what the customer calls it, such as Home")
    recipient: Mapped[str | None]
    phone: Mapped[str | None]
    country: Mapped[str] = mapped_column(comment="ISO 3166-1 alpha-2")
    governorate: Mapped[str | None]
    area: Mapped[str | None]
    block: Mapped[str | None]
    street: Mapped[str | None]
    avenue: Mapped[str | None]
    building: Mapped[str | None]
    floor: Mapped[str | None]
    flat: Mapped[str | None]
    line1: Mapped[str | None]
    line2: Mapped[str | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    postal_code: Mapped[str | None]
    notes: Mapped[str | None] = mapped_column(comment="for whoever brings it")
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
