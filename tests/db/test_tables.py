"""Walks the catalogue of tables: whoever adds one without its guards is told here."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.security.roles import APP, LOOKUP, OWNER, PLATFORM, connected
from tests.support.databases import TEMPLATE, Databases

EXEMPT = {"alembic_version"}
OUTLIVES_ITS_TENANT = "storefront_changes"
"""The deletion of a tenant is noted there, too."""

UNIQUE_EVERYWHERE = {
    "uq_tenants_slug": "a slug is an address",
    "uq_former_slugs_slug": "likewise, and leads to one tenant",
    "uq_people_email": "one account per address",
    "uq_people_subject": "the provider's name for a person",
    "uq_refresh_tokens_token_hash": "256 random bits, found before the person is known",
    "ix_api_keys_key_hash": "256 random bits, found before the tenant is known",
    "ix_invitations_token_hash": "likewise",
}
SEARCHED_ACROSS = {
    "ix_memberships_person_id": "which tenants a person belongs to, before one is chosen",
    "ix_outbox_due_at": "the claim function looks across tenants for what is due",
    "ix_outbox_jobs_due_at": "likewise",
    "ix_media_assets_unfinished": "the sweep looks across tenants for what was left unfinished",
    "ix_account_outbox_due_at": "likewise, across people",
    "pk_storefront_changes": "each process asks what changed in any tenant since it asked before",
}


@pytest.fixture
async def catalogue(databases: Databases) -> AsyncGenerator[AsyncConnection]:
    """The migrated template, seen by the administrator, whom nothing is hidden from."""
    async with connected(databases.url(TEMPLATE)) as connection:
        yield connection


async def rows(connection: AsyncConnection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await connection.execute(text(query))]


async def test_every_table_has_forced_row_level_security_and_one_policy_for_all(catalogue: AsyncConnection) -> None:
    found = await rows(
        catalogue,
        """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
                  (SELECT count(*) FROM pg_policies p WHERE p.tablename = c.relname AND p.roles = '{public}'
                   AND p.cmd = 'ALL' AND p.qual ~ 'SELECT app_(tenant|person)' AND p.with_check = p.qual)
           FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')""",
    )
    tables = {row[0]: row[1:] for row in found if row[0] not in EXEMPT}
    assert len(tables) >= 20
    operators = tables.pop("operators")
    assert operators == (True, True, OWNER, 0), "only the owner's policy: no scope opens it"
    assert {name: state for name, state in tables.items() if state != (True, True, OWNER, 1)} == {}


async def test_every_key_and_index_begins_with_its_owner(catalogue: AsyncConnection) -> None:
    found = await rows(
        catalogue,
        """SELECT t.relname, i.relname, a.attname, CASE WHEN t.relname IN ('tenants', 'people') THEN 'id'
             WHEN EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = t.oid AND o.attname = 'tenant_id')
             THEN 'tenant_id' ELSE 'person_id' END
           FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
           WHERE t.relnamespace = 'public'::regnamespace""",
    )
    strays = {index for table, index, first, owner in found if table not in EXEMPT and first != owner}
    assert len(found) > 30
    assert strays == set(UNIQUE_EVERYWHERE) | set(SEARCHED_ACROSS)


async def test_every_reference_stays_within_its_tenant(catalogue: AsyncConnection) -> None:
    """Foreign-key checks bypass row-level security: a reference across must be impossible to write down."""
    found = await rows(
        catalogue,
        """SELECT c.conname, t.relname, r.relname,
                  (SELECT array_agg(a.attname::text ORDER BY k.ord) FROM unnest(c.conkey) WITH ORDINALITY AS k(num, ord)
                   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
                  EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.confrelid AND a.attname = 'tenant_id')
           FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
           WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace""",
    )
    # A tenant's own row has the tenant in its `id`.
    begins = {"tenants": "id"}
    loose = [
        row
        for row in found
        if row[4] and (not isinstance(row[3], list) or row[3][0] != begins.get(str(row[1]), "tenant_id"))
    ]
    assert len(found) > 20
    assert loose == []


async def test_every_tenant_table_belongs_to_a_tenant_that_exists(catalogue: AsyncConnection) -> None:
    missing = await rows(
        catalogue,
        """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND (NOT a.attnotnull OR NOT EXISTS (
             SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
             AND k.confrelid = 'tenants'::regclass))""",
    )
    assert missing == [(OUTLIVES_ITS_TENANT,)]


READ_BY_THE_PLATFORM = {
    "account_outbox",
    "account_sends",
    "audit_entries",
    "catalog_item_categories",
    "catalog_item_metadata",
    "catalog_item_tags",
    "catalog_items",
    "catalog_option_values",
    "catalog_options",
    "catalog_variant_metadata",
    "catalog_variants",
    "categories",
    "category_metadata",
    "counters",
    "idempotency_records",
    "memberships",
    "order_lines",
    "orders",
    "outbox",
    "payment_accounts",
    "payments",
    "sends",
    "storefront_changes",
    "tenants",
    "timeline_entries",
    "visits",
}


async def test_operators_read_no_people_and_no_keys_of_tenants(catalogue: AsyncConnection) -> None:
    granted = await rows(
        catalogue,
        f"""SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND has_any_column_privilege('{PLATFORM}', oid, 'SELECT')""",
    )
    policies = await rows(catalogue, f"SELECT DISTINCT tablename FROM pg_policies WHERE '{PLATFORM}' = ANY(roles)")
    assert {table for (table,) in granted} == READ_BY_THE_PLATFORM
    assert {table for (table,) in policies} <= READ_BY_THE_PLATFORM


async def test_definer_functions_are_lookups_with_a_fixed_path(catalogue: AsyncConnection) -> None:
    found = await rows(
        catalogue,
        """SELECT p.proname, pg_get_userbyid(p.proowner), p.proconfig::text,
                  has_function_privilege('public', p.oid, 'EXECUTE') FROM pg_proc p
           WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef""",
    )
    assert len(found) >= 8
    path = '{"search_path=pg_catalog, public, pg_temp"}'
    assert [row for row in found if row[1:] != (LOOKUP, path, False)] == []


async def test_the_application_owns_nothing_and_nothing_is_granted_to_everybody(catalogue: AsyncConnection) -> None:
    owned = await rows(
        catalogue,
        f"""SELECT c.relname FROM pg_class c WHERE pg_get_userbyid(c.relowner) = '{APP}'
            UNION ALL SELECT p.proname FROM pg_proc p WHERE pg_get_userbyid(p.proowner) = '{APP}'""",
    )
    public = await rows(
        catalogue,
        """SELECT table_name FROM information_schema.role_table_grants
           WHERE grantee = 'PUBLIC' AND table_schema = 'public'""",
    )
    truncate = await rows(
        catalogue,
        f"""SELECT table_name FROM information_schema.role_table_grants
            WHERE grantee IN ('{APP}', '{LOOKUP}') AND privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')""",
    )
    assert (owned, public, truncate) == ([], [], [])


async def test_history_cannot_be_rewritten(catalogue: AsyncConnection) -> None:
    granted = await rows(
        catalogue,
        """SELECT table_name, privilege_type FROM information_schema.role_table_grants
           WHERE table_name IN ('timeline_entries', 'audit_entries') AND grantee LIKE 'sadu_%'
           AND grantee <> 'sadu_owner' AND privilege_type IN ('UPDATE', 'DELETE')""",
    )
    assert granted == []
