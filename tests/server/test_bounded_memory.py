"""What clients send does not stay, beyond its bounds: headers, documents, and what was compiled of them."""

import secrets

import pytest

from gql.documents import CHARACTERS_PER_FIELD, Documents
from gql.plans import AGAIN, TRIES, Tried
from gql.schema import public_schema
from server.callers import hosted_slug
from server.prefaces import MOST_KEPT, Preface, Prefaces
from settings import Settings
from tests.server.test_remembered_tenants import Process, new_process
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.statements import counted_statements

LIST = "query List($after: String) { store { items(first: 5, after: $after) { nodes { slug } } } }"
HEADERS = ((b"host", b"api.sadu.test"), (b"content-type", b"application/json"), (b"sadu-tenant", b"some-shop"))


class Callers:
    """Names tenants as the product does, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def slugs(self, _headers: object) -> tuple[str, None]:
        self.asked += 1
        return ("some-shop", None)


@pytest.fixture
def callers() -> Callers:
    return Callers()


@pytest.fixture
def prefaces(callers: Callers) -> Prefaces:
    return Prefaces(callers)  # pyright: ignore[reportArgumentType] - all that is asked of it


def test_the_same_headers_are_read_once(prefaces: Prefaces, callers: Callers) -> None:
    first = prefaces.of(HEADERS, with_body=True)
    assert isinstance(first, Preface)
    assert prefaces.of([*HEADERS, (b"x-request-id", b"another")], with_body=True) is first
    assert callers.asked == 1


@pytest.mark.parametrize("name", [b"accept-language", b"accept", b"host"])
def test_long_headers_are_read_each_time(prefaces: Prefaces, callers: Callers, name: bytes) -> None:
    for _ in range(2):
        prefaces.of([*(pair for pair in HEADERS if pair[0] != name), (name, b"*/*," * 500)], with_body=True)
    assert callers.asked == 2


@pytest.mark.parametrize("name", [b"authorization", b"cookie"])
def test_credentials_are_never_kept(prefaces: Prefaces, name: bytes) -> None:
    assert prefaces.of([*HEADERS, (name, b"a secret")], with_body=True) is None
    assert "a secret" not in repr(vars(prefaces))


def test_kept_headers_are_bounded_by_their_number(prefaces: Prefaces) -> None:
    for number in range(MOST_KEPT + 10):
        prefaces.of([*HEADERS, (b"accept-language", str(number).encode())], with_body=True)
    assert len(vars(prefaces)["_kept"]) <= MOST_KEPT


async def test_headers_are_bounded_in_all(api: Api, factory: Factory) -> None:
    shop = await factory.shop()
    await api.execute("{ store { slug } }", tenant=shop.slug)
    before = hosted_slug.cache_info().currsize
    reply = await api.execute("{ store { slug } }", tenant=shop.slug, headers={"Accept-Language": "en," * 10_000})
    assert (reply.status, reply.codes) == (431, ["REQUEST_TOO_LARGE"])
    await api.execute("{ store { slug } }", tenant=shop.slug, headers={"Host": "x" * 300 + ".sadu.test"})
    assert hosted_slug.cache_info().currsize == before


def test_what_is_compiled_of_a_document_weighs() -> None:
    schema = public_schema._schema  # pyright: ignore[reportPrivateUsage] - as the API does
    documents = Documents(schema, most_characters=1_000)
    first = documents.get("{ store { slug } }")
    assert first.operation(None) is not None
    first.plan(first.operations[None]).fields = 1_000 // CHARACTERS_PER_FIELD + 1
    documents.get("{ store { slug } }")
    assert documents.get("{ store { slug } }") is not first


def test_what_was_given_up_is_tried_again_now_and_then() -> None:
    tried = Tried("compiled", misses=TRIES)
    assert [tried.next_try() for _ in range(AGAIN)] == [None] * (AGAIN - 1) + ["compiled"]


async def test_bad_cursors_of_one_client_do_not_slow_the_others(settings: Settings, factory: Factory) -> None:
    async with new_process(settings) as process:
        shop = await factory.shop()
        await factory.product(shop)
        for _ in range(3 * TRIES):
            refused = await process.ask(LIST, shop.slug, {"after": "no cursor"})
            assert refused.codes == ["BAD_USER_INPUT"]
        await process.ask(LIST, shop.slug)
        document = process_documents(process).get(LIST)
        (operation,) = document.plan(document.operations["List"]).operations.values()
        assert (operation.hits, operation.misses) == (1, 0)


def process_documents(process: Process) -> Documents:
    assert process.api.app is not None
    return process.api.app.endpoints["/graphql"].api.documents


async def test_a_slug_that_changes_hands_shows_its_new_owner_and_what_they_change(api: Api, factory: Factory) -> None:
    """Mission S2. A guest's answer under a tenant that was remembered is never kept for the one before."""
    old, new = await factory.shop(), await factory.shop()
    product = await factory.product(new)
    query = "query A { store { slug items { nodes { slug price { amount } } } } }"
    await api.execute(query, tenant=old.slug)  # remembered
    wanted = old.slug
    await rename(api, old, f"before-{secrets.token_hex(4)}")
    let_go = "mutation($s: String!) { tenantSlugRelease(input: {slug: $s}) { userErrors { code } } }"
    (await api.execute(let_go, {"s": wanted}, token=old.token, tenant=old.slug)).payload("tenantSlugRelease")
    await rename(api, new, wanted)
    query = query.replace("A", "B")
    first = (await api.execute(query, tenant=wanted)).data["store"]["items"]["nodes"]
    assert first == [{"slug": product.item.slug, "price": {"amount": "4.750"}}]
    assert (await api.execute(query, tenant=wanted)).data["store"]["items"]["nodes"] == first
    change = {"id": product.id, "version": 1, "price": "1.000"}
    document = "mutation($i: CatalogItemUpdateInput!) { catalogItemUpdate(input: $i) { userErrors { code } } }"
    assert (await api.execute(document, {"i": change}, token=new.token, tenant=wanted)).data
    assert (await api.execute(query, tenant=wanted)).data["store"]["items"]["nodes"][0]["price"]["amount"] == "1.000"


async def rename(api: Api, shop: Shop, slug: str) -> None:
    document = "mutation($s: String!) { tenantUpdate(input: {slug: $s}) { tenant { slug } userErrors { code } } }"
    reply = await api.execute(document, {"s": slug}, token=shop.token, tenant=shop.slug)
    assert reply.payload("tenantUpdate")["tenant"] == {"slug": slug}
    object.__setattr__(shop.tenant, "slug", slug)


async def test_documents_that_are_new_each_time_cost_points(settings: Settings, factory: Factory) -> None:
    """Reading them is work, also where they are refused in the end."""
    poor = settings.model_copy(update={"cost_bucket": 100, "cost_restore": 1})
    async with new_process(poor) as process:
        shop = await factory.shop()
        statuses = [(await process.ask("{ nothing }" + "#" * 300 + str(each), shop.slug)).status for each in range(6)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        with counted_statements(process.parts.database) as statements:
            await process.ask("{ nothing }" + "#" * 300 + "0", shop.slug)
        assert statements == []
