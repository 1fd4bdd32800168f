"""The `sadu` command against real databases: migrate, seed, operator create, smoke."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from db.security.roles import APP, OWNER, PLATFORM, connected, objections_to_login
from domain.ports import SignUp
from settings import Settings
from tests.support.api import Api
from tests.support.databases import Databases
from tests.support.people import PASSWORD, Person
from tests.support.tools import Tools

SADU = Path(sys.executable).with_name("sadu")
SIGN_IN = """mutation($input: SessionSignInInput!) {
  sessionSignIn(input: $input) { session { accessToken } userErrors { code } }
}"""


async def sadu(*arguments: str, variables: Mapping[str, str]) -> tuple[int, str]:
    """Run the command to its end: its exit status, and what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SADU_")} | dict(variables)
    process = await asyncio.create_subprocess_exec(
        SADU, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def variables_for(settings: Settings, databases: Databases, name: str) -> dict[str, str]:
    return {
        "SADU_DATABASE_URL": databases.url(name, APP),
        "SADU_PLATFORM_DATABASE_URL": databases.url(name, PLATFORM),
        "SADU_OWNER_DATABASE_URL": databases.url(name, OWNER),
        "SADU_REDIS_URL": settings.redis_url,
        "SADU_SMTP_URL": settings.smtp_url,
        "SADU_SECRETS_DIRECTORY": str(settings.secrets_directory),
        "SADU_SECRET_KEY": settings.secret_key.get_secret_value(),
        "SADU_IDENTITY_PRIVATE_KEY_FILE": str(settings.identity_private_key_file),
        "SADU_PUBLIC_URL": settings.public_url,
    }


@pytest.fixture
async def empty(databases: Databases, process_name: str) -> AsyncGenerator[str]:
    """A name that no database has yet."""
    name = f"{process_name}_command"
    yield name
    await databases.drop(name)


async def test_from_nothing_to_a_demo(settings: Settings, databases: Databases, empty: str) -> None:
    """Mission X7, T3."""
    variables = variables_for(settings, databases, empty)
    admin = {"SADU_ADMIN_DATABASE_URL": databases.url("postgres")}

    status, said = await sadu("migrate", variables=variables | admin)
    assert (status, said) == (0, "The database is up to date.\n")
    for login in ("SADU_DATABASE_URL", "SADU_PLATFORM_DATABASE_URL"):
        assert await objections_to_login(variables[login]) == []
    assert (await sadu("migrate", variables=variables))[0] == 0, "again, now without the administrator"

    first = await sadu("seed", variables=variables)
    again = await sadu("seed", variables=variables)
    assert first[0] == 0, first[1]
    assert first == again
    assert "owner@dukkan.test" in first[1]
    offered = text("SELECT DISTINCT provider FROM payment_accounts WHERE is_enabled ORDER BY provider")
    async with connected(databases.url(empty)) as superuser:
        assert list((await superuser.execute(offered)).scalars()) == ["manual", "mock"]
    refused = await sadu("seed", variables=variables | {"SADU_ENV": "production"})
    assert refused[0] != 0


async def test_an_operator_is_made_by_the_command_and_signs_in(
    api: Api, settings: Settings, databases: Databases, database_name: str
) -> None:
    """Mission T9."""
    variables = variables_for(settings, databases, database_name) | {"SADU_OPERATOR_PASSWORD": "a quiet harbour 7"}
    arguments = ("operator", "create", "--email", "Layla@Sadu.Test", "--name", "Layla")
    for _ in range(2):
        status, said = await sadu(*arguments, variables=variables)
        assert status == 0, said
    credentials = {"input": {"email": "layla@sadu.test", "password": "a quiet harbour 7"}}
    signed_in = (await api.execute(SIGN_IN, credentials)).payload("sessionSignIn")
    reply = await api.admin("{ platform { tenants { totalCount } } }", token=signed_in["session"]["accessToken"])
    assert reply.data["platform"]["tenants"]["totalCount"] >= 0


async def test_an_operator_needs_the_owners_login_and_a_good_password(
    settings: Settings, databases: Databases, database_name: str
) -> None:
    """Mission T9."""
    variables = variables_for(settings, databases, database_name)
    arguments = ("operator", "create", "--email", "weak@sadu.test", "--name", "Layla")
    weak = await sadu(*arguments, variables=variables | {"SADU_OPERATOR_PASSWORD": "short"})
    assert weak[0] != 0
    assert "Traceback" not in weak[1]
    del variables["SADU_OWNER_DATABASE_URL"]
    powerless = await sadu(*arguments, variables=variables | {"SADU_OPERATOR_PASSWORD": "a quiet harbour 7"})
    assert powerless[0] != 0
    assert "SADU_OWNER_DATABASE_URL" in powerless[1]


async def test_the_command_takes_a_lost_second_factor_away(
    tools: Tools, settings: Settings, databases: Databases, database_name: str
) -> None:
    """Mission T6."""
    variables, email = variables_for(settings, databases, database_name), f"{tools.factory.word()}@people.test"
    await tools.factory.parts.local.provision(SignUp(email=email, password=PASSWORD, name="Noura", locale="en"))
    noura = Person(tools.api, tools.post, email)
    token = (await noura.sign_in())["accessToken"]
    await noura.enrol(token)
    await noura.challenge()
    assert (await sadu("mfa", "reset", email, variables=variables))[0] == 0
    assert (await noura.view(token)).status == 401
    await noura.sign_in()
    for unfit in (email, "nobody@people.test", "nonsense"):
        status, said = await sadu("mfa", "reset", unfit, variables=variables)
        assert status == 1
        assert "Traceback" not in said


async def test_smoke_asks_a_running_deployment(api: Api) -> None:
    """Mission X7."""
    status, said = await sadu("smoke", api.url, variables={})
    assert status == 0, said
    assert "FAIL" not in said
    status, said = await sadu("smoke", api.url, "--tenant", "nobody-has-this", variables={})
    assert status == 1
    assert "FAIL  the store of nobody-has-this answers" in said
    status, said = await sadu("smoke", "http://127.0.0.1:9", variables={})
    assert status == 1
    assert "Traceback" not in said
