"""Refunds, what they are for, and what has to be looked for when books are compared."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from db.security.policies import closed_tenant_table

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

IN_DOUBT = """status <> 'succeeded'
    OR provider_status <> 'succeeded'
    OR provider_amount <> amount"""
UNBALANCED = """status = 'paid' AND (
    amount_paid <> amount AND amount_paid - amount_refunded <> amount AND amount_refunded < amount_paid
    OR provider_status <> 'paid'
    OR provider_amount <> amount_paid
    OR return_reason IS NOT NULL AND amount_refunded < amount_paid)"""


def owned(table: str) -> list[sa.Column[Any] | sa.Constraint]:
    return [
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    ]


def within(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    add_refunds()
    add_lines()
    add_providers_word()
    add_mismatches()
    for statement in (
        *closed_tenant_table("refunds", app="SELECT, INSERT, UPDATE"),
        *closed_tenant_table("refund_lines", app="SELECT, INSERT, UPDATE (restocked)"),
    ):
        op.execute(statement)


def add_refunds() -> None:
    op.create_table(
        "refunds",
        *owned("refunds"),
        within("refunds", "order_id", "orders"),
        within("refunds", "payment_id", "payments"),
        sa.UniqueConstraint(
            "tenant_id", "payment_id", "reference", name=op.f("uq_refunds_tenant_id_payment_id_reference")
        ),
        sa.CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name=op.f("ck_refunds_status")),
        sa.CheckConstraint("origin IN ('staff', 'cancellation', 'return', 'provider')", name=op.f("ck_refunds_origin")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint("shipping >= 0", name=op.f("ck_refunds_shipping")),
        sa.CheckConstraint("(status = 'pending') = (settled_at IS NULL)", name=op.f("ck_refunds_settled_at")),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("payment_id", sa.UUID(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("amount", sa.Numeric(12, 3), nullable=False),
        sa.Column(
            "shipping",
            sa.Numeric(12, 3),
            server_default="0",
            nullable=False,
            comment="as much of it is for the shipping",
        ),
        sa.Column(
            "parts",
            sa.Numeric(12, 3),
            comment="of lines and shipping, before it was rounded to what the provider can pay; "
            "null for any other amount",
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("reference", sa.Text(), comment="the provider's name of it, or what staff have noted"),
        sa.Column("failure", sa.Text(), comment="the code of what went wrong last"),
        sa.Column("provider_status", sa.Text(), comment="what the provider said of it last"),
        sa.Column("provider_amount", sa.Numeric(12, 3)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        moment("created_at"),
        moment("updated_at"),
    )
    for name, columns, condition in (
        ("ix_refunds_tenant_id_order_id", ["tenant_id", "order_id", "id"], None),
        ("ix_refunds_tenant_id_payment_id", ["tenant_id", "payment_id", "id"], None),
        ("ix_refunds_tenant_id_created_at_in_doubt", ["tenant_id", "created_at", "id"], IN_DOUBT),
        ("ix_refunds_tenant_id_created_at_made_there", ["tenant_id", "created_at", "id"], "origin = 'provider'"),
    ):
        op.create_index(name, "refunds", columns, postgresql_where=sa.text(condition) if condition else None)


def add_lines() -> None:
    op.create_table(
        "refund_lines",
        *owned("refund_lines"),
        within("refund_lines", "refund_id", "refunds"),
        within("refund_lines", "order_line_id", "order_lines"),
        sa.UniqueConstraint(
            "tenant_id", "refund_id", "order_line_id", name=op.f("uq_refund_lines_tenant_id_refund_id_order_line_id")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_refund_lines_quantity")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_refund_lines_amount")),
        sa.CheckConstraint("restocked BETWEEN 0 AND quantity", name=op.f("ck_refund_lines_restocked")),
        sa.Column("refund_id", sa.UUID(), nullable=False),
        sa.Column("order_line_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 3), nullable=False),
        sa.Column(
            "restocks",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="whether they are to be sold again",
        ),
        sa.Column(
            "restocked",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="so many of them were given back to the stock",
        ),
    )
    op.create_index("ix_refund_lines_tenant_id_order_line_id", "refund_lines", ["tenant_id", "order_line_id"])


def add_providers_word() -> None:
    op.add_column("payments", sa.Column("provider_status", sa.Text(), comment="what the provider said of it last"))
    op.add_column(
        "payments", sa.Column("provider_amount", sa.Numeric(12, 3), comment="what it said last that was paid")
    )


def add_mismatches() -> None:
    """Rows that somebody may have to look at, few among many."""
    for name, table, column, condition in (
        (
            "ix_orders_tenant_id_placed_at_gone",
            "orders",
            "placed_at",
            "status = 'cancelled' AND payment_status IN ('paid', 'partially_refunded')",
        ),
        ("ix_payments_tenant_id_created_at_unbalanced", "payments", "created_at", UNBALANCED),
        ("ix_payments_tenant_id_created_at_open", "payments", "created_at", "status IN ('pending', 'authorised')"),
        ("ix_payment_events_tenant_id_received_at_waiting", "payment_events", "received_at", "applied_at IS NULL"),
    ):
        op.create_index(name, table, ["tenant_id", column, "id"], postgresql_where=sa.text(condition))


def downgrade() -> None:
    """Money that was given back would be given back again."""
    raise NotImplementedError
