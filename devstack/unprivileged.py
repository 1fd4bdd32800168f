"""Where files go, and as whom a program runs, when we are root: Postgres refuses root, so it runs as `nobody`."""

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (every use below owns what it opens there)
LASTING = Path("/var/tmp")  # noqa: S108
ROOM_BYTES = 2**30


def unprivileged_account() -> pwd.struct_passwd | None:
    """The account to give root's children, `nobody`, which exists everywhere; None when we are not root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def reachable(path: Path) -> bool:
    """Whether every existing folder on the way to `path` lets strangers pass."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in [path, *path.parents] if each.exists())


def reachable_home(directory: Path, *, lasting: bool) -> Path:
    """A folder that `nobody` can reach for the data that belongs to `directory`.

    That is `directory` itself wherever possible. Below somebody's private home it is a folder of ours, always the
    same for the same directory: under /var/tmp, or in memory where the data need not last and there is room.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or reachable(directory):
        return directory
    in_memory = not lasting and roomy(SHARED_MEMORY)
    home = (SHARED_MEMORY if in_memory else LASTING) / f"sadu-{fingerprint(str(directory.resolve()))}"
    claim(home)
    return home


def claim(folder: Path) -> None:
    """Make a folder below a world-writable one, or take one that we made earlier.

    Raises:
        PermissionError: somebody else got there first, so what lies in it cannot be trusted.
    """
    try:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(f"{folder} belongs to somebody else: remove it") from None


def roomy(folder: Path) -> bool:
    """Whether a folder exists and has 1 GiB to spare."""
    return folder.is_dir() and shutil.disk_usage(folder).free > ROOM_BYTES


def fingerprint(text: str) -> str:
    """Twelve hexadecimal digits that stand for a text in a file name."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def hand_over(path: Path, account: pwd.struct_passwd | None) -> None:
    """Make `account` the owner of one file or folder; without an account nothing changes."""
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)
