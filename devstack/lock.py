"""One development command at a time for one folder."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(RuntimeError):
    """Somebody else holds the lock; the message names the process."""


@contextmanager
def exclusive(file: Path) -> Generator[None]:
    """Hold a lock on a file. The system lets go of it when we end, however we end.

    Raises:
        AlreadyRunningError: at once, when another process holds it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunningError(f"process {lock.read().strip() or '(unknown)'} holds {file}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
