"""The certificates that PayPal signs webhooks with, from PayPal's own host and no other."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from warnings import catch_warnings, simplefilter

import certifi
import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    SubjectAlternativeName,
    load_pem_x509_certificate,
    load_pem_x509_certificates,
)
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from domain.payment_providers import ProviderUnavailable, WebhookRejected
from integrations.payment_exchanges import PaymentHttp

HOSTS = {
    False: {"api.paypal.com", "api-m.paypal.com"},
    True: {"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"},
}
"""By whether it is the sandbox: an event of play is none of a live account's."""
PATH = re.compile(r"/v1/notifications/certs/CERT-[0-9a-fA-F-]{8,80}")
BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
NAME_ENDS = ".paypal.com"
MOST_BYTES, MOST_KEPT, MOST_CERTIFICATES = 64 * 1024, 64, 6
PATIENCE = httpx.Timeout(5, connect=3)
FORGET_REFUSED_SECONDS, FORGET_SECONDS = 60, 24 * 60 * 60

log = structlog.get_logger("sadu.paypal")


@dataclass(frozen=True, slots=True)
class Known:
    """What is behind an address, for a while; None where nothing that can be believed."""

    chain: Sequence[Certificate] | None
    until: float


@dataclass
class Certificates:
    """Each is fetched once and kept for a day, as long as it is good."""

    http: PaymentHttp
    stand_in: str | None = None
    """The only origin that certificates come from, where PayPal is a stand-in."""
    roots: Sequence[Certificate] | None = None
    _good: dict[str, Known] = field(default_factory=dict[str, Known], repr=False)
    _refused: dict[str, Known] = field(default_factory=dict[str, Known], repr=False)
    """Apart: whoever invents addresses displaces none that is used."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def key(self, url: str, *, is_sandbox: bool, now: datetime) -> RSAPublicKey:
        """The public key of PayPal's at this address.

        Raises `WebhookRejected`, or `ProviderUnavailable` where nobody can tell now.
        """
        if not self._is_paypals(url, is_sandbox=is_sandbox):
            raise WebhookRejected
        chain = await self._chain(url)
        if chain is None or not self._is_good(chain, now):
            raise WebhookRejected
        key = chain[0].public_key()
        if not isinstance(key, RSAPublicKey):
            raise WebhookRejected
        return key

    def _is_paypals(self, url: str, *, is_sandbox: bool) -> bool:
        """To the letter: nothing that one reads as PayPal's host and another as somebody else's."""
        hosts = {f"https://{host}" for host in HOSTS[is_sandbox]}
        origins = hosts if self.stand_in is None else {self.stand_in}
        return any(url.startswith(origin) and PATH.fullmatch(url.removeprefix(origin)) for origin in origins)

    async def _chain(self, url: str) -> Sequence[Certificate] | None:
        known = self._known(url)
        if known is None:
            async with self._turn:  # of those who want it at once, one fetches
                known = self._known(url) or self._keep(url, await self._fetch(url))
        return known.chain

    def _known(self, url: str) -> Known | None:
        known = self._good.get(url) or self._refused.get(url)
        return known if known and known.until > time.monotonic() else None

    def _keep(self, url: str, chain: Sequence[Certificate] | None) -> Known:
        place, seconds = (self._refused, FORGET_REFUSED_SECONDS) if chain is None else (self._good, FORGET_SECONDS)
        if len(place) >= MOST_KEPT:
            place.pop(next(iter(place)))
        self._good.pop(url, None)
        self._refused.pop(url, None)
        place[url] = Known(chain, time.monotonic() + seconds)
        return place[url]

    async def _fetch(self, url: str) -> Sequence[Certificate] | None:
        """None for what is there and is no certificate."""
        try:
            async with self.http.client.stream("GET", url, timeout=PATIENCE, follow_redirects=False) as response:
                if response.status_code in (408, 429) or response.status_code >= 500:
                    raise ProviderUnavailable("certificate")
                content = bytearray()
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > MOST_BYTES:
                        return None
                return certificates_in(bytes(content)) if response.status_code == 200 else None
        except httpx.HTTPError:
            raise ProviderUnavailable("certificate") from None

    def _is_good(self, chain: Sequence[Certificate], now: datetime) -> bool:
        """In its time, PayPal's by its name, and vouched for.

        Where no intermediate certificate comes with it, the host that it comes from vouches alone.
        """
        leaf, intermediates = chain[0], list(chain[1:])
        name = name_in(leaf)
        if name is None or not leaf.not_valid_before_utc <= now.astimezone(UTC) <= leaf.not_valid_after_utc:
            return False
        if not intermediates:
            return True
        verifier = PolicyBuilder().store(self._store).time(now.astimezone(UTC)).build_server_verifier(DNSName(name))
        try:
            verifier.verify(leaf, intermediates)
        except VerificationError:
            log.warning("paypal_certificate_refused")
            return False
        return True

    @cached_property
    def _store(self) -> Store:
        return Store(list(self.roots if self.roots is not None else well_known_roots()))


def well_known_roots() -> Sequence[Certificate]:
    """Those that browsers trust, less some that are too old to be read."""
    found: list[Certificate] = []
    for block in BLOCK.findall(Path(certifi.where()).read_bytes()):
        with suppress(ValueError), catch_warnings():
            simplefilter("error", CryptographyDeprecationWarning)
            with suppress(CryptographyDeprecationWarning):
                found.append(load_pem_x509_certificate(block))
    return found


def certificates_in(content: bytes) -> Sequence[Certificate] | None:
    try:
        return load_pem_x509_certificates(content)[:MOST_CERTIFICATES]
    except ValueError:
        return None


def name_in(certificate: Certificate) -> str | None:
    """A host of PayPal's that the certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except (ExtensionNotFound, ValueError):
        return None
    hosts = names.get_values_for_type(DNSName)
    return next((each for each in hosts if each.endswith(NAME_ENDS) and not each.startswith("*")), None)
