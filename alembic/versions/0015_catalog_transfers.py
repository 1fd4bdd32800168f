"""The catalogue in files: imports with their rows and errors, and exports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.security.policies import closed_tenant_table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    make_imports()
    make_rows()
    make_errors()
    make_exports()
    for statement in [
        *closed_tenant_table("catalog_imports", app="SELECT, INSERT, UPDATE"),
        *closed_tenant_table("catalog_import_rows", app="SELECT, INSERT, DELETE"),
        *closed_tenant_table("catalog_import_errors", app="SELECT, INSERT, DELETE"),
        *closed_tenant_table("catalog_exports", app="SELECT, INSERT, UPDATE"),
    ]:
        op.execute(statement)


def make_imports() -> None:
    op.create_table(
        "catalog_imports",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), server_default="created", nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes"),
        sa.Column("is_dry_run", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("is_all_or_nothing", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("encoding", sa.Text(), nullable=True),
        sa.Column("delimiter", sa.Text(), nullable=True),
        sa.Column("headings", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_read", sa.Boolean(), server_default="false", nullable=False, comment="all its rows are here"),
        sa.Column(
            "read_bytes",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="of the file as UTF-8: where the next row is",
        ),
        sa.Column("read_lines", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "read_rows",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="blank ones and the headings as well",
        ),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False, comment="that say something"),
        sa.Column("items", sa.Integer(), server_default="0", nullable=False, comment="that the rows are of"),
        sa.Column(
            "done_items",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="that were checked or applied, in their order",
        ),
        sa.Column("created", sa.Integer(), server_default="0", nullable=False, comment="rows, as the next three"),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "errors",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="also those that are too many to be kept",
        ),
        sa.Column("refusal", postgresql.JSONB(), nullable=True, comment="why the file as a whole was refused"),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "swept_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="its file, rows and errors are gone since then",
        ),
        sa.CheckConstraint(
            "status IN ('created', 'queued', 'reading', 'checking', 'applying', 'checked', 'applied', 'refused', "
            "'cancelled', 'failed', 'expired')",
            name=op.f("ck_catalog_imports_status"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_imports_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_catalog_imports")),
    )
    op.create_index("ix_catalog_imports_tenant_id_created_at", "catalog_imports", ["tenant_id", "created_at", "id"])
    op.create_index(
        "uq_catalog_imports_running",
        "catalog_imports",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('reading', 'checking', 'applying')"),
    )
    op.create_index(
        "ix_catalog_imports_queued",
        "catalog_imports",
        ["tenant_id", "queued_at", "id"],
        postgresql_where=sa.text("status = 'queued'"),
    )


def make_rows() -> None:
    op.create_table(
        "catalog_import_rows",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("import_id", sa.UUID(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False, comment="as a spreadsheet counts: from 1, with the headings"),
        sa.Column("line", sa.Integer(), nullable=False, comment="of the file: a cell may have several"),
        sa.Column(
            "item",
            sa.Integer(),
            nullable=False,
            comment="counts the items of the file in the order of their first rows",
        ),
        sa.Column("item_key", sa.Text(), nullable=False, comment="what its item's other rows have, too"),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("cells", postgresql.JSONB(), nullable=False, comment="by column, without the empty ones"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["catalog_imports.tenant_id", "catalog_imports.id"],
            name=op.f("fk_catalog_import_rows_tenant_id_import_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_import_rows_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "row", name=op.f("pk_catalog_import_rows")),
    )
    op.create_index("ix_catalog_import_rows_item", "catalog_import_rows", ["tenant_id", "import_id", "item", "row"])
    op.create_index("ix_catalog_import_rows_item_key", "catalog_import_rows", ["tenant_id", "import_id", "item_key"])
    for column in ("sku", "slug"):
        op.create_index(
            f"ix_catalog_import_rows_{column}",
            "catalog_import_rows",
            ["tenant_id", "import_id", column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def make_errors() -> None:
    op.create_table(
        "catalog_import_errors",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("import_id", sa.UUID(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="counts the import's errors as they were found"),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True, comment="the heading as it stands in the file"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True, comment="the beginning of the cell"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["catalog_imports.tenant_id", "catalog_imports.id"],
            name=op.f("fk_catalog_import_errors_tenant_id_import_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_import_errors_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "row", "number", name=op.f("pk_catalog_import_errors")),
    )


def make_exports() -> None:
    op.create_table(
        "catalog_exports",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("item_status", sa.Text(), nullable=True, comment="only items of this status, kind, category"),
        sa.Column("item_kind", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True, comment="slug"),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size", sa.Integer(), nullable=True, comment="bytes"),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'done', 'failed', 'expired')", name=op.f("ck_catalog_exports_status")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_exports_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_catalog_exports")),
    )
    op.create_index("ix_catalog_exports_tenant_id_created_at", "catalog_exports", ["tenant_id", "created_at", "id"])


def downgrade() -> None:
    """What imports have changed could not be looked up any more."""
    raise NotImplementedError
