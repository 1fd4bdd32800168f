"""What a tenant offers: items with variants, in a tree of categories."""

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Computed, FetchedValue, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Minor, TenantOwned, Timestamped, belongs_to_tenant, within_tenant


class Category(TenantOwned, Timestamped, Base):
    """A shelf of the storefront; `parent_id` makes the tree."""

    __tablename__ = "categories"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("parent_id", "categories"),
        UniqueConstraint("tenant_id", "slug"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index("ix_categories_tenant_id_parent_id", "tenant_id", "parent_id", "position", "id"),
    )

    parent_id: Mapped[uuid.UUID | None]
    slug: Mapped[str]
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    position: Mapped[int] = mapped_column(server_default="0")


class CatalogItem(TenantOwned, Timestamped, Base):
    """Something on sale or to give to: a product, a service or a project."""

    __tablename__ = "catalog_items"
    __table_args__ = (
        belongs_to_tenant(),
        UniqueConstraint("tenant_id", "slug"),
        CheckConstraint("kind IN ('product', 'service', 'project')", name="kind"),
        CheckConstraint("status IN ('draft', 'active', 'archived')", name="status"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
        Index("ix_catalog_items_tenant_id_created_at", "tenant_id", "created_at", "id"),
        Index("ix_catalog_items_tenant_id_status_created_at", "tenant_id", "status", "created_at", "id"),
    )

    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="draft")
    slug: Mapped[str]
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    description_en: Mapped[str | None]
    description_ar: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1", comment="raised by each edit; a stale edit is refused")
    archived_at: Mapped[datetime | None]


class CatalogItemCategory(Base):
    """An item stands on a shelf, which is listed by what is copied of the item: triggers keep that, whoever writes."""

    __tablename__ = "catalog_item_categories"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("item_id", "catalog_items", ondelete="CASCADE"),
        within_tenant("category_id", "categories"),
        Index(
            "ix_catalog_item_categories_tenant_id_category_id_created_at",
            "tenant_id",
            "category_id",
            "item_created_at",
            "item_id",
        ),
        Index(
            "ix_catalog_item_categories_tenant_id_category_id_status",
            "tenant_id",
            "category_id",
            "item_status",
            "item_created_at",
            "item_id",
        ),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    category_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    item_created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), comment="the item's created_at")
    item_status: Mapped[str] = mapped_column(server_default=FetchedValue(), comment="the item's status")


class CatalogVariant(TenantOwned, Timestamped, Base):
    """The thing that is ordered: a price, and a stock unless that is unlimited (NULL)."""

    __tablename__ = "catalog_variants"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("item_id", "catalog_items"),
        UniqueConstraint("tenant_id", "sku"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("compare_at_price > price", name="compare_at_price"),
        CheckConstraint("stock >= 0", name="stock"),
        Index("ix_catalog_variants_tenant_id_item_id", "tenant_id", "item_id", "position", "id"),
    )

    item_id: Mapped[uuid.UUID]
    sku: Mapped[str | None]
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    price: Mapped[Decimal]
    price_minor: Mapped[int] = mapped_column(Minor, Computed("(price * 1000)::bigint", persisted=True))
    compare_at_price: Mapped[Decimal | None]
    stock: Mapped[int | None]
    position: Mapped[int] = mapped_column(server_default="0")
    archived_at: Mapped[datetime | None]
