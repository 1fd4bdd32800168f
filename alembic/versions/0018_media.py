"""Pictures: what was uploaded, where it is shown, and that shoppers learn of it."""

import sqlalchemy as sa
from alembic import op

from db.security.policies import closed_tenant_table, definer_function, lookup_reads
from db.security.roles import APP

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Of an asset shoppers see one that is ready alone: an upload on its way leaves the caches as they are.
TRIGGERS = [
    "CREATE TRIGGER media_assets_storefront_insert AFTER INSERT ON media_assets FOR EACH ROW "
    "WHEN (NEW.status = 'ready') EXECUTE FUNCTION note_storefront_change()",
    "CREATE TRIGGER media_assets_storefront_delete AFTER DELETE ON media_assets FOR EACH ROW "
    "WHEN (OLD.status = 'ready') EXECUTE FUNCTION note_storefront_change()",
    "CREATE TRIGGER media_assets_storefront_update AFTER UPDATE ON media_assets FOR EACH ROW "
    "WHEN ('ready' IN (OLD.status, NEW.status) AND OLD.* IS DISTINCT FROM NEW.*) "
    "EXECUTE FUNCTION note_storefront_change()",
    "CREATE TRIGGER catalog_item_images_storefront_change AFTER INSERT OR DELETE ON catalog_item_images "
    "FOR EACH ROW EXECUTE FUNCTION note_storefront_change()",
    "CREATE TRIGGER catalog_item_images_storefront_update AFTER UPDATE ON catalog_item_images "
    "FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_storefront_change()",
]

# What a worker that was killed, or a client that went away, has left: the periods are those that `domain.media_sweep`
# tells. A picture that is shown is `ready`, and is not looked for.
UNFINISHED = "status IN ('awaiting_upload', 'processing', 'failed', 'deleted')"
FIND_MEDIA_TO_SWEEP = f"""
SELECT tenant_id, id, status FROM media_assets
WHERE {UNFINISHED} AND updated_at < now() - interval '1 hour' AND CASE status
    WHEN 'deleted' THEN upload_ends_at < now()
    WHEN 'failed' THEN updated_at < now() - interval '7 days'
    ELSE updated_at < now() - interval '1 day' END
ORDER BY updated_at LIMIT most
"""


def shown_at(table: str, column: str, tenant: str = "tenant_id") -> None:
    """A column that names an asset of the same tenant. It is empty yet: there is nothing to check that would take time."""
    op.add_column(table, sa.Column(column, sa.UUID()))
    op.create_foreign_key(
        op.f(f"fk_{table}_{tenant}_{column}"), table, "media_assets", [tenant, column], ["tenant_id", "id"]
    )


def upgrade() -> None:
    op.create_table(
        "media_assets",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), server_default="awaiting_upload", nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False, comment="as the upload was signed for"),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes, likewise"),
        sa.Column(
            "upload_ends_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="until then the link to upload can be used, even again",
        ),
        sa.Column("failure", sa.Text(), nullable=True, comment="why nothing could be made of it"),
        sa.Column("alt_en", sa.Text(), nullable=True),
        sa.Column("alt_ar", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True, comment="pixels of the original, upright"),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("versions", sa.Text(), nullable=True, comment="widths that were made, rising, with spaces between"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('awaiting_upload', 'processing', 'ready', 'failed', 'deleted')",
            name=op.f("ck_media_assets_status"),
        ),
        sa.CheckConstraint(
            "status <> 'ready' OR (width IS NOT NULL AND height IS NOT NULL AND versions IS NOT NULL)",
            name=op.f("ck_media_assets_ready"),
        ),
        sa.CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name=op.f("ck_media_assets_failure")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_media_assets_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_media_assets")),
    )
    op.create_index("ix_media_assets_tenant_id_created_at", "media_assets", ["tenant_id", "created_at", "id"])
    op.create_index("ix_media_assets_tenant_id_status", "media_assets", ["tenant_id", "status"])
    op.create_index("ix_media_assets_unfinished", "media_assets", ["updated_at"], postgresql_where=sa.text(UNFINISHED))
    op.create_table(
        "catalog_item_images",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("asset_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_item_images_tenant_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["catalog_items.tenant_id", "catalog_items.id"],
            name=op.f("fk_catalog_item_images_tenant_id_item_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "asset_id"],
            ["media_assets.tenant_id", "media_assets.id"],
            name=op.f("fk_catalog_item_images_tenant_id_asset_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", "asset_id", name=op.f("pk_catalog_item_images")),
    )
    op.create_index(
        "ix_catalog_item_images_tenant_id_item_id",
        "catalog_item_images",
        ["tenant_id", "item_id", "position", "asset_id"],
    )
    op.create_index("ix_catalog_item_images_tenant_id_asset_id", "catalog_item_images", ["tenant_id", "asset_id"])
    for table in ("categories", "catalog_variants"):
        shown_at(table, "image_id")
        op.create_index(
            f"ix_{table}_tenant_id_image_id",
            table,
            ["tenant_id", "image_id"],
            postgresql_where=sa.text("image_id IS NOT NULL"),
        )
    shown_at("tenants", "logo_id", "id")
    for statement in (
        *closed_tenant_table("media_assets", app="SELECT, INSERT, UPDATE, DELETE"),
        *closed_tenant_table("catalog_item_images", app="SELECT, INSERT, UPDATE, DELETE"),
        f"GRANT INSERT (logo_id), UPDATE (logo_id) ON tenants TO {APP}",
        *TRIGGERS,
        *lookup_reads("media_assets"),
        *definer_function(
            "find_media_to_sweep(most integer)", "TABLE (tenant_id uuid, id uuid, status text)", FIND_MEDIA_TO_SWEEP
        ),
    ):
        op.execute(statement)


def downgrade() -> None:
    """Pictures would be lost, and the objects that they are made of be nobody's."""
    raise NotImplementedError
