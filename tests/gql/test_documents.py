"""Documents are read once, kept within bounds, and tell what they ask for at the root."""

import pytest
from graphql import build_schema

from gql.documents import Documents

SCHEMA = build_schema("type Query { a: Query b: Int store: Query }")


def test_a_document_is_read_once() -> None:
    documents = Documents(SCHEMA)
    assert documents.get("{ b }") is documents.get("{ b }")


def test_the_least_recently_used_is_forgotten() -> None:
    documents = Documents(SCHEMA, most=2)
    first = documents.get("{ b }")
    documents.get("{ a { b } }")
    assert documents.get("{ b }") is first
    documents.get("{ store { b } }")
    assert documents.get("{ b }") is first
    second = documents.get("{ a { b } }")
    assert documents.get("{ a { b } }") is second


def test_long_documents_are_bounded_by_their_text() -> None:
    documents = Documents(SCHEMA, most_characters=100)
    long = "{ b } #" + "x" * 60
    kept = documents.get(long)
    assert documents.get(long) is kept
    documents.get(long + "y")
    assert documents.get(long) is not kept
    huge = "{ b } #" + "x" * 200
    assert documents.get(huge) is not documents.get(huge)


@pytest.mark.parametrize(
    ("source", "roots"),
    [
        ("{ store { b } b }", [("store", {"b"}), ("b", set[str]())]),
        ("{ s: store { x: b a { b } } }", [("store", {"b", "a"})]),
        ("{ ...f } fragment f on Query { store { ...g } } fragment g on Query { b ...g }", [("store", {"b"})]),
        ("{ ... { store { ... @include(if: false) { b } } } }", [("store", {"b"})]),
        ("{ store @skip(if: true) { b } }", [("store", {"b"})]),
        ("{ store { b } store { a { b } } }", [("store", {"b"}), ("store", {"a"})]),
    ],
)
def test_root_fields_are_found_through_fragments_and_whatever_directives(
    source: str, roots: list[tuple[str, set[str]]]
) -> None:
    """A door that looked only at the surface could be walked around."""
    document = Documents(SCHEMA).get(source)
    operation = document.operation(None)
    assert operation is not None
    assert [(root.name, set(root.selected)) for root in document.roots_of(operation)] == roots


def test_the_operation_is_the_only_one_or_the_named_one() -> None:
    document = Documents(SCHEMA).get("query one { b } query two { a { b } }")
    assert document.operation(None) is None
    assert document.operation("three") is None
    two = document.operation("two")
    assert two is not None
    assert [root.name for root in document.roots_of(two)] == ["a"]


def test_a_document_nested_too_deeply_is_refused() -> None:
    document = Documents(SCHEMA).get("{ a " * 1500 + "}" * 1500)
    assert document.parse_error is not None or document.errors
