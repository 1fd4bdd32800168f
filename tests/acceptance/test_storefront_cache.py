"""Guests' answers from memory, as the storefront's developer meets them: the same bytes, never mixed up, never old."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.security.roles import connected
from settings import Settings
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop
from tests.support.orders import Till, submission
from tests.support.storefront import SHOWN, Storefront, is_from_memory, other_process, write_and_die

RENAME = "mutation($to: String!) { tenantUpdate(input: {name: {en: $to}}) { userErrors { code } } }"
PAGE = "query page($first: Int!) { store { items(first: $first) { nodes { slug } } } }"
STANDING = "mutation($input: TenantStandingInput!) { %s(input: $input) { userErrors { code message field } } }"
PROMISE = 1.0
"""So many seconds after a change, whoever made it, no guest is shown what was before."""


@pytest.fixture
async def storefront(api: Api, parts: Parts, shop: Shop, factory: Factory) -> Storefront:
    """A shop with two items, whose first page is in memory."""
    for name in ("Ajwa dates", "Sukkari dates"):
        await factory.product(shop, name=name, stock=100)
    front = Storefront(api, parts, shop)
    await front.warm()
    return front


@pytest.fixture
async def elsewhere(storefront: Storefront, settings: Settings) -> AsyncGenerator[Storefront]:
    """The same storefront at another process."""
    async with other_process(settings) as (api, parts):
        yield storefront.at(api, parts)


async def test_the_second_guest_is_answered_from_memory(storefront: Storefront) -> None:
    query = SHOWN + "# of this test"
    first, second = await storefront.ask(query), await storefront.ask(query)
    assert not await storefront.made_anew(query)
    cost = first.json()["extensions"]["cost"]
    assert cost["requestedQueryCost"] > 0
    assert first.content.startswith(second.content.removesuffix(b"}") + b',"extensions":')
    assert second.json() == {"data": first.json()["data"]}
    told = ("content-type", "cache-control", "x-content-type-options")
    assert [first.headers[name] for name in told] == [second.headers[name] for name in told]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_another_shop_is_another_answer(storefront: Storefront, factory: Factory) -> None:
    """By header and by host."""
    other = await factory.shop()
    by_header = {"sadu-tenant": other.slug}
    by_host = {"sadu-tenant": "", "host": f"{other.slug}.localhost"}
    for named in (by_header, by_host):
        for _ in range(3):
            assert (await storefront.shown(headers=named))["store"]["slug"] == other.slug
        await storefront.warm(headers=named)
    assert (await storefront.shown())["store"]["slug"] == storefront.shop.slug
    both = await storefront.ask(headers={"sadu-tenant": other.slug, "host": f"{storefront.shop.slug}.localhost"})
    assert both.json()["errors"][0]["extensions"]["code"] == "TENANT_AMBIGUOUS"


async def test_other_variables_are_another_answer(storefront: Storefront) -> None:
    for _ in range(2):
        for first in (1, 2):
            shown = await storefront.shown(PAGE, variables={"first": first})
            assert len(shown["store"]["items"]["nodes"]) == first
    await storefront.warm(PAGE, variables={"first": 1})


async def test_another_operation_of_the_document_is_another_answer(storefront: Storefront) -> None:
    both = "query slug { store { slug } } query phone { store { contactPhone } }"
    for _ in range(2):
        for name, field in (("slug", "slug"), ("phone", "contactPhone")):
            assert list((await storefront.shown(both, operationName=name))["store"]) == [field]
    await storefront.warm(both, operationName="slug")


async def test_another_language_is_another_answer(storefront: Storefront) -> None:
    query = "{ store { items(first: 1) { nodes { name { value } } } } }"
    for _ in range(2):
        for language, name in (("ar", "تمر عجوة"), ("en-GB", "Sukkari dates")):
            shown = await storefront.shown(query, headers={"accept-language": language})
            assert shown["store"]["items"]["nodes"][0]["name"]["value"] == name
    await storefront.warm(query, headers={"accept-language": "ar"})


async def test_the_media_type_is_the_one_asked_for(storefront: Storefront) -> None:
    for _ in range(2):
        for kind in ("application/json", "application/graphql-response+json"):
            answer = await storefront.ask(headers={"accept": kind})
            assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    await storefront.warm(headers={"accept": "application/graphql-response+json"})


@pytest.mark.parametrize("header", ["authorization", "cookie"])
async def test_whoever_shows_credentials_neither_gets_nor_leaves_a_kept_answer(
    storefront: Storefront, header: str
) -> None:
    shown = {"authorization": f"Bearer {storefront.shop.token}", "cookie": "a=b"}[header]
    query = SHOWN + f"# {header}"
    for _ in range(3):
        assert not is_from_memory(await storefront.ask(query, headers={header: shown}))
    assert not is_from_memory(await storefront.ask(query)), "left by somebody with credentials"
    assert is_from_memory(await storefront.ask(query))
    assert not is_from_memory(await storefront.ask(query, headers={header: shown}))


async def test_a_bad_token_is_refused_whatever_is_kept(storefront: Storefront) -> None:
    for token in ("", "Bearer", "Bearer nonsense", "Basic YTpi"):
        assert (await storefront.ask(headers={"authorization": token})).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "{ store { slug } viewer { person { id } } }",
        "{ viewer { person { id } } }",
        '{ store { slug } node(id: "item_00000000000000000000000000") { id } }',
        "{ store { items(first: 1) { nodes { variants { sku stock } } } } }",
        "{ store { ...on Store { items(first: 1) { nodes { ...more } } } } } "
        "fragment more on CatalogItem { variants { stock } }",
        "{ store { slug } __schema { queryType { name } } }",
        '{ store { slug } __type(name: "Store") { name } }',
        '{ store { items(first: 1, after: "no cursor") { nodes { slug } } } }',
        "{ store { slug items(first: -1) { nodes { slug } } } }",
        "query($first: Int!) { store { items(first: $first) { nodes { slug } } } }",
        'mutation { accountSignUp(input: {email: "x", password: "x", name: "x"}) { userErrors { code } } }',
    ],
)
async def test_what_is_not_public_or_went_wrong_is_never_kept(storefront: Storefront, query: str) -> None:
    for _ in range(3):
        answer = await storefront.ask(query)
        assert answer.status_code == 401 or not is_from_memory(answer), answer.text
    await storefront.warm()


async def test_an_invalid_document_stays_invalid(storefront: Storefront) -> None:
    for query in ("{ store { slgu } }", "{ store { slug }", "{ store { slug } } query b { store { slug } }"):
        for _ in range(3):
            answer = await storefront.ask(query, headers={"accept": "application/graphql-response+json"})
            assert (answer.status_code, list(answer.json())) == (400, ["errors"])


async def staff(storefront: Storefront) -> tuple[CatalogClient, dict[str, Any], dict[str, Any]]:
    """The back office, an item in a category, and another category; the storefront's first page is in memory."""
    office = CatalogClient.of(storefront.api, storefront.shop)
    dates, spare = await office.category("Dates"), await office.category("Spare")
    item = await office.create(categoryIds=[dates["id"]], sku=Factory.word(), stock=50)
    await storefront.warm()
    return office, item, spare


async def rename_shop(storefront: Storefront, office: CatalogClient) -> None:
    reply = await office.api.execute(RENAME, {"to": "New name"}, token=office.token, tenant=storefront.shop.slug)
    reply.payload("tenantUpdate")


def step(mutation: str, **given: Any) -> Callable[..., Awaitable[Any]]:
    async def edit(office: CatalogClient, item: dict[str, Any]) -> None:
        await office.change(mutation, id=item["id"], **given)

    return edit


async def price(office: CatalogClient, item: dict[str, Any]) -> None:
    await office.change("catalogVariantUpdate", id=item["variants"][0]["id"], price="9.900")


async def another_variant(office: CatalogClient, item: dict[str, Any]) -> None:
    await office.change("catalogVariantCreate", itemId=item["id"], price="1.000", name={"en": "Box"})


async def new_item(office: CatalogClient, _item: dict[str, Any]) -> None:
    await office.create()


async def new_category(office: CatalogClient, _item: dict[str, Any]) -> None:
    await office.category("New")


async def renamed_category(office: CatalogClient, item: dict[str, Any]) -> None:
    await office.change("categoryUpdate", id=item["categories"][0]["id"], name={"en": "Other"})


EDITS: dict[str, Callable[..., Awaitable[Any]]] = {
    "name": step("catalogItemUpdate", version=1, name={"en": "Khudri dates"}),
    "categories": step("catalogItemUpdate", version=1, categoryIds=[]),
    "deactivate": step("catalogItemDeactivate"),
    "archive": step("catalogItemArchive"),
    "price": price,
    "variant": another_variant,
    "item": new_item,
    "new category": new_category,
    "category": renamed_category,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
async def test_the_request_after_an_edit_shows_it(
    storefront: Storefront, edit: Callable[[CatalogClient, dict[str, Any]], Awaitable[Any]]
) -> None:
    office, item, _ = await staff(storefront)
    before = await storefront.shown()
    await edit(office, item)
    after = await storefront.shown()
    assert after != before
    assert after == await storefront.truth()


async def test_what_takes_several_steps_is_shown_after_each(storefront: Storefront) -> None:
    office, item, spare = await staff(storefront)
    box = await office.change("catalogVariantCreate", itemId=item["id"], price="1.000", name={"en": "Box"})
    for mutation, thing in (
        ("catalogVariantArchive", box["variant"]),
        ("catalogItemDeactivate", item),
        ("catalogItemActivate", item),
        ("catalogItemArchive", item),
        ("categoryDelete", spare),
    ):
        await storefront.warm()
        before = await storefront.shown()
        await office.change(mutation, id=thing["id"])
        assert before != await storefront.shown(), mutation
    await rename_shop(storefront, office)
    assert (await storefront.shown())["store"]["name"]["en"] == "New name"


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
async def test_an_edit_in_another_process_is_shown_within_a_second(
    storefront: Storefront,
    elsewhere: Storefront,
    edit: Callable[[CatalogClient, dict[str, Any]], Awaitable[Any]],
) -> None:
    office, item, _ = await staff(storefront)
    before = await storefront.shown()
    await edit(CatalogClient.of(elsewhere.api, elsewhere.shop), item)
    assert await storefront.seconds_shown(before) < PROMISE
    assert await storefront.shown() == await storefront.truth()
    assert office.shop == elsewhere.shop


async def test_a_change_made_in_the_database_itself_is_shown_within_a_second(
    storefront: Storefront, factory: Factory
) -> None:
    before = await storefront.shown()
    async with connected(factory.owner_url) as connection:
        await connection.execute(text("BEGIN"))
        await connection.execute(
            text("SELECT set_config('app.current_tenant', :tenant, true)"), {"tenant": str(storefront.shop.tenant.id)}
        )
        await connection.execute(text("UPDATE catalog_items SET name_ar = 'تمر'"))
        await connection.execute(text("COMMIT"))
    assert await storefront.seconds_shown(before) < PROMISE


async def test_a_change_is_shown_though_the_one_who_made_it_died(storefront: Storefront, settings: Settings) -> None:
    before = await storefront.shown()
    assert await write_and_die(settings.database_url, storefront.shop.tenant.id) == -signal.SIGKILL
    assert await storefront.seconds_shown(before) < PROMISE


async def test_without_redis_it_is_the_same(storefront: Storefront, settings: Settings) -> None:
    nowhere = {"redis_url": "redis://127.0.0.1:9/0"}
    async with other_process(settings, **nowhere) as here, other_process(settings, **nowhere) as there:
        front = storefront.at(*here)
        await front.warm()
        before = await front.shown()
        office = CatalogClient.of(there[0], storefront.shop)
        await new_item(office, {})
        assert await front.seconds_shown(before) < PROMISE


async def test_a_suspended_shop_is_closed_at_once_and_open_again_at_once(
    storefront: Storefront, factory: Factory
) -> None:
    operator = (await factory.operator()).token
    shop = await named(storefront)
    await storefront.warm("{ store { status } }")
    for act, status in (("tenantSuspend", 403), ("tenantReactivate", 200)):
        (await storefront.api.admin(STANDING % act, shop, token=operator)).payload(act)
        for _ in range(2):
            assert (await storefront.ask()).status_code == status
        shown = await storefront.shown("{ store { status } }")
        assert shown["store"]["status"] == ("UNAVAILABLE" if status == 403 else "OPEN")
    await storefront.warm()


async def test_a_shop_suspended_elsewhere_is_closed_within_a_second(
    storefront: Storefront, elsewhere: Storefront, factory: Factory
) -> None:
    operator = (await factory.operator()).token
    shop = await named(storefront)
    (await elsewhere.api.admin(STANDING % "tenantSuspend", shop, token=operator)).payload("tenantSuspend")
    assert await storefront.becomes(lambda answer: answer.status_code == 403) < PROMISE
    for _ in range(3):
        assert (await storefront.ask()).status_code == 403


async def named(storefront: Storefront) -> dict[str, Any]:
    """The variables of an operator's mutation about the shop."""
    return {"input": {"id": (await storefront.shown("{ store { id } }"))["store"]["id"]}}


async def test_a_sale_empties_no_memory_until_few_or_none_are_left(storefront: Storefront) -> None:
    till = Till(storefront.parts, storefront.api, storefront.shop)
    sold = await till.sell(stock=8)
    query = "{ store { items(first: 1) { nodes { variants { availability } } } } }"
    await storefront.becomes(lambda answer: "IN_STOCK" in answer.text, query)
    for quantity, stays, availability in ((1, True, "IN_STOCK"), (2, False, "FEW_LEFT"), (5, False, "SOLD_OUT")):
        await settled(storefront, query)
        (await till.submit(submission((sold, quantity)))).payload("orderSubmit")
        if stays:
            await asyncio.sleep(PROMISE)
            assert is_from_memory(await storefront.ask(query)), "a sale that nobody can notice"
        seconds = await storefront.becomes(lambda answer, shown=availability: shown in answer.text, query)
        assert seconds < PROMISE


async def settled(storefront: Storefront, query: str) -> None:
    """Returns when every change so far is known to the process, and the answer is kept."""
    await asyncio.sleep(PROMISE)
    await storefront.warm(query)


async def test_with_the_cache_off_nothing_is_kept(storefront: Storefront, settings: Settings) -> None:
    async with other_process(settings, storefront_cache=0) as here:
        front = storefront.at(*here)
        for _ in range(5):
            assert await front.made_anew()
            assert not is_from_memory(await front.ask())
