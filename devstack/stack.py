"""The whole set of embedded parts, started together and stopped together."""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from devstack.mailbox import Mailbox
from devstack.mailbox_page import MailboxPage
from devstack.media_page import MediaPage
from devstack.object_store import ACCESS_KEY, ObjectStore
from devstack.ports import choose_port
from devstack.postgres import Postgres
from devstack.process_table import birth
from devstack.processes import Children
from devstack.unprivileged import SHARED_MEMORY, roomy
from devstack.valkey import Valkey

ALL_PARTS = frozenset({"postgres", "redis", "s3", "mail"})
RECORD = "processes.json"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts are. The fields of a part that was not asked for are empty, its port 0."""

    postgres_admin_url: str = ""
    postgres_port: int = 0
    redis_url: str = ""
    s3_url: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = ""
    media_url: str = ""
    smtp_url: str = ""
    mail_url: str = ""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports to take when they are free; None, or a port that is taken, means any free one."""

    postgres: int | None = None
    redis: int | None = None
    s3: int | None = None
    media: int | None = None
    smtp: int | None = None
    mail: int | None = None


class Part(Protocol):
    """What the stack starts in two steps, so that the parts come up side by side."""

    def spawn(self) -> None:
        """Start without waiting."""
        ...

    def wait_ready(self) -> None:
        """Wait until it can be used."""
        ...

    def revive(self) -> bool:
        """Start it again if it has died, without waiting; whether it had."""
        ...

    def stop(self) -> None:
        """Stop; safe to call twice."""
        ...


class Stack:
    """Embedded parts with their data below `directory`.

    `parts` are some of "postgres", "redis", "s3" and "mail". With `durable=False` the data are for one run only.
    `tell` is called with a part's name when that is ready. Whatever an earlier run with the same directory left
    running is ended first; two stacks must not use one directory at the same time.
    """

    def __init__(
        self,
        directory: Path,
        durable: bool = True,
        parts: Collection[str] = ALL_PARTS,
        *,
        ports: Ports | None = None,
        children: Children | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        if unknown := set(parts) - ALL_PARTS:
            raise ValueError(f"no such part: {', '.join(sorted(unknown))}")
        directory = directory.resolve()
        directory.mkdir(parents=True, exist_ok=True)
        if children is None:
            children = Children(directory / RECORD)
            children.end_leftovers()
        self._tell = tell
        self._parts = _Parts(directory, durable, children, ports or Ports(), parts)
        self._started: list[Part] = []

    @property
    def addresses(self) -> Addresses:
        """Where the parts are or will be: known before they run."""
        return self._parts.addresses()

    def start(self) -> Addresses:
        """Start every part and wait until all can be used. From the main thread only.

        Raises:
            PartFailedError: one did not come up; the others are stopped again.
        """
        try:
            for part in self._parts.by_name.values():
                self._started.append(part)
                part.spawn()
            for name, part in self._parts.by_name.items():
                part.wait_ready()
                if self._tell is not None:
                    self._tell(name)
        except BaseException:
            self.stop()
            raise
        return self.addresses

    def stop(self) -> None:
        """Stop every part; safe to call twice."""
        while self._started:
            self._started.pop().stop()

    def look_after(self) -> list[str]:
        """Start parts that have died again; returns what there is to tell. Call it now and then."""
        return [
            f"{name} had ended and was started again" for name, part in self._parts.by_name.items() if part.revive()
        ]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def throwaway_directory() -> Generator[Path]:
    """A folder for a stack that need not last: in memory where there is room, open to `nobody`, removed at the end.

    Those of processes that were killed before their end are removed on the way.
    """
    parent = SHARED_MEMORY if roomy(SHARED_MEMORY) else Path(tempfile.gettempdir())
    for left in parent.glob(f"sadu-run-{os.geteuid()}-*-*"):
        pid = left.name.split("-")[3]
        if pid.isdigit() and birth(int(pid)) is None:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"sadu-run-{os.geteuid()}-{os.getpid()}-", dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _StoragePart:
    """S3, and a thread of this process that serves what is public in it."""

    def __init__(self, directory: Path, port: int | None, media_port: int | None, children: Children) -> None:
        self.store = ObjectStore(directory, choose_port(port), children=children)
        self.page = MediaPage(self.store.bucket, choose_port(media_port))

    def spawn(self) -> None:
        self.store.spawn()
        self.page.start()

    def wait_ready(self) -> None:
        """The page accepts connections once started."""
        self.store.wait_ready()

    def revive(self) -> bool:
        """Threads of this process do not die alone."""
        return self.store.revive()

    def stop(self) -> None:
        self.page.stop()
        self.store.stop()


class _MailPart:
    """The mailbox and its page, threads of this process rather than children of it."""

    def __init__(self, directory: Path | None, smtp_port: int | None, page_port: int | None) -> None:
        self.mailbox = Mailbox(directory, choose_port(smtp_port))
        self.page = MailboxPage(self.mailbox, choose_port(page_port))

    def spawn(self) -> None:
        self.mailbox.start()
        self.page.start()

    def wait_ready(self) -> None:
        """Both accept connections once started."""

    def revive(self) -> bool:
        """Threads of this process do not die alone."""
        return False

    def stop(self) -> None:
        self.page.stop()
        self.mailbox.stop()


class _Parts:
    """The parts that were asked for, in the order of their start."""

    def __init__(
        self, directory: Path, durable: bool, children: Children, ports: Ports, wanted: Collection[str]
    ) -> None:
        self.redis = self.s3 = self.postgres = self.mail = None
        if "redis" in wanted:
            self.redis = Valkey(directory, choose_port(ports.redis), durable, children=children)
        if "s3" in wanted:
            self.s3 = _StoragePart(directory, ports.s3, ports.media, children)
        if "postgres" in wanted:
            self.postgres = Postgres(directory, choose_port(ports.postgres), durable, children=children)
        if "mail" in wanted:
            self.mail = _MailPart(directory / "mail" if durable else None, ports.smtp, ports.mail)

    @property
    def by_name(self) -> dict[str, Part]:
        """Postgres behind the two others, which come up while its data are made; the threads of the mailbox last."""
        parts = {"redis": self.redis, "s3": self.s3, "postgres": self.postgres, "mail": self.mail}
        return {name: part for name, part in parts.items() if part is not None}

    def addresses(self) -> Addresses:
        return Addresses(
            postgres_admin_url=self.postgres.admin_url() if self.postgres else "",
            postgres_port=self.postgres.port if self.postgres else 0,
            redis_url=self.redis.url if self.redis else "",
            s3_url=self.s3.store.url if self.s3 else "",
            s3_access_key=ACCESS_KEY if self.s3 else "",
            s3_secret_key=self.s3.store.secret_key if self.s3 else "",
            media_url=self.s3.page.url if self.s3 else "",
            smtp_url=self.mail.mailbox.url if self.mail else "",
            mail_url=self.mail.page.url if self.mail else "",
        )
