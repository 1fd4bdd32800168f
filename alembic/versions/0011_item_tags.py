"""Tags of items. As in 0008 the list of a tag walks an index, by copies of the item's moment and status."""

import sqlalchemy as sa
from alembic import op

from db.security.policies import tenant_table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "catalog_item_tags"

COPY_TO_TAGS = f"""
CREATE FUNCTION copy_item_to_its_tags() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    UPDATE {TABLE} SET item_created_at = NEW.created_at, item_status = NEW.status
    WHERE tenant_id = NEW.tenant_id AND item_id = NEW.id;
    RETURN NULL;
END $body$
"""

STATEMENTS = [
    # The copies are granted for the trigger's sake: what anybody writes there is overwritten with the truth.
    *tenant_table(TABLE, app="SELECT, INSERT, DELETE, UPDATE (tag, item_created_at, item_status)"),
    COPY_TO_TAGS,
    "REVOKE ALL ON FUNCTION copy_item_to_its_tags() FROM PUBLIC",
    f"CREATE TRIGGER {TABLE}_item BEFORE INSERT OR UPDATE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION copy_item_to_place()",
    "CREATE TRIGGER catalog_items_tags AFTER UPDATE ON catalog_items "
    "FOR EACH ROW WHEN ((OLD.created_at, OLD.status) IS DISTINCT FROM (NEW.created_at, NEW.status)) "
    "EXECUTE FUNCTION copy_item_to_its_tags()",
    f"CREATE TRIGGER {TABLE}_storefront_change AFTER INSERT OR DELETE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION note_storefront_change()",
    f"CREATE TRIGGER {TABLE}_storefront_update AFTER UPDATE ON {TABLE} "
    "FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_storefront_change()",
]


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the tag without regard to case"),
        sa.Column("tag", sa.Text(), nullable=False, comment="as it was written"),
        sa.Column("item_created_at", sa.DateTime(timezone=True), nullable=False, comment="the item's created_at"),
        sa.Column("item_status", sa.Text(), nullable=False, comment="the item's status"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["catalog_items.tenant_id", "catalog_items.id"],
            name=op.f("fk_catalog_item_tags_tenant_id_item_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_item_tags_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", "key", name=op.f("pk_catalog_item_tags")),
    )
    op.create_index(
        "ix_catalog_item_tags_tenant_id_key_created_at", TABLE, ["tenant_id", "key", "item_created_at", "item_id"]
    )
    op.create_index(
        "ix_catalog_item_tags_tenant_id_key_status",
        TABLE,
        ["tenant_id", "key", "item_status", "item_created_at", "item_id"],
    )
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """The lists of tags read it."""
    raise NotImplementedError
