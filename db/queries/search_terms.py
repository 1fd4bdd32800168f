"""What an engine outside asks Postgres about a search: its words with their stems, and which categories are meant."""

from db.rows import Statement

TERMS = Statement(
    """
    SELECT place, array_agg(word) || array_agg('~' || search_stem(word)) AS spellings
    FROM (SELECT place, word FROM unnest(search_words($1)) WITH ORDINALITY AS written (word, place)
          WHERE $2::text[] IS NULL
          UNION ALL
          SELECT place, word FROM unnest($2::text[]) WITH ORDINALITY AS choices (text, place)
          CROSS JOIN unnest(search_words(text)) AS word) AS words
    GROUP BY place ORDER BY place
    """,
    ("asked", "meant"),
)
"""For each word that is asked for, or each list of words that may be `meant`: what finds it."""

SHELVES = Statement(
    """
    WITH RECURSIVE below AS (
        SELECT id FROM categories WHERE slug = $1
        UNION SELECT under.id FROM categories AS under JOIN below ON under.parent_id = below.id)
    SELECT id FROM below
    """,
    ("shelf",),
)
"""A category and those below it; nothing where there is none of that slug."""

CATEGORIES = Statement("SELECT id, parent_id FROM categories", ())
