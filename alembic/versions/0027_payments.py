"""Ways of paying, payments, what providers said of them; and the mock gateway's own books."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.security.policies import closed_tenant_table, tenant_table

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

STILL_OPEN = "status IN ('pending', 'authorised')"


def owned(table: str, *constraints: sa.Constraint) -> list[sa.Column[Any] | sa.Constraint]:
    """What each of these tables begins with, and what holds it to its tenant."""
    return [
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
        *constraints,
    ]


def moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def within(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    add_accounts()
    add_payments()
    add_transactions()
    add_events()
    add_mock_gateway()
    for statement in (
        *tenant_table("payment_accounts", app="SELECT, INSERT, UPDATE, DELETE"),
        *tenant_table("payments", app="SELECT, INSERT, UPDATE"),
        # What a provider said may name people: it is the tenant's alone, and is written once.
        *closed_tenant_table("payment_transactions", app="SELECT, INSERT"),
        *closed_tenant_table("payment_events", app="SELECT, INSERT, UPDATE (applied_at)"),
        *closed_tenant_table("mock_charges", app="SELECT, INSERT, UPDATE"),
        *closed_tenant_table("mock_refunds", app="SELECT, INSERT"),
    ):
        op.execute(statement)


def add_accounts() -> None:
    op.create_table(
        "payment_accounts",
        *owned(
            "payment_accounts",
            sa.UniqueConstraint("tenant_id", "provider", name=op.f("uq_payment_accounts_tenant_id_provider")),
            sa.CheckConstraint("hold_minutes > 0", name=op.f("ck_payment_accounts_hold_minutes")),
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        *[sa.Column(name, sa.Text()) for name in ("name_en", "name_ar", "instructions_en", "instructions_ar")],
        sa.Column("payment_link", sa.Text()),
        sa.Column("hold_minutes", sa.Integer(), comment="how long stock waits for the money; null for the usual"),
        sa.Column(
            "credentials_set",
            postgresql.JSONB(),
            server_default="{}",
            nullable=False,
            comment="names of what is in the secret store, and when each was put there",
        ),
        moment("created_at"),
        moment("updated_at"),
    )


def add_payments() -> None:
    op.create_table(
        "payments",
        *owned(
            "payments",
            within("payments", "order_id", "orders"),
            sa.UniqueConstraint(
                "tenant_id", "provider", "reference", name=op.f("uq_payments_tenant_id_provider_reference")
            ),
            sa.CheckConstraint(
                "status IN ('pending', 'authorised', 'paid', 'failed', 'cancelled')", name=op.f("ck_payments_status")
            ),
            *[
                sa.CheckConstraint(f"{name} >= 0", name=op.f(f"ck_payments_{name}"))
                for name in ("amount", "amount_paid", "amount_refunded")
            ],
            sa.CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_payments_paid_at")),
        ),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("amount", sa.Numeric(12, 3), nullable=False),
        sa.Column("amount_paid", sa.Numeric(12, 3), server_default="0", nullable=False),
        sa.Column(
            "amount_refunded",
            sa.Numeric(12, 3),
            server_default="0",
            nullable=False,
            comment="as far as the provider has said",
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), comment="the provider's name of the charge; null until it answered"),
        sa.Column("redirect_url", sa.Text(), comment="where the shopper pays"),
        sa.Column("return_url", sa.Text()),
        sa.Column("failure", sa.Text(), comment="the provider's code"),
        sa.Column("return_reason", sa.Text(), comment="why all of it is given back without anybody's asking"),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="when the stock is given back"),
        sa.Column("checked_at", sa.DateTime(timezone=True), comment="the provider was last asked at this moment"),
        moment("paid_at", nullable=True),
        moment("created_at"),
        moment("updated_at"),
    )
    op.create_index("ix_payments_tenant_id_order_id", "payments", ["tenant_id", "order_id", "id"])
    op.create_index(
        "ix_payments_tenant_id_order_id_open",
        "payments",
        ["tenant_id", "order_id"],
        unique=True,
        postgresql_where=sa.text(STILL_OPEN),
    )


def add_transactions() -> None:
    op.create_table(
        "payment_transactions",
        *owned("payment_transactions", within("payment_transactions", "payment_id", "payments")),
        sa.Column("payment_id", sa.UUID(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Text(),
            nullable=False,
            comment="what was made of it, such as the status, or why it went wrong",
        ),
        sa.Column("request", postgresql.JSONB(), nullable=False),
        sa.Column("response", postgresql.JSONB(), comment="null: nothing came back"),
        sa.Column("http_status", sa.Integer()),
        sa.Column("milliseconds", sa.Integer(), server_default="0", nullable=False),
        moment("created_at"),
    )
    op.create_index(
        "ix_payment_transactions_tenant_id_payment_id", "payment_transactions", ["tenant_id", "payment_id", "id"]
    )


def add_events() -> None:
    op.create_table(
        "payment_events",
        *owned(
            "payment_events",
            sa.UniqueConstraint(
                "tenant_id", "provider", "event_id", name=op.f("uq_payment_events_tenant_id_provider_event_id")
            ),
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False, comment="the provider's, unique"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("payment_id", sa.UUID(), comment="as the message names it: it may be nobody's"),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        moment("received_at"),
        moment("applied_at", nullable=True),
    )


def add_mock_gateway() -> None:
    op.create_table(
        "mock_charges",
        *owned(
            "mock_charges",
            sa.UniqueConstraint("tenant_id", "idempotency_key", name=op.f("uq_mock_charges_tenant_id_idempotency_key")),
            sa.UniqueConstraint("tenant_id", "token", name=op.f("uq_mock_charges_tenant_id_token")),
            sa.CheckConstraint(
                "status IN ('open', 'paid', 'failed', 'cancelled')", name=op.f("ck_mock_charges_status")
            ),
        ),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("amount", sa.Numeric(12, 3), nullable=False),
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("currency", "order_number", "locale", "return_url")],
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        moment("created_at"),
        moment("updated_at"),
    )
    op.create_table(
        "mock_refunds",
        *owned(
            "mock_refunds",
            within("mock_refunds", "charge_id", "mock_charges"),
            sa.UniqueConstraint("tenant_id", "idempotency_key", name=op.f("uq_mock_refunds_tenant_id_idempotency_key")),
        ),
        sa.Column("charge_id", sa.UUID(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("refund_id", sa.UUID(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 3), nullable=False),
        moment("created_at"),
        moment("updated_at"),
    )
    op.create_index("ix_mock_refunds_tenant_id_charge_id", "mock_refunds", ["tenant_id", "charge_id", "id"])


def downgrade() -> None:
    """Money that was taken would be nobody's."""
    raise NotImplementedError
