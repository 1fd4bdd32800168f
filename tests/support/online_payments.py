"""The API with Stripe and PayPal behind it, as stand-ins on this machine."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bootstrap import Parts, build_parts
from integrations.passwords import Argon2Passwords
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.payment_stages import paypal_credentials, stripe_credentials
from tests.support.payments import Desk
from tests.support.paypal.certificates import pem
from tests.support.paypal.server import FakePayPal, PayPalAccount, fake_paypal
from tests.support.stripe.accounts import StripeAccount
from tests.support.stripe.server import FakeStripe, fake_stripe


@dataclass(frozen=True, slots=True)
class Online:
    """One API, and what is behind it."""

    parts: Parts
    api: Api
    stripe: FakeStripe
    paypal: FakePayPal

    async def offer_stripe(self, desk: Desk, **options: str) -> StripeAccount:
        """A store that takes cards."""
        values = {**stripe_credentials(desk.shop.tenant.id), **options}
        await desk.offer("STRIPE", credentials=listed(values))
        return self.stripe.account(values["secretKey"], values["webhookSecret"])

    async def offer_paypal(self, desk: Desk) -> PayPalAccount:
        values = paypal_credentials(desk.shop.tenant.id)
        await desk.offer("PAYPAL", credentials=listed(values))
        return self.paypal.account(values["clientId"], values["clientSecret"], values["webhookId"])


def listed(values: Mapping[str, str]) -> list[dict[str, str]]:
    """As the API takes them."""
    return [{"name": name, "value": value} for name, value in values.items()]


@asynccontextmanager
async def online_payments(settings: Settings, folder: Path) -> AsyncGenerator[Online]:
    """Built by `bootstrap`, on the database that the other tests use."""
    with fake_stripe() as stripe, fake_paypal() as paypal:
        authority = folder / "authority.pem"
        authority.write_bytes(pem(paypal.authority.root))
        urls = {"stripe_url": stripe.url, "paypal_url": paypal.url, "paypal_authority_file": authority}
        parts = build_parts(
            settings.model_copy(update=urls), passwords=Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)
        )
        async with running_api(parts) as api:
            yield Online(parts, api, stripe, paypal)
