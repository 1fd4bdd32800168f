"""The catalogue in files: what was sent in, as far as it was read and applied, and what was written out."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, belongs_to_tenant, within_tenant

IMPORT_STATUSES = (
    "created",
    "queued",
    "reading",
    "checking",
    "applying",
    "checked",
    "applied",
    "refused",
    "cancelled",
    "failed",
    "expired",
)
RUNNING = ("reading", "checking", "applying")


def quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class CatalogImport(TenantOwned, Base):
    """A file that changes the catalogue, and how far that has got: whoever goes on begins there."""

    __tablename__ = "catalog_imports"
    __table_args__ = (
        belongs_to_tenant(),
        CheckConstraint(f"status IN ({quoted(IMPORT_STATUSES)})", name="status"),
        Index("ix_catalog_imports_tenant_id_created_at", "tenant_id", "created_at", "id"),
        # Of a tenant one at a time: two would overwrite each other's changes in no order.
        Index(
            "uq_catalog_imports_running",
            "tenant_id",
            unique=True,
            postgresql_where=text(f"status IN ({quoted(RUNNING)})"),
        ),
        Index("ix_catalog_imports_queued", "tenant_id", "queued_at", "id", postgresql_where=text("status = 'queued'")),
    )

    status: Mapped[str] = mapped_column(server_default="created")
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(comment="bytes")
    is_dry_run: Mapped[bool] = mapped_column(server_default="true")
    is_all_or_nothing: Mapped[bool] = mapped_column(server_default="false")
    digest: Mapped[str | None] = mapped_column(comment="SHA-256 of the file when its reading began")
    encoding: Mapped[str | None]
    delimiter: Mapped[str | None]
    headings: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    is_read: Mapped[bool] = mapped_column(server_default="false", comment="all its rows are here")
    read_bytes: Mapped[int] = mapped_column(server_default="0", comment="of the file as UTF-8: where the next row is")
    read_lines: Mapped[int] = mapped_column(server_default="0")
    read_rows: Mapped[int] = mapped_column(server_default="0", comment="blank ones and the headings as well")
    rows: Mapped[int] = mapped_column(server_default="0", comment="that say something")
    items: Mapped[int] = mapped_column(server_default="0", comment="that the rows are of")
    done_items: Mapped[int] = mapped_column(server_default="0", comment="that were checked or applied, in their order")
    created: Mapped[int] = mapped_column(server_default="0", comment="rows, as the next three")
    updated: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    errors: Mapped[int] = mapped_column(server_default="0", comment="also those that are too many to be kept")
    refusal: Mapped[dict[str, Any] | None] = mapped_column(comment="why the file as a whole was refused")
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None] = mapped_column(comment="its file, rows and errors are gone since then")


class CatalogImportRow(Base):
    """A row of the file as it was read."""

    __tablename__ = "catalog_import_rows"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("import_id", "catalog_imports", ondelete="CASCADE"),
        Index("ix_catalog_import_rows_item", "tenant_id", "import_id", "item", "row"),
        Index("ix_catalog_import_rows_item_key", "tenant_id", "import_id", "item_key"),
        Index("ix_catalog_import_rows_sku", "tenant_id", "import_id", "sku", postgresql_where=text("sku IS NOT NULL")),
        Index(
            "ix_catalog_import_rows_slug", "tenant_id", "import_id", "slug", postgresql_where=text("slug IS NOT NULL")
        ),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, comment="as a spreadsheet counts: from 1, with the headings")
    line: Mapped[int] = mapped_column(comment="of the file: a cell may have several")
    item: Mapped[int] = mapped_column(comment="counts the items of the file in the order of their first rows")
    item_key: Mapped[str] = mapped_column(comment="what its item's other rows have, too")
    sku: Mapped[str | None]
    slug: Mapped[str | None]
    cells: Mapped[dict[str, Any]] = mapped_column(comment="by column, without the empty ones")


class CatalogImportError(Base):
    """What is wrong with a row."""

    __tablename__ = "catalog_import_errors"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("import_id", "catalog_imports", ondelete="CASCADE"),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, comment="counts the import's errors as they were found")
    line: Mapped[int]
    column: Mapped[str | None] = mapped_column(comment="the heading as it stands in the file")
    code: Mapped[str]
    message: Mapped[str]
    value: Mapped[str | None] = mapped_column(comment="the beginning of the cell")


class CatalogExport(TenantOwned, Base):
    """A file that the catalogue was written to."""

    __tablename__ = "catalog_exports"
    __table_args__ = (
        belongs_to_tenant(),
        CheckConstraint("status IN ('queued', 'done', 'failed', 'expired')", name="status"),
        Index("ix_catalog_exports_tenant_id_created_at", "tenant_id", "created_at", "id"),
    )

    status: Mapped[str] = mapped_column(server_default="queued")
    item_status: Mapped[str | None] = mapped_column(comment="only items of this status, kind, category")
    item_kind: Mapped[str | None]
    category: Mapped[str | None] = mapped_column(comment="slug")
    rows: Mapped[int] = mapped_column(server_default="0")
    size: Mapped[int | None] = mapped_column(comment="bytes")
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
