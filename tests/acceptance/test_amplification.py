"""Lists that are longer than usual, below each other: their price is an estimate, their size is bounded."""

from time import process_time

from gql.elements import MOST_ELEMENTS
from tests.support.api import Api
from tests.support.factories import Factory

LONG = 60
CREATE = """mutation($i: CatalogItemCreateInput!) {
  catalogItemCreate(input: $i) { item { variants { id } } userErrors { code message field } } }"""


def nested(levels: int) -> str:
    inside = "id"
    for _ in range(levels):
        inside = f"variants {{ item {{ {inside} }} }}"
    return f'{{ store {{ item(slug: "many") {{ id {inside} }} }} }}'


async def test_long_lists_in_each_other_end_soon_and_cost_what_they_are(api: Api, factory: Factory) -> None:
    """A hundred variants, each with its item, which has a hundred variants, and so on."""
    shop = await factory.shop()
    variants = [{"name": {"en": f"No. {number}"}, "price": "1.000"} for number in range(LONG)]
    given = {"kind": "PRODUCT", "status": "ACTIVE", "name": {"en": "Many"}, "slug": "many", "variants": variants}
    made = await api.execute(CREATE, {"i": given}, token=shop.token, tenant=shop.slug)
    assert not made.payload("catalogItemCreate")["userErrors"]

    two = await api.execute(nested(2), tenant=shop.slug)
    cost = two.body["extensions"]["cost"]
    assert cost["actualQueryCost"] > LONG * LONG > cost["requestedQueryCost"]

    for levels in (3, 4, 5):
        took: list[float] = []
        for _ in range(3):  # the third time by compiled functions
            began = process_time()
            reply = await api.execute(nested(levels), tenant=shop.slug)
            took.append(process_time() - began)
            assert (reply.status, reply.codes) == (400, ["QUERY_TOO_COMPLEX"])
        assert min(took) < 4, took
    assert LONG**3 > MOST_ELEMENTS
    assert (await api.execute("{ store { slug } }", tenant=shop.slug)).data["store"]["slug"] == shop.slug
