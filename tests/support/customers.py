"""A store's customers in tests: what they ask, and the address books that they keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.api import Api, Reply
from tests.support.factories import Member, Shop

ADDRESS = """
fragment address on Address {
  __typename id label recipient phone country notes isDefault
  ... on KuwaitAddress { governorate area block street avenue building floor flat }
  ... on GeneralAddress { line1 line2 city region postalCode }
}
"""
CUSTOMER = "fragment customer on Customer { id name email phone locale createdAt addresses { ...address } }" + ADDRESS
ERRORS = "userErrors { code field message }"
VIEWER = "{ viewer { customer { ...customer } } }" + CUSTOMER
HISTORY = """
query($first: Int!, $after: String) { viewer { customer { orders(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } nodes { id number status lines { sku quantity } }
} } } }
"""
MUTATIONS: Mapping[str, str] = {
    "customerRegister": "customer { ...customer orders(first: 50) { nodes { id } } } " + ERRORS + " } } " + CUSTOMER,
    "customerUpdate": "customer { ...customer } " + ERRORS + " } } " + CUSTOMER,
    "customerAddressCreate": "address { ...address } " + ERRORS + " } } " + ADDRESS,
    "customerAddressReplace": "address { ...address } " + ERRORS + " } } " + ADDRESS,
    "customerAddressSetDefault": "address { ...address } " + ERRORS + " } } " + ADDRESS,
    "customerAddressDelete": "deletedId " + ERRORS + " } } ",
    "orderClaim": "order { id number status } " + ERRORS + " } } ",
}
"""What each mutation is asked for, up to its end."""

KUWAIT = {
    "governorate": "HAWALLI",
    "area": "Salmiya",
    "block": "12",
    "street": "Salem Al-Mubarak",
    "avenue": "3",
    "building": "44",
    "floor": "5",
    "flat": "9",
    "label": "Home",
    "recipient": "Fahad",
    "phone": "+965 5000 1234",
    "notes": "Ring twice\nplease",
}
GENERAL = {
    "country": "BH",
    "line1": "1 Pearl Street",
    "line2": "Office 7",
    "city": "Manama",
    "region": "Capital",
    "postalCode": "317",
    "label": "Work",
    "recipient": "Reception",
    "phone": "+973 1700 0000",
    "notes": "Until five",
}
LEAST = {"governorate": "JAHRA", "area": "Taima", "block": "1", "street": "2", "building": "3"}


def document(field: str) -> str:
    kind = f"{field[0].upper()}{field[1:]}Input"
    return f"mutation($input: {kind}!) {{ {field}(input: $input) {{ {MUTATIONS[field]}"


@dataclass(frozen=True, slots=True)
class Shopper:
    """Somebody signed in at a store, customer or not."""

    api: Api
    shop: Shop
    member: Member

    @property
    def email(self) -> str:
        return self.member.person.email

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Reply:
        return await self.api.execute(query, variables, token=self.member.token, tenant=self.shop.slug)

    async def send(self, field: str, **given: Any) -> Reply:
        return await self.ask(document(field), {"input": given})

    async def do(self, field: str, **given: Any) -> dict[str, Any]:
        """A mutation that must succeed; its payload."""
        return (await self.send(field, **given)).payload(field)

    async def register(self, **told: Any) -> dict[str, Any]:
        customer: dict[str, Any] = (await self.do("customerRegister", **told))["customer"]
        return customer

    async def customer(self) -> dict[str, Any] | None:
        """The viewer as a customer of this store."""
        found: dict[str, Any] | None = (await self.ask(VIEWER)).data["viewer"]["customer"]
        return found

    async def addresses(self) -> list[dict[str, Any]]:
        book: list[dict[str, Any]] = (await self.customer() or {})["addresses"]
        return book

    async def add(self, *, is_default: bool = False, **changes: Any) -> dict[str, Any]:
        """One more address in Kuwait."""
        given = {"address": {"kuwait": LEAST | changes}, "isDefault": is_default}
        address: dict[str, Any] = (await self.do("customerAddressCreate", **given))["address"]
        return address

    async def write_down(self, **form: Any) -> dict[str, Any]:
        """One more address in either form."""
        address: dict[str, Any] = (await self.do("customerAddressCreate", address=form))["address"]
        return address

    async def history(self, first: int = 50, after: str | None = None) -> dict[str, Any]:
        found = await self.ask(HISTORY, {"first": first, "after": after})
        page: dict[str, Any] = found.data["viewer"]["customer"]["orders"]
        return page
