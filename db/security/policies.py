"""The statements that put a table under row-level security. Migrations call these; they return SQL, they run nothing.

Each table has one policy for everyone, which compares the row with the transaction's scope, and at most one more for
each of `sadu_platform` and `sadu_lookup`. `(SELECT app_tenant())` is an InitPlan: it is evaluated once a statement.
"""

from collections.abc import Iterable

from db.security.roles import APP, LOOKUP, PLATFORM

SCOPE_FUNCTIONS = [
    # NULLIF: after SET LOCAL ends, the setting of a reused connection reads '' instead of NULL.
    """CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid $$""",
    """CREATE FUNCTION app_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.current_person', true), '')::uuid $$""",
    "REVOKE ALL ON FUNCTION app_tenant(), app_person() FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION app_tenant(), app_person() TO {APP}, {PLATFORM}, {LOOKUP}",
]


def secure(table: str, column: str, scope_function: str) -> list[str]:
    """Enable and force row-level security: rows whose `column` is the transaction's scope, and no others."""
    matches = f"{column} = (SELECT {scope_function}())"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_scope ON {table} USING ({matches}) WITH CHECK ({matches})",
    ]


def tenant_table(table: str, *, app: str, column: str = "tenant_id") -> list[str]:
    """A tenant's table: `app` lists what the application's login may do; the platform may read it."""
    return [*closed_tenant_table(table, app=app, column=column), *platform_reads(table)]


def closed_tenant_table(table: str, *, app: str, column: str = "tenant_id") -> list[str]:
    """As `tenant_table`, but the platform has no business in it: people of the tenant, and what opens its doors."""
    return [*secure(table, column, "app_tenant"), f"GRANT {app} ON {table} TO {APP}"]


def person_table(table: str, *, app: str, column: str = "person_id") -> list[str]:
    """A person's own table; an empty `app` leaves it to definer functions."""
    grants = [f"GRANT {app} ON {table} TO {APP}"] if app else []
    return [*secure(table, column, "app_person"), *grants]


def platform_writes(table: str, command: str) -> list[str]:
    """What center control may write: one command on one table."""
    checks = {"INSERT": "WITH CHECK (true)", "UPDATE": "USING (true) WITH CHECK (true)"}[command]
    return [
        f"CREATE POLICY {table}_platform_{command.lower()} ON {table} FOR {command} TO {PLATFORM} {checks}",
        f"GRANT {command} ON {table} TO {PLATFORM}",
    ]


def platform_reads(*tables: str) -> list[str]:
    """What center control may look at across people: that a mail waits, not what is in it."""
    return every_row("platform_read", PLATFORM, tables)


def lookup_reads(*tables: str) -> list[str]:
    """What definer functions may find across tenants and people."""
    return every_row("lookup_read", LOOKUP, tables)


def every_row(name: str, role: str, tables: Iterable[str]) -> list[str]:
    """Lets a role read these tables whole."""
    return [
        statement
        for table in tables
        for statement in (
            f"CREATE POLICY {table}_{name} ON {table} FOR SELECT TO {role} USING (true)",
            f"GRANT SELECT ON {table} TO {role}",
        )
    ]


def lookup_writes(table: str, command: str) -> list[str]:
    """What a definer function may write across tenants or people: leases, password hashes, what is to be forgotten."""
    checks = {
        "INSERT": "WITH CHECK (true)",
        "UPDATE": "USING (true) WITH CHECK (true)",
        "DELETE": "USING (true)",
    }[command]
    return [
        f"CREATE POLICY {table}_lookup_{command.lower()} ON {table} FOR {command} TO {LOOKUP} {checks}",
        f"GRANT {command} ON {table} TO {LOOKUP}",
    ]


def definer_function(signature: str, returns: str, body: str, *, caller: str = APP, language: str = "sql") -> list[str]:
    """A function that runs as `sadu_lookup`, callable by one login, with a fixed search path."""
    name = signature.split("(", maxsplit=1)[0]
    arguments = ", ".join(part.split()[1] for part in signature.split("(")[1].rstrip(")").split(", ") if part)
    volatility = "VOLATILE" if any(verb in body for verb in ("INSERT", "UPDATE", "DELETE")) else "STABLE"
    return [
        f"SET LOCAL ROLE {LOOKUP}",
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE {language} {volatility} SECURITY DEFINER "
        f"SET search_path = pg_catalog, public, pg_temp AS $body$ {body} $body$",
        f"REVOKE ALL ON FUNCTION {name}({arguments}) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {name}({arguments}) TO {caller}",
        "RESET ROLE",
    ]
