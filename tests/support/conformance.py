"""Holds an answer against the published schema: its shape, its values, its errors, and what it gives away."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    execute_sync,  # pyright: ignore[reportUnknownVariableType] - generic in its context
    print_ast,
)

from tests.support.api import Reply

INSIDE = re.compile(
    # Python
    r"Traceback|\w+(Error|Exception)\b|NoneType|object has no|<class|\bat 0x|\.py\b|\bself\.|__\w+__|\w+\(\)"
    r"|[Dd]ecimal[.(]"
    # SQL and its drivers
    r"|SELECT |INSERT |UPDATE |DELETE |violates|constraint|relation \"|row-level"
    # libraries
    r"|(?i:sqlalchemy|asyncpg|postgres|strawberry|graphql-core|starlette|pydantic)"
)
"""Words that tell what the house is built of: no message says them, unless it repeats what it was asked."""

WRITTEN_AS = {
    "Decimal": re.compile(r"-?\d+(\.\d+)?"),
    "DateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d"),
}


class Contract:
    """The published schema of one endpoint."""

    def __init__(self, sdl: Path) -> None:
        self.schema: GraphQLSchema = build_schema(sdl.read_text(encoding="utf-8"))
        for name, form in WRITTEN_AS.items():
            scalar = self.schema.get_type(name)
            assert isinstance(scalar, GraphQLScalarType)
            scalar.coerce_output_value = lambda value, name=name, form=form: as_written(value, name, form)
        self.codes = self._values("ErrorCode")

    def _values(self, name: str) -> frozenset[str]:
        enum = self.schema.get_type(name)
        assert isinstance(enum, GraphQLEnumType)
        return frozenset(enum.values)

    def check(self, document: DocumentNode, variables: Mapping[str, Any], reply: Reply) -> None:
        """Fails unless this is an answer that the schema promises. The document asks for every `__typename`."""
        assert reply.status < 500, (reply.status, reply.body)
        assert reply.body.keys() <= {"data", "errors", "extensions"}, reply.body.keys()
        assert "data" in reply.body or reply.body.get("errors"), reply.body
        asked = f"{print_ast(document)} {variables}"
        for error in reply.body.get("errors", []):
            self._check_error(error, reply.body.get("data"), asked)
        if reply.body.get("data") is not None:
            self._check_data(document, variables, reply.body["data"])
            check_user_errors(reply.body["data"], asked)

    def _check_error(self, error: dict[str, Any], data: object, asked: str) -> None:
        assert error.keys() <= {"message", "locations", "path", "extensions"}, error
        assert error["extensions"]["code"] in self.codes - {"INTERNAL_ERROR"}, error
        check_message(error["message"], asked)
        for key in error.get("path", []):
            data = data[key] if data is not None else None  # pyright: ignore[reportIndexIssue, reportUnknownVariableType] - JSON
        assert data is None, f"{error} stands where there is data"

    def _check_data(self, document: DocumentNode, variables: Mapping[str, Any], data: dict[str, Any]) -> None:
        """Executing the document over its own answer must give that answer again, in the same order."""
        again = execute_sync(
            self.schema,
            document,
            root_value=data,
            variable_values=dict(variables),
            field_resolver=by_response_key,
            type_resolver=by_name,
        )
        assert not again.errors, again.errors
        assert orjson.dumps(again.data) == orjson.dumps(data)


def as_written(value: object, name: str, form: re.Pattern[str]) -> object:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"not a {name}: {value!r}")
    return value


def by_response_key(source: dict[str, Any], info: GraphQLResolveInfo[object], /, **_arguments: object) -> object:
    return source[str(info.path.key)]


def by_name(value: dict[str, Any], _info: Any, _abstract: object) -> str:
    return value["__typename"]


def check_message(message: str, asked: str) -> None:
    assert message, "an error without a message"
    given_away = [found.group() for found in INSIDE.finditer(message) if found.group() not in asked]
    assert not given_away, f"this tells how the house is built: {message}"


def check_user_errors(data: object, asked: str) -> None:
    """The messages of all `userErrors`; their codes are in their enum as the schema says."""
    if isinstance(data, dict):
        for error in data.get("userErrors") or ():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - JSON
            check_message(error["message"], asked)  # pyright: ignore[reportUnknownArgumentType]
        for value in data.values():  # pyright: ignore[reportUnknownVariableType]
            check_user_errors(value, asked)  # pyright: ignore[reportUnknownArgumentType]
