"""A shop that delivers and is paid, and shoppers who check out there."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from tests.support.api import Api, Reply
from tests.support.carts import Basket
from tests.support.factories import Member
from tests.support.orders import ORDER, OnSale, Till, new_key
from tests.support.payments import Desk
from tests.support.shipping import COUNTER, FULL_RATE, ShippingDesk

ADDRESS = {
    "kuwait": {
        "governorate": "HAWALLI",
        "area": "Salmiya",
        "block": "3",
        "street": "Salem Al-Mubarak",
        "building": "12",
        "avenue": "1",
        "floor": "2",
        "flat": "5",
        "label": "Home",
        "recipient": "Sara",
        "phone": "+965 5000 9876",
        "notes": "Ring twice.",
    }
}
ABROAD = {
    "general": {
        "country": "SA",
        "line1": "King Fahd Road 1",
        "line2": "Second floor",
        "city": "Riyadh",
        "region": "Riyadh",
        "postalCode": "12211",
        "recipient": "Sara",
        "phone": "+966 50 000 0000",
        "notes": "Ring twice.",
    }
}
CHECKED_OUT = """
fragment checkedOut on Order {
  ...order discountCode paymentMethod heldUntil
  shippingMethod { kind name { en ar } instructions { en } estimateMinDays estimateMaxDays }
  shippingAddress {
    recipient phone country notes
    kuwait { governorate area block street avenue building floor flat }
    general { line1 line2 city region postalCode }
  }
}
"""
COMPLETE = f"""
mutation($input: CheckoutCompleteInput!) {{ checkoutComplete(input: $input) {{
  order {{ ...checkedOut }} orderToken
  warnings {{ code variantId oldPrice {{ amount }} newPrice {{ amount }} available }}
  userErrors {{
    code field message
    ... on InsufficientStock {{ variantId available }} ... on TotalChanged {{ subtotal discount shipping total }}
  }}
}} }} {CHECKED_OUT} {ORDER}
"""


def checkout(cart_id: str | None, total: str, **changes: Any) -> dict[str, Any]:
    """A good input of `checkoutComplete`; a customer's own cart has no id."""
    return {
        "idempotencyKey": new_key(),
        **({"cartId": cart_id} if cart_id else {}),
        "customer": {"name": "Fahad", "email": f"{secrets.token_hex(6)}@shoppers.test", "phone": "+965 5000 1234"},
        "shippingAddress": ADDRESS,
        "paymentProvider": "MANUAL",
        "expectedTotal": total,
        **changes,
    }


@dataclass(frozen=True, slots=True)
class Market:
    """A shop that delivers within Kuwait and to Saudi Arabia for 1.500, has a counter, and is paid by either way."""

    till: Till
    delivery: str
    pickup: str

    @classmethod
    async def of(cls, till: Till) -> Self:
        desk = Desk(till.api, till.shop)
        for provider in ("MANUAL", "MOCK"):
            await desk.offer(provider)
        rates = [FULL_RATE, COUNTER]
        zone = await ShippingDesk.of(till.api, till.shop).save(countries=["KW", "SA"], rates=rates)
        delivery, pickup = (rate["id"] for rate in zone["rates"])
        return cls(till, delivery, pickup)

    def at(self, api: Api) -> Self:
        """The same, at another process."""
        return replace(self, till=replace(self.till, api=api))

    async def basket(self, *lines: tuple[OnSale, int], member: Member | None = None, **details: Any) -> Basket:
        """A cart with these lines, a guest's unless somebody is named."""
        basket = await Basket(self.till, member).filled(*lines)
        if details:
            await basket.do("cartUpdate", **details)
        return basket

    def given(self, basket: Basket, total: str, **changes: Any) -> dict[str, Any]:
        """A good input of `checkoutComplete`, of a delivery; `changes` replace parts of it."""
        return checkout(basket.cart_id, total, **{"shippingRateId": self.delivery, **changes})

    async def send(self, given: Mapping[str, Any], member: Member | None = None) -> Reply:
        token = member.token if member else None
        return await self.till.api.execute(COMPLETE, {"input": given}, token=token, tenant=self.till.shop.slug)

    async def send_all(self, inputs: Iterable[Mapping[str, Any]]) -> list[Reply]:
        """All at the same time."""
        return await asyncio.gather(*(self.send(given) for given in inputs))

    async def complete(self, basket: Basket, total: str, **changes: Any) -> dict[str, Any]:
        """An order that must be placed."""
        reply = await self.send(self.given(basket, total, **changes), basket.member)
        order: dict[str, Any] = reply.payload("checkoutComplete")["order"]
        return order

    async def refusal(self, basket: Basket, total: str, **changes: Any) -> list[dict[str, Any]]:
        """Why an order was not placed."""
        reply = await self.send(self.given(basket, total, **changes), basket.member)
        payload = reply.data["checkoutComplete"]
        assert payload["order"] is None
        errors: list[dict[str, Any]] = payload["userErrors"]
        return errors


def outcomes(replies: Iterable[Reply]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The orders that were placed, and the user errors of those that were not."""
    payloads = [reply.data["checkoutComplete"] for reply in replies]
    placed = [payload["order"] for payload in payloads if payload["order"]]
    return placed, [error for payload in payloads for error in payload["userErrors"]]


def told(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Code and path of each."""
    return [(error["code"], ".".join(error["field"] or [])) for error in errors]
