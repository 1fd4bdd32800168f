"""The catalogue's operations as a back office and a storefront send them."""

from dataclasses import dataclass, replace
from typing import Any, Self

from tests.support.api import Api, Reply
from tests.support.factories import Shop

ITEM = """
id kind status slug name { en ar } description { en ar } version isAvailable createdAt updatedAt
price { amount currency } tags categories { id slug }
options { id name { en ar } values { id name { en ar } } }
variants {
  id sku name { en ar } price { amount } compareAtPrice { amount } weight barcode availability stock
  selectedOptions { option { name { en } } value { name { en } } }
}
"""
SHOWN = ITEM.replace("availability stock", "availability")
CATEGORY = "id slug name { en ar } position parent { id slug } children { id slug }"
ERRORS = "userErrors { code field message ... on IllegalTransition { current allowed } }"

REASONS = "userErrors { code field }"
VARIANT = "id sku name { en } price { amount } compareAtPrice { amount } stock weight barcode"

SELECTIONS = {
    "catalogItemCreate": ("CatalogItemCreateInput", f"item {{ {ITEM} }}"),
    "catalogItemUpdate": ("CatalogItemUpdateInput", f"item {{ {ITEM} }}"),
    "catalogItemActivate": ("CatalogItemStepInput", f"item {{ {ITEM} }}"),
    "catalogItemDeactivate": ("CatalogItemStepInput", f"item {{ {ITEM} }}"),
    "catalogItemArchive": ("CatalogItemStepInput", f"item {{ {ITEM} }}"),
    "catalogItemRestore": ("CatalogItemStepInput", f"item {{ {ITEM} }}"),
    "catalogVariantCreate": ("CatalogVariantCreateInput", f"variant {{ id sku stock }} item {{ {ITEM} }}"),
    "catalogVariantUpdate": ("CatalogVariantUpdateInput", f"variant {{ id sku stock }} item {{ {ITEM} }}"),
    "catalogVariantArchive": ("CatalogVariantArchiveInput", f"variant {{ id sku stock }} item {{ {ITEM} }}"),
    "catalogItemDelete": ("CatalogItemStepInput", "deletedId"),
    "catalogItemDuplicate": ("CatalogItemDuplicateInput", f"item {{ {ITEM} }}"),
    "catalogItemBulkCreate": ("CatalogItemBulkCreateInput", f"results {{ index item {{ {ITEM} }} {REASONS} }}"),
    "catalogItemBulkUpdate": ("CatalogItemBulkUpdateInput", f"results {{ index item {{ {ITEM} }} {REASONS} }}"),
    "catalogVariantBulkUpdate": (
        "CatalogVariantBulkUpdateInput",
        f"results {{ index variant {{ {VARIANT} }} item {{ version }} {REASONS} }}",
    ),
    "catalogItemOptionsSet": ("CatalogItemOptionsSetInput", f"item {{ {ITEM} }}"),
    "categoryCreate": ("CategoryCreateInput", f"category {{ {CATEGORY} }}"),
    "categoryUpdate": ("CategoryUpdateInput", f"category {{ {CATEGORY} }}"),
    "categoryReorder": ("CategoryReorderInput", "categories { slug position }"),
    "categoryDelete": ("CategoryDeleteInput", "deletedId"),
    "metadataSet": ("MetadataSetInput", "node { id } metadata { key value }"),
    "metadataDelete": ("MetadataDeleteInput", "node { id } metadata { key value }"),
}
"""Every mutation of the catalogue: the type of its input, and what a test reads of its payload."""


@dataclass(frozen=True, slots=True)
class CatalogClient:
    """The front end of one shop in somebody's hands."""

    api: Api
    shop: Shop
    token: str | None

    @classmethod
    def of(cls, api: Api, shop: Shop) -> Self:
        """The owner's front end."""
        return cls(api, shop, shop.token)

    def as_someone(self, token: str | None) -> Self:
        """The same front end in other hands; None is a guest."""
        return replace(self, token=token)

    async def send(self, mutation: str, given: dict[str, Any]) -> Reply:
        input_type, selection = SELECTIONS[mutation]
        document = f"mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {selection} {ERRORS} }} }}"
        return await self.api.execute(document, {"input": given}, token=self.token, tenant=self.shop.slug)

    async def faults(self, mutation: str, given: dict[str, Any]) -> list[tuple[str, list[str] | None]]:
        """Code and field of everything that a mutation refused."""
        return (await self.send(mutation, given)).faults(mutation)

    async def create(self, **given: Any) -> dict[str, Any]:
        """A new item: an active product for 4.750, unless told otherwise."""
        plain = {"kind": "PRODUCT", "status": "ACTIVE", "name": {"en": "Ajwa dates", "ar": "تمر عجوة"}}
        price = {} if "variants" in given else {"price": "4.750"}
        made = await self.send("catalogItemCreate", plain | price | given)
        return made.payload("catalogItemCreate")["item"]

    async def category(self, english: str, parent: str | None = None, **given: Any) -> dict[str, Any]:
        """A new category."""
        made = await self.send("categoryCreate", {"name": {"en": english}, "parentId": parent} | given)
        return made.payload("categoryCreate")["category"]

    async def change(self, mutation: str, **given: Any) -> dict[str, Any]:
        """The payload of a mutation that must succeed."""
        return (await self.send(mutation, given)).payload(mutation)

    async def ask(self, document: str) -> Reply:
        return await self.api.execute(document, token=self.token, tenant=self.shop.slug)

    async def back_office(self, selection: str) -> dict[str, Any]:
        """What the back office shows."""
        return (await self.ask(f"{{ tenant {{ {selection} }} }}")).data["tenant"]

    async def store(self, selection: str) -> dict[str, Any]:
        """What the storefront shows a guest."""
        return (await self.as_someone(None).ask(f"{{ store {{ {selection} }} }}")).data["store"]

    async def item(self, item_id: str) -> dict[str, Any]:
        """An item as staff see it now."""
        return (await self.back_office(f'item(id: "{item_id}") {{ {ITEM} }}'))["item"]

    async def shown(self, arguments: str = "") -> list[str]:
        """Slugs of the items on the storefront."""
        found = await self.store(f"items{arguments} {{ nodes {{ slug }} }}")
        return [node["slug"] for node in found["items"]["nodes"]]
