"""The whole story through HTTP alone: a person signs up, opens a shop, sells, and the worker mails both sides."""

import io
import secrets
from collections.abc import Generator
from typing import Any

import orjson
import pytest
import structlog

from server.logs import configure
from tests.support.api import Api
from tests.support.factories import Factory
from tests.support.mail import Post

SELECTIONS = {
    "accountSignUp": "",
    "accountConfirm": "",
    "sessionSignIn": "session { accessToken }",
    "tenantCreate": "tenant { id slug }",
    "categoryCreate": "category { id slug }",
    "catalogItemCreate": "item { id slug }",
    "orderSubmit": "order { id number total { amount currency } }",
    "orderConfirm": "order { status }",
}
BROWSE = """query($shelf: String!) {
  store { items(first: 5, category: $shelf) { nodes { slug name { value } variants { id availability } } } }
}"""
ORDERS = "{ tenant { orders(first: 5) { totalCount nodes { number customer { name email } timeline { event } } } } }"


def mutation(field: str) -> str:
    """The document of a root mutation that takes one input."""
    kind = f"{field[0].upper()}{field[1:]}Input"
    errors = "userErrors { code field message }"
    return f"mutation($input: {kind}!) {{ {field}(input: $input) {{ {SELECTIONS[field]} {errors} }} }}"


class Storyteller:
    """Acts through the API; every text it types holds `canary`."""

    def __init__(self, api: Api, post: Post) -> None:
        self.api, self.post = api, post
        self.canary = f"canary{secrets.token_hex(6)}"
        self.token: str | None = None
        self.slug: str | None = None

    async def do(self, field: str, given: dict[str, Any], *, guest: bool = False) -> dict[str, Any]:
        token = None if guest else self.token
        reply = await self.api.execute(mutation(field), {"input": given}, token=token, tenant=self.slug)
        return reply.payload(field)

    async def sign_up_and_in(self) -> None:
        email, password = f"{self.canary}@people.test", f"{secrets.token_hex(8)} {self.canary[::-1]}"
        given = {"email": email, "password": password, "name": f"Noura {self.canary}", "locale": "EN"}
        await self.do("accountSignUp", given)
        await self.do("accountConfirm", {"email": email, "code": await self.post.code_for(email)})
        signed_in = await self.do("sessionSignIn", {"email": email, "password": password})
        self.token = signed_in["session"]["accessToken"]

    async def open_shop(self) -> None:
        name = {"en": f"Dates of {self.canary}", "ar": f"تمور {self.canary}"}
        given = {"slug": f"s-{self.canary}", "name": name, "contactEmail": f"shop-{self.canary}@shops.test"}
        self.slug = (await self.do("tenantCreate", given))["tenant"]["slug"]

    async def fill_shelf(self) -> str:
        shelf = await self.do("categoryCreate", {"name": {"en": f"Shelf {self.canary}"}})
        given = {
            "kind": "PRODUCT",
            "status": "ACTIVE",
            "name": {"ar": f"تمر {self.canary}"},
            "categoryIds": [shelf["category"]["id"]],
            "price": "4.750",
            "stock": 10,
        }
        await self.do("catalogItemCreate", given)
        return str(shelf["category"]["slug"])

    async def order(self, shelf: str) -> dict[str, Any]:
        (item,) = (await self.api.execute(BROWSE, {"shelf": shelf}, tenant=self.slug)).data["store"]["items"]["nodes"]
        assert item["name"]["value"] == f"تمر {self.canary}"
        assert item["variants"][0]["availability"] == "IN_STOCK"
        given = {
            "idempotencyKey": f"{self.canary}-{secrets.token_urlsafe(16)}",
            "customer": {"name": f"Sara {self.canary}", "email": self.shopper, "phone": "+965 5555 0000"},
            "note": f"Ring twice, {self.canary}",
            "locale": "EN",
            "lines": [{"variantId": item["variants"][0]["id"], "quantity": 2}],
        }
        order: dict[str, Any] = (await self.do("orderSubmit", given, guest=True))["order"]
        return order

    @property
    def shopper(self) -> str:
        return f"shopper-{self.canary}@people.test"


async def tell(story: Storyteller) -> None:
    await story.sign_up_and_in()
    await story.open_shop()
    order = await story.order(await story.fill_shelf())
    assert order["total"] == {"amount": "9.500", "currency": "KWD"}
    await story.do("orderConfirm", {"id": order["id"]})


async def test_from_signing_up_to_both_mails(api: Api, post: Post) -> None:
    """Mission T1, T4, S1, S2, S3, S4, O1, O6, N1, N4."""
    story = Storyteller(api, post)
    await tell(story)

    orders = (await api.execute(ORDERS, token=story.token, tenant=story.slug)).data["tenant"]["orders"]
    assert orders["totalCount"] == 1
    assert orders["nodes"][0]["number"] == 1001
    assert orders["nodes"][0]["customer"]["email"] == story.shopper
    assert [entry["event"] for entry in orders["nodes"][0]["timeline"]] == ["PLACED", "CONFIRMED"]
    to_shopper = await post.to(story.shopper)
    to_shop = await post.to(f"shop-{story.canary}@shops.test")
    assert len(to_shopper) == 2, "received and confirmed"
    assert len(to_shop) == 1
    for mail in (*to_shopper, *to_shop):
        assert "1001" in mail.subject + mail.text
        assert "9.500" in mail.text or "confirmed" in (mail.subject + mail.text).lower()


@pytest.fixture
def logged() -> Generator[io.StringIO]:
    """What the process logs, as production would."""
    stream = io.StringIO()
    configure("DEBUG", stream=stream)
    yield stream
    structlog.reset_defaults()


async def test_nothing_that_anybody_types_is_logged(
    api: Api, post: Post, factory: Factory, logged: io.StringIO
) -> None:
    """A canary in every input of the story, good and bad, and none in the logs."""
    story = Storyteller(api, post)
    await tell(story)
    canary = story.canary
    for query in (
        f"{{ {canary} }}",
        f'{{ store {{ item(slug: "{canary}") {{ slug }} }} }}',
        f'query {canary} {{ node(id: "{canary}") {{ id }} }}',
        f'mutation {{ orderSubmit(input: {{idempotencyKey: "{canary}", lines: [], '
        f'customer: {{name: "{canary}", email: "{canary}"}}}}) {{ userErrors {{ code }} }} }}',
        f"{{ a: store {{ {canary}: slug }} {canary}: __typename",
    ):
        await api.execute(query, {canary: canary}, token=story.token, tenant=story.slug)
    await api.execute("{ __typename }", token=canary)
    await api.execute("{ __typename }", tenant=canary)
    await api.execute("{ __typename }", headers={"traceparent": canary, "user-agent": canary, "host": f"{canary}.x"})
    await api.http.get(f"/{canary}?{canary}={canary}")

    lines = [orjson.loads(line) for line in logged.getvalue().splitlines()]
    assert canary not in logged.getvalue()
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 12
    assert all(line["request_id"] and line["trace_id"] for line in requests)
    assert sum("tenant_id" in line for line in requests) > 5
    assert {"orderSubmit"} <= {root for line in requests for root in line["roots"]}
