"""The four roles, and the check that the application really runs without privileges.

`sadu_owner` owns the tables and migrates. `sadu_app` serves requests, owns nothing and bypasses nothing.
`sadu_platform` serves the operators. `sadu_lookup` cannot log in; it owns the definer functions that must look
across tenants. The owner may become `sadu_lookup` to make those functions, but does not inherit what it sees.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from db.session import UNNAMED_STATEMENTS

OWNER, APP, PLATFORM, LOOKUP = "sadu_owner", "sadu_app", "sadu_platform", "sadu_lookup"


@dataclass(frozen=True, slots=True)
class Logins:
    """Passwords of the three roles that log in."""

    owner_password: str
    app_password: str
    platform_password: str


async def prepare_database(admin_url: str, *, database: str, logins: Logins) -> None:
    """Create the roles and the database, or bring them up to date. Wants a login that may create roles."""
    async with connected(admin_url) as connection:
        await create_roles(connection, logins)
        await create_database(connection, database)
    async with connected(admin_url, database) as connection:
        await own_schema(connection)


@asynccontextmanager
async def connected(url: str, database: str | None = None) -> AsyncGenerator[AsyncConnection]:
    """One connection outside the pools, each statement its own transaction."""
    target = make_url(url).set(drivername="postgresql+asyncpg")
    target = target.set(database=database) if database else target
    engine = create_async_engine(
        target, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=dict(UNNAMED_STATEMENTS)
    )
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def create_roles(connection: AsyncConnection, logins: Logins) -> None:
    passwords = {
        OWNER: logins.owner_password,
        APP: logins.app_password,
        PLATFORM: logins.platform_password,
        LOOKUP: None,
    }
    for role, password in passwords.items():
        if not await exists(connection, "SELECT FROM pg_roles WHERE rolname = :name", role):
            await connection.execute(text(f"CREATE ROLE {role}"))
        login = "NOLOGIN" if password is None else f"LOGIN PASSWORD {await quoted(connection, password)}"
        await connection.exec_driver_sql(f"ALTER ROLE {role} NOINHERIT NOCREATEDB NOCREATEROLE {login}")
    await connection.execute(text(f"GRANT {LOOKUP} TO {OWNER}"))
    # On a managed Postgres the administrator is no superuser and must itself be able to act as the owner.
    await connection.execute(text(f"GRANT {OWNER} TO CURRENT_USER"))


async def exists(connection: AsyncConnection, query: str, name: str) -> bool:
    return bool((await connection.execute(text(f"SELECT EXISTS ({query})"), {"name": name})).scalar_one())


async def quoted(connection: AsyncConnection, password: str) -> str:
    """The password as a literal; role statements take no parameters."""
    statement = text("SELECT quote_literal(CAST(:password AS text))")
    literal: str = (await connection.execute(statement, {"password": password})).scalar_one()
    return literal


async def create_database(connection: AsyncConnection, database: str) -> None:
    if not await exists(connection, "SELECT FROM pg_database WHERE datname = :name", database):
        await connection.execute(text(f'CREATE DATABASE "{database}" OWNER {OWNER}'))
    await connection.execute(text(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC'))
    await connection.execute(text(f'GRANT CONNECT ON DATABASE "{database}" TO {APP}, {PLATFORM}'))


async def own_schema(connection: AsyncConnection) -> None:
    for statement in (
        f"ALTER SCHEMA public OWNER TO {OWNER}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {APP}, {PLATFORM}",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {LOOKUP}",
    ):
        await connection.execute(text(statement))


PRIVILEGES = """
SELECT r.rolsuper AS superuser, r.rolbypassrls AS bypasses_rls,
       EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))
       OR EXISTS (SELECT FROM pg_database d WHERE d.datname = current_database() AND d.datdba = r.oid) AS owner,
       EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS member
FROM pg_roles r WHERE r.rolname = current_user
"""

OBJECTIONS = {
    "superuser": "is a superuser",
    "bypasses_rls": "has BYPASSRLS",
    "owner": "owns the database or tables in it",
    "member": "is a member of another role",
}


async def objections_to_login(url: str) -> list[str]:
    """Why this login must not serve requests; empty when it is as powerless as it should be."""
    async with connected(url) as connection:
        row = (await connection.execute(text(PRIVILEGES))).mappings().one()
    return [reason for column, reason in OBJECTIONS.items() if row[column]]
