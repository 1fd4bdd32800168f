"""The plans that Postgres really chose for the product's own statements, under the application's login and a scope."""

import asyncio
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import text

from bench.traffic import CATEGORY, ITEM, LIST, ORDERS, PAGE, SHELF, body
from bench.world import CLIENT_ID, PUBLIC_URL, World
from db.models import new_id
from db.security.roles import APP, connected
from integrations.access_tokens import AccessTokenSigner

EXPLAINED = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_parameter_max_length": "0",
}
REPETITIONS = 12
"""From the sixth execution on Postgres may keep one plan for all parameters: that is the one that production has."""
LOGGED = re.compile(r"duration: [0-9.]+ ms  plan:\n((?:\t.*\n)+)")
MANY_ROWS, MANY_BUFFERS = 100, 400
"""A page and what belongs to it is fewer rows; sorting more means that an index did not give the order. The buffers
are two levels of an index and a row for each of those."""

REQUESTS = {
    "items, newest first": body("List", LIST, {"first": PAGE}),
    "items of a category": body("Category", CATEGORY, {"slug": "category-2", "first": PAGE}),
    "a category's shelf": body("Shelf", SHELF, {"slug": "category-2", "first": PAGE}),
    "item by slug": body("Item", ITEM, {"slug": "item-number-77"}),
    "orders, newest first": body("Orders", ORDERS, {"first": PAGE}),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One executed statement."""

    statement: str
    root: dict[str, Any]
    milliseconds: float

    @property
    def shape(self) -> list[str]:
        """Node types with their tables and indexes, indented."""
        return [f"{'  ' * depth}{name_of(node)}" for depth, node in walk(self.root)]

    @property
    def described(self) -> str:
        """The tree with rows, loops, buffers and milliseconds."""
        return "\n".join(f"    {'  ' * depth}{name_of(node)}  {figures_of(node)}" for depth, node in walk(self.root))

    @property
    def faults(self) -> list[str]:
        """What no page of one tenant needs: a whole table read, many rows sorted, or many looked at in vain."""
        buffers = buffers_of(self.root)
        found = [f"{buffers} buffers touched"] if buffers > MANY_BUFFERS else []
        for _, node in walk(self.root):
            if node["Node Type"] == "Seq Scan":
                found.append(f"sequential scan of {node['Relation Name']}")
            if node["Node Type"] in {"Sort", "Incremental Sort"}:
                below = node["Plans"][0]
                rows = below["Actual Rows"] * below["Actual Loops"]
                if rows > MANY_ROWS:
                    found.append(f"sort of {rows:.0f} rows")
        return found


def walk(node: dict[str, Any], depth: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    yield depth, node
    for child in cast("list[dict[str, Any]]", node.get("Plans", [])):
        yield from walk(child, depth + 1)


def name_of(node: dict[str, Any]) -> str:
    index = f" by {node['Index Name']}" if "Index Name" in node else ""
    table = f" of {node['Relation Name']}" if "Relation Name" in node else ""
    return f"{node['Node Type']}{table}{index}"


def buffers_of(node: dict[str, Any]) -> int:
    """Pages that a node and those below it looked at, each as often as it did."""
    return node.get("Shared Hit Blocks", 0) + node.get("Shared Read Blocks", 0)


def figures_of(node: dict[str, Any]) -> str:
    return (
        f"rows={node['Actual Rows']:.0f} (expected {node['Plan Rows']}) loops={node['Actual Loops']:.0f} "
        f"buffers={buffers_of(node)} ms={node['Actual Total Time']:.3f}"
    )


def plans_of(world: World, database: str, slug: str, *, small_tables: bool = False) -> dict[str, list[Plan]]:
    """For each of `REQUESTS` to a tenant the plans of the statements that it led to.

    Tables of a page or two are read whole, rightly. `small_tables` asks how they would be read if they were larger.
    """
    settings = {**EXPLAINED, "enable_seqscan": "off"} if small_tables else EXPLAINED
    asyncio.run(alter_login(world, database, [f"SET {name} = '{value}'" for name, value in settings.items()]))
    server = world.sadu(database=database)
    token = asyncio.run(staff_token(world, database, slug))
    log = world.postgres.data.parent / "postgres.log"
    found: dict[str, list[Plan]] = {}
    for name, content in REQUESTS.items():
        before = 0
        for _ in range(REPETITIONS):
            before = log.stat().st_size
            answer = json.loads(server.ask(slug, content, token=token if "orders" in name else None))
            if "errors" in answer:
                raise SystemExit(f"{name}: {answer}")
        with log.open("rb") as written:
            written.seek(before)
            found[name] = list(logged_plans(written.read().decode("utf-8", "replace")))
    server.stop()
    asyncio.run(alter_login(world, database, [f"RESET {name}" for name in settings]))
    return found


def logged_plans(log: str) -> Iterator[Plan]:
    for match in LOGGED.finditer(log):
        logged = json.loads(match[1])
        root = logged["Plan"]
        if any("Relation Name" in node for _, node in walk(root)):
            yield Plan(logged["Query Text"], root, root["Actual Total Time"])


async def alter_login(world: World, database: str, changes: list[str]) -> None:
    """Change settings of the application's connections that begin from now on."""
    async with connected(world.admin_url) as connection:
        for change in changes:
            await connection.execute(text(f"ALTER ROLE {APP} IN DATABASE {database} {change}"))


async def staff_token(world: World, database: str, slug: str) -> str:
    """Somebody who works for the tenant, signed in; of a role that needs no second factor."""
    person, session, subject = new_id(), new_id(), secrets.token_hex(16)
    async with connected(world.admin_url, database) as connection:
        values = {"person": person, "session": session, "subject": subject, "slug": slug, "member": new_id()}
        for statement in (
            "INSERT INTO people (id, subject, email, name, confirmed_at) "
            "VALUES (:person, :subject, :subject || '@people.test', 'Noura', now())",
            "INSERT INTO sessions (person_id, id, expires_at) VALUES (:person, :session, now() + interval '1 day')",
            "INSERT INTO memberships (tenant_id, id, person_id, role) "
            "SELECT id, :member, :person, 'member' FROM tenants WHERE slug = :slug",
        ):
            names = set(re.findall(r":([a-z]+)", statement))
            await connection.execute(text(statement), {name: values[name] for name in names})
    signer = AccessTokenSigner(world.key_file.read_bytes(), PUBLIC_URL, CLIENT_ID, timedelta(minutes=15))
    return signer.sign(subject=subject, session_id=session, signed_in_at=datetime.now(UTC))
