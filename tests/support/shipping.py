"""Shipping's operations as a back office and a storefront send them."""

from dataclasses import dataclass, replace
from typing import Any, Self

from tests.support.api import Api, Reply
from tests.support.factories import Shop

RATE = """id provider kind name { en ar } price { amount currency } freeAbove { amount } estimateMinDays
estimateMaxDays isEnabled instructions { en ar }"""
ZONE = f"""id name {{ en ar }} position countries governorates areas {{ governorate name {{ en ar }} }}
isEverywhereElse version rates {{ {RATE} }}"""
ERRORS = "userErrors { code field message }"
SAVE = (
    f"mutation($input: ShippingZoneSaveInput!) {{ shippingZoneSave(input: $input) {{ zone {{ {ZONE} }} {ERRORS} }} }}"
)
DELETE = f"mutation($input: ShippingZoneDeleteInput!) {{ shippingZoneDelete(input: $input) {{ deletedId {ERRORS} }} }}"
QUOTES = """query($destination: DestinationInput, $subtotal: Decimal! = "0") { store {
  shippingQuotes(destination: $destination, subtotal: $subtotal) {
    rateId kind provider name { en ar } price { amount currency } freeAbove { amount } estimateMinDays estimateMaxDays
    instructions { en ar }
  } } }"""

PLAIN = {"provider": "OWN_DELIVERY", "name": {"en": "Standard", "ar": "عادي"}, "price": "1.500"}
COUNTER = {
    "provider": "PICKUP",
    "name": {"en": "Shop in Shuwaikh", "ar": "محل الشويخ"},
    "price": "0",
    "instructions": {"en": "Street 12,\nSaturday to Thursday, 9 to 21.", "ar": "شارع ١٢"},
}

FULL_RATE = PLAIN | {
    "freeAbove": "20",
    "estimateMinDays": 1,
    "estimateMaxDays": 3,
    "instructions": {"en": "We ring before we come.", "ar": "نتصل قبل الوصول."},
}


@dataclass(frozen=True, slots=True)
class ShippingDesk:
    """The settings of one shop's shipping in somebody's hands, and its storefront in a guest's."""

    api: Api
    shop: Shop
    token: str | None

    @classmethod
    def of(cls, api: Api, shop: Shop) -> Self:
        """In the owner's."""
        return cls(api, shop, shop.token)

    def as_someone(self, token: str | None) -> Self:
        return replace(self, token=token)

    async def send(self, document: str, **given: Any) -> Reply:
        return await self.api.execute(document, {"input": given}, token=self.token, tenant=self.shop.slug)

    async def save(self, **given: Any) -> dict[str, Any]:
        """A zone as it is then, of one plain rate unless told otherwise."""
        sent = {"name": {"en": "Zone"}, "rates": [PLAIN]} | given
        return (await self.send(SAVE, **sent)).payload("shippingZoneSave")["zone"]

    async def faults(self, **given: Any) -> list[tuple[str, str]]:
        """Code and path of all that a zone was refused for."""
        sent = {"name": {"en": "Zone"}, "rates": [PLAIN]} | given
        reply = await self.send(SAVE, **sent)
        return [(code, ".".join(field or [])) for code, field in reply.faults("shippingZoneSave")]

    async def delete(self, **given: Any) -> Reply:
        return await self.send(DELETE, **given)

    async def zones(self) -> list[dict[str, Any]]:
        found = await self.api.execute(f"{{ tenant {{ shippingZones {{ {ZONE} }} }} }}", **self.caller)
        return found.data["tenant"]["shippingZones"]

    @property
    def caller(self) -> dict[str, Any]:
        return {"token": self.token, "tenant": self.shop.slug}

    async def ask(self, destination: dict[str, Any] | None = None, subtotal: str = "0") -> Reply:
        """As a guest of the store."""
        given = {"destination": destination, "subtotal": subtotal}
        return await self.api.execute(QUOTES, given, tenant=self.shop.slug)

    async def quotes(self, subtotal: str = "0", **destination: Any) -> list[dict[str, Any]]:
        return (await self.ask({"country": "KW"} | destination if destination else None, subtotal)).data["store"][
            "shippingQuotes"
        ]

    async def prices(self, subtotal: str = "0", **destination: Any) -> list[str]:
        """What it costs to get things there, in the order in which it is told."""
        return [each["price"]["amount"] for each in await self.quotes(subtotal, **destination)]


def costing(price: str, **more: Any) -> dict[str, Any]:
    """A plain rate for another price."""
    return PLAIN | {"price": price} | more
