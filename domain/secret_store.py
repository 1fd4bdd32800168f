"""Where a tenant's credentials at others are kept: never in the database, and never told by the API again."""

import uuid
from collections.abc import Mapping
from typing import Protocol


class SecretsUnavailable(Exception):
    """The store cannot be asked now."""


class SecretStore(Protocol):
    """Small maps of secrets, by tenant and name, such as `payments/stripe`. Raises `SecretsUnavailable`."""

    async def put(self, tenant_id: uuid.UUID, name: str, values: Mapping[str, str]) -> None:
        """Keep these in place of whatever was kept under the name: all of them, or nothing is changed."""
        ...

    async def get(self, tenant_id: uuid.UUID, name: str) -> Mapping[str, str] | None:
        """What is kept; None where there is nothing."""
        ...

    async def delete(self, tenant_id: uuid.UUID, name: str) -> None:
        """Forget it; nothing happens where there is nothing."""
        ...
