"""What other systems call items, variants and categories; and what categories say of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("catalog_items", "catalog_variants", "categories")


def upgrade() -> None:
    for table in TABLES:
        name = f"uq_{table}_tenant_id_external_reference"
        op.add_column(table, sa.Column("external_reference", sa.Text(), comment="what another system calls it"))
        # Every row has null there, so the table is locked for no longer than it takes to read it once.
        op.execute(
            f"-- squawk-ignore disallowed-unique-constraint\n"
            f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (tenant_id, external_reference)"
        )
    op.add_column("categories", sa.Column("description_en", sa.Text()))
    op.add_column("categories", sa.Column("description_ar", sa.Text()))


def downgrade() -> None:
    """What has been written there is nowhere else."""
    raise NotImplementedError
