"""The ways of paying that this platform offers, and the credentials by which a tenant uses one."""

import uuid
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from domain.mock_gateway import MockGateway
from domain.payment_providers import (
    Account,
    AmountNotPayable,
    Capabilities,
    PaymentProvider,
    ProviderUnavailable,
    minor_units,
)
from domain.secret_store import SecretStore, SecretsUnavailable
from domain.store_pages import ON_THIS_MACHINE, StorePages

SECRETS_AWAY = "secrets_unavailable"
"""Code of a `ProviderUnavailable` that is not the provider's fault."""


class Transactions(Protocol):
    """Short transactions in one scope, one after the other: between two of them a provider may be asked."""

    def read(self) -> AbstractAsyncContextManager[AsyncSession]: ...
    def write(self) -> AbstractAsyncContextManager[AsyncSession]: ...


@dataclass(frozen=True, slots=True)
class Gateways:
    """Providers by their names, in the order in which they are shown, and where credentials are kept."""

    providers: Mapping[str, PaymentProvider]
    secrets: SecretStore = field(repr=False)
    public_url: str
    """Where providers reach us."""
    store_pages: StorePages = ON_THIS_MACHINE
    return_origins: frozenset[str] = frozenset()
    """Where shoppers may be sent back to besides their store's own pages."""
    mock: MockGateway | None = None
    """The page and the callbacks of the mock gateway, where it is offered."""
    returns_to_this_machine: bool = False
    """Pages on this machine, as front ends under development have, are fine too."""

    def capabilities(self, provider: str) -> Capabilities | None:
        """None for one that the platform does not offer."""
        found = self.providers.get(provider)
        return found.capabilities if found else None

    async def account(self, tenant_id: uuid.UUID, provider: str) -> Account:
        """What the tenant has put there. Holds no transaction. Raises `ProviderUnavailable`."""
        if not self.providers[provider].capabilities.credentials:
            return Account(tenant_id, {})
        try:
            return Account(tenant_id, await self.secrets.get(tenant_id, secret_name(provider)) or {})
        except SecretsUnavailable:
            raise ProviderUnavailable(SECRETS_AWAY) from None


def secret_name(provider: str) -> str:
    return f"payments/{provider}"


def has_currency(capabilities: Capabilities, currency: str) -> bool:
    return capabilities.currencies is None or currency in capabilities.currencies


def is_payable(capabilities: Capabilities, amount: Decimal, currency: str) -> bool:
    """Whether the provider has the currency, and can take exactly this amount of it."""
    if capabilities.currencies is None:
        return True
    rule = capabilities.currencies.get(currency)
    if rule is None:
        return False
    try:
        minor_units(amount, rule)
    except AmountNotPayable:
        return False
    return True
