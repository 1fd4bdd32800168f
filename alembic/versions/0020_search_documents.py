"""What is searched: a document for each item and the words of each tenant, kept by triggers, whoever writes.

Triggers note which items a transaction has changed; when it commits, their documents are made anew, all at once. So a
document is never older than what was committed, and an import makes each once. Documents are locked in the order of
items, words in their own, and by then nothing else: whatever order a transaction writes in, two never wait in a circle.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.models.storefront import Xid8
from db.security.policies import lookup_reads, lookup_writes, secure
from db.security.roles import LOOKUP, OWNER

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

DOCUMENTS, STALE, VOCABULARY = "search_documents", "search_stale_items", "search_vocabulary"
COLUMNS = "tenant_id, item_id, status, kind, price, availability, created_at, name_ar, name_en, categories, tags, named, words"

# In the order in which whoever makes an item writes them: see 0008.
LOCKS = [
    f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"
    for table in ("catalog_items", "catalog_variants", "catalog_item_categories", "catalog_item_tags")
]

# An item is as available as its best variant, and costs what its cheapest does. Of names and codes the words stand in
# the row, ranked by weight. All words, and markers of categories and tags, are for the index: their column is wide, and
# lies outside the row.
DOCUMENTS_OF = """
CREATE FUNCTION search_documents_of(tenant uuid, items uuid[]) RETURNS SETOF search_documents LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $body$
SELECT item.tenant_id, item.id, item.status, item.kind, offer.price, offer.availability, item.created_at,
    left(search_plain(coalesce(item.name_ar, item.name_en)), 200),
    left(search_plain(coalesce(item.name_en, item.name_ar)), 200),
    place.categories, tag.keys, word.named,
    word.named || search_vector(item.description_en, 'D') || search_vector(item.description_ar, 'D')
        || array_to_tsvector(place.markers || tag.markers)
FROM catalog_items AS item
CROSS JOIN LATERAL (
    SELECT coalesce(min(price_minor), 0) AS price,
        coalesce(max(CASE WHEN stock IS NULL OR stock > 5 THEN 2 WHEN stock > 0 THEN 1 ELSE 0 END), 0)
            AS availability,
        string_agg(concat_ws(' ', name_en, name_ar), ' ') AS names, string_agg(concat_ws(' ', sku, barcode), ' ') AS codes
    FROM catalog_variants WHERE tenant_id = item.tenant_id AND item_id = item.id AND archived_at IS NULL) AS offer
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(category_id ORDER BY category_id), '{}') AS categories,
        coalesce(array_agg('@' || category_id), '{}') AS markers
    FROM catalog_item_categories WHERE tenant_id = item.tenant_id AND item_id = item.id) AS place
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(key ORDER BY key), '{}') AS keys, coalesce(array_agg('#' || md5(key)), '{}') AS markers,
        string_agg(tag, ' ') AS words
    FROM catalog_item_tags WHERE tenant_id = item.tenant_id AND item_id = item.id) AS tag
CROSS JOIN LATERAL (
    SELECT search_vector(item.name_en, 'A') || search_vector(item.name_ar, 'A') || search_vector(offer.codes, 'B')
        || search_vector(tag.words, 'C') || search_vector(offer.names, 'C') AS named) AS word
WHERE item.tenant_id = tenant AND item.id = ANY (items)
$body$
"""

# Each statement of a function sees what was committed until then: so the documents are locked first, and what is read
# behind the locks is what their last writer has left.
REFRESH = f"""
CREATE FUNCTION refresh_search() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $body$
DECLARE
    changed uuid[];
BEGIN
    WITH noted AS (
        DELETE FROM {STALE} WHERE tenant_id = NEW.tenant_id AND transaction = pg_current_xact_id() RETURNING item_id)
    SELECT array_agg(item_id) INTO changed FROM noted;
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM {DOCUMENTS} WHERE tenant_id = NEW.tenant_id AND item_id = ANY (changed) ORDER BY item_id FOR UPDATE;
    INSERT INTO {DOCUMENTS} AS kept ({COLUMNS})
    SELECT {COLUMNS} FROM search_documents_of(NEW.tenant_id, changed) ORDER BY item_id
    ON CONFLICT (tenant_id, item_id) DO UPDATE SET
        status = excluded.status, kind = excluded.kind, price = excluded.price, availability = excluded.availability,
        created_at = excluded.created_at, name_ar = excluded.name_ar, name_en = excluded.name_en,
        categories = excluded.categories, tags = excluded.tags, named = excluded.named, words = excluded.words
    WHERE kept.* IS DISTINCT FROM excluded.*;
    INSERT INTO {VOCABULARY} (tenant_id, word, sound)
    SELECT NEW.tenant_id, word, search_sound(word) FROM (
        SELECT DISTINCT lexeme AS word FROM {DOCUMENTS} AS written CROSS JOIN LATERAL unnest(written.named)
        WHERE written.tenant_id = NEW.tenant_id AND written.item_id = ANY (changed)
        AND lexeme ~ '^[^~0-9]..' AND weights && '{{A,C}}') AS found
    WHERE NOT EXISTS (SELECT FROM {VOCABULARY} AS known WHERE known.tenant_id = NEW.tenant_id AND known.word = found.word)
    ORDER BY word ON CONFLICT DO NOTHING;
    RETURN NULL;
END $body$
"""

NOTE_ITEM = f"""
CREATE FUNCTION note_stale_item() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    IF TG_TABLE_NAME = 'catalog_items' THEN
        INSERT INTO {STALE} (tenant_id, item_id) VALUES (NEW.tenant_id, NEW.id) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO {STALE} (tenant_id, item_id) VALUES (OLD.tenant_id, OLD.item_id) ON CONFLICT DO NOTHING;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO {STALE} (tenant_id, item_id) VALUES (NEW.tenant_id, NEW.item_id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $body$
"""

# Which writes change a document is decided by WHEN: a sale within one bucket of stock calls nothing.
AVAILABILITY = "CASE WHEN {0}.stock IS NULL OR {0}.stock > 5 THEN 2 WHEN {0}.stock > 0 THEN 1 ELSE 0 END"
SEARCHED = {
    "catalog_items": "status kind created_at name_en name_ar description_en description_ar",
    "catalog_variants": "item_id price sku barcode name_en name_ar archived_at",
    "catalog_item_categories": "item_id category_id",
    "catalog_item_tags": "item_id key tag",
}
"""The columns that documents are made of."""


def triggers() -> list[str]:
    made: list[str] = []
    for table, columns in SEARCHED.items():
        changed = [f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns.split()]
        if table == "catalog_variants":
            changed.append(f"{AVAILABILITY.format('OLD')} <> {AVAILABILITY.format('NEW')}")
        events = {"INSERT": "", "UPDATE": f"WHEN ({' OR '.join(changed)}) "}
        if table != "catalog_items":  # which takes its document with it
            events["DELETE"] = ""
        made += [
            f"CREATE TRIGGER {table}_search_{event.lower()} AFTER {event} ON {table} "
            f"FOR EACH ROW {condition}EXECUTE FUNCTION note_stale_item()"
            for event, condition in events.items()
        ]
    return [
        *made,
        f"CREATE CONSTRAINT TRIGGER {STALE}_refresh AFTER INSERT ON {STALE} DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION refresh_search()",
    ]


def lookups_rights() -> list[str]:
    """What the definer functions read and write, whoever calls them."""
    read = [*SEARCHED, "categories", DOCUMENTS, STALE, VOCABULARY]
    written = {DOCUMENTS: "INSERT UPDATE DELETE", STALE: "INSERT DELETE", VOCABULARY: "INSERT"}
    return [
        *lookup_reads(*read),
        *[
            statement
            for table, verbs in written.items()
            for verb in verbs.split()
            for statement in lookup_writes(table, verb)
        ],
    ]


def functions() -> list[str]:
    return [
        DOCUMENTS_OF,
        f"SET LOCAL ROLE {LOOKUP}",
        REFRESH,
        NOTE_ITEM,
        "REVOKE ALL ON FUNCTION refresh_search(), note_stale_item() FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION refresh_search(), note_stale_item() TO {OWNER}",
        "RESET ROLE",
    ]


# By the triggers' own way, and under the role that they run as: the owner sees no row.
BACKFILL = [
    f"SET LOCAL ROLE {LOOKUP}",
    f"INSERT INTO {STALE} (tenant_id, item_id) SELECT tenant_id, id FROM catalog_items",
    "SET CONSTRAINTS ALL IMMEDIATE",
    "SET CONSTRAINTS ALL DEFERRED",
    "RESET ROLE",
]


def make_documents() -> None:
    op.create_table(
        DOCUMENTS,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False, comment="the lowest of its variants, in thousandths"),
        sa.Column("availability", sa.Integer(), nullable=False, comment="2 in stock, 1 few left, 0 sold out"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "name_ar",
            sa.Text(collation="C"),
            nullable=False,
            comment="the Arabic name in plain letters, else the other",
        ),
        sa.Column(
            "name_en",
            sa.Text(collation="C"),
            nullable=False,
            comment="the English name in plain letters, else the other",
        ),
        sa.Column("categories", sa.ARRAY(sa.UUID()), nullable=False, comment="those it stands in, not those above"),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False, comment="keys of its tags"),
        sa.Column("named", postgresql.TSVECTOR(), nullable=False, comment="words of names and codes, for ranking"),
        sa.Column(
            "words", postgresql.TSVECTOR(), nullable=False, comment="every word, and markers of categories and tags"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["catalog_items.tenant_id", "catalog_items.id"],
            name=op.f(f"fk_{DOCUMENTS}_tenant_id_item_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{DOCUMENTS}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", name=op.f(f"pk_{DOCUMENTS}")),
    )
    for column in ("created_at", "price", "name_ar", "name_en"):
        name = f"ix_{DOCUMENTS}_tenant_id_status_{column}"
        op.create_index(name, DOCUMENTS, ["tenant_id", "status", column, "item_id"])
    op.create_index(f"ix_{DOCUMENTS}_tenant_id_words", DOCUMENTS, ["tenant_id", "words"], postgresql_using="gin")


def make_vocabulary() -> None:
    op.create_table(
        VOCABULARY,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "sound",
            sa.Text(),
            nullable=False,
            comment="the word in Latin letters, one for those that are mistaken for each other",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{VOCABULARY}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "word", name=op.f(f"pk_{VOCABULARY}")),
    )
    op.create_index(
        f"ix_{VOCABULARY}_tenant_id_sound",
        VOCABULARY,
        ["tenant_id", "sound"],
        postgresql_using="gin",
        postgresql_ops={"sound": "gin_trgm_ops"},
    )


def make_stale_items() -> None:
    op.create_table(
        STALE,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("transaction", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{STALE}_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "transaction", "item_id", name=op.f(f"pk_{STALE}")),
    )


def upgrade() -> None:
    for statement in LOCKS:
        op.execute(statement)
    make_documents()
    make_vocabulary()
    make_stale_items()
    guards = [guard for table in (DOCUMENTS, STALE, VOCABULARY) for guard in secure(table, "tenant_id", "app_tenant")]
    for statement in (*guards, *lookups_rights(), *functions(), *triggers(), *BACKFILL):
        op.execute(statement)


def downgrade() -> None:
    """Searches read the documents."""
    raise NotImplementedError
