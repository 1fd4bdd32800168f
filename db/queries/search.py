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
