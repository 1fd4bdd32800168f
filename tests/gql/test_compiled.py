"""Compiled functions answer what graphql-core answers: every rule of execution that they could get wrong, by name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gql.pipeline import InvalidDocument
from tests.support.both_paths import BothPaths, hits, misses
from tests.support.specimen_schema import CALLS, KNOWN, specimen_schema

BOTH = BothPaths(specimen_schema(), KNOWN)

HIT: dict[str, str] = {
    "the same field twice": "{ shelf { books { title title pages title } } }",
    "a key merged below": "{ shelf { one { title } name one { pages editor { name } } one { editor { born } } } }",
    "root fields merged": "{ shelf { name } shelf { books { title } } shelf { books { pages } } }",
    "merged through fragments": """{ shelf { ...a one { title } ...b } }
      fragment a on Shelf { one { pages editor { name } } }
      fragment b on Shelf { one { editor { born } title } name }""",
    "merged on two levels": """{ shelf { page { things { editor { name } } } ...p } }
      fragment p on Shelf { page { size things { editor { born } ...q } } }
      fragment q on Book { editor { name born } title }""",
    "the first of merged keys decides the order": "{ shelf { one { pages } name one { title } none { title } name } }",
    "a fragment within a fragment": """{ shelf { ...a } }
      fragment a on Shelf { books { ...b } } fragment b on Book { ...c pages } fragment c on Book { title }""",
    "one fragment in two places": """{ shelf { books { ...b } one { ...b pages } gaps { ...b } } }
      fragment b on Book { title genre }""",
    "one fragment twice in one place": "{ shelf { ...a ...a } } fragment a on Shelf { name one { title } }",
    "inline fragments": "{ shelf { ... { name } ... on Shelf { one { ... on Book { title } ... { pages } } } } }",
    "a fragment on the interface of an object": """{ shelf { books { ...e ... on Entry { title } genre } } }
      fragment e on Entry { title shelfMark __typename }""",
    "aliases": "{ s: shelf { title: name b: books { a: title b: pages c: title pages: genre } books { title } } }",
    "aliases of one field with different arguments": """{ shelf { books {
        a: echo(text: "a") b: echo(text: "b") echo c: echo(number: 1, text: null) } } }""",
    "the name of the type": "{ __typename shelf { t: __typename books { __typename author { __typename } } } }",
    "the names of generic types": """{ shelf { __typename page { __typename things { __typename } }
      films { __typename things { title minutes } first { title } } words { __typename things first size } } }""",
    "lists of lists": "{ shelf { rows { title } books { grid } } }",
    "lists with null items": "{ shelf { gaps { title author { name } } } }",
    "null for an object": "{ shelf { none { title editor { name } } one { price } } }",
    "what is known beforehand": "{ shelf { books { author { name born books { title } } } } }",
    "scalars of every kind": "{ shelf { books { title genre pages price printed grid } } }",
    "literals as arguments": """{ shelf { books {
        a: echo(text: "t", number: -3, genre: NOVEL, moment: "2026-11-21T00:00:00+03:00", amount: "4.750")
        b: echo(text: null, genre: null, amount: 5, words: "single")
        c: echo(where: { words: ["a", "b"], genre: VERSE, note: null, below: { note: "n", words: [] } })
        d: echo(where: {}, words: []) e: told(as: "me") f: told g: needs(word: null) } } }""",
    "all of it at once": """{ shelf { ...s books { ...b title } page { things { ...b } } } }
      fragment s on Shelf { books { genre author { name } } page { size first { title } } }
      fragment b on Book { x: echo(text: "x") editor { ... on Author { name books { title pages } } } pages }""",
}
"""Answered by compiled functions alone, without errors."""

WAITING: dict[str, str] = {
    "one field that waits": "{ shelf { name found { title author { name } } none { title } books { pages } } }",
    "one field that waits, below others": """{ shelf { below { name below(name: "C") { lost(title: "Emma") { title } } }
        n: below(name: "") { name } } }""",
    "one that waits, merged": """{ shelf { found { title } ...f found { author { name } } } shelf { name } }
      fragment f on Shelf { below { name } found { pages editor { name } } below { books { title } } }""",
    "one that waits at the root": "{ books { title pages editor { name } } shelf { name one { title } } }",
}
"""Queries in which one field has to wait."""

MISSED: dict[str, str] = {
    "an error in a nullable field": "{ shelf { books { title blurb pages } name } }",
    "an error in a non-null field of list items": "{ shelf { name books { isbn } } }",
    "an error that bubbles to an item": "{ shelf { gaps { title isbn pages } name } }",
    "an error that bubbles through lists of lists": "{ shelf { rows { title isbn } name } }",
    "an error that bubbles out of everything": "{ books { isbn } }",
    "several errors": "{ shelf { gaps { a: isbn b: title c: isbn } rows { blurb worth } one { blurb } } }",
    "errors of fields that wait": "{ shelf { gaps { worth } rows { worth title } } }",
    "errors of fields that do and do not wait": "{ shelf { gaps { worth } rows { isbn } one { worth blurb } } }",
    "an argument that the resolver cannot do without": "{ shelf { gaps { needs } name } }",
    "what is not known": "{ books { title author { name } sequel { title author { name } } } }",
    "what is known beside what is not": "{ shelf { books { author { name } sequel { title } pages } } }",
    "two fields that wait": """{ shelf { found { title } a: found(first: 1) { title } lost(title: "") { title } } }""",
    "one that waits and asks for more": "{ shelf { where name } }",
    "an error of the one that waits": "{ shelf { name lost { title } } }",
    "an error below the one that waits": '{ shelf { name lost(title: "Emma") { title isbn } } }',
    "null where none may be": "{ shelf { name below { must { title } } } }",
    "errors around the one that waits": "{ shelf { one { blurb } found(first: 3) { title blurb } gaps { isbn } } }",
    "a resolver that catches everything": "{ shelf { books { careless title } } books { careless } }",
    "what waits for something else": "{ shelf { books { title patient } one { patient } } }",
    "a resolver that asks where it is": "{ shelf { gaps { path } rows { p: path title } } }",
}
"""Answered with help of graphql-core."""

LEFT: dict[str, str] = {
    "an interface": "{ shelf { entries { title shelfMark } } entry { __typename title } }",
    "an interface with conditions": """{ shelf { entries { __typename title ... on Film { minutes title }
        ... on Book { pages author { name } editor { name } } ...e } } entry { ... on Film { minutes } ...e } }
      fragment e on Entry { shelfMark ... on Book { genre blurb } }""",
    "an interface below a plain type": "{ shelf { books { entries { title ... on Book { editor { name } } } } } }",
    "a union below a plain type": """{ shelf { name books { title likewise {
        __typename ... on Film { minutes } ... on Book { title editor { name born } } ...e } } } }
      fragment e on Entry { shelfMark }""",
    "an interface below one": "{ entry { ... on Book { entries { ... on Book { entries { title } } } } } }",
    "what waits without asking for anything": "{ shelf { books { slow title editor { name } } one { slow patient } } }",
    "keys merged with others elsewhere": """{ a: entry { ...f } b: entry { ...f ... on Book { editor { born } } } }
      fragment f on Book { editor { name } }""",
    "introspection": """{ __schema { queryType { name fields { name type { kind ofType { name } } } } }
      __type(name: "Book") { kind fields { name } } shelf { name } }""",
}
"""Selections that hold something that is never compiled."""


@pytest.mark.parametrize("query", HIT.values(), ids=HIT.keys())
async def test_a_plain_selection_is_compiled_and_answered_alike(query: str) -> None:
    answer = await BOTH.same(query)
    ready = BOTH.ready(query)
    assert hits(ready) > 0
    assert misses(ready) == 0
    assert not answer["errors"]


@pytest.mark.parametrize("query", WAITING.values(), ids=WAITING.keys())
async def test_a_query_in_which_one_field_waits_is_compiled_as_a_whole(query: str) -> None:
    answer = await BOTH.same(query)
    ready = BOTH.ready(query)
    (operation,) = ready.document.plan(ready.operation).operations.values()
    assert operation.hits > 0 == operation.misses
    assert not answer["errors"]


@pytest.mark.parametrize("query", MISSED.values(), ids=MISSED.keys())
async def test_what_a_compiled_function_cannot_do_is_done_by_graphql_core(query: str) -> None:
    await BOTH.same(query, times=6)
    assert misses(BOTH.ready(query)) > 0


@pytest.mark.parametrize("query", LEFT.values(), ids=LEFT.keys())
async def test_what_is_never_compiled_is_answered_alike(query: str) -> None:
    assert (await BOTH.same(query))["data"]


SWITCHED = """query($a: Boolean!, $b: Boolean! = true, $c: Boolean = false) {
  shelf {
    name @include(if: $a)
    books @skip(if: $b) { title }
    one {
      title @include(if: $a) @skip(if: $b)
      pages @skip(if: $c)
      editor @include(if: $c) { name born @include(if: $a) }
      ... @include(if: $b) { genre }
      ...f @skip(if: $a)
      ...f @include(if: $c)
    }
    page @include(if: true) { size @skip(if: false) things @skip(if: true) { title } first { title @include(if: $b) } }
  }
}
fragment f on Book { price x: title @skip(if: $b) }"""
SWITCHES: list[dict[str, Any]] = [
    {"a": a, **b, **c}
    for a in (True, False)
    for b in ({}, {"b": True}, {"b": False})
    for c in ({}, {"c": True}, {"c": False})
]


async def test_each_combination_of_switches_is_answered_by_its_own_functions() -> None:
    for _ in range(2):
        for variables in SWITCHES:
            await BOTH.same(SWITCHED, variables, times=2)
    ready = BOTH.ready(SWITCHED, SWITCHES[0])
    assert len(ready.document.plan(ready.operation).variants) == 8
    assert misses(ready) == 0


NULL_SWITCHES = {
    "below an object": "shelf { one { title pages @include(if: $on) } name }",
    "below a list": "shelf { gaps { title pages @skip(if: $on) } name }",
    "below lists of non-null items": "shelf { books { editor { name @include(if: $on) } } }",
    "around a fragment": "shelf { one { ... @include(if: $on) { pages } } rows { ...f @skip(if: $on) title } }",
    "right below the root": "shelf { name @include(if: $on) }",
}


@pytest.mark.parametrize("selection", NULL_SWITCHES.values(), ids=NULL_SWITCHES.keys())
async def test_a_switch_that_is_null_is_told_where_graphql_core_tells_it(selection: str) -> None:
    fragment = "fragment f on Book { pages }" if "...f" in selection else ""
    query = f"query($on: Boolean = true) {{ {selection} }} {fragment}"
    assert (await BOTH.same(query, {"on": None}))["errors"]
    await BOTH.same(query, {"on": True})
    await BOTH.same(query, {})
    assert (await BOTH.same(query, {"on": None}))["errors"]


ARGUED = """query(
  $text: String, $number: Int = 3, $genre: Genre = NOVEL, $where: Where, $word: String!, $words: [String!],
  $moment: DateTime, $amount: Decimal, $note: String
) {
  shelf { books {
    a: echo(text: $text, number: $number, genre: $genre, where: $where, words: $words, moment: $moment, amount: $amount)
    b: echo(text: "x", words: ["a", $word], where: { note: $note, words: [$word], genre: VERSE })
    c: told(as: $word) d: needs(word: $text)
    editor { name books { e: echo(text: $text) } }
  } }
}"""
HASTY = """query($first: Int = 3, $after: String, $word: ID, $fresh: Boolean! = false, $must: Int!,
  $on: Boolean = true, $name: String! = "n") {
  shelf {
    found(first: $first, after: $after, word: $word, fresh: $fresh, genre: VERSE) { title author { name } }
    below { books { a: echo(number: $must, text: $after) b: echo(number: 1, text: $name, genre: NOVEL) } }
    none { title @include(if: $on) }
    page @skip(if: $fresh) { size }
  }
}"""
WRAPPED = """query($word: String! = "w", $note: String) {
  shelf { found(where: { words: [$word], note: $note, genre: VERSE }) { title x: echo(words: [$word], number: 5) } }
}"""
TOLD: list[Mapping[str, Any]] = [
    {},
    {"must": 1},
    {"must": 1, "first": None},
    {"must": None},
    {"must": 2**31},
    {"must": True},
    {"must": 1.0},
    {"must": "1"},
    {"must": 1, "first": 1, "after": None, "word": None},
    {"must": 1, "after": 5},
    {"must": 1, "after": "x", "word": 5},
    {"must": 1, "word": "five", "fresh": True},
    {"must": 1, "fresh": None},
    {"must": 1, "name": None},
    {"must": 1, "fresh": 0},
    {"must": 1, "fresh": "true"},
    {"must": 1, "word": ["a"]},
    {"must": 1, "word": {"a": 1}, "more": 2},
    {"must": 1, "on": None},
    {"must": 1, "on": False},
    {"word": None},
    {"note": None},
    {"note": "n", "word": "a"},
]


@pytest.mark.parametrize("query", [HASTY, WRAPPED], ids=["plain", "within an input"])
@pytest.mark.parametrize("variables", TOLD, ids=str)
async def test_variables_of_a_query_compiled_as_a_whole_are_coerced_alike(
    query: str, variables: Mapping[str, Any]
) -> None:
    warm = BOTH.fresh(query, {"must": 1})
    for _ in range(3):
        await BOTH.answer(BOTH.compiling, warm)
    assert next(iter(warm.document.plan(warm.operation).operations.values())).hits == 1
    ready = replace(warm, request=replace(warm.request, variables=variables))
    expected = await BOTH.answer(BOTH.plain, ready)
    for _ in range(3):
        assert await BOTH.answer(BOTH.compiling, ready) == expected


ARGUMENTS: dict[str, Mapping[str, Any]] = {
    "left out": {},
    "null": {"text": None, "genre": None, "where": None, "words": None, "moment": None, "amount": None, "note": None},
    "given": {"text": "t", "number": 9, "genre": "VERSE", "words": ["a"], "amount": "1.5", "note": "n"},
    "inputs": {"where": {"words": ["w"], "below": {"note": None}, "genre": "VERSE"}, "moment": "2026-11-21"},
    "a list of one": {"words": "one", "where": {"words": "one"}},
}


async def test_variables_are_read_anew_for_each_request() -> None:
    for _ in range(2):
        for variables in ARGUMENTS.values():
            await BOTH.same(ARGUED, {"word": "w", **variables}, times=2)
    assert hits(BOTH.ready(ARGUED, {"word": "w"})) > 0


COERCION: dict[str, tuple[str, Mapping[str, Any]]] = {
    "null for a non-null argument with a default": (
        "query($n: Int = 1) { shelf { gaps { title echo(number: $n) } } }",
        {"n": None},
    ),
    "null for a non-null field of an input": (
        "query($g: Genre = NOVEL) { shelf { gaps { title echo(where: { genre: $g }) } name } }",
        {"g": None},
    ),
    "null in a list of non-null": ('query($w: String = "w") { shelf { one { echo(words: ["a", $w]) } } }', {"w": None}),
    "not even a variable": ("query($n: Int!) { shelf { one { echo(number: $n) } } }", {"n": "many"}),
    "an argument of an empty list": (
        "query($n: Int = 1) { shelf { none { echo(number: $n) } films { first { title } } name } }",
        {"n": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("query", "variables"), COERCION.values(), ids=COERCION.keys())
async def test_an_unfit_argument_is_told_where_graphql_core_tells_it(query: str, variables: Mapping[str, Any]) -> None:
    await BOTH.same(query, variables, times=6)


async def test_operations_of_one_document_are_compiled_apart() -> None:
    document = """query one($on: Boolean!) { shelf { ...f books { pages } } } query two { shelf { books { title } } }
      query three($on: Boolean = false) { shelf { ...f } }
      fragment f on Shelf { name @include(if: $on) books { title } }"""
    answers: list[dict[str, Any]] = []
    for _ in range(2):
        one = await BOTH.same(document, {"on": False}, operation="one")
        two = await BOTH.same(document, operation="two")
        three = await BOTH.same(document, {"on": True}, operation="three")
        answers = [one, two, three]
    assert [list(each["data"]["shelf"]) for each in answers] == [["books"], ["books"], ["name", "books"]]


async def test_a_mutation_is_done_once_and_its_answer_compiled() -> None:
    query = 'mutation { a: rename(title: "A") { title editor { name } } b: rename(title: "Emma") { isbn } }'
    await BOTH.same(query)
    CALLS.clear()
    await BOTH.answer(BOTH.compiling, BOTH.ready(query))
    assert CALLS["rename", ""] == 2


async def test_each_resolver_is_called_once_per_object_where_all_is_known() -> None:
    query = "{ shelf { books { author { name } a: echo shelfMark b: echo(number: 2) } page { things { shelfMark } } } }"
    await BOTH.same(query)
    CALLS.clear()
    await BOTH.answer(BOTH.compiling, BOTH.ready(query))
    assert {
        (field, title): times
        for title in ("Dune", "Emma")
        for field, times in (("author", 1), ("echo", 2), ("shelfMark", 2))
    } == CALLS


async def test_what_validation_refuses_is_never_executed() -> None:
    with pytest.raises(InvalidDocument):
        BOTH.ready("{ shelf { books { echo(number: null) } } }")
