"""The acts of the audit log: whatever the code records has its name in the schema."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.acts import OTHER, Act
from gql.audit_acts import AuditAct, act_of

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("domain", "integrations", "cli", "gql") for path in (ROOT / room).rglob("*.py"))
RECORDING = frozenset({"record", "record_account_act"})


def test_every_act_has_its_value_in_the_schema() -> None:
    assert {each.name: each.value for each in AuditAct} == {each.name: each.value for each in Act} | {"OTHER": OTHER}


@pytest.mark.parametrize("act", Act)
def test_an_act_is_told_by_its_name(act: Act) -> None:
    assert act_of(act).name == act.name


@pytest.mark.parametrize("name", ["media.publish", "", "TEAM_JOIN", "OTHER", "other"])
def test_an_act_that_is_not_known_is_other(name: str) -> None:
    assert act_of(name) is AuditAct.OTHER


def called(node: ast.Call) -> str | None:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)


def acts_in(source: str) -> Iterator[str]:
    """Each text that a call which records is given as its act."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            named = [each.value for each in node.keywords if each.arg == "act"]
            texts = [*named, *(node.args[1:] if called(node) in RECORDING else [])]
            yield from (each.value for each in texts if isinstance(each, ast.Constant) and isinstance(each.value, str))


def test_the_code_records_no_other_acts() -> None:
    """Where the type does not say so: providers of accounts hand names to the database."""
    written = {(path.name, act) for path in SOURCES for act in acts_in(path.read_text(encoding="utf-8"))}
    assert {(name, act) for name, act in written if act not in frozenset(Act)} == set()


def test_that_is_looked_for_where_it_stands() -> None:
    calls = 'record(session, "a.b", origin)\nqueries.record_account_act(session, act="c.d")\nbegin(x, act="e.f")\n'
    assert list(acts_in(f'{calls}other(session, "g.h")')) == ["a.b", "c.d", "e.f"]
