"""Tenants' credentials in sealed files of this machine: for development and tests."""

import asyncio
import json
import os
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import structlog
from cryptography.exceptions import InvalidTag

from domain.secret_store import SecretsUnavailable
from integrations.sealing import Seal

log = structlog.get_logger("sadu.secrets")


@dataclass(frozen=True)
class FileSecretStore:
    """A file for each tenant and name, which opens under the secret key alone, as what it was sealed for alone.

    Any number of processes may use the directory at once: a file is replaced whole, so the last one counts.
    """

    directory: Path
    secret_key: bytes = field(repr=False)

    async def put(self, tenant_id: uuid.UUID, name: str, values: Mapping[str, str]) -> None:
        sealed = self._seal(name).seal(json.dumps(dict(values)).encode(), owner=tenant_id)
        try:
            await asyncio.to_thread(replace_file, self._path(tenant_id, name), sealed)
        except OSError as error:
            raise unavailable(error) from None

    async def get(self, tenant_id: uuid.UUID, name: str) -> Mapping[str, str] | None:
        try:
            sealed = await asyncio.to_thread(self._path(tenant_id, name).read_bytes)
            opened = self._seal(name).open(sealed, owner=tenant_id)
        except FileNotFoundError:
            return None
        except (OSError, InvalidTag, ValueError) as error:
            raise unavailable(error) from None
        values: dict[str, str] = json.loads(opened)
        return values

    async def delete(self, tenant_id: uuid.UUID, name: str) -> None:
        try:
            await asyncio.to_thread(self._path(tenant_id, name).unlink, missing_ok=True)
        except OSError as error:
            raise unavailable(error) from None

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, tenant_id: uuid.UUID, name: str) -> Path:
        return self.directory / str(tenant_id) / f"{quote(name, safe='')}.sealed"

    def _seal(self, name: str) -> Seal:
        """Each name has a key of its own, and the seal binds to the tenant: no file opens in another's place."""
        return Seal(self.secret_key, f"secret {name}")


def replace_file(path: Path, content: bytes) -> None:
    """Whoever reads, or starts after a crash, finds the old content or the new. For the owner's eyes alone (0600)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or the new name may be lost with the power
    finally:
        os.close(folder)


def unavailable(error: Exception) -> SecretsUnavailable:
    """`InvalidTag` is a file that was changed or put in another's place, or another secret key."""
    log.error("secrets_unavailable", reason=type(error).__name__)
    return SecretsUnavailable()
