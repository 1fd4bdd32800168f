"""Comparing the books of all tenants, each in a transaction under its own scope."""

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import typer
from sqlalchemy import select

from bootstrap import build_database
from db.models import Tenant
from db.session import Database, Scope
from domain.actors import Actor, Permission, system
from domain.balance import RULES, Balance, balance
from settings import Settings

TIMEOUT_MS = 600_000
MOST_TOLD = 20
"""Breaches of a rule in a tenant; the rest is counted."""

Units = Mapping[uuid.UUID, int]


async def balance_tenants(settings: Settings, *, slug: str | None, since: Path | None, save: Path | None) -> bool:
    """Print what was compared, and say whether nothing is wrong."""
    patient = settings.model_copy(update={"statement_timeout_ms": TIMEOUT_MS})
    before: Units = read_units(since) if since else {}
    database = build_database(patient, settings.database_url, pool_size=1)
    try:
        found = {tenant.slug: await of_tenant(database, tenant, before) for tenant in await tenants(patient, slug)}
    finally:
        await database.dispose()
    if save:
        write_units(save, found)
    for name, each in found.items():
        tell(name, each)
    return tell_all(found)


async def tenants(settings: Settings, slug: str | None) -> list[Tenant]:
    """Under the platform's login, which alone sees all of them."""
    database = build_database(settings, settings.platform_database_url, pool_size=1)
    statement = select(Tenant).order_by(Tenant.slug)
    try:
        async with database.read(Scope()) as session:
            found = list((await session.execute(statement.where(Tenant.slug == slug) if slug else statement)).scalars())
    finally:
        await database.dispose()
    if slug and not found:
        raise SystemExit(f"no tenant has the slug {slug}")
    return found


async def of_tenant(database: Database, tenant: Tenant, units_before: Units) -> Balance:
    async with database.read(Scope(tenant.id)) as session:
        return await balance(session, actor=reader(tenant.id), units_before=units_before)


def reader(tenant_id: uuid.UUID) -> Actor:
    return replace(system(tenant_id), permissions=frozenset({Permission.ORDERS_READ}))


def read_units(file: Path) -> Units:
    return {uuid.UUID(key): int(count) for key, count in json.loads(file.read_text()).items()}


def write_units(file: Path, found: Mapping[str, Balance]) -> None:
    file.write_text(json.dumps({str(key): count for each in found.values() for key, count in each.units.items()}))


def tell(name: str, found: Balance) -> None:
    """Tenants without orders that agree have nothing to tell."""
    if not found.breaches and not found.figures["orders"]:
        return
    typer.echo(f"\n{name}")
    tell_figures(found.figures)
    told = Counter[str]()
    for breach in found.breaches:
        told[breach.rule] += 1
        if told[breach.rule] <= MOST_TOLD:
            verdict = "wait" if breach.is_under_way else "FAIL"
            typer.echo(f"  {verdict}  {breach.rule}: {breach.subject}: {breach.told}")
    for rule, count in told.items():
        if count > MOST_TOLD:
            typer.echo(f"        {rule}: {count - MOST_TOLD} more")


def tell_figures(figures: Mapping[str, Decimal]) -> None:
    for name, value in figures.items():
        typer.echo(f"  {name:40}{value:>12}")


def tell_all(found: Mapping[str, Balance]) -> bool:
    """All tenants together, rule by rule."""
    total: dict[str, Decimal] = {}
    for each in found.values():
        for name, value in each.figures.items():
            total[name] = total.get(name, Decimal(0)) + value
    typer.echo(f"\n{len(found)} tenants")
    tell_figures(total)
    breaches = [breach for each in found.values() for breach in each.breaches]
    wrong = Counter(breach.rule for breach in breaches if not breach.is_under_way)
    waiting = Counter(breach.rule for breach in breaches if breach.is_under_way)
    for rule in RULES:
        count = f"{wrong[rule]} do not" if wrong[rule] else ""
        later = f"{waiting[rule]} are being mended" if waiting[rule] else ""
        typer.echo("  ".join(part for part in ("FAIL" if wrong[rule] else "ok  ", rule, count, later) if part))
    return not wrong
