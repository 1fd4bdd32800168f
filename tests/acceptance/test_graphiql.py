"""Exploring the API: GraphiQL is served by the process itself and its examples fit the schema."""

import json
import re
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

from gql.schema import admin_schema, public_schema
from tests.support.api import Api

SCHEMAS: dict[str, GraphQLSchema] = {
    "operator": admin_schema._schema,  # pyright: ignore[reportPrivateUsage] - the only way to validate a document
}
PUBLIC: GraphQLSchema = public_schema._schema  # pyright: ignore[reportPrivateUsage]


async def test_graphiql_needs_no_other_host(api: Api) -> None:
    """Mission W1."""
    page = await api.http.get("/graphiql")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) >= 5
    for asset in assets:
        assert asset.startswith("/graphiql"), asset
        assert (await api.http.get(asset)).status_code == 200, asset


async def test_every_role_has_examples_and_they_fit_the_schema(api: Api) -> None:
    """Mission W1."""
    listed: list[dict[str, Any]] = (await api.http.get("/graphiql/examples.json")).json()["roles"]
    assert {role["role"] for role in listed} == {"guest", "customer", "person", "owner", "operator"}
    for role in listed:
        assert role["examples"], role["role"]
        for example in role["examples"]:
            assert errors_in(SCHEMAS.get(role["role"], PUBLIC), example) == [], (role["role"], example["title"])


def errors_in(schema: GraphQLSchema, example: dict[str, Any]) -> list[Any]:
    """Of the operation, and of the variables that go with it."""
    document = parse(example["operation"])
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    given = get_variable_values(schema, operation.variable_definitions or (), json.loads(example["variables"] or "{}"))
    return [*validate(schema, document), *(given if isinstance(given, list) else [])]


async def test_the_guests_first_example_answers(api: Api) -> None:
    """Mission W1."""
    listed: list[dict[str, Any]] = (await api.http.get("/graphiql/examples.json")).json()["roles"]
    guest = next(role for role in listed if role["role"] == "guest")
    reply = await api.execute(guest["examples"][0]["operation"])
    assert (reply.status, reply.codes) == (400, ["TENANT_REQUIRED"])


async def test_the_schema_documents_itself(api: Api) -> None:
    """Every type, field, argument, input field and enum value is described."""
    query = """{ __schema { types { name description kind
      fields { name description args { name description } } inputFields { name description }
      enumValues { name description } } } }"""
    types: list[dict[str, Any]] = (await api.execute(query)).data["__schema"]["types"]
    silent: list[str] = []
    for each in types:
        name = each["name"]
        if name.startswith("__"):
            continue
        if not each["description"]:
            silent.append(name)
        for part in ("fields", "inputFields", "enumValues"):
            silent += [f"{name}.{one}" for one in undescribed(each[part])]
        for field in described(each["fields"]):
            silent += [f"{name}.{field['name']}({one})" for one in undescribed(field["args"])]
    assert silent == []


def described(parts: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return parts or []


def undescribed(parts: list[dict[str, Any]] | None) -> list[str]:
    return [part["name"] for part in described(parts) if not part["description"]]
