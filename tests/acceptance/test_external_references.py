"""External references: what a till or an ERP calls the things of the catalogue, and finds them by."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop

KINDS = ("item", "variant", "category")
PLAIN: Mapping[str, dict[str, Any]] = {
    "catalogItemCreate": {"kind": "PRODUCT", "name": {"en": "New"}, "price": "1"},
    "catalogVariantCreate": {"name": {"en": "New"}, "price": "1"},
    "categoryCreate": {"name": {"en": "New"}},
}


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def referenced(client: CatalogClient, reference: str | None) -> dict[str, dict[str, Any]]:
    """One of each kind under the same reference, as the input of its update names it."""
    shelf = await client.category("Shelf", externalReference=reference)
    item = await client.create(slug="ajwa", externalReference=reference, status="DRAFT")
    variant = item["variants"][0]["id"]
    await client.change("catalogVariantUpdate", id=variant, externalReference=reference)
    return {"item": {"id": item["id"], "version": 2}, "variant": {"id": variant}, "category": {"id": shelf["id"]}}


UPDATES = dict(zip(KINDS, ("catalogItemUpdate", "catalogVariantUpdate", "categoryUpdate"), strict=True))


async def found(client: CatalogClient, reference: str) -> dict[str, Any]:
    """What the back office finds under a reference."""
    fields = [f"{kind}(externalReference: $reference) {{ id externalReference }}" for kind in KINDS]
    query = f"query($reference: String!) {{ tenant {{ {' '.join(fields)} }} }}"
    sent = {"reference": reference}
    return (await client.api.execute(query, sent, token=client.token, tenant=client.shop.slug)).data["tenant"]


async def test_things_are_found_by_what_another_system_calls_them(client: CatalogClient) -> None:
    """Mission S3."""
    made = await referenced(client, " ERP/٤٢ é ")
    assert await found(client, "ERP/٤٢ e\u0301") == {
        kind: {"id": made[kind]["id"], "externalReference": "ERP/٤٢ é"} for kind in KINDS
    }
    for kind in KINDS:
        await client.change(UPDATES[kind], **made[kind], externalReference="x" * 255)
    assert (await found(client, "x" * 255))["item"]["id"] == made["item"]["id"]
    made["item"]["version"] += 2  # by its own edit, and by its variant's
    for kind in KINDS:
        await client.change(UPDATES[kind], **made[kind], externalReference=None)
    for nothing in ("ERP/٤٢ é", "x" * 255, "", "x" * 256, "\u0007"):
        assert await found(client, nothing) == dict.fromkeys(KINDS), nothing


async def test_it_stays_where_it_was_not_sent(client: CatalogClient) -> None:
    """Mission S3."""
    made = await referenced(client, "42")
    await client.change("catalogItemUpdate", **made["item"], slug="other")
    await client.change("catalogVariantUpdate", **made["variant"], price="2")
    await client.change("categoryUpdate", **made["category"], position=4)
    assert {kind: each["id"] for kind, each in (await found(client, "42")).items()} == {
        kind: made[kind]["id"] for kind in KINDS
    }


async def test_a_reference_is_given_once_among_its_kind(client: CatalogClient) -> None:
    """Mission S3."""
    await referenced(client, "42")
    other = await client.create()
    taken = [("TAKEN", ["externalReference"])]
    for mutation, plain in PLAIN.items():
        more = {"itemId": other["id"]} if mutation == "catalogVariantCreate" else {}
        assert await client.faults(mutation, plain | more | {"externalReference": "42"}) == taken
    shelf = await client.category("Other")
    edits = {
        "item": {"id": other["id"], "version": 1},
        "variant": {"id": other["variants"][0]["id"]},
        "category": shelf,
    }
    for kind in KINDS:
        edit = {name: edits[kind][name] for name in ("id", "version") if name in edits[kind]}
        assert await client.faults(UPDATES[kind], edit | {"externalReference": "42"}) == taken
    assert await client.item(other["id"]) == other


async def test_references_of_several_variants_are_told_one_by_one(client: CatalogClient) -> None:
    """Mission S3."""
    await client.create(variants=[{"price": "1", "externalReference": "taken"}])
    given = [{"name": {"en": f"{n}"}, "price": "1", "externalReference": each} for n, each in enumerate("abab")]
    faults = [("TAKEN", ["variants", f"{place}", "externalReference"]) for place in (2, 3)]
    fresh = {"kind": "PRODUCT", "name": {"en": "New"}, "variants": given}
    assert await client.faults("catalogItemCreate", fresh) == faults
    given[2:] = [given[2] | {"externalReference": "taken"}]
    assert await client.faults("catalogItemCreate", fresh) == faults[:1]
    assert (await client.back_office("items { totalCount }"))["items"] == {"totalCount": 1}


async def test_of_those_who_give_the_same_one_at_once_one_wins(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create()
    for mutation, plain in PLAIN.items():
        more = {"itemId": item["id"]} if mutation == "catalogVariantCreate" else {}
        given = plain | more | {"externalReference": "42"}
        replies = await asyncio.gather(*(client.send(mutation, given) for _ in range(5)))
        faults = sorted(reply.faults(mutation) for reply in replies)
        assert faults == [[], *([("TAKEN", ["externalReference"])] for _ in range(4))], mutation
    several: dict[str, Any] = {"kind": "PRODUCT", "name": {"en": "Several"}}
    several["variants"] = [{"name": {"en": each}, "price": "1", "externalReference": each} for each in "xyz"]
    replies = await asyncio.gather(*(client.send("catalogItemCreate", several) for _ in range(5)))
    codes = [{code for code, _ in reply.faults("catalogItemCreate")} for reply in replies]
    assert sorted(map(sorted, codes)) == [[], *(["TAKEN"] for _ in range(4))]


@pytest.mark.parametrize(
    ("reference", "code"), [("x" * 256, "TOO_LONG"), ("a\u0007", "INVALID"), ("\u202e", "INVALID")]
)
async def test_a_bad_reference_is_told_by_code_and_field(client: CatalogClient, reference: str, code: str) -> None:
    """Mission S3."""
    made = await referenced(client, "42")
    for kind in KINDS:
        edit = made[kind] | {"externalReference": reference}
        assert await client.faults(UPDATES[kind], edit) == [(code, ["externalReference"])]
    assert None not in (await found(client, "42")).values()


async def test_an_archived_variant_frees_its_reference(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create(
        variants=[{"name": {"en": each}, "price": "1", "externalReference": each} for each in "ab"]
    )
    await client.change("catalogVariantArchive", id=item["variants"][0]["id"])
    again = {"itemId": item["id"], "name": {"en": "again"}, "price": "1", "externalReference": "a"}
    variant = (await client.change("catalogVariantCreate", **again))["variant"]
    assert (await found(client, "a"))["variant"]["id"] == variant["id"]
    archived = f'variant(id: "{item["variants"][0]["id"]}") {{ isArchived externalReference }}'
    assert (await client.back_office(archived))["variant"] == {"isArchived": True, "externalReference": None}


async def test_nobody_but_staff_reads_it(client: CatalogClient, factory: Factory, shop: Shop) -> None:
    """Mission S3."""
    made = await referenced(client, "42")
    await client.change("catalogItemActivate", id=made["item"]["id"])
    names = ("CatalogItem", "CatalogVariant", "Category")
    fragments = " ".join(f"... on {name} {{ externalReference }}" for name in names)
    customer = (await factory.customer(shop)).token
    for token, told in ((None, None), (customer, None), (client.token, "42")):
        for kind in KINDS:
            reply = await client.as_someone(token).ask(f'{{ node(id: "{made[kind]["id"]}") {{ {fragments} }} }}')
            assert reply.data["node"] == {"externalReference": told}
    for kind in KINDS:
        refused = await client.as_someone(customer).ask(f'{{ tenant {{ {kind}(externalReference: "42") {{ id }} }} }}')
        assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])


async def test_the_references_of_tenants_are_apart(client: CatalogClient, factory: Factory, api: Api) -> None:
    """Mission S3, T3."""
    other = CatalogClient.of(api, await factory.shop())
    theirs = await referenced(other, "42")
    assert await found(client, "42") == dict.fromkeys(KINDS)
    mine = await referenced(client, "42")
    assert {kind: each["id"] for kind, each in (await found(other, "42")).items()} == {
        kind: theirs[kind]["id"] for kind in KINDS
    }
    for kind in KINDS:
        assert (await client.back_office(f'{kind}(id: "{mine[kind]["id"]}") {{ id }}'))[kind]["id"] == mine[kind]["id"]
        assert (await client.back_office(f'{kind}(id: "{theirs[kind]["id"]}") {{ id }}'))[kind] is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("arguments", ["", '(id: "x", externalReference: "y")', "(id: null)"])
async def test_exactly_one_name_is_given(client: CatalogClient, kind: str, arguments: str) -> None:
    """Mission S3."""
    reply = await client.ask(f"{{ tenant {{ {kind}{arguments} {{ id }} }} }}")
    assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"])
