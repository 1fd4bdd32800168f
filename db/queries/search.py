"""The statements of a search: calls of the definer functions that see what is searched (migration 0021)."""

from db.rows import Statement

ASKED = (
    "asked",
    "meant",
    "partly",
    "statuses",
    "kinds",
    "availabilities",
    "price_from",
    "price_to",
    "shelf",
    "labels",
)
"""What all of them take: the text, how it is read, the statuses shown, and what results are narrowed to."""


def call(function: str, columns: str, *parameters: str) -> Statement:
    places = ", ".join(f"${place}" for place, _ in enumerate(parameters, start=1))
    return Statement(f"SELECT {columns} FROM {function}({places})", parameters)


FIND = call("find_documents", "item_id, value", *ASKED, "sorted", "behind", "behind_id", "most")
"""Items in their order, at most `most`, each with the value that it is sorted by."""

COUNT = call("count_documents", "count_documents AS number", *ASKED)

FACETS = call("count_facets", "dimension, value, number", *ASKED, "dimensions", "bounds")

SPELLING = call(
    "search_spelling", "word, sound, is_known, complete, similar_words, similar_sounds", "asked", "statuses"
)
"""The words of a text: whether anything has them, each and all together, and which words sound alike."""

SHOWN = Statement(
    r"""
    SELECT DISTINCT ON (word) search_plain(part) AS word, part
    FROM (SELECT 0 AS place, $1 AS written
          UNION ALL SELECT 1, concat_ws(' ', name_en, name_ar) FROM catalog_items WHERE id = ANY ($3::uuid[])
          UNION ALL SELECT 2, tag FROM catalog_item_tags WHERE item_id = ANY ($3::uuid[])) AS texts
    CROSS JOIN regexp_split_to_table(written, '\s+') AS part
    WHERE search_plain(part) = ANY ($2::text[])
    ORDER BY word, place, part
    """,
    ("asked", "words", "item_ids"),
)
"""How words are written that are known as they are folded: by whoever asks, else in names and tags of items."""
