"""What the matrix is played on: a tenant with something of everything, and one audience that asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from gql.ids import global_id
from tests.support.api import Api, Reply
from tests.support.api_keys import Keyring
from tests.support.authorisation.audiences import Audience
from tests.support.authorisation.selections import Arguments
from tests.support.carts import document, full_cart, merged_cart
from tests.support.catalog import CatalogClient
from tests.support.catalog_imports import full_export, refused_import
from tests.support.checkouts import ABROAD, COMPLETE, checkout
from tests.support.customers import GENERAL, KUWAIT, Shopper
from tests.support.discounts import FULL_DISCOUNT, DiscountDesk
from tests.support.factories import Member, Shop
from tests.support.orders import ADVANCE, new_key
from tests.support.payments import BACK, MARK_PAID, START, Desk
from tests.support.pictures import Darkroom
from tests.support.refunds import CREATE as REFUND
from tests.support.refunds import SEEN as REFUNDED
from tests.support.shipping import COUNTER, FULL_RATE, ShippingDesk
from tests.support.store_profiles import FULL
from tests.support.team import Team, token_for
from tests.support.tools import Tools
from tests.support.visits import FULL_VISIT, Visitor

PHONE = "+965 5000 1234"
PROFILE = {"contactPhone": PHONE, "brandPrimary": "#0f766e", "brandSecondary": "#f59e0b", "profile": FULL}
UPDATE = "mutation($input: TenantUpdateInput!) { tenantUpdate(input: $input) { userErrors { code } } }"


@dataclass(frozen=True, slots=True)
class Stage:
    """A tenant, and somebody who asks it. `arguments` names something that exists for each field that wants a name."""

    tools: Tools
    shop: Shop
    audience: Audience
    member: Member | None
    customer: Member
    operator: Member
    arguments: Arguments

    @classmethod
    async def set_up(cls, tools: Tools, audience: Audience) -> Self:
        shop = await tools.factory.shop()
        customer, operator = await tools.factory.customer(shop), await tools.factory.operator()
        arguments = await furnish(tools, shop, customer)
        member = customer if audience is Audience.CUSTOMER else await audience.sign_in(tools.factory, shop)
        return cls(tools, shop, audience, member, customer, operator, arguments)

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
        """As somebody else who may: the owner, a customer, or an operator in center control."""
        tokens = {Audience.OWNER: self.shop.token, Audience.CUSTOMER: self.customer.token}
        token = tokens.get(audience, self.operator.token)
        return await self.tools.api.execute(
            document, variables, token=token, tenant=self.shop.slug, path=audience.endpoint
        )


async def furnish(tools: Tools, shop: Shop, customer: Member) -> Arguments:
    """Something of everything, no field of it empty; the newest item and the newest order are the full ones."""
    client = CatalogClient.of(tools.api, shop)
    await leave_a_slug(tools.api, shop, f"former-{tools.factory.word()}")
    darkroom = Darkroom.of(tools.api, shop, tools.post)
    await darkroom.develop(b"no picture")
    picture_id = await darkroom.ready(alt={"en": "Dates", "ar": "تمر"})
    profile = {"input": PROFILE | {"logoId": picture_id}}
    (await tools.api.execute(UPDATE, profile, token=shop.token, tenant=shop.slug)).payload("tenantUpdate")
    await offer_ways_of_paying(api=tools.api, shop=shop)
    top = await client.category("Food")
    told = {"description": {"en": "Fresh", "ar": "طازج"}, "externalReference": "FRUIT"}
    middle = await client.category("Fruit", parent=top["id"], **told)
    await client.category("Dates", parent=middle["id"])
    item = await full_item(client, middle["id"], picture_id)
    for each in (item["id"], item["variants"][0]["id"], middle["id"]):
        for private in (True, False):
            entries = [{"key": "colour", "value": "dark"}]
            await client.change("metadataSet", id=each, isPrivate=private, entries=entries)
    for each in (top, middle):
        await client.change("categoryUpdate", id=each["id"], imageId=picture_id)
    zone = await ShippingDesk.of(tools.api, shop).save(
        name={"en": "Hawalli", "ar": "حولي"},
        countries=["SA"],
        governorates=["HAWALLI"],
        areas=[{"governorate": "AHMADI", "name": {"en": "Fintas", "ar": "الفنطاس"}}],
        rates=[FULL_RATE, COUNTER],
    )
    discounts, rate = DiscountDesk(tools.api, shop), zone["rates"][0]["id"]
    await discounts.create()
    placed = await full_order(tools.api, shop, customer, item["variants"][0]["id"], rate)
    order, shopper = placed["order"], Shopper(tools.api, shop, customer)
    cart = await full_cart(tools.api, shop, item, rate=rate)
    await merged_cart(tools.api, shop, customer, item)
    token = await token_for(Team(tools, shop), f"{tools.factory.word()}@people.test")
    await Keyring(tools.api, shop).full()
    imported = await refused_import(tools.factory.parts, shop)
    exported = await full_export(tools.factory.parts, shop)
    discount = await discounts.create(**FULL_DISCOUNT)
    nodes = {
        "CatalogItem": item["id"],
        "CatalogVariant": item["variants"][0]["id"],
        "Category": middle["id"],
        "Media": picture_id,
        "Order": order["id"],
        "Customer": (await shopper.customer() or {})["id"],
        "KuwaitAddress": (await shopper.write_down(kuwait=KUWAIT))["id"],
        "GeneralAddress": (await shopper.write_down(general=GENERAL))["id"],
    }
    return {
        "Query.invitation": f'token: "{token}"',
        "Store.paymentMethods": 'total: "4.750"',
        "Store.item": f'slug: "{item["slug"]}"',
        "Store.discount": f'code: "{discount["code"]}", subtotal: "1"',
        "Store.order": f'token: "{placed["orderToken"]}"',
        "Store.shippingQuotes": 'destination: {country: "KW", governorate: HAWALLI}, subtotal: "5"',
        "Store.cart": f'id: "{cart["id"]}"',
        "Store.category": f'slug: "{middle["slug"]}"',
        **{f"{kind}.metadataValue": 'key: "colour"' for kind in ("CatalogItem", "CatalogVariant", "Category")},
        "BackOffice.item": f'id: "{item["id"]}"',
        "BackOffice.variant": f'id: "{item["variants"][0]["id"]}"',
        "BackOffice.category": f'id: "{middle["id"]}"',
        "BackOffice.discount": f'id: "{discount["id"]}"',
        "BackOffice.catalogImport": f'id: "{global_id("import", imported.id)}"',
        "BackOffice.catalogExport": f'id: "{global_id("export", exported.id)}"',
        "BackOffice.order": f'id: "{order["id"]}"',
        "Platform.tenant": f'id: "{global_id("tenant", shop.tenant.id)}"',
        **{f"Query.node on {name}": f'id: "{node_id}"' for name, node_id in nodes.items()},
        **{f"Query.nodes on {name}": f'ids: ["{node_id}"]' for name, node_id in nodes.items()},
    }


async def offer_ways_of_paying(api: Api, shop: Shop) -> None:
    """One of each kind, with all that can be said of it."""
    desk = Desk(api, shop)
    words = {"en": "Transfer the total", "ar": "حوّل المبلغ"}
    await desk.offer("MANUAL", instructions=words, paymentLink="https://pay.example.com/dukkan")
    await desk.offer("MOCK", credentials=[{"name": "signingSecret", "value": "a-secret-of-the-stage"}])


SIZES = ("Small", "Large")


async def leave_a_slug(api: Api, shop: Shop, former: str) -> None:
    """The shop takes another slug, and then its own again."""
    for slug, other in ((shop.slug, former), (former, shop.slug)):
        reply = await api.execute(UPDATE, {"input": {"slug": other}}, token=shop.token, tenant=slug)
        reply.payload("tenantUpdate")


async def full_item(client: CatalogClient, category_id: str, picture_id: str | None = None) -> dict[str, Any]:
    """An active item of two variants; all have the picture, if there is one."""
    prices = {"price": "4.750", "compareAtPrice": "6", "stock": 1_000, "weight": 250, "barcode": "6291041500213"}
    item = await client.create(
        description={"en": "Soft and dark", "ar": "طري وداكن"},
        categoryIds=[category_id],
        tags=["Halal", "طري"],
        externalReference=new_key()[:8],
        imageIds=[picture_id] if picture_id else [],
        options=[{"name": {"en": "Size", "ar": "الحجم"}, "values": [{"en": size, "ar": size} for size in SIZES]}],
        variants=[
            {"optionValues": [size], "sku": f"{size}-{new_key()[:8]}", "externalReference": new_key(), **prices}
            for size in SIZES
        ],
    )
    for variant in item["variants"] if picture_id else ():
        await client.change("catalogVariantUpdate", id=variant["id"], imageId=picture_id)
    return item


def submission(variant_id: str, quantity: int = 1) -> dict[str, Any]:
    """A good input of `orderSubmit`."""
    return {
        "idempotencyKey": new_key(),
        "customer": {"name": "Fahad", "email": "fahad@shoppers.test", "phone": PHONE},
        "note": "Ring twice",
        "lines": [{"variantId": variant_id, "quantity": quantity}],
    }


async def full_order(api: Api, shop: Shop, customer: Member, variant_id: str, rate_id: str) -> dict[str, Any]:
    """The payload of an order that the customer came to, checked out with a code, began to pay and paid otherwise; the
    owner gave some of it back and cancelled it."""
    caller: dict[str, Any] = {"token": customer.token, "tenant": shop.slug}
    for field, wanted in (
        ("cartLinesAdd", {"lines": [{"variantId": variant_id}]}),
        ("cartUpdate", {"discountCode": "SAVE10", "shippingRateId": rate_id}),
    ):
        (await api.execute(document(field), {"input": wanted}, **caller)).payload(field)
    sent = checkout(None, "5.775") | {
        "visitId": await Visitor(api, shop).arrive(**FULL_VISIT),
        "shippingAddress": ABROAD,
        "note": "Ring twice",
    }
    placed = (await api.execute(COMPLETE, {"input": sent}, **caller)).payload("checkoutComplete")
    paying = {"orderToken": placed["orderToken"], "provider": "MOCK", "returnUrl": BACK, "idempotencyKey": new_key()}
    (await api.execute(START, {"input": paying}, tenant=shop.slug)).payload("paymentStart")
    await paid_and_part_refunded(api, shop, placed["order"]["id"], paying)
    given = {"input": {"id": placed["order"]["id"], "reason": "Out of season"}}
    cancelled = await api.execute(ADVANCE["orderCancel"], given, token=shop.token, tenant=shop.slug)
    cancelled.payload("orderCancel")
    return placed


async def paid_and_part_refunded(api: Api, shop: Shop, order_id: str, paying: dict[str, Any]) -> None:
    """By hand, both ways."""
    otherwise = paying | {"provider": "MANUAL", "idempotencyKey": new_key()}
    (await api.execute(START, {"input": otherwise}, tenant=shop.slug)).payload("paymentStart")
    noted = {"idempotencyKey": new_key(), "orderId": order_id, "amount": "5.775", "reference": new_key()}
    caller: dict[str, Any] = {"token": shop.token, "tenant": shop.slug}
    paid = (await api.execute(MARK_PAID, {"input": noted}, **caller)).payload("paymentMarkPaid")
    ordered = (await api.execute(REFUNDED, {"id": order_id}, **caller)).data["tenant"]["order"]
    returned = {"lineId": ordered["lines"][0]["id"], "quantity": 1, "restock": True}
    back = {"paymentId": paid["payment"]["id"], "lines": [returned], "reason": "Broken", "reference": new_key()}
    sent = {"input": back | {"idempotencyKey": new_key()}}
    (await api.execute(REFUND, sent, **caller)).payload("refundCreate")
