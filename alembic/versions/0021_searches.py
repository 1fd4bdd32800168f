"""Searches, by functions that see every tenant's documents and answer with those of the transaction's tenant alone.

Text operators are not leakproof: under row-level security no index would be used. Statements are put together from
what is written here and take everything that was asked as parameters, so that each is planned for its own words: one
plan for all would walk the whole shop for a rare word, or collect it whole for a common one.
"""

from alembic import op

from db.security.policies import definer_function

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOST_RANKED = 5_000
MOST_COUNTED = 10_000

ASKED = (
    "asked text, meant text[], partly boolean, statuses text[], kinds text[], availabilities integer[], "
    "price_from bigint, price_to bigint, shelf text, labels text[]"
)

# What the index finds of a category, with those below it, and of tags. Nothing is marked by "@" alone.
MARKERS = """
WITH RECURSIVE below AS (
    SELECT id FROM categories WHERE tenant_id = app_tenant() AND slug = shelf
    UNION SELECT under.id FROM categories AS under JOIN below ON under.parent_id = below.id
    WHERE under.tenant_id = app_tenant())
SELECT nullif(concat_ws(' & ',
    CASE WHEN shelf IS NOT NULL
         THEN '(' || (SELECT coalesce(string_agg('''@' || id || '''', ' | '), '''@''') FROM below) || ')' END,
    CASE WHEN labels IS NOT NULL
         THEN '(' || (SELECT coalesce(string_agg('''#' || md5(label) || '''', ' | '), '''@''') FROM unnest(labels) AS label)
              || ')' END), '')::tsquery
"""

# What narrows documents, of what was asked for. $1 are the words and markers, $2 the statuses.
CONDITIONS = """
CREATE FUNCTION search_conditions(
    wanted tsquery, kinds text[], availabilities integer[], price_from bigint, price_to bigint
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
SELECT concat_ws(' AND ', 'document.tenant_id = app_tenant()',
    CASE WHEN wanted IS NOT NULL THEN 'document.words @@ $1' END,
    CASE WHEN kinds IS NOT NULL THEN 'document.kind = ANY ($3)' END,
    CASE WHEN availabilities IS NOT NULL THEN 'document.availability = ANY ($4)' END,
    CASE WHEN price_from IS NOT NULL THEN 'document.price >= $5' END,
    CASE WHEN price_to IS NOT NULL THEN 'document.price <= $6' END)
$body$
"""

DECLARED = """
DECLARE
    query tsquery = search_query(asked, meant, partly);
    markers tsquery = search_markers(shelf, labels);
    wanted tsquery = CASE WHEN query IS NULL THEN markers WHEN markers IS NULL THEN query ELSE query && markers END;
"""

# A word that few have must never be looked for along an index in its order: the planner, which cannot know how rare the
# beginning of a word is, would for the sake of 20 rows. It does not for 5,000, so they are what it is asked for.
#
# By rank the newest matches are put in order, and no more: a word that half of a large shop has says little, and what
# is new is the better guess. Each status is walked by itself, for only so does its index give them in their order.
FIND = f"""
{DECLARED}
    condition text = search_conditions(wanted, kinds, availabilities, price_from, price_to);
    by_rank boolean = sorted = 'relevance' AND query IS NOT NULL;
    ranked_by tsquery = replace(query::text, ' & ', ' | ')::tsquery;
    value text = CASE WHEN sorted LIKE 'price%' THEN 'price' WHEN sorted LIKE 'name%' THEN sorted ELSE 'created_at' END;
    kind_of text = CASE value WHEN 'price' THEN 'bigint' WHEN 'created_at' THEN 'timestamptz' ELSE 'text' END;
    way text = CASE WHEN sorted = 'price_asc' OR sorted LIKE 'name%' THEN 'ASC' ELSE 'DESC' END;
    compares text = CASE way WHEN 'ASC' THEN '>' ELSE '<' END;
BEGIN
    RETURN QUERY EXECUTE CASE WHEN by_rank THEN format($sql$
        SELECT ranked.item_id, ranked.value::text FROM (
            SELECT newest.item_id, round(ts_rank('{{0.1, 0.3, 0.8, 1}}', named, $9, 1) * 1000)::bigint * 4
                + availability AS value
            FROM unnest($2) AS shown(status) CROSS JOIN LATERAL (
                SELECT * FROM search_documents AS document WHERE %s AND document.status = shown.status
                ORDER BY created_at DESC, item_id DESC LIMIT {MOST_RANKED}) AS newest) AS ranked
        WHERE $7 IS NULL OR (ranked.value, ranked.item_id) < ($7::bigint, $8)
        ORDER BY ranked.value DESC, ranked.item_id DESC LIMIT $10
    $sql$, condition) ELSE format($sql$
        SELECT found.item_id, found.value::text FROM unnest($2) AS shown(status) CROSS JOIN LATERAL (
            SELECT document.item_id, document.%1$I AS value FROM search_documents AS document
            WHERE %2$s AND document.status = shown.status %3$s
            ORDER BY document.%1$I %4$s, document.item_id %4$s LIMIT %5$s) AS found
        ORDER BY found.value %4$s, found.item_id %4$s LIMIT $10
    $sql$, value, condition, CASE WHEN behind IS NOT NULL THEN format(
        'AND (document.%I, document.item_id) %s ($7::%s, $8)', value, compares, kind_of) END, way,
        CASE WHEN wanted IS NULL THEN most ELSE greatest(most, {MOST_RANKED}) END) END
    USING wanted, statuses, kinds, availabilities, price_from, price_to, behind, behind_id, ranked_by, most;
END
"""

COUNT = f"""
{DECLARED}
    condition text = search_conditions(wanted, kinds, availabilities, price_from, price_to);
    counted bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM search_documents AS document WHERE %s AND status = ANY ($2) '
                   'LIMIT {MOST_COUNTED}) AS found', condition)
    INTO counted USING wanted, statuses, kinds, availabilities, price_from, price_to;
    RETURN counted;
END
"""

# Each dimension counts under the filters of the others, so that a choice does not hide its alternatives.
FACETS = f"""
DECLARE
    query tsquery = search_query(asked, meant, partly);
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH RECURSIVE below AS (
            SELECT id FROM categories WHERE tenant_id = app_tenant() AND slug = $7
            UNION SELECT under.id FROM categories AS under JOIN below ON under.parent_id = below.id
            WHERE under.tenant_id = app_tenant()),
        above AS (
            SELECT id AS category, id AS counted, parent_id FROM categories WHERE tenant_id = app_tenant()
            UNION SELECT above.category, upper.id, upper.parent_id FROM above
            JOIN categories AS upper ON upper.id = above.parent_id WHERE upper.tenant_id = app_tenant()),
        chosen AS (SELECT coalesce(array_agg(id), '{{}}') AS shelves FROM below),
        found AS MATERIALIZED (
            SELECT newest.item_id, kind, availability, price, categories, tags,
                $3 IS NULL OR kind = ANY ($3) AS by_kind, $4 IS NULL OR availability = ANY ($4) AS by_availability,
                ($5 IS NULL OR price >= $5) AND ($6 IS NULL OR price <= $6) AS by_price,
                $7 IS NULL OR categories && shelves AS by_category, $8 IS NULL OR tags && $8 AS by_tag
            FROM chosen, unnest($2) AS shown(status) CROSS JOIN LATERAL (
                SELECT * FROM search_documents AS document WHERE %s AND document.status = shown.status
                ORDER BY created_at DESC, item_id DESC LIMIT {MOST_COUNTED}) AS newest)
        SELECT 'kind', kind, count(*) FROM found
        WHERE 'kind' = ANY ($9) AND by_availability AND by_price AND by_category AND by_tag GROUP BY kind
        UNION ALL
        SELECT 'availability', availability::text, count(*) FROM found
        WHERE 'availability' = ANY ($9) AND by_kind AND by_price AND by_category AND by_tag GROUP BY availability
        UNION ALL
        SELECT 'price', width_bucket(price, $10)::text, count(*) FROM found
        WHERE 'price' = ANY ($9) AND by_kind AND by_availability AND by_category AND by_tag GROUP BY 2
        UNION ALL
        (SELECT 'tag', tag, count(*) FROM found CROSS JOIN unnest(tags) AS tag
        WHERE 'tag' = ANY ($9) AND by_kind AND by_availability AND by_price AND by_category
        GROUP BY tag ORDER BY 3 DESC, 2 LIMIT 50)
        UNION ALL
        (SELECT 'category', counted::text, count(DISTINCT item_id)
        FROM found CROSS JOIN unnest(categories) AS place JOIN above ON above.category = place
        WHERE 'category' = ANY ($9) AND by_kind AND by_availability AND by_price AND by_tag
        GROUP BY counted ORDER BY 3 DESC, 2 LIMIT 50)
    $sql$, search_conditions(query, NULL, NULL, NULL, NULL))
    USING query, statuses, kinds, availabilities, price_from, price_to, shelf, labels, dimensions, bounds;
END
"""

# For the same reason whether there is one row is counted to 5,000.
#
# Each word that is asked for: whether anything has it, else what it may have been meant for. Whether anything has all of
# them is told with each.
SPELLING = f"""
DECLARE
    place integer = 0;
    asked_words text[] = search_words(asked);
    query tsquery = search_query(asked, NULL, false);
    is_found text = 'SELECT count(*) > 0 FROM (SELECT FROM search_documents WHERE tenant_id = app_tenant() '
                    'AND words @@ $1 AND status = ANY ($2) LIMIT {MOST_RANKED}) AS found';
BEGIN
    PERFORM set_config('pg_trgm.similarity_threshold', '0.2', true);
    EXECUTE is_found INTO complete USING query, statuses;
    FOREACH word IN ARRAY asked_words LOOP
        place = place + 1;
        sound = search_sound(word);
        is_known = complete;
        IF NOT complete THEN
            EXECUTE is_found INTO is_known
            USING search_term(word, place = cardinality(asked_words))::tsquery, statuses;
        END IF;
        SELECT array_agg(near.word), array_agg(near.sound) INTO similar_words, similar_sounds FROM (
            SELECT known.word, known.sound FROM search_vocabulary AS known
            WHERE NOT is_known AND known.tenant_id = app_tenant()
            AND known.sound % search_spelling.sound ORDER BY similarity(known.sound, search_spelling.sound) DESC, known.word
            LIMIT 40) AS near;
        RETURN NEXT;
    END LOOP;
END
"""


def statements() -> list[str]:
    return [
        CONDITIONS,
        *definer_function("search_markers(shelf text, labels text[])", "tsquery", MARKERS),
        *definer_function(
            f"find_documents({ASKED}, sorted text, behind text, behind_id uuid, most integer)",
            "TABLE (item_id uuid, value text)",
            FIND,
            language="plpgsql",
        ),
        *definer_function(f"count_documents({ASKED})", "bigint", COUNT, language="plpgsql"),
        *definer_function(
            f"count_facets({ASKED}, dimensions text[], bounds bigint[])",
            "TABLE (dimension text, value text, number bigint)",
            FACETS,
            language="plpgsql",
        ),
        *definer_function(
            "search_spelling(asked text, statuses text[])",
            "TABLE (word text, sound text, is_known boolean, complete boolean, similar_words text[], "
            "similar_sounds text[])",
            SPELLING,
            language="plpgsql",
        ),
    ]


def upgrade() -> None:
    for statement in statements():
        op.execute(statement)


def downgrade() -> None:
    """The storefront searches by these."""
    raise NotImplementedError
