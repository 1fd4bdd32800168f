"""Metadata of items, variants and categories: a row for each key, so that two who set different keys both win."""

import sqlalchemy as sa
from alembic import op

from db.security.policies import tenant_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OWNERS = {
    "catalog_item_metadata": "catalog_items",
    "catalog_variant_metadata": "catalog_variants",
    "category_metadata": "categories",
}


def triggers(table: str) -> list[str]:
    """Shoppers see the public side alone: what happens on the other must not empty the caches."""
    note = "EXECUTE FUNCTION note_storefront_change()"
    changed = "NOT (OLD.is_private AND NEW.is_private) AND OLD.* IS DISTINCT FROM NEW.*"
    return [
        f"CREATE TRIGGER {table}_storefront_insert AFTER INSERT ON {table} "
        f"FOR EACH ROW WHEN (NOT NEW.is_private) {note}",
        f"CREATE TRIGGER {table}_storefront_delete AFTER DELETE ON {table} "
        f"FOR EACH ROW WHEN (NOT OLD.is_private) {note}",
        f"CREATE TRIGGER {table}_storefront_update AFTER UPDATE ON {table} FOR EACH ROW WHEN ({changed}) {note}",
    ]


def create(table: str, owner: str) -> None:
    op.create_table(
        table,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False, comment="for staff alone"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            [f"{owner}.tenant_id", f"{owner}.id"],
            name=op.f(f"fk_{table}_tenant_id_owner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "owner_id", "is_private", "key", name=op.f(f"pk_{table}")),
    )
    for statement in (*tenant_table(table, app="SELECT, INSERT, DELETE, UPDATE (value)"), *triggers(table)):
        op.execute(statement)


def upgrade() -> None:
    for table, owner in OWNERS.items():
        create(table, owner)


def downgrade() -> None:
    """What has been written there is nowhere else."""
    raise NotImplementedError
