"""The isolation suite: a row of every table for two tenants, and every way in which one might reach the other's."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.models import Base, new_id

TABLES: Mapping[str, Table] = {table.name: table for table in Base.metadata.sorted_tables}
SETTINGS = {"tenant_id": "app.current_tenant", "person_id": "app.current_person"}
UNOWNED = {"tenants": ("id", "app.current_tenant"), "people": ("id", "app.current_person")}
NOT_THE_APPLICATIONS = {
    "credentials",
    "operators",
    "search_changes",
    "search_documents",
    "search_stale_items",
    "search_vocabulary",
}
"""The application's login has no grant on these at all."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """By which column, and by which setting of the transaction, a table's rows belong to somebody."""

    table: str
    column: str
    setting: str


def ownership_of(table: str) -> Ownership:
    if table in UNOWNED:
        return Ownership(table, *UNOWNED[table])
    column = "tenant_id" if "tenant_id" in TABLES[table].columns else "person_id"
    return Ownership(table, column, SETTINGS[column])


@dataclass(frozen=True, slots=True)
class Somebody:
    """A tenant and a person with the id of their row in every table."""

    owner_id: uuid.UUID
    rows: Mapping[str, Mapping[str, Any]]


NAMED_LATER = {"parent_id", "logo_id"}
"""Columns that name rows of the same table, or of one that names this one."""

PLAUSIBLE: Mapping[str, Mapping[str, Any]] = {
    "memberships": {"role": "owner"},
    "store_profiles": {"about_en": "About us"},
    "invitations": {"role": "member"},
    "customers": {"locale": "ar"},
    "customer_addresses": {"form": "general", "line1": "1 Pearl Street", "city": "Manama"},
    "cart_lines": {"quantity": 1, "seen_price": 1},
    "cart_merges": {"edition": 0},
    "catalog_items": {"kind": "product"},
    "catalog_item_tags": {"key": "halal", "tag": "Halal"},
    "catalog_item_metadata": {"is_private": True},
    "catalog_variant_metadata": {"is_private": True},
    "category_metadata": {"is_private": True},
    "catalog_variants": {"price": 1, "compare_at_price": 2},
    "catalog_imports": {"actor_kind": "person"},
    "catalog_exports": {"actor_kind": "person"},
    "discounts": {"title_en": "Ten fils", "kind": "fixed", "amount": 1},
    "orders": {"total": 1},
    "order_lines": {"quantity": 1, "unit_price": 1, "total": 1},
    "payments": {"amount": 1, "currency": "KWD", "provider": "manual"},
    "mock_charges": {"amount": 1},
    "mock_refunds": {"amount": 1},
    "refunds": {"amount": 1, "origin": "staff"},
    "refund_lines": {"quantity": 1, "amount": 1},
    "shipping_rates": {"price": 1, "estimate_min_days": 1, "estimate_max_days": 2},
    "media_assets": {"content_type": "image/png", "size": 1},
    "email_codes": {"purpose": "confirm"},
    # Not the running transaction, whose row the triggers have written already.
    "storefront_changes": {"transaction": 3},
}
"""Values that checks ask for; everything else is made up from the column's type."""


def plausible_row(table: Table, owner_id: uuid.UUID) -> dict[str, Any]:
    """A row of the owner's. Every owner's ids are derived, so that references within one owner fit."""
    row: dict[str, Any] = {}
    given = PLAUSIBLE.get(table.name, {})
    for column in table.columns:
        if column.computed is not None or column.name in NAMED_LATER:
            continue
        if column.name in given:
            row[column.name] = given[column.name]
        elif column.name in ("tenant_id", "person_id") or (table.name in UNOWNED and column.name == "id"):
            row[column.name] = owner_id
        elif column.name == "name_en" or (
            column.server_default is None and not (column.nullable and not column.foreign_keys)
        ):
            row[column.name] = made_up(column.type.python_type, column, owner_id)
    return row


def made_up(kind: type, column: Any, owner_id: uuid.UUID) -> Any:
    if kind is uuid.UUID:
        target = next((key.column.table.name for key in column.foreign_keys if key.column.name == "id"), None)
        if target in UNOWNED:
            return owner_id
        if target is None and column.foreign_keys:  # a copy of a reference that the row referred to has as well
            return made_up(kind, next(iter(column.foreign_keys)).column, owner_id)
        return uuid.uuid5(owner_id, target or (column.table.name if column.name == "id" else column.name))
    makers: dict[type, Callable[[], Any]] = {
        str: lambda: f"{column.name}-{owner_id.hex[-12:]}",
        int: lambda: 1,
        bytes: lambda: owner_id.bytes,
        list: list,
        datetime: lambda: text("now() + interval '1 hour'"),
    }
    return makers[kind]() if kind in makers else {}


async def bind(connection: AsyncConnection, setting: str, owner_id: uuid.UUID | None) -> None:
    await connection.execute(
        text("SELECT set_config(:name, :value, true)"), {"name": setting, "value": str(owner_id or "")}
    )


async def settle(engine: AsyncEngine) -> Somebody:
    """Write one row into every table as the application would: under the owner's own scope."""
    owner_id = new_id()
    rows: dict[str, Mapping[str, Any]] = {}
    async with engine.begin() as connection:
        for setting in SETTINGS.values():
            await bind(connection, setting, owner_id)
        for name, table in TABLES.items():
            if name not in NOT_THE_APPLICATIONS:
                rows[name] = plausible_row(table, owner_id)
                await connection.execute(table.insert().values(**rows[name]))
    return Somebody(owner_id, rows)


async def leaks(engine: AsyncEngine, table: str, mine: Somebody, theirs: Somebody) -> list[str]:
    """Every way in which the application, acting for `mine`, reaches a row of `theirs` in a table."""
    owned = ownership_of(table)
    found: list[str] = []
    for attack in (sees_without_scope, sees_theirs, inserts_theirs, changes_theirs, gives_mine_away, removes_theirs):
        async with engine.connect() as connection:
            if await attack(connection, owned, mine, theirs):
                found.append(f"{table}: {attack.__name__}")
            await connection.rollback()
    return found


async def sees_without_scope(connection: AsyncConnection, owned: Ownership, _mine: Somebody, _theirs: Somebody) -> bool:
    return bool((await connection.execute(text(f"SELECT count(*) FROM {owned.table}"))).scalar())


async def sees_theirs(connection: AsyncConnection, owned: Ownership, mine: Somebody, theirs: Somebody) -> bool:
    await bind(connection, owned.setting, mine.owner_id)
    statement = text(f"SELECT count(*) FROM {owned.table} WHERE {owned.column} = :theirs")
    return bool((await connection.execute(statement, {"theirs": theirs.owner_id})).scalar())


async def inserts_theirs(connection: AsyncConnection, owned: Ownership, mine: Somebody, theirs: Somebody) -> bool:
    """Copies of rows that exist already: without row-level security a unique key would refuse them, not the policy."""
    await bind(connection, owned.setting, mine.owner_id)
    statement = TABLES[owned.table].insert().values(**theirs.rows[owned.table])
    return await not_refused_by_policy(connection, statement)


async def changes_theirs(connection: AsyncConnection, owned: Ownership, mine: Somebody, theirs: Somebody) -> bool:
    await bind(connection, owned.setting, mine.owner_id)
    column = touchable(owned)
    statement = text(f"UPDATE {owned.table} SET {column} = {column} WHERE {owned.column} = :theirs")
    return await affects_rows(connection, statement, theirs)


async def gives_mine_away(connection: AsyncConnection, owned: Ownership, mine: Somebody, theirs: Somebody) -> bool:
    await bind(connection, owned.setting, mine.owner_id)
    statement = text(f"UPDATE {owned.table} SET {owned.column} = :theirs").bindparams(theirs=theirs.owner_id)
    return await not_refused_by_policy(connection, statement)


async def removes_theirs(connection: AsyncConnection, owned: Ownership, mine: Somebody, theirs: Somebody) -> bool:
    await bind(connection, owned.setting, mine.owner_id)
    statement = text(f"DELETE FROM {owned.table} WHERE {owned.column} = :theirs")
    return await affects_rows(connection, statement, theirs)


def touchable(owned: Ownership) -> str:
    """A column that the application may write; `tenants` is granted column by column."""
    return "slug" if owned.table == "tenants" else owned.column


async def affects_rows(connection: AsyncConnection, statement: Any, theirs: Somebody) -> bool:
    """Whether rows were touched; a missing grant is a refusal as well. A foreign key's refusal means it got through."""
    try:
        return bool((await connection.execute(statement, {"theirs": theirs.owner_id})).rowcount)
    except DBAPIError as error:
        return not denied(error)


async def not_refused_by_policy(connection: AsyncConnection, statement: Any) -> bool:
    try:
        await connection.execute(statement)
    except DBAPIError as error:
        return not denied(error)
    return True


def denied(error: DBAPIError) -> bool:
    """SQLSTATE 42501 covers both: a row-level security policy said no, or there is no grant."""
    return getattr(error.orig, "sqlstate", None) == "42501"
