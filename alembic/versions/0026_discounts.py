"""Discounts by code, and their uses."""

import sqlalchemy as sa
from alembic import op

from db.security.policies import closed_tenant_table

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KIND = (
    "CASE kind WHEN 'percentage' THEN percentage IS NOT NULL AND amount IS NULL "
    "WHEN 'fixed' THEN amount IS NOT NULL AND percentage IS NULL "
    "WHEN 'free_shipping' THEN percentage IS NULL AND amount IS NULL ELSE false END"
)


def upgrade() -> None:
    add_discounts()
    add_discount_uses()
    for statement in (
        *closed_tenant_table("discounts", app="SELECT, INSERT, UPDATE, DELETE"),
        *closed_tenant_table("discount_uses", app="SELECT, INSERT, UPDATE (given_back_at)"),
    ):
        op.execute(statement)


def add_discounts() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "discounts",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "code",
            sa.Text(collation="C"),
            nullable=False,
            comment="in one spelling, which is the one that is shown, too; in the order of its bytes",
        ),
        sa.Column("title_en", sa.Text()),
        sa.Column("title_ar", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False, comment="percentage, fixed or free_shipping"),
        sa.Column("percentage", sa.Numeric(5, 2)),
        sa.Column("amount", sa.Numeric(12, 3)),
        sa.Column("minimum_subtotal", sa.Numeric(12, 3), comment="what the lines come to at least"),
        sa.Column("starts_at", moment),
        sa.Column("ends_at", moment, comment="from this moment on it is over"),
        sa.Column("is_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("usage_limit", sa.Integer()),
        sa.Column("usage_limit_per_customer", sa.Integer()),
        sa.Column(
            "usage_count",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="its uses that were not given back",
        ),
        sa.Column(
            "version",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="raised by each edit; a stale edit is refused",
        ),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("title_en IS NOT NULL OR title_ar IS NOT NULL", name=op.f("ck_discounts_titled")),
        sa.CheckConstraint(KIND, name=op.f("ck_discounts_kind")),
        sa.CheckConstraint("percentage > 0 AND percentage <= 100", name=op.f("ck_discounts_percentage")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_discounts_amount")),
        sa.CheckConstraint("minimum_subtotal > 0", name=op.f("ck_discounts_minimum_subtotal")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_discounts_window")),
        sa.CheckConstraint("usage_limit_per_customer > 0", name=op.f("ck_discounts_usage_limit_per_customer")),
        sa.CheckConstraint("usage_count BETWEEN 0 AND usage_limit", name=op.f("ck_discounts_usage_limit")),
        sa.CheckConstraint("usage_count >= 0", name=op.f("ck_discounts_usage_count")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_discounts_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_discounts")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_discounts_tenant_id_code")),
        postgresql_with={"fillfactor": "80"},  # room for the count of a code that many use: no index has it
    )
    op.create_index("ix_discounts_tenant_id_created_at", "discounts", ["tenant_id", "created_at", "id"])


def add_discount_uses() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "discount_uses",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("discount_id", sa.UUID(), nullable=False),
        sa.Column(
            "customer_key",
            sa.Text(),
            nullable=False,
            comment="whose use it is: a customer's proven address, or the one that a guest has written",
        ),
        sa.Column("used_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("given_back_at", moment),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_discount_uses_tenant_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_discount_uses_tenant_id_order_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "discount_id"],
            ["discounts.tenant_id", "discounts.id"],
            name=op.f("fk_discount_uses_tenant_id_discount_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", name=op.f("pk_discount_uses")),
    )
    op.create_index(
        "ix_discount_uses_tenant_id_discount_id_customer_key",
        "discount_uses",
        ["tenant_id", "discount_id", "customer_key"],
        postgresql_where=sa.text("given_back_at IS NULL"),
    )


def downgrade() -> None:
    """How often which code was used would be gone."""
    raise NotImplementedError
