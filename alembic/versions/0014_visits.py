"""Visits, and the orders that came of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.security.policies import definer_function, lookup_reads, lookup_writes, tenant_table
from db.security.roles import LOOKUP

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TOUCH = ("source", "medium", "campaign", "term", "content", "referrer", "landing_page")
COMMENTS = {
    "first_source": "utm_source, in lower case",
    "first_medium": "utm_medium, in lower case",
    "first_referrer": "host of another site, never more of its address",
    "first_landing_page": "path within the store",
}
CHANGING = ", ".join(("last_seen_at", "sightings", "last_touch_at", *(f"last_{name}" for name in TOUCH)))
"""How somebody came first stays as it was."""

# A visit ends 30 days behind the last sight of it. A year later it is still there to be compared with. Each tenant's
# index is walked by itself, so that one with many old visits does not keep the others' from being forgotten.
FORGET_VISITS = """
DELETE FROM visits USING (
    SELECT old.tenant_id, old.id FROM tenants CROSS JOIN LATERAL (
        SELECT v.tenant_id, v.id FROM visits AS v
        WHERE v.tenant_id = tenants.id
        AND v.started_at < now() - interval '13 months' - interval '30 days'
        AND v.last_seen_at < now() - interval '13 months' - interval '30 days'
        AND NOT EXISTS (SELECT FROM orders WHERE orders.tenant_id = v.tenant_id AND orders.visit_id = v.id)
        ORDER BY v.started_at LIMIT most_of_one
    ) AS old LIMIT most
) AS forgotten
WHERE visits.tenant_id = forgotten.tenant_id AND visits.id = forgotten.id
"""


def upgrade() -> None:
    add_visits()
    add_visits_of_orders()
    for statement in (
        *tenant_table("visits", app=f"SELECT, INSERT, UPDATE ({CHANGING})"),
        *lookup_reads("visits"),
        *lookup_writes("visits", "DELETE"),
        f"CREATE POLICY orders_lookup_read ON orders FOR SELECT TO {LOOKUP} USING (true)",
        f"GRANT SELECT (tenant_id, visit_id) ON orders TO {LOOKUP}",
        *definer_function("forget_visits(most_of_one integer, most integer)", "void", FORGET_VISITS),
    ):
        op.execute(statement)


def add_visits() -> None:
    op.create_table(
        "visits",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sightings", sa.Integer(), server_default="1", nullable=False, comment="how often it was recorded"),
        *[touch_column(f"first_{name}") for name in TOUCH],
        sa.Column("last_touch_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *[touch_column(f"last_{name}") for name in TOUCH],
        sa.CheckConstraint("sightings > 0", name=op.f("ck_visits_sightings")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_visits_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_visits")),
        postgresql_with={"fillfactor": "90"},  # room for what is written at every further sight: no index has it
    )
    op.create_index("ix_visits_tenant_id_started_at", "visits", ["tenant_id", "started_at", "id"])
    for name in ("last_source", "last_campaign"):
        op.create_index(
            f"ix_visits_tenant_id_{name}_started_at",
            "visits",
            ["tenant_id", name, "started_at", "id"],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )


def touch_column(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=True, comment=COMMENTS.get(name))


def add_visits_of_orders() -> None:
    op.add_column("orders", sa.Column("visit_id", sa.UUID(), comment="how the shopper came, where that is known"))
    op.add_column(
        "orders",
        sa.Column("visit_touch", postgresql.JSONB(), comment="the visit's last touch when the order was placed"),
    )
    # No order has a visit yet: there is nothing to be checked or to be indexed that writers would have to wait for.
    op.create_foreign_key(
        op.f("fk_orders_tenant_id_visit_id"), "orders", "visits", ["tenant_id", "visit_id"], ["tenant_id", "id"]
    )
    op.create_index(
        "ix_orders_tenant_id_visit_id",
        "orders",
        ["tenant_id", "visit_id"],
        postgresql_where=sa.text("visit_id IS NOT NULL"),
    )


def downgrade() -> None:
    """What shoppers were told is theirs would be gone."""
    raise NotImplementedError
