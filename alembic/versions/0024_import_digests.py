"""Files of imports are known again: whoever goes on reading reads the same one."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "SHA-256 of the file when its reading began"
    op.add_column("catalog_imports", sa.Column("digest", sa.Text(), nullable=True, comment=comment))


def downgrade() -> None:
    op.drop_column("catalog_imports", "digest")
