"""Tenants, and who belongs to them."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_person, belongs_to_tenant, new_id


class Tenant(Timestamped, Base):
    """A shop or charity. Its own row is under row-level security too: `id` is the tenant."""

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended', 'disabled')", name="status"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default="active")
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    contact_email: Mapped[str | None]
    contact_phone: Mapped[str | None]
    brand_primary: Mapped[str | None]
    brand_secondary: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default="ar")
    time_zone: Mapped[str] = mapped_column(server_default="Asia/Kuwait")
    currency: Mapped[str] = mapped_column(server_default="KWD")


class Membership(TenantOwned, Base):
    """A person's role in a tenant: owner, admin or member."""

    __tablename__ = "memberships"
    __table_args__ = (
        belongs_to_tenant(),
        belongs_to_person(),
        UniqueConstraint("tenant_id", "person_id"),
        CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
        # Which tenants a person belongs to is asked before a tenant is known, by a definer function.
        Index("ix_memberships_person_id", "person_id"),
    )

    person_id: Mapped[uuid.UUID]
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
