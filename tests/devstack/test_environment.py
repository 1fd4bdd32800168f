"""Which settings the development command makes up, and which it takes from the environment."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from devstack.environment import (
    IncompleteSettingsError,
    database_settings,
    embedded_parts,
    part_settings,
    process_settings,
)
from devstack.stack import ALL_PARTS, Addresses

ADDRESSES = Addresses(postgres_admin_url="postgresql://postgres:pw@127.0.0.1:5/postgres", postgres_port=5)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("SADU_DATABASE_URL", "postgres"),
        ("SADU_ADMIN_DATABASE_URL", "postgres"),
        ("SADU_REDIS_URL", "redis"),
        ("SADU_S3_URL", "s3"),
        ("SADU_SMTP_URL", "mail"),
    ],
)
def test_a_url_replaces_its_part_alone(name: str, part: str) -> None:
    assert embedded_parts({name: "somewhere"}) == ALL_PARTS - {part}
    assert embedded_parts({name: ""}) == ALL_PARTS


def test_logins_of_our_own_on_the_embedded_server(tmp_path: Path) -> None:
    database = database_settings({}, ADDRESSES, tmp_path)
    assert database.admin_url == ADDRESSES.postgres_admin_url
    assert database.variables["SADU_DATABASE_URL"] == (
        f"postgresql://sadu_app:{database.logins.app_password}@127.0.0.1:5/sadu"
    )
    assert database.variables["SADU_OWNER_DATABASE_URL"].startswith("postgresql://sadu_owner:")
    assert database_settings({}, ADDRESSES, tmp_path) == database, "passwords are kept from run to run"


def test_logins_as_given(tmp_path: Path) -> None:
    given = {
        "SADU_DATABASE_URL": "postgresql://app:a%2Fb@db:6432/shop",
        "SADU_OWNER_DATABASE_URL": "postgresql://owner:o@db/shop",
        "SADU_PLATFORM_DATABASE_URL": "postgresql://platform:p@db/shop",
    }
    database = database_settings(given, Addresses(), tmp_path)
    assert database.admin_url is None
    assert database.name == "shop"
    assert database.logins.app_password == "a/b"
    assert database.variables == given


def test_a_missing_login_is_named(tmp_path: Path) -> None:
    given = {"SADU_DATABASE_URL": "postgresql://a:b@db/x", "SADU_OWNER_DATABASE_URL": "postgresql://o:b@db/x"}
    with pytest.raises(IncompleteSettingsError, match="SADU_PLATFORM_DATABASE_URL"):
        database_settings(given, Addresses(), tmp_path)


def test_parts_that_do_not_run_are_not_set() -> None:
    assert part_settings(Addresses(redis_url="redis://here")) == {"SADU_REDIS_URL": "redis://here"}


def test_keys_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first = process_settings({}, tmp_path, 8000)
    assert process_settings({}, tmp_path, 8000) == first
    assert len(first["SADU_SECRET_KEY"]) >= 43
    key_file = Path(first["SADU_IDENTITY_PRIVATE_KEY_FILE"])
    assert load_pem_private_key(key_file.read_bytes(), None)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_what_is_set_stays_but_for_the_port_that_was_found(tmp_path: Path) -> None:
    given = {"SADU_SECRET_KEY": "mine", "SADU_PORT": "8000", "SADU_LOG_LEVEL": "DEBUG", "HOME": "/"}
    settings = process_settings(given, tmp_path, 8123)
    assert (settings["SADU_SECRET_KEY"], settings["SADU_PORT"], settings["SADU_LOG_LEVEL"]) == ("mine", "8123", "DEBUG")
    assert "HOME" not in settings
