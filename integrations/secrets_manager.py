"""Tenants' credentials in AWS Secrets Manager, by boto3, which blocks, in threads."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import structlog
from boto3.session import Session  # pyright: ignore[reportMissingTypeStubs] - boto3 has no types
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]

from domain.secret_store import SecretsUnavailable

MISSING, THERE_ALREADY, BEING_DELETED = (
    "ResourceNotFoundException",
    "ResourceExistsException",
    "InvalidRequestException",
)
TRIES, PAUSE_SECONDS = 4, 1.0

log = structlog.get_logger("sadu.secrets")


class Refused(Exception):
    """Secrets Manager did not do what it was asked; `code` is its name for the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class SecretsManagerStore:
    """A secret for each tenant and name: `{prefix}/{tenant}/{name}`. Connects when first used, as the machine."""

    region: str
    prefix: str
    endpoint_url: str | None = None
    """None is AWS itself."""
    pause_seconds: float = PAUSE_SECONDS
    """Before it is asked again to make a secret whose deletion has not ended."""
    _making: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    async def put(self, tenant_id: uuid.UUID, name: str, values: Mapping[str, str]) -> None:
        secret = {"SecretString": json.dumps(dict(values))}
        secret_id = self._id(tenant_id, name)
        code = ""
        for attempt in range(TRIES):
            try:
                await self._replace_or_make(secret_id, secret)
            except Refused as refused:
                code = refused.code
                if code not in {THERE_ALREADY, BEING_DELETED}:
                    break
                await asyncio.sleep(self.pause_seconds if attempt < TRIES - 1 else 0)
            else:
                return
        raise unavailable(code)

    async def get(self, tenant_id: uuid.UUID, name: str) -> Mapping[str, str] | None:
        try:
            found = await self._ask("get_secret_value", SecretId=self._id(tenant_id, name))
        except Refused as refused:
            if refused.code in {MISSING, BEING_DELETED}:
                return None
            raise unavailable(refused.code) from None
        values: dict[str, str] = json.loads(found["SecretString"])
        return values

    async def delete(self, tenant_id: uuid.UUID, name: str) -> None:
        try:
            await self._ask("delete_secret", SecretId=self._id(tenant_id, name), ForceDeleteWithoutRecovery=True)
        except Refused as refused:
            if refused.code not in {MISSING, BEING_DELETED}:
                raise unavailable(refused.code) from None

    async def close(self) -> None:
        """As often as one likes: whatever is asked after it connects anew."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            await asyncio.to_thread(client.close)

    async def _replace_or_make(self, secret_id: str, secret: Mapping[str, str]) -> None:
        """Of two who make it at once one is told that it is there already, and replaces it at the next try."""
        try:
            await self._ask("put_secret_value", SecretId=secret_id, **secret)
        except Refused as refused:
            if refused.code != MISSING:
                raise
            await self._ask("create_secret", Name=secret_id, **secret)

    def _id(self, tenant_id: uuid.UUID, name: str) -> str:
        return f"{self.prefix}/{tenant_id}/{name}"

    async def _ask(self, operation: str, **given: Any) -> dict[str, Any]:
        """Raises `Refused`. No message of boto3 goes any further: they may quote what was sent."""

        def ask() -> dict[str, Any]:
            with self._making:
                client = self._client
            return getattr(client, operation)(**given)

        try:
            return await asyncio.to_thread(ask)
        except ClientError as error:
            raise Refused(reason(error)) from None
        except BotoCoreError as error:
            raise Refused(type(error).__name__) from None

    @cached_property
    def _client(self) -> Any:
        """boto3's clients are made of JSON at run time, and safe in threads."""
        session: Any = Session()
        patience = Config(
            connect_timeout=2,
            read_timeout=4,
            max_pool_connections=32,
            retries={"mode": "standard", "total_max_attempts": 2},
        )
        return session.client(
            "secretsmanager", region_name=self.region, endpoint_url=self.endpoint_url, config=patience
        )


def unavailable(code: str) -> SecretsUnavailable:
    log.error("secrets_unavailable", reason=code)
    return SecretsUnavailable()


def reason(error: ClientError) -> str:
    """AWS's name for what is wrong."""
    response: dict[str, Any] = vars(error)["response"]
    return response.get("Error", {}).get("Code", "")
