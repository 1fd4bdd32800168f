"""The `sadu` command: what it refuses to run with, and how it says so."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import DEVELOPMENT_MARK
from devstack.environment import MARK
from settings import Settings
from tests.support.databases import Databases

SADU = Path(sys.executable).with_name("sadu")


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    """The variables that a deployment would set, all of it fit for production unless changed."""
    given = {
        "SADU_ENV": "production",
        "SADU_DATABASE_URL": settings.database_url,
        "SADU_PLATFORM_DATABASE_URL": settings.platform_database_url,
        "SADU_REDIS_URL": settings.redis_url,
        "SADU_SMTP_URL": settings.smtp_url,
        "SADU_SECRET_KEY": settings.secret_key.get_secret_value(),
        "SADU_IDENTITY_PRIVATE_KEY_FILE": str(settings.identity_private_key_file),
        "SADU_PUBLIC_URL": "https://api.example.com",
        "SADU_S3_REGION": "me-south-1",
        "SADU_S3_BUCKET": "sadu-files",
        "SADU_MEDIA_URL": "https://cdn.example.com",
        "SADU_SECRET_STORE": "secrets_manager",
        "SADU_SECRETS_MANAGER_REGION": "me-south-1",
        "SADU_PORT": "0",
        "SADU_ALLOW_LOOPBACK": "true",
    }
    rest = {name: value for name, value in os.environ.items() if not name.startswith("SADU_")}
    return {**rest, **given, **changes}


def run(command: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SADU, command], env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_login_with_too_much_power_is_refused_by_name(
    settings: Settings, databases: Databases, database_name: str, command: str
) -> None:
    """Mission T3."""
    superuser = databases.url(database_name)
    refused = run(command, environment(settings, SADU_DATABASE_URL=superuser))
    assert refused.returncode != 0
    assert "the login of SADU_DATABASE_URL is a superuser" in refused.stderr
    owner = run(command, environment(settings, SADU_PLATFORM_DATABASE_URL=settings.owner_database_url or ""))
    assert "the login of SADU_PLATFORM_DATABASE_URL owns the database or tables in it" in owner.stderr
    assert "Traceback" not in refused.stderr + owner.stderr


def test_production_refuses_to_guess_where_files_are_kept(settings: Settings) -> None:
    """Mission S5."""
    given = environment(settings, SADU_S3_ACCESS_KEY="key")
    unset = {"SADU_S3_REGION", "SADU_S3_BUCKET", "SADU_MEDIA_URL"}
    refused = run("worker", {name: value for name, value in given.items() if name not in unset})
    assert refused.returncode != 0
    for line in (
        "SADU_S3_REGION is not set",
        "SADU_S3_BUCKET is not set",
        "SADU_MEDIA_URL is not set",
        "of SADU_S3_ACCESS_KEY and SADU_S3_SECRET_KEY one is not set",
    ):
        assert line in refused.stderr, refused.stderr


def test_production_asks_a_cluster_by_https_and_with_a_key(settings: Settings) -> None:
    """Mission S6."""
    chosen = environment(settings, SADU_SEARCH_ENGINE="elasticsearch")
    missing = run("worker", chosen)
    assert missing.returncode == 2
    assert "SADU_ELASTICSEARCH_URL is not set" in missing.stderr
    refused = run("serve", {**chosen, "SADU_ELASTICSEARCH_URL": "http://search.example.com:9200"})
    assert refused.returncode != 0
    for line in ("SADU_ELASTICSEARCH_URL is not https", "SADU_ELASTICSEARCH_API_KEY is not set"):
        assert line in refused.stderr, refused.stderr


def test_a_secret_store_wants_its_own_settings(settings: Settings) -> None:
    """Mission C5."""
    chosen = environment(settings)
    unset = {"SADU_SECRET_STORE", "SADU_SECRETS_MANAGER_REGION"}
    refused = run("serve", {name: value for name, value in chosen.items() if name not in unset})
    assert refused.returncode == 2
    assert "SADU_SECRETS_DIRECTORY is not set" in refused.stderr
    del chosen["SADU_SECRETS_MANAGER_REGION"]
    refused = run("worker", chosen)
    assert refused.returncode == 2
    assert "SADU_SECRETS_MANAGER_REGION is not set" in refused.stderr
    stand_in = environment(settings, SADU_SECRETS_MANAGER_ENDPOINT_URL="https://secrets.example.com")
    assert "SADU_SECRETS_MANAGER_ENDPOINT_URL is set" in run("worker", stand_in).stderr


def test_production_refuses_embedded_parts_and_development_keys(settings: Settings, tmp_path: Path) -> None:
    key_file = tmp_path / "key.pem"
    assert settings.identity_private_key_file
    key_file.write_text(f"{DEVELOPMENT_MARK}\n{settings.identity_private_key_file.read_text()}")
    refused = run(
        "serve",
        environment(
            settings,
            SADU_ALLOW_LOOPBACK="false",
            SADU_SECRET_KEY=f"{DEVELOPMENT_MARK}-{32 * 'x'}",
            SADU_IDENTITY_PRIVATE_KEY_FILE=str(key_file),
            SADU_PUBLIC_URL="http://api.example.com",
            SADU_MFA_REQUIRED="false",
            SADU_S3_URL="http://127.0.0.1:9890",
            SADU_STRIPE_URL="https://stripe.example.com",
            SADU_PAYPAL_URL="https://paypal.example.com",
            SADU_SECRET_STORE="files",
            SADU_SECRETS_DIRECTORY=str(tmp_path),
        ),
    )
    assert refused.returncode != 0
    for line in (
        "SADU_S3_URL leads to an embedded part",
        "SADU_DATABASE_URL leads to an embedded part",
        "SADU_REDIS_URL leads to an embedded part",
        "SADU_SMTP_URL leads to an embedded part",
        "SADU_SECRET_KEY is a development key",
        "SADU_IDENTITY_PRIVATE_KEY_FILE is a development key",
        "SADU_PUBLIC_URL is not https",
        "SADU_MFA_REQUIRED is off",
        "SADU_STRIPE_URL is set",
        "SADU_PAYPAL_URL is set",
        "SADU_SECRET_STORE keeps tenants' credentials in files of this machine",
    ):
        assert line in refused.stderr, refused.stderr


def test_the_keys_of_the_development_command_carry_the_mark_that_production_refuses() -> None:
    """The two rooms must not know each other, so each names the mark."""
    assert MARK == DEVELOPMENT_MARK


def test_a_missing_setting_is_named_by_its_variable() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SADU_")}
    refused = run("serve", bare)
    assert refused.returncode == 2
    assert "SADU_DATABASE_URL is not set: the application's login" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SADU_DATABASE_URL", "banana"),
        ("SADU_REDIS_URL", "http://cache"),
        ("SADU_SMTP_URL", "mail.example.com"),
        ("SADU_SECRET_KEY", "short"),
        ("SADU_IDENTITY_PRIVATE_KEY_FILE", "/nowhere/key.pem"),
        ("SADU_PORT", "abc"),
        ("SADU_ENV", "staging"),
    ],
)
def test_a_wrong_setting_is_named_and_not_repeated(settings: Settings, variable: str, value: str) -> None:
    refused = run("serve", environment(settings, **{variable: value}))
    assert refused.returncode == 2
    assert variable in refused.stderr
    assert "Traceback" not in refused.stderr
    assert variable == "SADU_ENV" or f"{value}'" not in refused.stderr


def test_a_database_or_a_port_that_cannot_be_had_is_told_in_words(settings: Settings) -> None:
    nowhere = "postgresql://sadu_app:secret-password@127.0.0.1:9/sadu"
    unreachable = run("serve", environment(settings, SADU_DATABASE_URL=nowhere))
    assert unreachable.returncode == 1
    assert "The database cannot be reached" in unreachable.stderr
    assert "secret-password" not in unreachable.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("serve", environment(settings, SADU_PORT=str(port), SADU_ENV="test"))
    assert refused.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr


def test_migrating_needs_the_owners_login_alone(settings: Settings) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SADU_")}
    refused = run("migrate", bare)
    assert refused.returncode == 2
    assert "SADU_OWNER_DATABASE_URL is not set: the login that owns the tables" in refused.stderr
    migrated = run("migrate", bare | {"SADU_OWNER_DATABASE_URL": settings.owner_database_url or ""})
    assert migrated.returncode == 0, migrated.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["dev"],
        ["serve"],
        ["worker"],
        ["migrate"],
        ["seed"],
        ["schema"],
        ["documents"],
        ["smoke"],
        ["operator", "create"],
        ["search", "reindex"],
        ["search", "leave"],
    ],
)
def test_every_command_explains_itself(command: list[str]) -> None:
    told = subprocess.run([SADU, *command, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert len(told.stdout.splitlines()) > 5
