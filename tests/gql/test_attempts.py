"""Which attempts a document makes: those that will be executed, however they are written."""

import time
from typing import Any
from uuid import uuid4

import pytest
import strawberry

from domain.attempts import REFRESH, SIGN_IN, SIGN_UP, Attempt
from domain.callers import Caller
from gql.access import OPEN, PERSON
from gql.attempts import Attempts, LimitedMutations
from gql.documents import Documents
from gql.pipeline import Api, GraphQLRequest
from gql.roots import Payload, mutation
from gql.schema import admin_schema, public_schema

API = Api(public_schema)
GUEST = Caller(None, None, None, None, operator=False)
EMAIL = "noura@people.test"
BY_EMAIL = [Attempt(SIGN_IN, EMAIL)]
BODY = "{ userErrors { code } }"
VARIABLE = f"mutation($i: SessionSignInInput!) {{ sessionSignIn(input: $i) {BODY} }}"
GIVEN = {"i": {"email": EMAIL, "password": "x"}}


def sign_in(email: str = EMAIL) -> str:
    return f'sessionSignIn(input: {{email: "{email}", password: "x"}})'


def attempts(query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> list[Attempt]:
    return list(API.attempts(API.prepare(GraphQLRequest(query, variables or {}, name), GUEST), GUEST))


WRITTEN: dict[str, tuple[str, dict[str, Any], list[Attempt]]] = {
    "a literal": (f"mutation {{ {sign_in()} {BODY} }}", {}, BY_EMAIL),
    "a variable": (VARIABLE, GIVEN, BY_EMAIL),
    "a variable in a literal": (
        f'mutation($e: String!) {{ sessionSignIn(input: {{email: $e, password: "x"}}) {BODY} }}',
        {"e": EMAIL},
        BY_EMAIL,
    ),
    "the default of a variable": (
        f'mutation($i: SessionSignInInput! = {{email: "{EMAIL}", password: "x"}}) '
        f"{{ sessionSignIn(input: $i) {BODY} }}",
        {},
        BY_EMAIL,
    ),
    "a fragment": (
        f"mutation {{ ...f }} fragment f on Mutation {{ ...g }} fragment g on Mutation {{ {sign_in()} {BODY} }}",
        {},
        BY_EMAIL,
    ),
    "an inline fragment": (f"mutation {{ ... on Mutation {{ ... {{ a: {sign_in()} {BODY} }} }} }}", {}, BY_EMAIL),
    "aliases": (
        f"mutation {{ a: {sign_in()} {BODY} b: {sign_in()} {BODY} c: {sign_in('x@y.test')} {BODY} }}",
        {},
        [*BY_EMAIL, *BY_EMAIL, Attempt(SIGN_IN, "x@y.test")],
    ),
    "one key twice, which is executed once": (
        f"mutation {{ {sign_in()} {BODY} {sign_in()} {{ __typename }} }}",
        {},
        BY_EMAIL,
    ),
    "something that is skipped": (
        f"mutation($s: Boolean!) {{ a: {sign_in()} @skip(if: $s) {BODY} b: {sign_in('x@y.test')} {BODY} }}",
        {"s": True},
        [Attempt(SIGN_IN, "x@y.test")],
    ),
    "something that is included": (
        f"mutation($s: Boolean! = true) {{ ... @include(if: $s) {{ {sign_in()} {BODY} }} }}",
        {},
        BY_EMAIL,
    ),
    "several kinds": (
        f'mutation {{ {sign_in()} {BODY} sessionRefresh(input: {{refreshToken: "x"}}) {BODY} accountSignUp(input: '
        f'{{email: "{EMAIL}", password: "x", name: "y"}}) {BODY} }}',
        {},
        [*BY_EMAIL, Attempt(REFRESH, None), Attempt(SIGN_UP, EMAIL)],
    ),
    "a variable that does not fit": (VARIABLE, {"i": {"email": 5, "password": "x"}}, []),
    "a variable left out": (VARIABLE, {}, []),
    "an argument that does not fit beside one that does": (
        f'mutation($p: String = "x") {{ a: sessionSignIn(input: {{email: "x@y.test", password: $p}}) {BODY} '
        f"b: {sign_in()} {BODY} }}",
        {"p": None},
        BY_EMAIL,
    ),
    "nothing that is limited": ("mutation { __typename }", {}, []),
    "a query": ("{ __typename }", {}, []),
}


@pytest.mark.parametrize(("query", "variables", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_what_will_be_executed_is_attempted(query: str, variables: dict[str, Any], expected: list[Attempt]) -> None:
    """Mission X5."""
    assert attempts(query, variables) == expected


def test_of_several_operations_the_one_that_is_executed_attempts() -> None:
    document = (
        f"mutation a {{ {sign_in()} {BODY} }} mutation b {{ {sign_in('x@y.test')} {BODY} }} query c {{ __typename }}"
    )
    assert attempts(document, name="a") == BY_EMAIL
    assert attempts(document, name="b") == [Attempt(SIGN_IN, "x@y.test")]
    assert attempts(document, name="c") == []


def test_whatever_anyone_may_do_without_a_tenant_is_limited() -> None:
    """Mission X5: a mutation that is open to the whole world is about accounts, and guesses can be made at it."""
    for schema in (public_schema, admin_schema):
        api = Api(schema)
        open_to_all = {name for (kind, name), access in api.access.items() if kind == "mutation" and access is OPEN}
        assert open_to_all <= set(api.limited.declared)
    assert len(Api(public_schema).limited.declared) >= 7


def schema_with(attempts: Attempts) -> strawberry.Schema:
    """One limited mutation, for people who are signed in."""

    @strawberry.input
    class GuessInput:
        code: str = ""

    @strawberry.type
    class Guesses:
        @mutation(Payload, access=PERSON, description="Guess.", attempts=attempts)
        async def guess(self, input: GuessInput) -> Payload | None:
            return Payload() if input.code else None

    @strawberry.type
    class Query:
        nothing: int = 0

    return strawberry.Schema(Query, Guesses)


def test_a_field_that_the_input_does_not_have_is_found_when_the_process_starts() -> None:
    schema = schema_with(Attempts(SIGN_IN, account="email"))
    with pytest.raises(ValueError, match="the input of guess has no field email"):
        LimitedMutations(schema._schema)  # pyright: ignore[reportPrivateUsage]


def test_where_no_account_is_named_it_is_the_one_of_whoever_is_signed_in() -> None:
    """Mission X5: a stolen token does not let its thief try all passwords."""
    schema = schema_with(Attempts(SIGN_IN))._schema  # pyright: ignore[reportPrivateUsage]
    document = Documents(schema).get('mutation { guess(input: {code: "x"}) { __typename } }')
    operation = document.operations[None]
    person_id = uuid4()
    limited = LimitedMutations(schema)
    assert limited.attempts(document, operation, {}, person_id) == (Attempt(SIGN_IN, str(person_id)),)
    assert limited.attempts(document, operation, {}, None) == (Attempt(SIGN_IN, None),)


@pytest.mark.parametrize("query", ["{ __typename }", "mutation { __typename }"])
def test_what_is_not_limited_costs_nothing(query: str) -> None:
    """It stands in the way of every request."""
    ready = API.prepare(GraphQLRequest(query, {}, None), GUEST)
    taken: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(1_000):
            API.attempts(ready, GUEST)
        taken.append((time.perf_counter() - began) / 1_000)
    assert min(taken) < 3e-6, taken
