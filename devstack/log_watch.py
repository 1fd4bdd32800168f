"""Reading what services append to their logs, to tell of errors on the console."""

import json
from pathlib import Path
from typing import Any, cast

ROTATE_BYTES = 10 * 2**20
GRAVE = frozenset({"error", "critical", "exception"})


class LogWatch:
    """Follows one log from its present end."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._position = log.stat().st_size if log.exists() else 0
        self._unfinished = b""

    def new_errors(self) -> list[str]:
        """One line for each error logged since the last call."""
        summaries = (summarise(line.decode("utf-8", "replace")) for line in self._new_lines())
        return [summary for summary in summaries if summary]

    def _new_lines(self) -> list[bytes]:
        if not self._log.exists():
            return []
        with self._log.open("rb") as file:
            file.seek(self._position)
            text = self._unfinished + file.read()
            self._position = file.tell()
        *lines, self._unfinished = text.split(b"\n")
        return lines


def summarise(line: str) -> str:
    """What to tell of a log line: the event of a structured one that is an error, the last line of a traceback."""
    if line.startswith("{"):
        return _summarise_structured(line)
    first_word = line.partition(":")[0]
    is_exception = first_word.replace(".", "").isidentifier() and first_word.endswith(("Error", "Exception"))
    return line.strip() if is_exception else ""


def _summarise_structured(line: str) -> str:
    try:
        entry = cast("dict[str, Any]", json.loads(line))
    except ValueError:
        return ""
    if str(entry.get("level", "")).lower() not in GRAVE:
        return ""
    exception = str(entry.get("exception", "")).strip().rpartition("\n")[2]
    return " — ".join(part for part in (str(entry.get("event", line)), exception) if part)


def rotate(log: Path) -> None:
    """Put a log that has grown past 10 MiB aside as <name>.1, in place of the one put aside before."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > ROTATE_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))
