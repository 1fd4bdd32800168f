"""The roles are made by whoever may make roles: a managed Postgres gives nobody a superuser."""

import asyncio

import pytest
from sqlalchemy import make_url, text

from db.migrations import check_models, upgrade_to_head
from db.security.roles import APP, OWNER, PLATFORM, connected, objections_to_login, prepare_database
from devstack.stack import Stack, throwaway_directory
from tests.support.databases import LOGINS

ADMINISTRATOR = "cloud_administrator"


async def hire_administrator(superuser_url: str) -> int:
    """A login as a managed Postgres hands out: it may make roles and databases and is no superuser."""
    async with connected(superuser_url) as connection:
        statement = f"CREATE ROLE {ADMINISTRATOR} LOGIN CREATEROLE CREATEDB PASSWORD 'x'"
        await connection.execute(text(statement))
        await connection.execute(text(f"CREATE DATABASE {ADMINISTRATOR} OWNER {ADMINISTRATOR}"))
        return int((await connection.execute(text("SHOW server_version_num"))).scalar_one()) // 10_000


def test_an_administrator_without_superuser_prepares_everything_twice() -> None:
    with throwaway_directory() as folder, Stack(folder, durable=False, parts={"postgres"}) as stack:
        server = make_url(stack.addresses.postgres_admin_url)

        def url(role: str, password: str, database: str = "sadu") -> str:
            return server.set(username=role, password=password, database=database).render_as_string(hide_password=False)

        if asyncio.run(hire_administrator(stack.addresses.postgres_admin_url)) < 16:
            pytest.skip("before Postgres 16 only a superuser can hand the schema to the owner")
        administrator = url(ADMINISTRATOR, "x", ADMINISTRATOR)
        for _ in range(2):
            asyncio.run(prepare_database(administrator, database="sadu", logins=LOGINS))
        owner = url(OWNER, LOGINS.owner_password)
        upgrade_to_head(owner)
        check_models(owner)
        assert asyncio.run(objections_to_login(url(APP, LOGINS.app_password))) == []
        assert asyncio.run(objections_to_login(url(PLATFORM, LOGINS.platform_password))) == []
        assert asyncio.run(objections_to_login(owner)) == [
            "owns the database or tables in it",
            "is a member of another role",
        ]
        assert "is a superuser" in asyncio.run(objections_to_login(stack.addresses.postgres_admin_url))
