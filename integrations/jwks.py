"""The public keys of a provider elsewhere, fetched from its JWKS endpoint and kept."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from integrations.access_tokens import ALGORITHM

LARGEST_ANSWER = 64 * 1024
LONGEST_KEY_ID = 200
SMALLEST_KEY = 2048
PAUSE = timedelta(seconds=30)

log = structlog.get_logger("sadu.jwks")


class RemoteKeys:
    """Implements `integrations.access_tokens.KeySource`.

    A key id that is not known is looked for at the provider, but only once in each `pause`, whatever comes of it:
    forged tokens cannot make us ask more often, and a key that the provider began to use is known that soon. Keys are
    fetched anew every `renewal` while tokens come, so that a withdrawn key is forgotten. While the provider cannot be
    asked, or answers nonsense, the known keys stay.
    """

    def __init__(
        self,
        url: str,
        *,
        pause: timedelta = PAUSE,
        renewal: timedelta = timedelta(hours=1),
        patience: timedelta = timedelta(seconds=5),
    ) -> None:
        self._url = url
        self._pause, self._renewal, self._patience = (each.total_seconds() for each in (pause, renewal, patience))
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._asked_at = self._learned_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> RSAPublicKey | None:
        known = self._keys.get(key_id)
        if known is None or self._time() - self._learned_at >= self._renewal:
            asking = self._ask()
            # Whose key is known need not wait for the newest ones.
            if known is None and asking is not None:
                await asyncio.shield(asking)
        return known or self._keys.get(key_id)

    def _ask(self) -> asyncio.Task[None] | None:
        """The question that is under way, or a new one; None where it is too early for another."""
        if self._asking is None and self._time() - self._asked_at >= self._pause:
            self._asked_at = self._time()
            self._asking = asyncio.create_task(self._learn())
        return self._asking

    async def _learn(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                self._keys = signing_keys(await self._fetch())
            self._learned_at = self._time()
        except (TimeoutError, httpx.HTTPError, UnfitKeys) as error:
            log.warning("jwks_unavailable", error=type(error).__name__, keys_known=len(self._keys))
        finally:
            self._asking = None

    async def _fetch(self) -> bytes:
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with (
            httpx.AsyncClient(verify=self._tls, timeout=self._patience) as client,
            client.stream("GET", self._url, headers=headers) as answer,
        ):
            answer.raise_for_status()
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise UnfitKeys
            return bytes(body)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Reading all the certificates that are trusted takes long: once is enough."""
        return httpx.create_ssl_context()

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()


class UnfitKeys(Exception):
    """What was fetched has no key that a signature could be verified by."""


def signing_keys(body: bytes) -> dict[str, RSAPublicKey]:
    """The RSA keys for signatures in a JWK set, by their ids; whatever else is in it is left out."""
    try:
        document: Any = json.loads(body)
        found = [(jwk.get("kid"), signing_key(jwk)) for jwk in document["keys"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnfitKeys from error
    keys = {kid: key for kid, key in found if isinstance(kid, str) and len(kid) <= LONGEST_KEY_ID and key is not None}
    if not keys:
        raise UnfitKeys
    return keys


def signing_key(jwk: dict[str, Any]) -> RSAPublicKey | None:
    """None for a key of another kind or purpose, and for one that is too short to be believed."""
    meant = (jwk.get("kty"), jwk.get("use", "sig"), jwk.get("alg", ALGORITHM)) == ("RSA", "sig", ALGORITHM)
    try:
        key = RSAAlgorithm.from_jwk(jwk) if meant else None
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_KEY else None
