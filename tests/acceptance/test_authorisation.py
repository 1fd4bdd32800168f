"""The authorisation matrix, asked over HTTP: every field of both schemas, for everyone who might ask."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from bootstrap import Parts
from gql.schema import admin_schema, public_schema
from tests.support.authorisation.audiences import Audience
from tests.support.authorisation.inputs import FAULTS, INPUTS
from tests.support.authorisation.matrix import MATRIX, NULL_FOR_SOME, written
from tests.support.authorisation.open_doors import api_without_doors
from tests.support.authorisation.runs import Run, knock_at_center_control
from tests.support.authorisation.selections import core, field_type, possible_types, roots_of, rows_of
from tests.support.authorisation.stage import Stage
from tests.support.tools import Tools

EVERYTHING, PUBLISHED = core(admin_schema), core(public_schema)
PERSONS = [audience for audience in Audience if audience is not Audience.OPERATOR]
"""Everyone once: an operator in center control is the same person."""
STRANGERS = [audience for audience in PERSONS if audience is not Audience.CENTER_CONTROL]


def name_of(audience: Audience) -> str:
    return audience.name.lower()


def thoroughly(audience: Audience) -> Any:
    """Who is as much a stranger here as a guest or another tenant's owner is asked again in `make soak` alone."""
    is_like_others = audience in {Audience.OUTSIDER, Audience.OPERATOR}
    return pytest.param(audience, marks=pytest.mark.soak) if is_like_others else audience


def test_every_field_has_a_row_and_every_row_a_field() -> None:
    """Mission T3, T9."""
    rows = {*rows_of(EVERYTHING), *rows_of(PUBLISHED)}
    assert sorted(rows - MATRIX.keys()) == [], "fields without a row"
    assert sorted(MATRIX.keys() - rows) == [], "rows without a field"
    assert [row for row, times in Counter(row for row, _ in written()).items() if times > 1] == []
    assert [row for row in NULL_FOR_SOME if row not in MATRIX] == []


def test_a_field_that_is_refused_within_an_answer_may_be_null() -> None:
    """Otherwise the refusal would take its neighbours along."""
    refused = [row for row, each in MATRIX.items() if each.others and " on " not in row]
    assert refused
    assert [row for row in refused if field_type(EVERYTHING, row).endswith("!")] == []


def test_every_mutation_and_every_kind_of_user_error_is_provoked() -> None:
    assert INPUTS.keys() == {root.name for root in roots_of(EVERYTHING, "mutation")}
    assert sorted(FAULTS) == possible_types(EVERYTHING, EVERYTHING.get_type("UserError"))


@pytest.mark.parametrize("audience", [thoroughly(audience) for audience in Audience], ids=name_of)
async def test_an_audience_sees_and_does_what_the_matrix_grants_and_nothing_else(
    tools: Tools, audience: Audience
) -> None:
    """Mission T3, T9."""
    run = Run(await Stage.set_up(tools, audience))
    await run.read()
    await run.fail()
    await run.act()
    wrong = [*run.wrong, *run.promised_but_never_shown()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("audience", STRANGERS, ids=name_of)
async def test_center_control_refuses_everybody_else_whatever_they_ask(tools: Tools, audience: Audience) -> None:
    """Mission T9."""
    wrong = await knock_at_center_control(await Stage.set_up(tools, audience))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("audience", [thoroughly(audience) for audience in PERSONS], ids=name_of)
async def test_behind_an_open_door_everything_is_locked_as_well(tools: Tools, parts: Parts, audience: Audience) -> None:
    """The door is not the lock."""
    async with api_without_doors(parts) as api:
        run = Run(await Stage.set_up(replace(tools, api=api), audience))
        await run.push()
    assert not run.wrong, "\n".join(run.wrong)
