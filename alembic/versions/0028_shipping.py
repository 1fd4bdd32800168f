"""Shipping zones with their places and rates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.security.policies import closed_tenant_table

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

ESTIMATE = (
    "0 <= estimate_min_days AND estimate_min_days <= estimate_max_days "
    "OR num_nonnulls(estimate_min_days, estimate_max_days) = 0"
)
NAMED = "name_en IS NOT NULL OR name_ar IS NOT NULL"


def upgrade() -> None:
    add_zones()
    add_places()
    add_rates()
    for statement in (
        *closed_tenant_table("shipping_zones", app="SELECT, INSERT, UPDATE, DELETE"),
        *closed_tenant_table("shipping_zone_places", app="SELECT, INSERT, DELETE"),
        *closed_tenant_table("shipping_rates", app="SELECT, INSERT, UPDATE, DELETE"),
    ):
        op.execute(statement)


def add_zones() -> None:
    op.create_table(
        "shipping_zones",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("name_ar", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("countries", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("governorates", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "areas",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="governorate, en and ar of each",
        ),
        sa.Column("is_everywhere_else", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="raised by each edit; a stale edit is refused",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(NAMED, name=op.f("ck_shipping_zones_named")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_shipping_zones_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shipping_zones")),
    )
    op.create_index("ix_shipping_zones_tenant_id_position", "shipping_zones", ["tenant_id", "position", "id"])


def add_places() -> None:
    op.create_table(
        "shipping_zone_places",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="as `domain.shipping_places` writes it"),
        sa.Column("zone_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_shipping_zone_places_tenant_id")),
        within_zone("shipping_zone_places"),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_shipping_zone_places")),
    )
    op.create_index("ix_shipping_zone_places_tenant_id_zone_id", "shipping_zone_places", ["tenant_id", "zone_id"])


def add_rates() -> None:
    op.create_table(
        "shipping_rates",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("zone_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False, comment="as `domain.shipping_providers` names it"),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("name_ar", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(12, 3), nullable=False),
        sa.Column("free_above", sa.Numeric(12, 3), nullable=True),
        sa.Column("estimate_min_days", sa.Integer(), nullable=True),
        sa.Column("estimate_max_days", sa.Integer(), nullable=True),
        sa.Column("instructions_en", sa.Text(), nullable=True),
        sa.Column("instructions_ar", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(NAMED, name=op.f("ck_shipping_rates_named")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_shipping_rates_price")),
        sa.CheckConstraint("free_above >= 0", name=op.f("ck_shipping_rates_free_above")),
        sa.CheckConstraint(ESTIMATE, name=op.f("ck_shipping_rates_estimate")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_shipping_rates_tenant_id")),
        within_zone("shipping_rates"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shipping_rates")),
    )
    op.create_index(
        "ix_shipping_rates_tenant_id_zone_id_position", "shipping_rates", ["tenant_id", "zone_id", "position"]
    )


def within_zone(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "zone_id"],
        ["shipping_zones.tenant_id", "shipping_zones.id"],
        name=op.f(f"fk_{table}_tenant_id_zone_id"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    for table in ("shipping_rates", "shipping_zone_places", "shipping_zones"):
        op.drop_table(table)
