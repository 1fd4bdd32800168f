"""Ways of paying, and payments, as shops and shoppers meet them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.api import Api, Reply
from tests.support.factories import Shop

ACCOUNT = """
fragment account on PaymentAccount {
  provider kind isAvailable unavailability isEnabled isSaved name { en ar } instructions { en ar }
  paymentLink holdMinutes hasRefunds hasPartialRefunds webhookUrl credentials { name isRequired isSet setAt }
}
"""
ACCOUNTS = f"{{ tenant {{ paymentAccounts {{ ...account }} }} }} {ACCOUNT}"
ERRORS = "userErrors { code field message }"


def change(name: str, answered: str) -> str:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {answered} {ERRORS} }} }}"


CHANGES = {
    **{
        name: f"{change(name, 'paymentAccount { ...account }')} {ACCOUNT}"
        for name in ("paymentAccountSave", "paymentAccountEnable", "paymentAccountDisable")
    },
    "paymentAccountReorder": change("paymentAccountReorder", "paymentAccounts { provider }"),
    "paymentAccountDelete": change("paymentAccountDelete", "deletedProvider"),
}
METHODS = """
query($total: Decimal) { store { paymentMethods(total: $total) {
  provider kind name { en ar } instructions { en } isAvailable unavailability
} } }
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one shop says how it is paid."""

    api: Api
    shop: Shop

    async def change(self, mutation: str, /, *, token: str | None = None, **given: Any) -> Reply:
        return await self.api.execute(
            CHANGES[mutation], {"input": given}, token=token or self.shop.token, tenant=self.shop.slug
        )

    async def changed(self, mutation: str, /, **given: Any) -> dict[str, Any]:
        """A change that must succeed."""
        return (await self.change(mutation, **given)).payload(mutation)

    async def offer(self, provider: str = "MOCK", **given: Any) -> None:
        """Set up and enabled."""
        if given:
            await self.changed("paymentAccountSave", provider=provider, **given)
        await self.changed("paymentAccountEnable", provider=provider)

    async def accounts(self, *, token: str | None = None) -> Mapping[str, dict[str, Any]]:
        """All there are, by provider, in their order."""
        reply = await self.api.execute(ACCOUNTS, token=token or self.shop.token, tenant=self.shop.slug)
        return {each["provider"]: each for each in reply.data["tenant"]["paymentAccounts"]}

    async def methods(self, total: str | None = None) -> list[dict[str, Any]]:
        """What shoppers are offered."""
        reply = await self.api.execute(METHODS, {"total": total}, tenant=self.shop.slug)
        found: list[dict[str, Any]] = reply.data["store"]["paymentMethods"]
        return found
