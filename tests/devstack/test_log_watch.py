"""What of the services' logs is told on the console."""

from pathlib import Path

import pytest

from devstack import log_watch
from devstack.log_watch import LogWatch, rotate, summarise


@pytest.mark.parametrize(
    ("line", "summary"),
    [
        ('{"level": "error", "event": "mail not sent"}', "mail not sent"),
        ('{"level": "error", "event": "boom", "exception": "Traceback\\nValueError: no"}', "boom — ValueError: no"),
        ('{"level": "info", "event": "request"}', ""),
        ('{"level": "error"', ""),
        ("sqlalchemy.exc.OperationalError: connection refused", "sqlalchemy.exc.OperationalError: connection refused"),
        ("Traceback (most recent call last):", ""),
        ("INFO: an Error: in passing", ""),
        ("", ""),
    ],
)
def test_only_errors_are_told(line: str, summary: str) -> None:
    assert summarise(line) == summary


def test_only_whole_new_lines_are_read(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("OldError: from an earlier run\n")
    watch = LogWatch(log)
    with log.open("a") as file:
        file.write("NewError: one\nNextErr")
        file.flush()
        assert watch.new_errors() == ["NewError: one"]
        file.write("or: two\n")
        file.flush()
        assert watch.new_errors() == ["NextError: two"]
        assert watch.new_errors() == []


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    assert LogWatch(tmp_path / "none.log").new_errors() == []


def test_a_long_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_watch, "ROTATE_BYTES", 10)
    log = tmp_path / "logs" / "api.log"
    rotate(log)
    log.write_text("more than ten bytes")
    rotate(log)
    assert not log.exists()
    assert log.with_name("api.log.1").read_text() == "more than ten bytes"
