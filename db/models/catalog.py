"""What a tenant offers: items with variants, in a tree of categories."""

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Computed, FetchedValue, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Minor, TenantOwned, Timestamped, belongs_to_tenant, within_tenant
from db.models.catalog_options import value_of_item

CHOICES = ("first_value_id", "second_value_id", "third_value_id")
"""The columns of a variant that hold what it picks, by the slots of the item's options."""


class Category(TenantOwned, Timestamped, Base):
    """A shelf of the storefront; `parent_id` makes the tree."""

    __tablename__ = "categories"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("parent_id", "categories"),
        within_tenant("image_id", "media_assets"),
        UniqueConstraint("tenant_id", "slug"),
        UniqueConstraint("tenant_id", "external_reference"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index(
            "ix_categories_tenant_id_image_id", "tenant_id", "image_id", postgresql_where=text("image_id IS NOT NULL")
        ),
        Index("ix_categories_tenant_id_parent_id", "tenant_id", "parent_id", "position", "id"),
    )

    parent_id: Mapped[uuid.UUID | None]
    slug: Mapped[str]
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    description_en: Mapped[str | None]
    description_ar: Mapped[str | None]
    external_reference: Mapped[str | None] = mapped_column(comment="what another system calls it")
    position: Mapped[int] = mapped_column(server_default="0")
    image_id: Mapped[uuid.UUID | None]


class CatalogItem(TenantOwned, Timestamped, Base):
    """Something on sale or to give to: a product, a service or a project."""

    __tablename__ = "catalog_items"
    __table_args__ = (
        belongs_to_tenant(),
        UniqueConstraint("tenant_id", "slug"),
        UniqueConstraint("tenant_id", "external_reference"),
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
    external_reference: Mapped[str | None] = mapped_column(comment="what another system calls it")
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


class CatalogItemTag(Base):
    """A word that items are found by, under a key without regard to case; copies of the item as in its categories."""

    __tablename__ = "catalog_item_tags"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("item_id", "catalog_items", ondelete="CASCADE"),
        Index("ix_catalog_item_tags_tenant_id_key_created_at", "tenant_id", "key", "item_created_at", "item_id"),
        Index(
            "ix_catalog_item_tags_tenant_id_key_status",
            "tenant_id",
            "key",
            "item_status",
            "item_created_at",
            "item_id",
        ),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True, comment="the tag without regard to case")
    tag: Mapped[str] = mapped_column(comment="as it was written")
    item_created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), comment="the item's created_at")
    item_status: Mapped[str] = mapped_column(server_default=FetchedValue(), comment="the item's status")


class CatalogVariant(TenantOwned, Timestamped, Base):
    """The thing that is ordered: a price, and a stock unless that is unlimited (NULL)."""

    __tablename__ = "catalog_variants"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("item_id", "catalog_items"),
        within_tenant("image_id", "media_assets"),
        UniqueConstraint("tenant_id", "sku"),
        UniqueConstraint("tenant_id", "external_reference"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("compare_at_price > price", name="compare_at_price"),
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint("weight BETWEEN 0 AND 1000000", name="weight"),
        Index(
            "ix_catalog_variants_tenant_id_image_id",
            "tenant_id",
            "image_id",
            postgresql_where=text("image_id IS NOT NULL"),
        ),
        Index("ix_catalog_variants_tenant_id_item_id", "tenant_id", "item_id", "position", "id"),
        *(value_of_item(column) for column in CHOICES),
        Index(
            "ix_catalog_variants_combination",
            "tenant_id",
            "item_id",
            *CHOICES,
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text(f"archived_at IS NULL AND num_nonnulls({', '.join(CHOICES)}) > 0"),
        ),
    )

    item_id: Mapped[uuid.UUID]
    sku: Mapped[str | None]
    external_reference: Mapped[str | None] = mapped_column(comment="what another system calls it")
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    price: Mapped[Decimal]
    price_minor: Mapped[int] = mapped_column(Minor, Computed("(price * 1000)::bigint", persisted=True))
    compare_at_price: Mapped[Decimal | None]
    stock: Mapped[int | None]
    weight: Mapped[int | None] = mapped_column(comment="in grams")
    barcode: Mapped[str | None]
    first_value_id: Mapped[uuid.UUID | None] = mapped_column(comment="what it picks of the item's option in slot 1")
    second_value_id: Mapped[uuid.UUID | None]
    third_value_id: Mapped[uuid.UUID | None]
    is_named_by_options: Mapped[bool] = mapped_column(
        server_default="false", comment="its name is that of the values it picks, and changes with them"
    )
    position: Mapped[int] = mapped_column(server_default="0")
    image_id: Mapped[uuid.UUID | None]
    archived_at: Mapped[datetime | None]
