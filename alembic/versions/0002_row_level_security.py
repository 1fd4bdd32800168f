"""Row-level security on every table, and what each login may do."""

from alembic import op

from db.security.policies import (
    SCOPE_FUNCTIONS,
    lookup_reads,
    lookup_writes,
    person_table,
    platform_reads,
    platform_writes,
    tenant_table,
)
from db.security.roles import APP, OWNER, PLATFORM

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = {
    "memberships": "SELECT, INSERT, UPDATE, DELETE",
    "categories": "SELECT, INSERT, UPDATE, DELETE",
    "catalog_items": "SELECT, INSERT, UPDATE",
    "catalog_item_categories": "SELECT, INSERT, DELETE",
    "catalog_variants": "SELECT, INSERT, UPDATE",
    "orders": "SELECT, INSERT, UPDATE",
    "order_lines": "SELECT, INSERT, UPDATE",
    "counters": "SELECT, INSERT, UPDATE",
    "idempotency_records": "SELECT, INSERT, UPDATE",
    "outbox": "SELECT, INSERT, UPDATE",
    "sends": "SELECT, INSERT, UPDATE",
    # History is written once: no login that serves requests may rewrite it.
    "timeline_entries": "SELECT, INSERT",
    "audit_entries": "SELECT, INSERT",
}

PERSON_TABLES = {
    "sessions": "SELECT, INSERT, UPDATE",
    "refresh_tokens": "SELECT, INSERT, UPDATE",
    "email_codes": "SELECT, INSERT, UPDATE",
    "account_outbox": "SELECT, INSERT, UPDATE",
    "account_sends": "SELECT, INSERT, UPDATE",
    "credentials": "",
}


def statements() -> list[str]:
    return [
        *SCOPE_FUNCTIONS,
        *tenant_table("tenants", app="SELECT, INSERT, UPDATE", column="id"),
        *[statement for table, app in TENANT_TABLES.items() for statement in tenant_table(table, app=app)],
        *person_table("people", app="SELECT, INSERT, UPDATE", column="id"),
        *[statement for table, app in PERSON_TABLES.items() for statement in person_table(table, app=app)],
        *operators(),
        *platform_writes("tenants", "UPDATE"),
        *platform_writes("audit_entries", "INSERT"),
        *platform_reads("account_outbox", "account_sends"),
        *lookup_reads("tenants", "memberships", "people", "credentials", "sessions", "refresh_tokens", "operators"),
        *lookup_reads("outbox", "account_outbox"),
        *lookup_writes("outbox", "UPDATE"),
        *lookup_writes("account_outbox", "UPDATE"),
        *lookup_writes("credentials", "INSERT"),
        *lookup_writes("credentials", "UPDATE"),
        # `tenants` has one: an application that could write `status` could lift its own suspension.
        f"REVOKE INSERT, UPDATE ON tenants FROM {APP}",
        f"GRANT INSERT (id, slug, name_en, name_ar, contact_email, contact_phone, brand_primary, brand_secondary, "
        f"locale, time_zone, currency) ON tenants TO {APP}",
        f"GRANT UPDATE (slug, name_en, name_ar, contact_email, contact_phone, brand_primary, brand_secondary, "
        f"locale, time_zone, currency, updated_at) ON tenants TO {APP}",
        f"REVOKE UPDATE ON tenants FROM {PLATFORM}",
        f"GRANT UPDATE (status, updated_at) ON tenants TO {PLATFORM}",
    ]


def operators() -> list[str]:
    """The list of operators is written by the owner alone, from the command line."""
    return [
        "ALTER TABLE operators ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE operators FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY operators_owner ON operators TO {OWNER} USING (true) WITH CHECK (true)",
    ]


def upgrade() -> None:
    for statement in statements():
        op.execute(statement)


def downgrade() -> None:
    """Row-level security is never taken away."""
    raise NotImplementedError
