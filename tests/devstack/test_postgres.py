"""The embedded Postgres: closed to strangers, forgiving of crashes, and at home wherever it is put."""

import os
import stat
import subprocess
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.security.roles import connected
from devstack.ports import answers
from devstack.postgres import Postgres
from devstack.postgres_binaries import find_binaries
from devstack.processes import PartFailedError, ProgramMissingError
from devstack.stack import throwaway_directory
from devstack.unprivileged import claim, reachable_home


@pytest.fixture(scope="module")
def server() -> Generator[Postgres]:
    with throwaway_directory() as folder:
        server = Postgres(folder, durable=False)
        server.start()
        yield server
        server.stop()


async def ask(url: str, query: str) -> str:
    async with connected(url) as connection:
        return str((await connection.execute(text(query))).scalar())


async def test_a_wrong_password_is_refused(server: Postgres) -> None:
    wrong = urlsplit(server.admin_url())._replace(netloc=f"postgres:wrong@127.0.0.1:{server.port}")
    with pytest.raises(DBAPIError, match="password authentication failed"):
        await ask(urlunsplit(wrong), "SELECT 1")


async def test_passwords_are_kept_as_scram_only(server: Postgres) -> None:
    stored = await ask(
        server.admin_url(), "SELECT string_agg(left(rolpassword, 13), ',') FROM pg_authid WHERE rolpassword IS NOT NULL"
    )
    assert stored == "SCRAM-SHA-256"
    rules = await ask(server.admin_url(), "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules")
    assert rules == "scram-sha-256"


async def test_it_listens_on_loopback_and_no_socket(server: Postgres) -> None:
    assert await ask(server.admin_url(), "SHOW listen_addresses") == "127.0.0.1"
    assert await ask(server.admin_url(), "SHOW unix_socket_directories") == ""


async def test_text_sorts_by_code_point(server: Postgres) -> None:
    query = "SELECT string_agg(word, '' ORDER BY word) FROM unnest(ARRAY['b', 'B', 'ب', 'a', 'ا']) AS word"
    assert await ask(server.admin_url(), query) == "Babاب"
    assert await ask(server.admin_url(), "SHOW server_encoding") == "UTF8"


def test_the_password_is_for_our_eyes_only(server: Postgres) -> None:
    files = list(server.data.parent.glob("postgres.password*"))
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600]


def test_a_lock_file_whose_id_belongs_to_somebody_else_now() -> None:
    """After a reboot or in a new container the recorded id may be anybody's, and Postgres alone would not start."""
    with throwaway_directory() as folder:
        server = Postgres(folder, durable=False)
        server.start()
        lock = (server.data / "postmaster.pid").read_text().splitlines()
        server.stop()
        stranger = subprocess.Popen(["/bin/sleep", "60"], user="nobody" if os.geteuid() == 0 else None, cwd="/")
        (server.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lock[1:]]) + "\n")
        server.start()
        assert answers(server.port)
        server.stop()
        assert stranger.poll() is None
        stranger.kill()
        stranger.wait()


def test_a_start_that_fails_tells_the_log() -> None:
    with throwaway_directory() as folder:
        server = Postgres(folder, durable=False)
        server.start()
        server.stop()
        (server.data / "global" / "pg_control").unlink()
        with pytest.raises(PartFailedError, match="pg_control"):
            server.start()


def test_half_made_data_are_made_again() -> None:
    with throwaway_directory() as folder:
        (folder / "postgres.new").mkdir()
        (folder / "postgres.new" / "PG_VERSION").write_text("18")
        server = Postgres(folder, durable=False)
        server.start()
        server.stop()
        assert not (folder / "postgres.new").exists()


def test_pg_bin_without_a_server_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(ProgramMissingError, match=str(tmp_path)):
        find_binaries()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's private folders are closed to the server's account")
async def test_data_move_where_the_server_can_reach_them(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    server = Postgres(private / "stack", durable=False)
    assert server.data.parent == reachable_home(private / "stack", lasting=False) != private / "stack"
    server.start()
    assert await ask(server.admin_url(), "SELECT 1") == "1"
    server.stop()
    assert not server.data.parent.exists(), "what lies outside of the directory is nobody's to clean up later"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that belongs to another")
def test_a_folder_that_a_stranger_made_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "claimed"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(PermissionError, match="somebody else"):
        claim(folder)
