"""What a client may leave out has no `= null` in the SDL, and leaving it out is the same as sending null."""

from gql.schema import admin_schema, public_schema
from tests.support.api import Api
from tests.support.factories import Factory, Shop


def test_no_default_is_null() -> None:
    assert "= null" not in admin_schema.as_str()
    assert "= null" not in public_schema.as_str()


async def test_absent_and_null_arguments_are_alike(api: Api, factory: Factory, shop: Shop) -> None:
    await factory.product(shop)
    listed = """query($after: String, $category: String) { store {
      absent: items { nodes { name { value } } }
      sent: items(after: null, kind: null, category: null) { nodes { name { value(locale: null) } } }
      variable: items(after: $after, category: $category) { nodes { name { value } } }
    } }"""
    for variables in ({}, {"after": None, "category": None}):
        store = (await api.execute(listed, variables, tenant=shop.slug)).data["store"]
        assert store["absent"] == store["sent"] == store["variable"] == {"nodes": [{"name": {"value": "Ajwa dates"}}]}
