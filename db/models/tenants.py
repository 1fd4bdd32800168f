"""Tenants, and who belongs to them."""

import uuid
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_person, belongs_to_tenant, new_id


class Tenant(Timestamped, Base):
    """A shop or charity. Its own row is under row-level security too: `id` is the tenant."""

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended', 'disabled')", name="status"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
        # Behind both tables: each refers to the other.
        ForeignKeyConstraint(["id", "logo_id"], ["media_assets.tenant_id", "media_assets.id"], use_alter=True),
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
    version: Mapped[int] = mapped_column(server_default="1", comment="raised by each edit of the profile")
    logo_id: Mapped[uuid.UUID | None]


class StoreProfile(Base):
    """What a store tells about itself, in long texts: apart from the tenant's row, which every request reads."""

    __tablename__ = "store_profiles"
    __table_args__ = (belongs_to_tenant(),)

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    about_en: Mapped[str | None]
    about_ar: Mapped[str | None]
    contact_address_en: Mapped[str | None]
    contact_address_ar: Mapped[str | None]
    opening_hours_en: Mapped[str | None]
    opening_hours_ar: Mapped[str | None]
    payment_instructions_en: Mapped[str | None]
    payment_instructions_ar: Mapped[str | None]
    returns_policy_en: Mapped[str | None]
    returns_policy_ar: Mapped[str | None]
    privacy_policy_en: Mapped[str | None]
    privacy_policy_ar: Mapped[str | None]
    shipping_policy_en: Mapped[str | None]
    shipping_policy_ar: Mapped[str | None]
    terms_en: Mapped[str | None]
    terms_ar: Mapped[str | None]
    whatsapp_number: Mapped[str | None]
    commercial_registration: Mapped[str | None]
    tax_number: Mapped[str | None]
    charity_permit: Mapped[str | None]
    social_links: Mapped[list[dict[str, str]]] = mapped_column(
        JSONB, server_default=text("'[]'"), comment="platform and url of each, in the order to show"
    )


class FormerSlug(Base):
    """A slug that a tenant had: kept for it, and leading there. Written by a trigger of `tenants`, whoever renames."""

    __tablename__ = "former_slugs"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "slug"),
        belongs_to_tenant(),
        UniqueConstraint("slug"),
    )

    tenant_id: Mapped[uuid.UUID]
    slug: Mapped[str]
    left_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


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
