"""API keys as an owner makes them over HTTP."""

from typing import Any

from tests.support.api import Api, Reply
from tests.support.factories import Shop

FIELDS = """
id name hint scopes status createdAt createdBy { id name email } expiresAt revokedAt lastUsedAt rotatedFrom
"""
ERRORS = "userErrors { code field message ... on IllegalTransition { current allowed } }"
DO = {
    field: f"mutation($input: {given}!) {{ {field}(input: $input) {{ {key} apiKey {{ {FIELDS} }} {ERRORS} }} }}"
    for field, given, key in (
        ("apiKeyCreate", "ApiKeyCreateInput", "key"),
        ("apiKeyRotate", "ApiKeyRotateInput", "key"),
        ("apiKeyRevoke", "ApiKeyRevokeInput", ""),
    )
}
LIST = f"query($first: Int!, $after: String, $status: ApiKeyStatus) {{ tenant {{ \
apiKeys(first: $first, after: $after, status: $status) {{ totalCount \
nodes {{ {FIELDS} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
SCOPES = ["CATALOG_READ", "CATALOG_MANAGE", "ORDERS_READ", "ORDERS_MANAGE", "PAYMENTS_MANAGE", "VISITS_READ"]


class Keyring:
    """A shop's keys in the hands of somebody who manages them, by default its owner."""

    def __init__(self, api: Api, shop: Shop, token: str | None = None) -> None:
        self.api, self.shop, self.token = api, shop, token or shop.token

    async def ask(self, field: str, **given: Any) -> Reply:
        return await self.api.execute(DO[field], {"input": given}, token=self.token, tenant=self.shop.slug)

    async def make(self, *scopes: str, name: str = "Till", **given: Any) -> dict[str, Any]:
        """The payload of a new key; with all scopes where none are named."""
        given = {"name": name, "scopes": list(scopes) or SCOPES, **given}
        return (await self.ask("apiKeyCreate", **given)).payload("apiKeyCreate")

    async def key(self, *scopes: str) -> str:
        """A new key itself."""
        return str((await self.make(*scopes))["key"])

    async def rotate(self, key_id: str, **given: Any) -> dict[str, Any]:
        return (await self.ask("apiKeyRotate", id=key_id, **given)).payload("apiKeyRotate")

    async def revoke(self, key_id: str) -> dict[str, Any]:
        revoked: dict[str, Any] = (await self.ask("apiKeyRevoke", id=key_id)).payload("apiKeyRevoke")["apiKey"]
        return revoked

    async def listed(self) -> list[dict[str, Any]]:
        reply = await self.api.execute(LIST, {"first": 100}, token=self.token, tenant=self.shop.slug)
        keys: list[dict[str, Any]] = reply.data["tenant"]["apiKeys"]["nodes"]
        return keys

    async def call(self, key: str, query: str = "{ tenant { slug } }", **headers: str) -> Reply:
        """As a program that has nothing but the key."""
        return await self.api.execute(query, token=key, headers=headers)

    async def full(self) -> None:
        """A key of which there is everything to tell: it has replaced another one, was used, and was revoked."""
        new = await self.rotate((await self.make())["apiKey"]["id"])
        assert (await self.call(new["key"])).status == 200
        await self.revoke(new["apiKey"]["id"])
