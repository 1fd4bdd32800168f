"""The `sadu` command: everything that a person or a deployment starts."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import structlog
import typer
import uvicorn
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from sqlalchemy.exc import DBAPIError

from bootstrap import Parts, UnfitToServe, build_parts, server_parts, worker_parts
from cli.balance import balance_tenants
from cli.documents import manifest_of
from cli.operators import create_operator
from cli.search_indexes import leave_index, reindex_tenant
from cli.second_factors import reset_second_factor
from cli.seed import seed_demo
from cli.smoke import smoke_test
from db.migrations import offline_sql, upgrade_to_head
from db.security.roles import Logins, prepare_database
from gql.schema import stale_sdl, write_sdl
from jobs.worker import run_worker
from server.app import Server, create_app
from server.logs import configure
from server.trusted_documents import UnfitDocuments
from settings import OwnerSettings, Settings, password_in

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Sadu: the backend of a platform of independent shops and charities. Settings come from SADU_* variables.",
)
operators = typer.Typer(no_args_is_help=True, help="Who runs the platform.")
app.add_typer(operators, name="operator")
"""Operators are made here alone: no API can make one."""
second_factors = typer.Typer(no_args_is_help=True, help="Second factors of people.")
app.add_typer(second_factors, name="mfa")
search_indexes = typer.Typer(no_args_is_help=True, help="Tenants that are searched in Elasticsearch.")
app.add_typer(search_indexes, name="search")


@app.command()
def dev(reset: Annotated[bool, typer.Option(help="Forget the data of earlier runs first.")] = False) -> None:
    """Run everything on this machine: embedded Postgres, Valkey, S3, mailbox, demo data, API and worker."""
    from cli.dev import run_dev  # noqa: PLC0415 - a production image has no embedded parts to import

    try:
        run_dev(reset=reset)
    except ValidationError as invalid:
        raise tell_settings(invalid, Settings) from None


@app.command()
def serve() -> None:
    """Serve the API: GraphQL, health, keys, and GraphiQL outside production."""
    settings = read_settings()
    parts = checked_parts(settings)
    check_port(settings.host, settings.port)
    structlog.get_logger("sadu.server").info("serving", host=settings.host, port=settings.port)
    uvicorn.run(
        served(parts),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        proxy_headers=False,  # `trusted_proxies` says what is believed
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=10,
        # Longer than a load balancer keeps an idle connection: it, and not we, must be the one that closes.
        timeout_keep_alive=75,
    )


@app.command()
def worker() -> None:
    """Do the work of the outbox: mails to shoppers, tenants and account holders."""
    parts = checked_parts(read_settings())

    async def work() -> None:
        try:
            await run_worker(worker_parts(parts))
        finally:
            await parts.close()

    asyncio.run(work())


@app.command()
def migrate(
    check: Annotated[bool, typer.Option(help="Only tell whether models and migrations agree.")] = False,
    sql: Annotated[bool, typer.Option(help="Only print the migrations as SQL.")] = False,
) -> None:
    """Bring the database up to date as its owner. With SADU_ADMIN_DATABASE_URL, make roles and database first."""
    if sql:
        sys.stdout.write(offline_sql())
    elif check:
        from cli.checks import check_migrations  # noqa: PLC0415 - starts an embedded Postgres

        check_migrations()
    else:
        migrate_database(read_owner_settings())
        typer.echo("The database is up to date.")


@app.command()
def seed() -> None:
    """Fill the database with the demo: two tenants, their people, their catalogue. Safe to repeat."""
    demo = asyncio.run(seed_demo(read_settings()))
    for person in demo.people:
        typer.echo(f"{person.role:18} {person.email:34} {person.password}")


@app.command()
def schema(
    check: Annotated[bool, typer.Option(help="Fail if the committed files are not in step with the code.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the files are.")] = Path(),
) -> None:
    """Write `schema.graphql` and `schema.admin.graphql`."""
    if not check:
        write_sdl(folder)
    elif stale := stale_sdl(folder):
        typer.echo(f"Not in step with the code: {', '.join(stale)}. Run `sadu schema`.", err=True)
        raise typer.Exit(1)


@app.command()
def documents(files: Annotated[list[Path], typer.Argument(help="GraphQL files, each of them one document.")]) -> None:
    """Print the manifest for SADU_TRUSTED_DOCUMENTS: documents by their hash, which is that of the file's bytes."""
    typer.echo(manifest_of(files))


@app.command()
def smoke(
    url: Annotated[str, typer.Argument(help="Where the API is, such as https://api.example.com.")],
    tenant: Annotated[str | None, typer.Option(help="Slug of a tenant whose storefront must answer.")] = None,
) -> None:
    """Ask a running deployment whether the essentials work. Changes nothing."""
    if not asyncio.run(smoke_test(url, tenant)):
        raise typer.Exit(1)


@app.command("balance")
def compare_books(
    tenant: Annotated[str | None, typer.Option(help="Slug of the only tenant to look at.")] = None,
    save_units: Annotated[
        Path | None, typer.Option(help="Write here how many units of each variant there are, in stock or held.")
    ] = None,
    units_since: Annotated[
        Path | None, typer.Option(help="Such a file: what was there then must be there still.")
    ] = None,
) -> None:
    """Compare orders, stock, codes, money and mails of every tenant. Changes nothing; fails where they disagree."""
    if not asyncio.run(balance_tenants(read_settings(), slug=tenant, since=units_since, save=save_units)):
        raise typer.Exit(1)


@operators.command("create")
def operator_create(
    email: Annotated[str, typer.Option(prompt=True, help="Address to sign in with.")],
    name: Annotated[str, typer.Option(prompt=True, help="Full name.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True,
            hide_input=True,
            confirmation_prompt=True,
            envvar="SADU_OPERATOR_PASSWORD",
            help="Of a new account; one that is confirmed already keeps its own.",
        ),
    ],
) -> None:
    """Make somebody an operator of the platform; an account that exists already keeps its password."""
    asyncio.run(create_operator(read_settings(), email=email, name=name, password=password))
    typer.echo(f"{email} is an operator now.")


@second_factors.command("reset")
def mfa_reset(email: Annotated[str, typer.Argument(help="Whose. Make sure that it is them who ask.")]) -> None:
    """Take the second factor away from somebody who lost app and recovery codes, and end all their sessions."""
    if not asyncio.run(reset_second_factor(read_settings(), email=email)):
        typer.echo(f"{email} has no second factor.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{email} signs in by the password alone now, and can set up a second factor anew.")


@search_indexes.command("reindex")
def search_reindex(slug: Annotated[str, typer.Argument(help="Of the tenant.")]) -> None:
    """Build a tenant's index anew and search there from now on; the first time, instead of in Postgres."""
    index = asyncio.run(reindex_tenant(read_settings(), slug))
    typer.echo(f"{slug} is searched in {index}.")


@search_indexes.command("leave")
def search_leave(slug: Annotated[str, typer.Argument(help="Of the tenant.")]) -> None:
    """Search a tenant in Postgres again, and delete its index."""
    asyncio.run(leave_index(read_settings(), slug))
    typer.echo(f"{slug} is searched in Postgres.")


def read_settings() -> Settings:
    """Settings from the environment, and logs as they say."""
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue] - its fields come from the environment
    except ValidationError as invalid:
        raise tell_settings(invalid, Settings) from None
    configure(settings.log_level)
    return settings


def read_owner_settings() -> OwnerSettings:
    try:
        return OwnerSettings()  # pyright: ignore[reportCallIssue] - its fields come from the environment
    except ValidationError as invalid:
        raise tell_settings(invalid, OwnerSettings) from None


def tell_settings(invalid: ValidationError, settings: type[BaseSettings]) -> typer.Exit:
    """Name each variable that is missing or wrong, and what it means. Its value is not repeated: it may be a secret."""
    for error in invalid.errors(include_input=False):
        name = str(error["loc"][0])
        wrong = "is not set" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
        typer.echo(f"SADU_{name.upper()} {wrong}: {settings.model_fields[name].description or ''}", err=True)
    return typer.Exit(2)


def migrate_database(settings: OwnerSettings) -> None:
    """Make roles and database first where an administrator's login is given."""
    if settings.admin_database_url is not None:
        logins = Logins(
            owner_password=password_in(settings.owner_database_url),
            app_password=password_in(settings.database_url),
            platform_password=password_in(settings.platform_database_url),
        )
        if not logins.app_password or not logins.platform_password:
            told = "SADU_DATABASE_URL and SADU_PLATFORM_DATABASE_URL tell the passwords of the roles to be made"
            raise typer.BadParameter(told)
        database = urlsplit(settings.owner_database_url).path.lstrip("/")
        asyncio.run(prepare_database(settings.admin_database_url, database=database, logins=logins))
    upgrade_to_head(settings.owner_database_url)


def checked_parts(settings: Settings) -> Parts:
    """The parts of a process that serves; refuses logins and settings that it must not run with."""
    try:
        parts = build_parts(settings)
        asyncio.run(parts.check_login())
    except (OSError, DBAPIError) as error:
        raise SystemExit(f"The database cannot be reached: {type(error).__name__}") from None
    return parts


def served(parts: Parts) -> Server:
    """The application; refuses registered documents that nobody could be answered."""
    try:
        return create_app(server_parts(parts))
    except UnfitDocuments as unfit:
        raise UnfitToServe([f"SADU_TRUSTED_DOCUMENTS: {each}" for each in unfit.objections]) from None


def check_port(host: str, port: int) -> None:
    """Say now, in words, that somebody else is there already."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        raise SystemExit(f"SADU_HOST and SADU_PORT: cannot listen on {host}:{port}: {error.strerror}") from None


if __name__ == "__main__":
    app()
