"""Trying identifiers: another tenant's are answered, to the byte, as those of things that never were.

So are, for anybody but staff, the tenant's own that the storefront does not show.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gql.ids import PREFIXES
from gql.nodes import MOST_NODES
from gql.schema import public_schema
from tests.support.authorisation.audiences import PUBLIC, Audience
from tests.support.authorisation.identifiers import (
    OF_A_TENANT,
    Place,
    identifiers_of,
    in_batches,
    invented,
    places,
)
from tests.support.authorisation.matrix import MATRIX
from tests.support.authorisation.selections import core
from tests.support.authorisation.stage import Stage, furnish
from tests.support.tools import Tools

NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
ALIASED = 20
BALANCE = re.compile(rb'"currentlyAvailable":[0-9.]+')
"""What is left of the client's allowance, in the cost that an answer tells: it differs from answer to answer."""

TRYING = pytest.mark.parametrize(
    "audience",
    [
        pytest.param(Audience.GUEST, marks=pytest.mark.soak),  # what a customer may ask is more, and refused likewise
        Audience.CUSTOMER,
        Audience.OWNER,
        pytest.param(Audience.OPERATOR, marks=pytest.mark.soak),
    ],
    ids=lambda audience: audience.name.lower(),
)
PRIVATE = ("address", "cart", "customer", "entry", "guestcart", "line", "order", "person", "tenant")
Question = tuple[str, Mapping[str, Any]]
Identifiers = Mapping[str, list[str]]


async def answers(stage: Stage, questions: Iterable[Question]) -> list[bytes]:
    """The bodies of the answers, byte by byte, with the status before each; a few are asked at once."""
    headers = {"accept": "application/json", "sadu-tenant": stage.shop.slug}
    headers |= {"authorization": f"Bearer {stage.token}"} if stage.token else {}
    few = asyncio.Semaphore(8)

    async def answer(document: str, variables: Mapping[str, Any]) -> bytes:
        async with few:
            sent = {"query": document, "variables": variables}
            response = await stage.tools.api.http.post(PUBLIC, json=sent, headers=headers)
        return b"%d %s" % (response.status_code, BALANCE.sub(b'"currentlyAvailable":0', response.content))

    return await asyncio.gather(*(answer(*question) for question in questions))


@pytest.fixture
async def stage(tools: Tools) -> Stage:
    return await Stage.set_up(tools, Audience.GUEST)


async def played_by(stage: Stage, audience: Audience) -> Stage:
    member = await audience.sign_in(stage.tools.factory, stage.shop)
    return replace(stage, audience=audience, member=member)


def test_every_kind_of_identifier_is_tried() -> None:
    """Mission T3."""
    assert OF_A_TENANT.keys() == PREFIXES.keys()


@TRYING
async def test_ten_thousand_invented_identifiers_name_nothing(stage: Stage, audience: Audience) -> None:
    """Mission T3."""
    stage = await played_by(stage, audience)
    batches: list[Question] = [(NODES, {"ids": batch}) for batch in in_batches(invented(10_000), MOST_NODES)]
    assert_nothing(await answers(stage, batches), {"nodes": [None] * MOST_NODES})
    one_by_one: list[Question] = [(several(batch), {}) for batch in in_batches(invented(1_000), ALIASED)]
    assert_nothing(await answers(stage, one_by_one), {f"n{number}": None for number in range(ALIASED)})


def several(identifiers: Iterable[str]) -> str:
    fields = (f'n{number}: node(id: "{each}") {{ id }}' for number, each in enumerate(identifiers))
    return f"{{ {' '.join(fields)} }}"


def assert_nothing(found: list[bytes], data: Mapping[str, Any]) -> None:
    """All answers are the same, and hold nothing."""
    assert len(set(found)) == 1
    status, body = found[0].split(maxsplit=1)
    told: dict[str, Any] = json.loads(body)
    assert (status, told.get("errors"), told["data"]) == (b"200", None, data)


@TRYING
async def test_another_tenants_identifiers_are_answered_as_invented_ones_wherever_they_are_put(
    stage: Stage, audience: Audience
) -> None:
    """Mission T3."""
    other = await stage.tools.factory.shop()
    await furnish(stage.tools, other, await stage.tools.factory.customer(other))
    foreign: Identifiers = await identifiers_of(stage, other)
    assert all(foreign.values()), "the other tenant has none of some kind"
    if audience is not Audience.OWNER:
        foreign = merged(foreign, await hidden(stage))
    stage, tried = await played_by(stage, audience), await places(core(public_schema), stage)
    before = await stage.tools.rows()
    wrong = [sentence for place in tried for sentence in await differences(stage, place, foreign)]
    assert not wrong, "\n".join(wrong)
    assert await stage.tools.rows() == before


async def hidden(stage: Stage) -> Identifiers:
    """What the tenant itself shows to its staff alone, or to the customer whose it is."""
    draft = await stage.tools.factory.product(stage.shop, status="draft")
    own = await identifiers_of(stage, stage.shop)
    kept = {prefix: own[prefix] for prefix in PRIVATE}
    return {**kept, "item": [draft.id], "variant": [draft.variant_id]}


def merged(first: Identifiers, second: Identifiers) -> Identifiers:
    return {prefix: [*first[prefix], *second.get(prefix, [])] for prefix in first}


async def differences(stage: Stage, place: Place, foreign: Identifiers) -> list[str]:
    """How the answers to another tenant's identifiers differ from those to invented ones of the same kind."""
    of_nothing = invented(len(PREFIXES))
    missing = await answers(stage, [(place.document, place.holding(each)) for each in of_nothing])
    expected = {each.split("_")[0]: answer for each, answer in zip(of_nothing, missing, strict=True)}
    # Of each kind the other tenant's first, and the last: where the tenant hides some itself, that is one of those.
    tried = [each for identifiers in foreign.values() for each in dict.fromkeys((identifiers[0], identifiers[-1]))]
    found = await answers(stage, [(place.document, place.holding(each)) for each in tried])
    wrong = [
        f"{place.name} tells {each} apart: {answer!r}"
        for each, answer in zip([*of_nothing, *tried], [*missing, *found], strict=True)
        if answer != expected[each.split("_")[0]]
    ]
    wrong.extend(f"{place.name} is not asked: {each!r}" for each in missing if not was_asked(stage, place, each))
    return wrong


def was_asked(stage: Stage, place: Place, answer: bytes) -> bool:
    """For whoever may put one there, every place must be one in which the identifier alone is at fault."""
    if stage.audience not in MATRIX[place.name.partition("(")[0]].audiences:
        return True
    return b"NOT_FOUND" in answer or (b"null" in answer and b"errors" not in answer)
