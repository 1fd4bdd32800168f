"""Small files that must be whole, and readable by nobody else, whatever happens while they are written."""

import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` at once, readable and writable by its owner only (0600).

    A reader, or a start after a crash, sees the old text or the new one and never half of it.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)


def keep_secret(path: Path, *, size: int = 24) -> str:
    """The random secret kept in `path`, made from `size` bytes (urlsafe text) the first time it is asked for."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(size))
    return path.read_text(encoding="utf-8")


def tail(path: Path, *, characters: int = 2000) -> str:
    """The last `characters` of a log, for an error message; empty where there is no log."""
    if not path.exists():
        return ""
    return path.read_text(encoding="utf-8", errors="replace")[-characters:].strip()
