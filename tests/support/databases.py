"""Databases for tests: one template, migrated by the real migrations under the real roles, and clones of it."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from db.migrations import upgrade_to_head
from db.security.roles import APP, OWNER, PLATFORM, Logins, connected, prepare_database

TEMPLATE = "sadu_template"
LOGINS = Logins(owner_password="owner-password", app_password="app-password", platform_password="platform-password")
PASSWORDS = {OWNER: LOGINS.owner_password, APP: LOGINS.app_password, PLATFORM: LOGINS.platform_password}


@dataclass(frozen=True, slots=True)
class Databases:
    """A Postgres server, a Redis and an S3 for this run of the tests."""

    admin_url: str
    redis_url: str
    s3_url: str
    s3_secret_key: str
    media_url: str

    def prepare(self) -> None:
        """Make the roles and the template. Runs its own event loop."""
        asyncio.run(prepare_database(self.admin_url, database=TEMPLATE, logins=LOGINS))
        upgrade_to_head(self.url(TEMPLATE, OWNER))

    def url(self, database: str, role: str | None = None) -> str:
        """The URL of a role's login; of the administrator, who is no part of production, if None."""
        url = make_url(self.admin_url).set(database=database)
        if role is not None:
            url = url.set(username=role, password=PASSWORDS[role])
        return url.render_as_string(hide_password=False)

    async def clone(self, name: str) -> None:
        """A fresh database with every table and policy and no rows."""
        async with connected(self.admin_url) as connection:
            for attempt in range(100):
                try:
                    await connection.execute(
                        text(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} STRATEGY file_copy OWNER {OWNER}')
                    )
                    break
                except DBAPIError:  # another test process is cloning at this moment
                    if attempt == 99:
                        raise
                    await asyncio.sleep(0.05)
            await connection.execute(text(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC'))
            await connection.execute(text(f'GRANT CONNECT ON DATABASE "{name}" TO {APP}, {PLATFORM}'))

    async def drop(self, name: str) -> None:
        async with connected(self.admin_url) as connection:
            await connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
