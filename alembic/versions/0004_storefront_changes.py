"""What shoppers see has changed: noted per tenant by triggers, so that no writer can forget it."""

import sqlalchemy as sa
from alembic import op

from db.models.storefront import Xid8
from db.security.policies import definer_function, lookup_reads, lookup_writes, platform_writes, tenant_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ANY_CHANGE = "OLD.* IS DISTINCT FROM NEW.*"

SHOWN = {
    "tenants": ANY_CHANGE,
    "categories": ANY_CHANGE,
    "catalog_items": ANY_CHANGE,
    "catalog_item_categories": ANY_CHANGE,
}
"""Tables that the storefront shows, and which of their updates shoppers can notice."""


def availability(row: str) -> str:
    """The bucket of a stock, as `domain.catalog.availability` has it."""
    return (
        f"CASE WHEN {row}.stock IS NULL OR {row}.stock > 5 THEN 'in_stock' "
        f"WHEN {row}.stock > 0 THEN 'few_left' ELSE 'sold_out' END"
    )


# Orders write nothing of a variant but these two columns, and shoppers learn the bucket alone: a sale within it must
# not empty the cache. Said as "everything but", so that a column added later counts without anyone thinking of it.
SHOWN["catalog_variants"] = (
    f"{availability('OLD')} <> {availability('NEW')} OR "
    "to_jsonb(OLD) - '{stock,updated_at}'::text[] <> to_jsonb(NEW) - '{stock,updated_at}'::text[]"
)

# Insert-only, and a transaction's key is its own: nobody ever waits here for anybody. One row per tenant that is updated
# instead would make all orders and edits of a tenant queue for it, and wait in circles with their other locks.
NOTE_CHANGE = """
CREATE FUNCTION note_storefront_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    IF TG_TABLE_NAME = 'tenants' THEN
        INSERT INTO storefront_changes (tenant_id)
        SELECT changed FROM unnest(ARRAY[OLD.id, NEW.id]) AS changed WHERE changed IS NOT NULL
        ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO storefront_changes (tenant_id)
        SELECT changed FROM unnest(ARRAY[OLD.tenant_id, NEW.tenant_id]) AS changed WHERE changed IS NOT NULL
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $body$
"""

# `since` is the snapshot of the caller's previous call, the answer's `seen` the one for its next. A row is new if it was
# not visible in the one and is in the other, so each is found exactly once, in whatever order transactions commit: one
# with a low number that commits late is listed as running in every snapshot until then. Below a snapshot's xmin nothing
# was running; that bounds the index scan. Numbers alone would miss late commits, moments would as well.
FIND_CHANGES = """
SELECT pg_current_snapshot()::text, clock_timestamp(), pg_postmaster_start_time(), changes.tenant_id
FROM (VALUES (1)) AS one(row) LEFT JOIN storefront_changes AS changes
ON changes.transaction >= pg_snapshot_xmin(since::pg_snapshot)
AND NOT pg_visible_in_snapshot(changes.transaction, since::pg_snapshot)
"""

# The age of a row says nothing: its transaction may have been open for hours and have committed just now, read by
# nobody yet. But a row that is an hour old knows a number below which everything had ended already when it was written.
FORGET_CHANGES = """
DELETE FROM storefront_changes WHERE transaction < (
    SELECT oldest_running FROM storefront_changes WHERE created_at < now() - interval '1 hour'
    ORDER BY oldest_running DESC LIMIT 1)
"""


def triggers(table: str, noticeable: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_storefront_change AFTER INSERT OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION note_storefront_change()",
        f"CREATE TRIGGER {table}_storefront_update AFTER UPDATE ON {table} "
        f"FOR EACH ROW WHEN ({noticeable}) EXECUTE FUNCTION note_storefront_change()",
    ]


def statements() -> list[str]:
    return [
        *tenant_table("storefront_changes", app="SELECT, INSERT"),
        *platform_writes("storefront_changes", "INSERT"),
        *lookup_reads("storefront_changes"),
        *lookup_writes("storefront_changes", "DELETE"),
        NOTE_CHANGE,
        "REVOKE ALL ON FUNCTION note_storefront_change() FROM PUBLIC",
        *[statement for table, noticeable in SHOWN.items() for statement in triggers(table, noticeable)],
        *definer_function(
            "find_storefront_changes(since text)",
            "TABLE (seen text, moment timestamptz, server_started timestamptz, tenant_id uuid)",
            FIND_CHANGES,
        ),
        *definer_function("forget_storefront_changes()", "void", FORGET_CHANGES),
    ]


def upgrade() -> None:
    op.create_table(
        "storefront_changes",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("transaction", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column(
            "oldest_running",
            Xid8(),
            server_default=sa.text("pg_snapshot_xmin(pg_current_snapshot())"),
            nullable=False,
            comment="every transaction below had ended when this was written",
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("transaction", "tenant_id", name=op.f("pk_storefront_changes")),
    )
    for statement in statements():
        op.execute(statement)


def downgrade() -> None:
    """Without the changes no cached answer could be trusted."""
    raise NotImplementedError
