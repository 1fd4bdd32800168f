"""Pictures that a tenant keeps, and where they are shown."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_tenant, within_tenant

UNFINISHED = "status IN ('awaiting_upload', 'processing', 'failed', 'deleted')"


class MediaAsset(TenantOwned, Timestamped, Base):
    """One picture: the file that was uploaded stays private, what shoppers get is made of it.

    `deleted` is a tombstone: the row goes when its objects are gone and the link to upload has ended.
    """

    __tablename__ = "media_assets"
    __table_args__ = (
        belongs_to_tenant(),
        CheckConstraint("status IN ('awaiting_upload', 'processing', 'ready', 'failed', 'deleted')", name="status"),
        CheckConstraint(
            "status <> 'ready' OR (width IS NOT NULL AND height IS NOT NULL AND versions IS NOT NULL)", name="ready"
        ),
        CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name="failure"),
        Index("ix_media_assets_tenant_id_created_at", "tenant_id", "created_at", "id"),
        Index("ix_media_assets_tenant_id_status", "tenant_id", "status"),
        # The sweep looks across tenants for what was left unfinished.
        Index("ix_media_assets_unfinished", "updated_at", postgresql_where=text(UNFINISHED)),
    )

    status: Mapped[str] = mapped_column(server_default="awaiting_upload")
    content_type: Mapped[str] = mapped_column(comment="as the upload was signed for")
    size: Mapped[int] = mapped_column(comment="bytes, likewise")
    upload_ends_at: Mapped[datetime] = mapped_column(comment="until then the link to upload can be used, even again")
    failure: Mapped[str | None] = mapped_column(comment="why nothing could be made of it")
    alt_en: Mapped[str | None]
    alt_ar: Mapped[str | None]
    width: Mapped[int | None] = mapped_column(comment="pixels of the original, upright")
    height: Mapped[int | None]
    versions: Mapped[str | None] = mapped_column(comment="widths that were made, rising, with spaces between")


class CatalogItemImage(Base):
    """A picture of an item, in its place among the others."""

    __tablename__ = "catalog_item_images"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("item_id", "catalog_items", ondelete="CASCADE"),
        within_tenant("asset_id", "media_assets"),
        Index("ix_catalog_item_images_tenant_id_item_id", "tenant_id", "item_id", "position", "asset_id"),
        Index("ix_catalog_item_images_tenant_id_asset_id", "tenant_id", "asset_id"),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    asset_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    position: Mapped[int]
