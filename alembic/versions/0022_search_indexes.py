"""Search indexes outside: which tenants have one, and what of their items is to be told to it.

The triggers stand on `search_documents`, so they see every write that changes what is searched, whoever writes, and no
other. In the same transaction they raise the versions of the items and leave one job for all of them in the outbox.
Versions count by item and under the item's lock: those of a sequence would not be in the order of commits.
"""

import sqlalchemy as sa
from alembic import op

from db.security.policies import closed_tenant_table, definer_function, lookup_reads, lookup_writes, secure
from db.security.roles import LOOKUP, OWNER

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

DOCUMENTS, INDEXES, CHANGES = "search_documents", "search_indexes", "search_changes"

NOTE_CHANGES = f"""
CREATE FUNCTION note_search_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    INSERT INTO {CHANGES} AS kept (tenant_id, item_id, version)
    SELECT tenant_id, item_id, 1 FROM changed
    WHERE EXISTS (SELECT FROM {INDEXES} AS indexed WHERE indexed.tenant_id = changed.tenant_id) ORDER BY item_id
    ON CONFLICT (tenant_id, item_id) DO UPDATE
    SET version = kept.version + 1;
    IF FOUND THEN
        INSERT INTO outbox (tenant_id, id, kind, lane, payload)
        SELECT tenant_id, gen_random_uuid(), 'search.index', 'job', '{{}}' FROM (
            SELECT DISTINCT tenant_id FROM changed
            WHERE EXISTS (SELECT FROM {INDEXES} AS indexed WHERE indexed.tenant_id = changed.tenant_id)) AS told;
    END IF;
    RETURN NULL;
END $body$
"""

TRIGGERS = [
    f"CREATE TRIGGER {DOCUMENTS}_indexed_{event.lower()} AFTER {event} ON {DOCUMENTS} "
    f"REFERENCING {'OLD' if event == 'DELETE' else 'NEW'} TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION note_search_changes()"
    for event in ("INSERT", "UPDATE", "DELETE")
]

# Words as Postgres itself finds them, each as it is written and by its stem behind "~". `lexemes` leaves out the markers
# of categories and tags.
LEXEMES = """
CREATE FUNCTION search_lexemes(words tsvector) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
SELECT coalesce(jsonb_agg(lexeme), '[]') FROM unnest(tsvector_to_array(words)) AS lexeme WHERE lexeme !~ '^[@#]'
$body$
"""

DOCUMENT = f"""
CREATE FUNCTION search_index_document(found {DOCUMENTS}) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $body$
SELECT jsonb_build_object(
    'item', found.item_id, 'status', found.status, 'kind', found.kind, 'price', found.price,
    'availability', found.availability, 'created', (extract(epoch FROM found.created_at) * 1000000)::bigint,
    'name_ar', found.name_ar, 'name_en', found.name_en, 'categories', found.categories, 'tags', found.tags,
    'names', search_lexemes(ts_filter(found.named, '{{a}}')), 'codes', search_lexemes(ts_filter(found.named, '{{b}}')),
    'variants', search_lexemes(ts_filter(found.named, '{{c}}')), 'words', search_lexemes(found.words))
$body$
"""

RETURNED = "TABLE (item_id uuid, version bigint, document jsonb)"
"""Versions and documents of items, a document NULL where the item is gone."""


def reading(items: str) -> str:
    """One statement, one snapshot: the document is the one that the version was given to."""
    return f"""
SELECT chosen.item_id, coalesce(change.version, 0),
    CASE WHEN found.item_id IS NOT NULL THEN search_index_document(found) END
FROM ({items}) AS chosen
LEFT JOIN {CHANGES} AS change ON change.tenant_id = app_tenant() AND change.item_id = chosen.item_id
LEFT JOIN {DOCUMENTS} AS found ON found.tenant_id = app_tenant() AND found.item_id = chosen.item_id
ORDER BY chosen.item_id
"""


PENDING = reading(f"""
SELECT item_id FROM {CHANGES} WHERE tenant_id = app_tenant() AND version > indexed_version ORDER BY item_id LIMIT most
""")

# Also those that are gone: an index without their graves would let a late write bring them back.
EVERYTHING = reading(f"""
(SELECT item_id FROM {DOCUMENTS} WHERE tenant_id = app_tenant() AND item_id > behind ORDER BY item_id LIMIT most)
UNION (SELECT item_id FROM {CHANGES} WHERE tenant_id = app_tenant() AND item_id > behind ORDER BY item_id LIMIT most)
ORDER BY item_id LIMIT most
""")

# Locked in the order in which the triggers lock them.
INDEXED = f"""
WITH locked AS (
    SELECT change.item_id, written.version FROM {CHANGES} AS change
    JOIN unnest(items, versions) AS written (item_id, version) ON change.item_id = written.item_id
    WHERE change.tenant_id = app_tenant() ORDER BY change.item_id FOR UPDATE OF change)
UPDATE {CHANGES} AS change SET indexed_version = locked.version FROM locked
WHERE change.tenant_id = app_tenant() AND change.item_id = locked.item_id AND change.indexed_version < locked.version
"""


def functions() -> list[str]:
    return [
        LEXEMES,
        DOCUMENT,
        *definer_function("search_pending(most integer)", RETURNED, PENDING),
        *definer_function("search_everything(behind uuid, most integer)", RETURNED, EVERYTHING),
        *definer_function("note_search_indexed(items uuid[], versions bigint[])", "void", INDEXED),
        f"SET LOCAL ROLE {LOOKUP}",
        NOTE_CHANGES,
        "REVOKE ALL ON FUNCTION note_search_changes() FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION note_search_changes() TO {OWNER}",
        "RESET ROLE",
    ]


def make_tables() -> None:
    op.create_table(
        INDEXES,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column(
            "name", sa.Text(), nullable=True, comment="the index that answers; until there is one, Postgres does"
        ),
        sa.Column("building", sa.Text(), nullable=True, comment="the index that is being filled to take its place"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{INDEXES}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f(f"pk_{INDEXES}")),
    )
    op.create_table(
        CHANGES,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "indexed_version",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="the last one that the index has surely got",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{CHANGES}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", name=op.f(f"pk_{CHANGES}")),
    )
    op.create_index(
        f"ix_{CHANGES}_tenant_id_pending",
        CHANGES,
        ["tenant_id", "item_id"],
        postgresql_where=sa.text("version > indexed_version"),
    )


def upgrade() -> None:
    make_tables()
    for statement in (
        *closed_tenant_table(INDEXES, app="SELECT, INSERT, UPDATE, DELETE"),
        *secure(CHANGES, "tenant_id", "app_tenant"),
        *lookup_reads(INDEXES, CHANGES),
        *[each for command in ("INSERT", "UPDATE") for each in lookup_writes(CHANGES, command)],
        *lookup_writes("outbox", "INSERT"),
        *functions(),
        *TRIGGERS,
    ):
        op.execute(statement)


def downgrade() -> None:
    """Indexes outside would miss every change."""
    raise NotImplementedError
