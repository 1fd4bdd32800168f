"""Finding things by identifier: what one may not see is as absent as what never was."""

import secrets

from db.models import new_id
from gql.ids import PREFIXES, global_id
from tests.support.api import Api
from tests.support.factories import Factory, Shop

NODE = """
query($id: ID!) {
  node(id: $id) { __typename id ... on CatalogItem { slug } ... on Order { number } ... on Category { slug } }
}
"""
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
SUBMIT = "mutation($input: OrderSubmitInput!) { orderSubmit(input: $input) { order { id } userErrors { code } } }"


async def an_order(api: Api, shop: Shop, variant_id: str) -> str:
    given = {
        "idempotencyKey": secrets.token_urlsafe(16),
        "customer": {"name": "Sara", "email": "sara@people.test"},
        "lines": [{"variantId": variant_id, "quantity": 1}],
    }
    order: str = (await api.execute(SUBMIT, {"input": given}, tenant=shop.slug)).payload("orderSubmit")["order"]["id"]
    return order


async def test_a_thing_is_found_again_by_those_who_may_see_it(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission S3, O1."""
    active, draft = await factory.product(shop), await factory.product(shop, status="draft")
    variant = global_id("variant", active.variant.id)
    order = await an_order(api, shop, variant)
    seen_by_all = [global_id("item", active.item.id), variant]
    for_staff = [global_id("item", draft.item.id), global_id("variant", draft.variant.id), order]
    for node_id in [*seen_by_all, *for_staff]:
        found = (await api.execute(NODE, {"id": node_id}, token=shop.token, tenant=shop.slug)).data["node"]
        assert found["id"] == node_id
    for node_id in seen_by_all:
        assert (await api.execute(NODE, {"id": node_id}, tenant=shop.slug)).data["node"]["id"] == node_id
    for node_id in for_staff:
        assert (await api.execute(NODE, {"id": node_id}, tenant=shop.slug)).data["node"] is None


async def test_every_foreign_and_every_invented_identifier_is_the_same_null(
    api: Api, factory: Factory, shop: Shop
) -> None:
    """Mission T3."""
    other = await factory.shop()
    product = await factory.product(other)
    foreign = [
        global_id("item", product.item.id),
        global_id("variant", product.variant.id),
        await an_order(api, other, global_id("variant", product.variant.id)),
        global_id("tenant", other.tenant.id),
        global_id("person", other.owner.person.id),
    ]
    invented = [global_id(prefix, new_id()) for prefix in PREFIXES for _ in range(2)]
    nonsense = [
        "",
        "item",
        "item_",
        "item_0",
        "ITEM_01h455vb4pex5vsknk084sn02q",
        "nothing_" + "0" * 26,
        "💥",
        "a" * 5000,
    ]
    for ids in (foreign, invented, nonsense):
        reply = await api.execute(NODES, {"ids": ids}, token=shop.token, tenant=shop.slug)
        assert reply.data["nodes"] == [None] * len(ids)


async def test_several_are_answered_in_order_and_too_many_are_refused(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission S3."""
    ids = [global_id("item", (await factory.product(shop)).item.id) for _ in range(3)]
    asked = [ids[2], "nonsense", ids[0], ids[1], ids[0]]
    found = (await api.execute(NODES, {"ids": asked}, tenant=shop.slug)).data["nodes"]
    assert [each and each["id"] for each in found] == [ids[2], None, ids[0], ids[1], ids[0]]
    refused = await api.execute(NODES, {"ids": ids * 34}, tenant=shop.slug)
    assert refused.codes == ["BAD_USER_INPUT"]


async def test_a_variant_that_was_taken_away_is_for_staff_alone(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission S3."""
    product = await factory.product(shop)
    kept = (
        "mutation($input: CatalogVariantCreateInput!) { catalogVariantCreate(input: $input) { userErrors { code } } }"
    )
    gone = (
        "mutation($input: CatalogVariantArchiveInput!) { catalogVariantArchive(input: $input) { userErrors { code } } }"
    )
    another = {"itemId": global_id("item", product.item.id), "name": {"en": "Large"}, "price": "9"}
    first = global_id("variant", product.variant.id)
    for field, document, given in (
        ("catalogVariantCreate", kept, another),
        ("catalogVariantArchive", gone, {"id": first}),
    ):
        (await api.execute(document, {"input": given}, token=shop.token, tenant=shop.slug)).payload(field)
    assert (await api.execute(NODE, {"id": first}, tenant=shop.slug)).data["node"] is None
    staff = await api.execute(NODE, {"id": first}, token=shop.token, tenant=shop.slug)
    assert staff.data["node"]["id"] == first
