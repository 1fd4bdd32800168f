"""Items can be deleted, as long as no order tells of them: which is found by an index, however many orders there are."""

from alembic import op

from db.security.roles import APP

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(f"GRANT DELETE ON catalog_items, catalog_variants TO {APP}")
    for column in ("item_id", "variant_id"):
        op.create_index(f"ix_order_lines_tenant_id_{column}", "order_lines", ["tenant_id", column])


def downgrade() -> None:
    """The release before knows no deletion; what was deleted is gone."""
    raise NotImplementedError
