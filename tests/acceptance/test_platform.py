"""The platform's operators: their own schema, their own login, and what suspending a tenant does."""

import asyncio

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.session import Scope
from tests.support.api import Api
from tests.support.factories import Factory, Shop

TENANTS = """
query($first: Int!, $after: String) {
  platform {
    tenants(first: $first, after: $after) { totalCount nodes { slug status } pageInfo { hasNextPage endCursor } }
  }
}
"""
SUSPEND = """
mutation($input: TenantStandingInput!) {
  %s(input: $input) {
    tenant { slug status }
    userErrors { code field message ... on IllegalTransition { current allowed } }
  }
}
"""
IDENTIFIER = "{ tenant { id } }"


async def change(api: Api, field: str, tenant_id: str, token: str, reason: str | None = None) -> object:
    return (await api.admin(SUSPEND % field, {"input": {"id": tenant_id, "reason": reason}}, token=token)).payload(
        field
    )["tenant"]["status"]


async def id_of(api: Api, shop: Shop) -> str:
    return (await api.execute(IDENTIFIER, token=shop.token, tenant=shop.slug)).data["tenant"]["id"]


async def test_operators_alone_enter_the_privileged_schema(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission T9."""
    operator = await factory.operator()
    listed = (await api.admin(TENANTS, {"first": 3}, token=operator.token)).data["platform"]["tenants"]
    assert len(listed["nodes"]) == min(3, listed["totalCount"])
    for query in ("{ __typename }", "{ __schema { types { name } } }", TENANTS):
        guest = await api.admin(query, {"first": 1}, token=None)
        assert (guest.status, guest.codes) == (401, ["UNAUTHENTICATED"])
        owner = await api.admin(query, {"first": 1}, token=shop.token)
        assert (owner.status, owner.codes) == (403, ["FORBIDDEN"])


async def test_nothing_privileged_is_in_the_public_schema(api: Api, factory: Factory) -> None:
    """Mission T9."""
    operator = await factory.operator()
    types = (await api.execute("{ __schema { types { name } } }", token=operator.token)).data["__schema"]["types"]
    assert not {each["name"] for each in types} & {"Platform", "TenantStandingInput", "TenantStandingPayload"}
    refused = await api.execute(TENANTS, {"first": 1}, token=operator.token)
    assert refused.codes[0] == "GRAPHQL_VALIDATION_FAILED"


async def test_suspension_acts_on_the_very_next_request_and_is_lifted_again(
    api: Api, factory: Factory, shop: Shop
) -> None:
    """Mission S2."""
    operator, tenant_id = await factory.operator(), await id_of(api, shop)

    assert await change(api, "tenantSuspend", tenant_id, operator.token, "unpaid") == "SUSPENDED"

    status = (await api.execute("{ store { status __typename } }", tenant=shop.slug)).data["store"]
    assert status == {"status": "UNAVAILABLE", "__typename": "Store"}
    for query, token in (
        ("{ store { status slug } }", None),
        ("{ store { ...f } } fragment f on Store { status name { en } }", None),
        ("{ store { status @include(if: true) ... { slug } } }", None),
        ("{ tenant { timeZone } }", shop.token),
        ('mutation { tenantUpdate(input: {slug: "another"}) { userErrors { code } } }', shop.token),
    ):
        refused = await api.execute(query, token=token, tenant=shop.slug)
        assert (refused.status, refused.codes, refused.body.get("data")) == (403, ["TENANT_SUSPENDED"], None)
    told = await api.execute("{ tenant { status name { en } } }", token=shop.token, tenant=shop.slug)
    assert told.data["tenant"]["status"] == "SUSPENDED"

    assert await change(api, "tenantReactivate", tenant_id, operator.token) == "ACTIVE"
    assert (await api.execute("{ store { slug } }", tenant=shop.slug)).data["store"]["slug"] == shop.slug


async def test_a_disabled_tenant_refuses_its_owner_too(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission S2."""
    operator, tenant_id = await factory.operator(), await id_of(api, shop)
    assert await change(api, "tenantDisable", tenant_id, operator.token) == "DISABLED"
    owner = await api.execute("{ tenant { status } }", token=shop.token, tenant=shop.slug)
    assert (owner.status, owner.codes) == (403, ["TENANT_DISABLED"])
    store = await api.execute("{ store { status } }", tenant=shop.slug)
    assert store.data["store"]["status"] == "UNAVAILABLE"


async def test_a_second_suspension_is_told_what_may_follow(api: Api, factory: Factory, shop: Shop) -> None:
    operator, tenant_id = await factory.operator(), await id_of(api, shop)
    sent = {"input": {"id": tenant_id}}
    replies = await asyncio.gather(
        *(api.admin(SUSPEND % "tenantSuspend", sent, token=operator.token) for _ in range(4))
    )
    errors = [error for reply in replies for error in reply.data["tenantSuspend"]["userErrors"]]
    assert len(errors) == 3
    assert errors[0]["code"] == "ILLEGAL_TRANSITION"
    assert errors[0]["current"] == "SUSPENDED"
    assert errors[0]["allowed"] == ["ACTIVE", "DISABLED"]


@pytest.mark.parametrize(
    "tenant_id", ["", "tenant_", "tenant_00000000000000000000000000", "order_01h455vb4pex5vsknk084sn02q", "x" * 500]
)
async def test_an_unknown_tenant_is_told_by_field(api: Api, factory: Factory, tenant_id: str) -> None:
    operator = await factory.operator()
    reply = await api.admin(SUSPEND % "tenantSuspend", {"input": {"id": tenant_id}}, token=operator.token)
    assert reply.faults("tenantSuspend") == [("NOT_FOUND", ["id"])]


async def test_every_tenant_is_listed_once_page_by_page(api: Api, factory: Factory) -> None:
    operator = await factory.operator()
    made = {(await factory.shop()).slug for _ in range(5)}
    seen: list[str] = []
    after = None
    while True:
        page = (await api.admin(TENANTS, {"first": 2, "after": after}, token=operator.token)).data["platform"][
            "tenants"
        ]
        seen += [node["slug"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if made <= set(seen) or not page["pageInfo"]["hasNextPage"]:
            break
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


async def test_bad_pages_are_told(api: Api, factory: Factory) -> None:
    operator = await factory.operator()
    for variables in ({"first": 101}, {"first": -1}, {"first": 1, "after": "nonsense"}, {"first": 1, "after": "W10"}):
        reply = await api.admin(TENANTS, variables, token=operator.token)
        assert reply.codes == ["BAD_USER_INPUT"], (variables, reply.body)
        assert reply.body["errors"][0]["extensions"]["field"] == ["after" if "after" in variables else "first"]


async def test_the_tenants_audit_log_says_who_and_why(api: Api, factory: Factory, parts: Parts, shop: Shop) -> None:
    operator, tenant_id = await factory.operator(), await id_of(api, shop)
    await change(api, "tenantSuspend", tenant_id, operator.token, "unpaid")
    async with parts.database.read(Scope(shop.tenant.id)) as session:
        entries = (
            await session.execute(
                text("SELECT act, actor_kind, actor_id, details, request_id FROM audit_entries ORDER BY id")
            )
        ).all()
    assert [entry.act for entry in entries] == ["tenant.create", "tenant.suspended"]
    assert (entries[1].actor_kind, entries[1].actor_id) == ("operator", operator.person.id)
    assert entries[1].details == {"before": "active", "reason": "unpaid"}
    assert entries[1].request_id
