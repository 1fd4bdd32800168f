"""Null in an update clears what may be cleared, and is refused in words elsewhere; the input says which."""

from typing import Any

from tests.support.api import Api
from tests.support.customers import Shopper
from tests.support.discounts import DiscountDesk
from tests.support.factories import Factory, Product, Shop

INPUTS = "{ __schema { types { name inputFields { name description type { kind } } } } }"
CATEGORY = """mutation($input: CategoryCreateInput!) {
  categoryCreate(input: $input) { category { id } userErrors { code } }
}"""
MEDIA = """mutation {
  mediaCreate(input: {contentType: "image/png", size: 1}) { media { id } userErrors { code } }
}"""
CART = "mutation($input: CartLinesAddInput!) { cartLinesAdd(input: $input) { userErrors { code } } }"
ERRORS = "userErrors { code field message }"
INTERNALS = ("strawberry", "object at", "Maybe[")


async def test_null_in_any_field_of_an_update_clears_it_or_is_a_fault_with_its_path(
    api: Api, factory: Factory, shop: Shop
) -> None:
    """Mission S1, S3: every field of every update, found by introspection."""
    product = await factory.product(shop)
    made = await api.execute(CATEGORY, {"input": {"name": {"en": "Shelf"}}}, token=shop.token, tenant=shop.slug)
    announced = await api.execute(MEDIA, {}, token=shop.token, tenant=shop.slug)
    await Shopper(api, shop, shop.owner).register()
    discount = await DiscountDesk(api, shop).create()
    added = {"input": {"lines": [{"variantId": product.variant_id, "quantity": 1}]}}
    await api.execute(CART, added, token=shop.token, tenant=shop.slug)
    needed: dict[str, dict[str, Any]] = {
        "AccountUpdateInput": {},
        "TenantUpdateInput": {},
        "MembershipUpdateInput": {},  # has nothing that may be left out
        "CatalogItemUpdateInput": {"id": product.id},
        "CatalogVariantUpdateInput": {"id": product.variant_id},
        # The rows of both are those above.
        "CatalogItemBulkUpdateInput": {},
        "CatalogVariantBulkUpdateInput": {},
        "CustomerUpdateInput": {},
        "MediaUpdateInput": {"id": announced.payload("mediaCreate")["media"]["id"]},
        "DiscountUpdateInput": {"id": discount["id"], "version": discount["version"]},
        "CartUpdateInput": {},
        "CategoryUpdateInput": {"id": made.payload("categoryCreate")["category"]["id"]},
    }
    updates = await update_inputs(api)
    assert set(updates) == set(needed)
    for name, fields in updates.items():
        mutation = name[0].lower() + name.removesuffix("Input")[1:]
        document = f"mutation($input: {name}!) {{ {mutation}(input: $input) {{ {ERRORS} }} }}"
        for field in fields:
            given = needed[name] | (await version_of(api, shop, product) if name == "CatalogItemUpdateInput" else {})
            reply = await api.execute(
                document, {"input": given | {field["name"]: None}}, token=shop.token, tenant=shop.slug
            )
            assert not any(word in str(reply.body) for word in INTERNALS), (name, field["name"], reply.body)
            refused = "Null is refused" in field["description"]
            assert reply.faults(mutation) == ([("REQUIRED", [field["name"]])] if refused else []), (name, field["name"])


async def test_a_null_written_in_the_document_is_refused_in_words_too(api: Api, shop: Shop) -> None:
    document = "mutation { tenantUpdate(input: {locale: null}) { userErrors { code field } } }"
    reply = await api.execute(document, token=shop.token, tenant=shop.slug)
    assert reply.faults("tenantUpdate") == [("REQUIRED", ["locale"])]


async def version_of(api: Api, shop: Shop, product: Product) -> dict[str, int]:
    """What an edit is based on: those that changed nothing did not raise it."""
    document = f'{{ tenant {{ item(id: "{product.id}") {{ version }} }} }}'
    return (await api.execute(document, token=shop.token, tenant=shop.slug)).data["tenant"]["item"]


async def update_inputs(api: Api) -> dict[str, list[dict[str, Any]]]:
    """The nullable fields of each update's input."""
    types: list[dict[str, Any]] = (await api.execute(INPUTS)).data["__schema"]["types"]
    return {
        each["name"]: [field for field in each["inputFields"] if field["type"]["kind"] != "NON_NULL"]
        for each in types
        # Lines of a cart are named by what they hold, and have nothing to clear.
        if each["name"].endswith("UpdateInput") and not each["name"].startswith("CartLine")
    }
