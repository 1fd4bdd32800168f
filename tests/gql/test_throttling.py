"""How cost and throttling are told, and the switch that hides the schema."""

import pytest

from domain.callers import Caller
from domain.ports import Throttled, ThrottleStatus
from gql.errors import Refusal
from gql.pipeline import Api, GraphQLRequest
from gql.schema import public_schema
from gql.throttling import cost_extension, throttled

STATUS = ThrottleStatus(10_000, 120, 1_000)


def test_the_cost_of_an_answer() -> None:
    assert cost_extension(102, 14, STATUS) == {
        "requestedQueryCost": 102,
        "actualQueryCost": 14,
        "throttleStatus": {"maximumAvailable": 10_000, "currentlyAvailable": 120, "restoreRate": 1_000},
    }


@pytest.mark.parametrize(("missing", "told"), [(0.001, 1), (1.0, 1), (2.3, 3)])
def test_a_throttled_client_hears_how_long_to_wait(missing: float, told: int) -> None:
    refusal = throttled(Throttled(STATUS, missing), 2_420)
    assert (refusal.status, refusal.retry_after) == (429, told)
    body = refusal.body()
    assert body["extensions"] == {"cost": cost_extension(2_420, None, STATUS)}
    (error,) = refusal.body()["errors"]  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
    assert error["extensions"] == {"code": "THROTTLED"}


GUEST = Caller(None, None, None, None, operator=False)


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Query") { name } }',
        "{ ...f } fragment f on Query { ... { a: __schema { queryType { name } } } }",
        "query a { __typename } query b { __schema { queryType { name } } }",
        "{ nonsense { __schema } }",
    ],
)
def test_introspection_can_be_switched_off(query: str) -> None:
    request = GraphQLRequest(query, {}, "a" if "query a" in query else None)
    with pytest.raises(Refusal) as refusal:
        Api(public_schema, introspection=False).prepare(request, GUEST)
    assert (refusal.value.status, refusal.value.code.value) == (400, "INTROSPECTION_DISABLED")


def test_without_introspection_typename_stays() -> None:
    request = GraphQLRequest("{ __typename }", {}, None)
    assert Api(public_schema, introspection=False).prepare(request, GUEST).cost == 0


def test_introspection_is_open_unless_switched_off() -> None:
    request = GraphQLRequest("{ __schema { queryType { name } } }", {}, None)
    assert Api(public_schema).prepare(request, GUEST).cost == 300
