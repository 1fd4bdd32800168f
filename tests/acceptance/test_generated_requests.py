"""Whatever is asked, the answer is one that the schema promises. Requests are generated from the published schema."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from db.models import Membership, Tenant
from db.session import Scope
from gql.access import Door
from gql.ids import global_id
from gql.pipeline import Api as Schema
from gql.schema import admin_schema, public_schema
from tests.support.api import Api, Reply
from tests.support.catalog import CatalogClient
from tests.support.conformance import Contract
from tests.support.factories import Factory, Shop
from tests.support.generated_requests import Request, Vocabulary, requests
from tests.support.orders import SUBMIT

# Said of any use of `random` while a request is made up; it is the API that uses it meanwhile, in its own thread.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Role:
    """Somebody at an endpoint, and the doors that are open to them."""

    path: str
    sdl: str
    schema: Schema
    doors: frozenset[Door]

    def roots(self, operation: str) -> list[str]:
        """The root fields that this one is let in at."""
        return [
            name
            for (kind, name), access in self.schema.access.items()
            if kind == operation and access.door in self.doors
        ]


PUBLIC, PRIVILEGED = Schema(public_schema), Schema(admin_schema)
ROLES = {
    "guest": Role("/graphql", "schema.graphql", PUBLIC, frozenset({Door.OPEN, Door.STORE})),
    "owner": Role("/graphql", "schema.graphql", PUBLIC, frozenset(Door) - {Door.PLATFORM}),
    "operator": Role("/admin/graphql", "schema.admin.graphql", PRIVILEGED, frozenset(Door)),
}


@dataclass(frozen=True)
class Stage:
    """A shop with something of everything, where requests are made in a role."""

    api: Api
    factory: Factory
    shop: Shop
    role: str
    vocabulary: Vocabulary

    async def token(self) -> str | None:
        """A new session each time: a request may end the one it is made in."""
        if self.role == "guest":
            return None
        member = await (self.factory.operator() if self.role == "operator" else self.factory.member())
        async with self.factory.parts.database.write(Scope(self.shop.tenant.id)) as session:
            session.add(Membership(tenant_id=self.shop.tenant.id, person_id=member.person.id, role="owner"))
        await self.factory.customer(self.shop, member)
        return member.token

    async def ask(self, asked: Request) -> Reply:
        path, token = ROLES[self.role].path, await self.token()
        return await self.api.execute(asked.query, asked.variables, token=token, tenant=await self.slug(), path=path)

    async def slug(self) -> str:
        """The shop's slug now: a request may have changed it."""
        async with self.factory.parts.database.read(Scope(self.shop.tenant.id)) as session:
            return (await session.get_one(Tenant, self.shop.tenant.id)).slug


async def set_up(api: Api, factory: Factory, role: str) -> Stage:
    """A shop with a category, two items and an order, and a foreign one of which only the identifiers are known."""
    shop, other = await factory.shop(), await factory.shop()
    client = CatalogClient.of(api, shop)
    category = (await client.send("categoryCreate", {"name": {"en": "Fruit"}})).payload("categoryCreate")["category"]
    product, foreign = await factory.product(shop, stock=5), await factory.product(other)
    await factory.product(shop, status="draft")
    line = {"variantId": product.variant_id, "quantity": 1}
    customer = {"name": "Salem", "email": "salem@people.test", "phone": "+965 5555 5555"}
    given = {"idempotencyKey": factory.word() * 3, "customer": customer, "lines": [line]}
    order = (await api.execute(SUBMIT, {"input": given}, tenant=shop.slug)).payload("orderSubmit")["order"]
    page = "{ tenant { items(first: 1) { pageInfo { endCursor } } orders(first: 1) { pageInfo { endCursor } } } }"
    pages = (await api.execute(page, token=shop.token, tenant=shop.slug)).data["tenant"]
    cursors = [connection["pageInfo"]["endCursor"] for connection in pages.values()]
    return Stage(
        api,
        factory,
        shop,
        role,
        Vocabulary(
            [
                product.id,
                product.variant_id,
                category["id"],
                order["id"],
                foreign.id,
                str(global_id("tenant", other.tenant.id)),
            ],
            [shop.slug, other.slug, category["slug"], shop.owner.person.email, *cursors],
        ),
    )


async def outcomes_of(
    stage: Stage, operation: str, *, valid: bool, examples: int, same_each_time: bool = True
) -> Counter[str]:
    """Counts what came of the requests. Fails at the first answer that the schema does not promise."""
    role, loop, outcomes = ROLES[stage.role], asyncio.get_running_loop(), Counter[str]()
    contract = Contract(ROOT / role.sdl)

    @settings(
        max_examples=examples,
        derandomize=same_each_time,
        print_blob=not same_each_time,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(requests(contract.schema, operation, role.roots(operation), stage.vocabulary, valid=valid))
    def one(asked: Request) -> None:
        reply = asyncio.run_coroutine_threadsafe(stage.ask(asked), loop).result()
        note(f"{reply.status} {reply.body}")
        contract.check(asked.document, asked.variables, reply)
        outcomes["executed" if "data" in reply.body else reply.codes[0]] += 1

    # Hypothesis is not asynchronous: it decides in a thread of its own, and asks in the loop where the API runs.
    await asyncio.to_thread(one)
    return outcomes


CASES = pytest.mark.parametrize(
    ("role", "operation"),
    [pytest.param(role, operation, id=f"{role}-{operation}") for role in ROLES for operation in ("query", "mutation")],
)


@CASES
async def test_whatever_the_schema_allows_is_answered_as_it_promises(
    api: Api, factory: Factory, role: str, operation: str
) -> None:
    stage = await set_up(api, factory, role)
    outcomes = await outcomes_of(stage, operation, valid=True, examples=80)
    assert outcomes["executed"] > outcomes.total() / 2, outcomes


@CASES
async def test_what_the_schema_does_not_allow_is_refused_with_a_code(
    api: Api, factory: Factory, role: str, operation: str
) -> None:
    stage = await set_up(api, factory, role)
    outcomes = await outcomes_of(stage, operation, valid=False, examples=30)
    # A text where an enum belongs is wrong in a document, and right in its variables.
    assert outcomes["executed"] < outcomes.total() / 4, outcomes


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@CASES
async def test_whatever_is_asked_for_a_long_time_is_answered_as_the_schema_promises(
    api: Api, factory: Factory, role: str, operation: str
) -> None:
    """Other requests each time; a failure tells how to make it again."""
    stage = await set_up(api, factory, role)
    for valid in (True, False):
        await outcomes_of(stage, operation, valid=valid, examples=1_000, same_each_time=False)
