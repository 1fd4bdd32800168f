"""The database keeps tenants apart, and these tests would notice if it did not."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.security.roles import APP, OWNER, PLATFORM, connected
from db.session import create_engine
from tests.support.databases import Databases
from tests.support.isolation import NOT_THE_APPLICATIONS, TABLES, Somebody, leaks, ownership_of, settle

REACHABLE = [name for name in TABLES if name not in NOT_THE_APPLICATIONS]


@dataclass(frozen=True, slots=True)
class Ground:
    """A database of its own with two tenants, and the logins to it."""

    engine: AsyncEngine
    owner_url: str
    platform_url: str
    mine: Somebody
    theirs: Somebody

    async def leaks(self, table: str) -> list[str]:
        return await leaks(self.engine, table, self.mine, self.theirs)

    async def as_owner(self, statement: str) -> None:
        async with connected(self.owner_url) as connection:
            await connection.execute(text(statement))


@pytest.fixture(scope="module")
async def ground(databases: Databases, process_name: str) -> AsyncGenerator[Ground]:
    name = f"{process_name}_isolation"
    await databases.clone(name)
    engine = create_engine(databases.url(name, APP), pool_size=2)
    try:
        mine, theirs = await settle(engine), await settle(engine)
        yield Ground(engine, databases.url(name, OWNER), databases.url(name, PLATFORM), mine, theirs)
    finally:
        await engine.dispose()
        await databases.drop(name)


@pytest.mark.parametrize("table", REACHABLE)
async def test_no_table_leaks(ground: Ground, table: str) -> None:
    assert await ground.leaks(table) == []


@pytest.mark.parametrize("table", REACHABLE)
async def test_an_opened_policy_is_noticed(ground: Ground, table: str) -> None:
    """Dropping a policy would only hide rows; opening it is what shows them."""
    async with connected(ground.owner_url) as connection:
        row = (
            await connection.execute(
                text("SELECT qual, with_check FROM pg_policies WHERE policyname = :name"), {"name": f"{table}_scope"}
            )
        ).one()
    await ground.as_owner(f"ALTER POLICY {table}_scope ON {table} USING (true)")
    try:
        assert f"{table}: sees_theirs" in await ground.leaks(table)
        assert f"{table}: sees_without_scope" in await ground.leaks(table)
    finally:
        await ground.as_owner(f"ALTER POLICY {table}_scope ON {table} USING ({row.qual})")
    await ground.as_owner(f"ALTER POLICY {table}_scope ON {table} WITH CHECK (true)")
    try:
        assert f"{table}: inserts_theirs" in await ground.leaks(table)
    finally:
        await ground.as_owner(f"ALTER POLICY {table}_scope ON {table} WITH CHECK ({row.with_check})")
    assert await ground.leaks(table) == []


@pytest.mark.parametrize("table", REACHABLE)
async def test_disabled_row_level_security_is_noticed(ground: Ground, table: str) -> None:
    await ground.as_owner(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    try:
        assert f"{table}: sees_theirs" in await ground.leaks(table)
    finally:
        await ground.as_owner(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


@pytest.mark.parametrize("table", REACHABLE)
async def test_not_even_the_owner_sees_rows_without_a_scope(ground: Ground, table: str) -> None:
    async def visible() -> int:
        async with connected(ground.owner_url) as connection:
            return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()

    assert await visible() == 0
    await ground.as_owner(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        assert await visible() >= 2, "without FORCE this test must see the rows, else it proves nothing"
    finally:
        await ground.as_owner(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


@pytest.mark.parametrize("table", sorted(NOT_THE_APPLICATIONS))
async def test_the_application_cannot_touch_what_it_has_no_grant_for(ground: Ground, table: str) -> None:
    owner = ownership_of(table).column
    for statement in (f"SELECT * FROM {table}", f"DELETE FROM {table}", f"UPDATE {table} SET {owner} = {owner}"):
        async with ground.engine.connect() as connection:
            with pytest.raises(Exception, match="permission denied"):
                await connection.execute(text(statement))


async def test_the_platform_reads_every_tenant_and_writes_only_standing(ground: Ground) -> None:
    both = {ground.mine.owner_id, ground.theirs.owner_id}
    async with connected(ground.platform_url) as connection:
        rows = await connection.execute(text("SELECT id FROM tenants"))
        assert both <= set(rows.scalars())
        for statement in (
            "UPDATE orders SET note = 'x'",
            "UPDATE tenants SET slug = 'x'",
            "INSERT INTO memberships SELECT * FROM memberships",
            "DELETE FROM tenants",
            "SELECT * FROM people",
            "SELECT shipping_address FROM orders",
            "SELECT * FROM credentials",
        ):
            with pytest.raises(Exception, match="permission denied"):
                await connection.execute(text(statement))


async def test_the_application_cannot_become_another_role(ground: Ground) -> None:
    for role in (OWNER, PLATFORM, "sadu_lookup", "postgres"):
        async with ground.engine.connect() as connection:
            with pytest.raises(Exception, match=r"permission denied|cannot be executed"):
                await connection.execute(text(f"SET LOCAL ROLE {role}"))


async def test_a_suspended_tenant_cannot_lift_its_suspension(ground: Ground) -> None:
    async with ground.engine.connect() as connection:
        with pytest.raises(Exception, match="permission denied"):
            await connection.execute(text("UPDATE tenants SET status = 'active'"))
