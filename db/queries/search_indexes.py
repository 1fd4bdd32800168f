"""The statements about search indexes outside: what is to be told to them, and whether they answer."""

from db.rows import Statement

PENDING = Statement("SELECT item_id, version, document FROM search_pending($1)", ("most",))
"""Items that have changed since the index got them; NULL for the document of one that is gone."""

EVERYTHING = Statement("SELECT item_id, version, document FROM search_everything($1, $2)", ("behind", "most"))
"""Items in the order of their identifiers, those that are gone among them."""

NOTE_INDEXED = Statement("SELECT note_search_indexed($1, $2)", ("items", "versions"))

TARGETS = Statement("SELECT name IS NOT NULL AS answers, building FROM search_indexes", ())

ANSWERS = Statement("SELECT FROM search_indexes WHERE name IS NOT NULL", ())
"""A row where the tenant's items are searched in an index outside."""

ANNOUNCE = Statement(
    "INSERT INTO search_indexes (tenant_id, building) VALUES (app_tenant(), $1) "
    "ON CONFLICT (tenant_id) DO UPDATE SET building = excluded.building",
    ("building",),
)

HORIZON = Statement("SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon", ())
"""The oldest transaction that is running, or the next one: whatever is older has ended."""

FOLLOWING = Statement("SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS following", ())
"""The next transaction to be given a number."""

HOLD_BUILDING = Statement("SELECT building FROM search_indexes FOR UPDATE", ())
"""Which index is being built, while nobody begins another or takes the tenant out."""

TAKE_OVER = Statement("UPDATE search_indexes SET name = $1, building = nullif(building, $1)", ("name",))

REMOVE = Statement("DELETE FROM search_indexes", ())
