"""Carts in tests: shoppers of either kind, who do the same with theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.support.api import Api, Reply
from tests.support.factories import Member, Shop
from tests.support.orders import OnSale, Till

CART = """
fragment cart on Cart {
  id isGuest quantity note discountCode shippingRateId
  destination { country governorate area }
  subtotal { amount currency }
  lines {
    variantId quantity seenPrice { amount } unitPrice { amount } total { amount }
    variant { id availability item { name { en } } }
  }
  warnings { code variantId oldPrice { amount } newPrice { amount } available }
}
"""
ERRORS = "userErrors { code field message }"
ANSWERS: Mapping[str, str] = {
    "cartLinesAdd": f"cart {{ ...cart }} {ERRORS} }} }} {CART}",
    "cartLinesUpdate": f"cart {{ ...cart }} {ERRORS} }} }} {CART}",
    "cartLinesRemove": f"cart {{ ...cart }} {ERRORS} }} }} {CART}",
    "cartUpdate": f"cart {{ ...cart }} {ERRORS} }} }} {CART}",
    "cartDelete": f"deletedId {ERRORS} }} }}",
    "cartMerge": f"cart {{ ...cart }} leftOut {{ variantId quantity }} {ERRORS} }} }} {CART}",
}
READ = f"query($id: ID!) {{ store {{ cart(id: $id) {{ ...cart }} }} }} {CART}"
OWN = f"{{ viewer {{ customer {{ cart {{ ...cart }} }} }} }} {CART}"


def document(field: str) -> str:
    kind = f"{field[0].upper()}{field[1:]}Input"
    return f"mutation($input: {kind}!) {{ {field}(input: $input) {{ {ANSWERS[field]}"


@dataclass(frozen=True, slots=True)
class Basket:
    """One shopper's hand on their cart: `cart_id` is None for a customer's own, and for what is not yet there."""

    till: Till
    member: Member | None = None
    cart_id: str | None = None

    def at(self, api: Api) -> "Basket":
        """The same cart, at another process."""
        return replace(self, till=replace(self.till, api=api))

    async def send(self, field: str, **given: Any) -> Reply:
        named = {} if self.cart_id is None else {"cartId": self.cart_id}
        token = self.member.token if self.member else None
        variables = {"input": {**named, **given}}
        return await self.till.api.execute(document(field), variables, token=token, tenant=self.till.shop.slug)

    async def do(self, field: str, **given: Any) -> dict[str, Any]:
        """A mutation that must succeed; the cart then."""
        cart: dict[str, Any] = (await self.send(field, **given)).payload(field)["cart"]
        return cart

    async def add(self, *lines: tuple[OnSale, int]) -> dict[str, Any]:
        return await self.do("cartLinesAdd", lines=given_lines(*lines))

    async def keep(self, *lines: tuple[OnSale, int]) -> dict[str, Any]:
        return await self.do("cartLinesUpdate", lines=given_lines(*lines))

    async def filled(self, *lines: tuple[OnSale, int]) -> "Basket":
        """The cart, made with these lines; a guest's is known by its id from then on."""
        cart = await self.add(*lines)
        return self if self.member else replace(self, cart_id=cart["id"])

    async def ask(self) -> Reply:
        """The cart by its id."""
        token = self.member.token if self.member else None
        return await self.till.api.execute(READ, {"id": self.cart_id}, token=token, tenant=self.till.shop.slug)

    async def read(self) -> dict[str, Any] | None:
        """The cart as it is now."""
        if self.cart_id is not None:
            found: dict[str, Any] | None = (await self.ask()).data["store"]["cart"]
            return found
        token = self.member.token if self.member else None
        reply = await self.till.api.execute(OWN, token=token, tenant=self.till.shop.slug)
        own: dict[str, Any] | None = reply.data["viewer"]["customer"]["cart"]
        return own

    async def quantities(self) -> dict[str, int]:
        return quantities_in(await self.read() or {"lines": []})


def given_lines(*lines: tuple[OnSale, int]) -> list[dict[str, Any]]:
    return [{"variantId": sold.id, "quantity": quantity} for sold, quantity in lines]


def quantities_in(cart: Mapping[str, Any]) -> dict[str, int]:
    """By variant, in the order of the lines."""
    return {line["variantId"]: line["quantity"] for line in cart["lines"]}


def warnings_in(cart: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(warning["code"], warning["variantId"]) for warning in cart["warnings"]]


PLACE = {"country": "KW", "governorate": "HAWALLI", "area": "Salmiya"}
RATE = "rate_01h2xcejqtf2nbrexx3vqjhp41"


async def full_cart(api: Api, shop: Shop, item: Mapping[str, Any], *, rate: str = RATE) -> dict[str, Any]:
    """A guest's, with something to be told about each of an item's two variants, of which there are 1,000."""

    async def done(field: str, **given: Any) -> dict[str, Any]:
        reply = await api.execute(document(field), {"input": given}, tenant=shop.slug)
        cart: dict[str, Any] = reply.payload(field)["cart"]
        return cart

    first, second = (variant["id"] for variant in item["variants"])
    lines = [{"variantId": first, "quantity": 1, "seenPrice": "4.500"}, {"variantId": second, "quantity": 1_001}]
    cart = await done("cartLinesAdd", lines=lines)
    return await done(
        "cartUpdate", cartId=cart["id"], note="Ring", discountCode="EID", destination=PLACE, shippingRateId=rate
    )


async def merged_cart(api: Api, shop: Shop, customer: Member, item: Mapping[str, Any]) -> dict[str, Any]:
    """A customer's, which was a guest's; there is nothing in it."""
    cart = await full_cart(api, shop, item)
    emptied = {"cartId": cart["id"], "variantIds": [line["variantId"] for line in cart["lines"]]}
    await api.execute(document("cartLinesRemove"), {"input": emptied}, tenant=shop.slug)
    given = {"input": {"cartId": cart["id"]}}
    reply = await api.execute(document("cartMerge"), given, token=customer.token, tenant=shop.slug)
    cart: dict[str, Any] = reply.payload("cartMerge")["cart"]
    return cart
