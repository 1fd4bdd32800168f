"""The four roles, and the check that the application really runs without privileges.

`sadu_owner` owns the tables and migrates. `sadu_app` serves requests, owns nothing and bypasses nothing.
`sadu_platform` serves the operators. `sadu_lookup` cannot log in; it owns the definer functions that must look
across tenants. The owner may become `sadu_lookup` to make those functions, but does not inherit what it sees.
"""

from dataclasses import dataclass

import asyncpg

OWNER, APP, PLATFORM, LOOKUP = "sadu_owner", "sadu_app", "sadu_platform", "sadu_lookup"


@dataclass(frozen=True, slots=True)
class Logins:
    """Passwords of the three roles that log in."""

    owner_password: str
    app_password: str
    platform_password: str


async def prepare_database(admin_url: str, *, database: str, logins: Logins) -> None:
    """Create the roles and the database, or bring them up to date. Wants a login that may create roles."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(admin_url)
    try:
        await create_roles(connection, logins)
        await create_database(connection, database)
    finally:
        await connection.close()
    await own_schema(admin_url, database)


async def create_roles(connection: "asyncpg.Connection[asyncpg.Record]", logins: Logins) -> None:
    passwords = {
        OWNER: logins.owner_password,
        APP: logins.app_password,
        PLATFORM: logins.platform_password,
        LOOKUP: None,
    }
    for role, password in passwords.items():
        if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f"CREATE ROLE {role}")
        login = "NOLOGIN" if password is None else f"LOGIN PASSWORD {await quoted(connection, password)}"
        await connection.execute(f"ALTER ROLE {role} NOINHERIT NOCREATEDB NOCREATEROLE {login}")
    await connection.execute(f"GRANT {LOOKUP} TO {OWNER}")
    # On a managed Postgres the administrator is no superuser and must itself be able to act as the owner.
    await connection.execute(f"GRANT {OWNER} TO CURRENT_USER")


async def quoted(connection: "asyncpg.Connection[asyncpg.Record]", password: str) -> str:
    """The password as a literal; role statements take no parameters."""
    literal: str = await connection.fetchval("SELECT quote_literal($1::text)", password)
    return literal


async def create_database(connection: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
        await connection.execute(f'CREATE DATABASE "{database}" OWNER {OWNER}')
    await connection.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {APP}, {PLATFORM}')


async def own_schema(admin_url: str, database: str) -> None:
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(admin_url, database=database)
    try:
        await connection.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
        await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        await connection.execute(f"GRANT USAGE ON SCHEMA public TO {APP}, {PLATFORM}")
        await connection.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {LOOKUP}")
    finally:
        await connection.close()


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
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(PRIVILEGES)
    finally:
        await connection.close()
    if row is None:
        return ["is unknown to the database"]
    return [reason for column, reason in OBJECTIONS.items() if row[column]]
