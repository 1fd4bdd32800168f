"""Carts of customers, and what of guests' carts was merged into them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.security.policies import closed_tenant_table

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_carts()
    add_lines()
    add_merges()
    for statement in (
        # The owner of a cart stays who they are.
        *closed_tenant_table(
            "carts",
            app="SELECT, INSERT, DELETE, UPDATE (note, discount_code, destination, shipping_rate_id, updated_at)",
        ),
        *closed_tenant_table("cart_lines", app="SELECT, INSERT, DELETE, UPDATE (quantity, seen_price)"),
        *closed_tenant_table("cart_merges", app="SELECT, INSERT"),
    ):
        op.execute(statement)


def add_carts() -> None:
    op.create_table(
        "carts",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("discount_code", sa.Text(), nullable=True, comment="as the shopper wrote it; nobody has checked it"),
        sa.Column("destination", postgresql.JSONB(), nullable=True),
        sa.Column("shipping_rate_id", sa.UUID(), nullable=True, comment="as the shopper chose it; checked at checkout"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_carts_tenant_id")),
        of_customer("carts"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_carts")),
        sa.UniqueConstraint("tenant_id", "customer_id", name=op.f("uq_carts_tenant_id_customer_id")),
    )


def add_lines() -> None:
    op.create_table(
        "cart_lines",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("cart_id", sa.UUID(), nullable=False),
        sa.Column("variant_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="the first added first"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("seen_price", sa.Numeric(12, 3), nullable=False, comment="of one, as the shopper was shown it"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_cart_lines_quantity")),
        sa.CheckConstraint("seen_price >= 0", name=op.f("ck_cart_lines_seen_price")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_cart_lines_tenant_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cart_id"],
            ["carts.tenant_id", "carts.id"],
            name=op.f("fk_cart_lines_tenant_id_cart_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "cart_id", "variant_id", name=op.f("pk_cart_lines")),
    )


def add_merges() -> None:
    op.create_table(
        "cart_merges",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("guest_cart_id", sa.UUID(), nullable=False),
        sa.Column(
            "edition", sa.Integer(), nullable=False, comment="counts what was merged of this guest's cart before"
        ),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column(
            "lines",
            postgresql.JSONB(),
            nullable=False,
            comment="how many of each variant are to leave the guest's cart",
        ),
        sa.Column("merged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_cart_merges_tenant_id")),
        of_customer("cart_merges"),
        sa.PrimaryKeyConstraint("tenant_id", "guest_cart_id", "edition", name=op.f("pk_cart_merges")),
    )
    op.create_index("ix_cart_merges_tenant_id_customer_id", "cart_merges", ["tenant_id", "customer_id"])


def of_customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "customer_id"],
        ["customers.tenant_id", "customers.id"],
        name=op.f(f"fk_{table}_tenant_id_customer_id"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    """What shoppers have put into their carts would be gone."""
    raise NotImplementedError
