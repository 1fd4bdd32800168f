"""What a merchant's programs note beside items, variants and categories: texts under keys of their own."""

import uuid

from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, belongs_to_tenant, within_tenant


class MetadataEntry:
    """One key on one side, public or private."""

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    is_private: Mapped[bool] = mapped_column(primary_key=True, comment="for staff alone")
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class CatalogItemMetadata(MetadataEntry, Base):
    """Of an item."""

    __tablename__ = "catalog_item_metadata"
    __table_args__ = (belongs_to_tenant(), within_tenant("owner_id", "catalog_items", ondelete="CASCADE"))


class CatalogVariantMetadata(MetadataEntry, Base):
    """Of a variant."""

    __tablename__ = "catalog_variant_metadata"
    __table_args__ = (belongs_to_tenant(), within_tenant("owner_id", "catalog_variants", ondelete="CASCADE"))


class CategoryMetadata(MetadataEntry, Base):
    """Of a category."""

    __tablename__ = "category_metadata"
    __table_args__ = (belongs_to_tenant(), within_tenant("owner_id", "categories", ondelete="CASCADE"))
