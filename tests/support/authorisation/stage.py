"""What the matrix is played on: a tenant with something of everything, and one audience that asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gql.ids import global_id
from tests.support.api import Api, Reply
from tests.support.authorisation.audiences import Audience
from tests.support.authorisation.selections import Arguments
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Member, Shop
from tests.support.mail import Post
from tests.support.orders import ADVANCE, SUBMIT, new_key

PHONE = "+965 5000 1234"
PROFILE = {"contactPhone": PHONE, "brandPrimary": "#0f766e", "brandSecondary": "#f59e0b"}
UPDATE = "mutation($input: TenantUpdateInput!) { tenantUpdate(input: $input) { userErrors { code } } }"


@dataclass(frozen=True, slots=True)
class Tools:
    """What the fixtures of a test give. `superuser` sees the rows of every tenant in this process's database."""

    api: Api
    factory: Factory
    post: Post
    superuser: AsyncConnection

    async def rows(self) -> Mapping[str, str]:
        """A digest of all rows of each table."""
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        tables = (await self.superuser.execute(text(named))).scalars().all()
        digests = " UNION ALL ".join(
            f"SELECT '{table}', count(*), sum(hashtextextended(t::text, 0)) FROM \"{table}\" t" for table in tables
        )
        return {table: f"{rest}" for table, *rest in await self.superuser.execute(text(digests))}


@dataclass(frozen=True, slots=True)
class Stage:
    """A tenant, and somebody who asks it. `arguments` names something that exists for each field that wants a name."""

    tools: Tools
    shop: Shop
    audience: Audience
    member: Member | None
    operator: Member
    arguments: Arguments

    @classmethod
    async def set_up(cls, tools: Tools, audience: Audience) -> Self:
        shop = await tools.factory.shop()
        arguments = await furnish(tools, shop)
        member, operator = await audience.sign_in(tools.factory, shop), await tools.factory.operator()
        return cls(tools, shop, audience, member, operator, arguments)

    @property
    def token(self) -> str | None:
        return self.member.token if self.member else None

    @property
    def owner(self) -> CatalogClient:
        """The back office in the owner's hands, to prepare things with."""
        return CatalogClient.of(self.tools.api, self.shop)

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, *, endpoint: str | None = None
    ) -> Reply:
        """As the audience asks; elsewhere than usual if told so."""
        return await self.tools.api.execute(
            document, variables, token=self.token, tenant=self.shop.slug, path=endpoint or self.audience.endpoint
        )

    async def ask_as(self, audience: Audience, document: str, variables: Mapping[str, Any] | None) -> Reply:
        """As somebody else who may: the owner, or an operator in center control."""
        token = self.shop.token if audience is Audience.OWNER else self.operator.token
        return await self.tools.api.execute(
            document, variables, token=token, tenant=self.shop.slug, path=audience.endpoint
        )


async def furnish(tools: Tools, shop: Shop) -> Arguments:
    """Something of everything, no field of it empty; the newest item and the newest order are the full ones."""
    client = CatalogClient.of(tools.api, shop)
    (await tools.api.execute(UPDATE, {"input": PROFILE}, token=shop.token, tenant=shop.slug)).payload("tenantUpdate")
    top = await client.category("Food")
    middle = await client.category("Fruit", parent=top["id"])
    await client.category("Dates", parent=middle["id"])
    item = await full_item(client, middle["id"])
    order = await full_order(tools.api, shop, item["variants"][0]["id"])
    nodes = {
        "CatalogItem": item["id"],
        "CatalogVariant": item["variants"][0]["id"],
        "Category": middle["id"],
        "Order": order["id"],
    }
    return {
        "Store.item": f'slug: "{item["slug"]}"',
        "Store.category": f'slug: "{middle["slug"]}"',
        "BackOffice.item": f'id: "{item["id"]}"',
        "BackOffice.category": f'id: "{middle["id"]}"',
        "BackOffice.order": f'id: "{order["id"]}"',
        "Platform.tenant": f'id: "{global_id("tenant", shop.tenant.id)}"',
        **{f"Query.node on {name}": f'id: "{node_id}"' for name, node_id in nodes.items()},
        **{f"Query.nodes on {name}": f'ids: ["{node_id}"]' for name, node_id in nodes.items()},
    }


async def full_item(client: CatalogClient, category_id: str) -> dict[str, Any]:
    """An active item of two variants."""
    prices = {"price": "4.750", "compareAtPrice": "6", "stock": 1_000}
    return await client.create(
        description={"en": "Soft and dark", "ar": "طري وداكن"},
        categoryIds=[category_id],
        variants=[
            {"name": {"en": size, "ar": size}, "sku": f"{size}-{new_key()[:8]}", **prices}
            for size in ("Small", "Large")
        ],
    )


def submission(variant_id: str, quantity: int = 1) -> dict[str, Any]:
    """A good input of `orderSubmit`."""
    return {
        "idempotencyKey": new_key(),
        "customer": {"name": "Fahad", "email": "fahad@shoppers.test", "phone": PHONE},
        "note": "Ring twice",
        "lines": [{"variantId": variant_id, "quantity": quantity}],
    }


async def full_order(api: Api, shop: Shop, variant_id: str) -> dict[str, Any]:
    """An order that the owner has placed and cancelled, with a reason."""
    sent = {"input": submission(variant_id)}
    placed = await api.execute(SUBMIT, sent, token=shop.token, tenant=shop.slug)
    order: dict[str, Any] = placed.payload("orderSubmit")["order"]
    given = {"input": {"id": order["id"], "reason": "Out of season"}}
    cancelled = await api.execute(ADVANCE["orderCancel"], given, token=shop.token, tenant=shop.slug)
    cancelled.payload("orderCancel")
    return order
