"""Items and their variants: what a merchant does with them, and what shoppers see."""

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.catalog import CATEGORY, SHOWN, CatalogClient
from tests.support.factories import Factory, Shop

NOWHERE = "item_7zzzzzzzzzzzzzzzzzzzzzzzzz"
NO_VARIANT = "variant_7zzzzzzzzzzzzzzzzzzzzzzzzz"
NO_CATEGORY = "category_7zzzzzzzzzzzzzzzzzzzzzzzzz"


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def test_a_merchant_puts_a_simple_item_on_the_store(client: CatalogClient) -> None:
    """Mission S3."""
    shelf = await client.category("Sweets")
    made = await client.create(
        status="DRAFT",
        name={"en": "Ajwa dates, 1 kg", "ar": "تمر عجوة"},
        description={"en": "From Madinah.\nSoft.", "ar": "من المدينة"},
        categoryIds=[shelf["id"]],
        price="4.75",
        compareAtPrice="6",
        sku="DAT-1",
        stock=7,
    )
    assert made["slug"] == "ajwa-dates-1-kg"
    assert (made["status"], made["version"], made["isAvailable"]) == ("DRAFT", 1, True)
    assert made["price"] == {"amount": "4.750", "currency": "KWD"}
    assert made["description"] == {"en": "From Madinah.\nSoft.", "ar": "من المدينة"}
    assert made["categories"] == [{"id": shelf["id"], "slug": "sweets"}]
    (variant,) = made["variants"]
    assert variant["name"] is None
    assert variant | {"id": ""} == {
        "id": "",
        "sku": "DAT-1",
        "name": None,
        "price": {"amount": "4.750"},
        "compareAtPrice": {"amount": "6.000"},
        "weight": None,
        "barcode": None,
        "availability": "IN_STOCK",
        "stock": 7,
        "selectedOptions": [],
    }
    assert await client.shown() == []

    active = (await client.change("catalogItemActivate", id=made["id"]))["item"]
    assert (active["status"], active["version"]) == ("ACTIVE", 2)
    assert await client.shown() == ["ajwa-dates-1-kg"]
    found = (await client.store(f'item(slug: "ajwa-dates-1-kg") {{ {SHOWN} }}'))["item"]
    assert found["id"] == made["id"]
    assert found["name"] == {"en": "Ajwa dates, 1 kg", "ar": "تمر عجوة"}


async def test_an_item_has_several_variants(client: CatalogClient) -> None:
    """Mission S3."""
    made = await client.create(
        variants=[
            {"name": {"en": "Large"}, "price": "9.250", "sku": "L", "stock": 0},
            {"name": {"en": "Small", "ar": "صغير"}, "price": "3.125", "sku": "S", "stock": 5},
        ]
    )
    assert [variant["name"]["en"] for variant in made["variants"]] == ["Large", "Small"]
    assert [variant["availability"] for variant in made["variants"]] == ["SOLD_OUT", "FEW_LEFT"]
    assert made["price"]["amount"] == "3.125"

    added = await client.change("catalogVariantCreate", itemId=made["id"], name={"en": "Huge"}, price="12")
    assert added["variant"]["stock"] is None
    assert [variant["name"]["en"] for variant in added["item"]["variants"]] == ["Large", "Small", "Huge"]
    assert added["item"]["version"] == 2

    small = made["variants"][1]["id"]
    changed = await client.change("catalogVariantUpdate", id=small, price="2.5", compareAtPrice="3.125", stock=0)
    assert changed["item"]["price"]["amount"] == "2.500"
    assert changed["variant"] == {"id": small, "sku": "S", "stock": 0}
    assert changed["item"]["isAvailable"] is True  # Huge is unlimited

    archived = await client.change("catalogVariantArchive", id=added["variant"]["id"], itemVersion=3)
    assert [variant["name"]["en"] for variant in archived["item"]["variants"]] == ["Large", "Small"]
    assert (archived["item"]["isAvailable"], archived["item"]["version"]) == (False, 4)


async def test_an_archived_variant_frees_its_sku_and_the_last_one_stays(client: CatalogClient) -> None:
    """Mission S3."""
    named = [{"name": {"en": size}, "price": "1", "sku": size} for size in ("S", "M")]
    made = await client.create(variants=named)
    first, last = (variant["id"] for variant in made["variants"])
    await client.change("catalogVariantArchive", id=first)
    assert await client.faults("catalogVariantArchive", {"id": last}) == [("INVALID", ["id"])]
    assert await client.faults("catalogVariantArchive", {"id": first}) == [("NOT_FOUND", ["id"])]
    assert await client.faults("catalogVariantUpdate", {"id": first, "price": "2"}) == [("NOT_FOUND", ["id"])]
    await client.create(sku="S")
    assert [variant["sku"] for variant in (await client.item(made["id"]))["variants"]] == ["M"]


async def test_an_edit_changes_what_was_sent_and_nothing_else(client: CatalogClient) -> None:
    """Mission S3."""
    shelves = [await client.category(name) for name in ("Old", "New")]
    made = await client.create(
        description={"en": "Text"}, compareAtPrice="9", sku="KEEP", stock=3, categoryIds=[shelves[0]["id"]]
    )
    changed = (
        await client.change(
            "catalogItemUpdate",
            id=made["id"],
            version=1,
            kind="SERVICE",
            name={"ar": "خدمة"},
            slug="a-service",
            categoryIds=[shelves[1]["id"]],
            price="8.999",
        )
    )["item"]
    assert changed["version"] == 2
    assert changed["updatedAt"] > made["updatedAt"]
    assert (changed["kind"], changed["slug"], changed["name"]) == ("SERVICE", "a-service", {"en": None, "ar": "خدمة"})
    assert changed["description"] == {"en": "Text", "ar": None}
    assert [shelf["slug"] for shelf in changed["categories"]] == ["new"]
    (variant,) = changed["variants"]
    assert (variant["price"]["amount"], variant["sku"], variant["stock"]) == ("8.999", "KEEP", 3)

    cleared = (
        await client.change(
            "catalogItemUpdate",
            id=made["id"],
            version=2,
            description=None,
            compareAtPrice=None,
            sku=None,
            stock=None,
            categoryIds=[],
        )
    )["item"]
    assert (cleared["description"], cleared["categories"]) == (None, [])
    (variant,) = cleared["variants"]
    assert (variant["compareAtPrice"], variant["sku"], variant["stock"]) == (None, None, None)
    assert await client.item(made["id"]) == cleared


async def test_a_stale_edit_is_refused(client: CatalogClient) -> None:
    """Mission S3."""
    made = await client.create()
    await client.change("catalogItemUpdate", id=made["id"], version=1, price="5")
    stale = {"id": made["id"], "version": 1, "price": "6", "name": {"en": "Lost"}}
    assert await client.faults("catalogItemUpdate", stale) == [("STALE", ["version"])]
    variant = {"id": made["variants"][0]["id"], "itemVersion": 1, "price": "6"}
    assert await client.faults("catalogVariantUpdate", variant) == [("STALE", ["itemVersion"])]
    now = await client.item(made["id"])
    assert (now["version"], now["price"]["amount"], now["name"]["en"]) == (2, "5.000", "Ajwa dates")


async def test_the_price_of_several_variants_is_changed_one_by_one(client: CatalogClient) -> None:
    """Mission S3."""
    made = await client.create(variants=[{"name": {"en": size}, "price": "1"} for size in "AB"])
    given = {"id": made["id"], "version": 1, "price": "2", "stock": None}
    assert await client.faults("catalogItemUpdate", given) == [("INVALID", ["price"]), ("INVALID", ["stock"])]
    now = await client.item(made["id"])
    assert (now["version"], now["price"]["amount"]) == (1, "1.000")


async def test_drafts_and_archived_items_are_for_staff_alone(client: CatalogClient, factory: Factory) -> None:
    """Mission S3."""
    statuses = {"DRAFT": "draft-one", "ACTIVE": "active-one", "ARCHIVED": "archived-one"}
    for status, slug in statuses.items():
        made = await client.create(slug=slug, status="DRAFT" if status == "DRAFT" else "ACTIVE")
        if status == "ARCHIVED":
            await client.change("catalogItemArchive", id=made["id"])

    assert await client.shown() == ["active-one"]
    counted = await client.store("items { totalCount }")
    assert counted["items"]["totalCount"] == 1
    for slug in ("draft-one", "archived-one", "no-such-item"):
        assert await client.store(f'item(slug: "{slug}") {{ id }}') == {"item": None}

    member = client.as_someone((await factory.staff(client.shop, "member")).token)
    for status, slug in statuses.items():
        found = await member.back_office(f"items(status: {status}) {{ totalCount nodes {{ slug }} }}")
        assert found["items"] == {"totalCount": 1, "nodes": [{"slug": slug}]}
    everything = await client.back_office("items { totalCount }")
    assert everything["items"]["totalCount"] == 3


async def test_an_item_goes_through_its_life_step_by_step(client: CatalogClient) -> None:
    """Mission S3."""
    item_id = (await client.create(status="DRAFT"))["id"]
    life = [
        ("catalogItemActivate", "ACTIVE"),
        ("catalogItemDeactivate", "DRAFT"),
        ("catalogItemActivate", "ACTIVE"),
        ("catalogItemArchive", "ARCHIVED"),
        ("catalogItemRestore", "DRAFT"),
        ("catalogItemArchive", "ARCHIVED"),
    ]
    for mutation, status in life:
        assert (await client.change(mutation, id=item_id))["item"]["status"] == status


@pytest.mark.parametrize(
    ("mutation", "before", "current", "allowed"),
    [
        ("catalogItemActivate", [], "active", ["draft", "archived"]),
        ("catalogItemRestore", [], "active", ["draft", "archived"]),
        ("catalogItemDeactivate", ["catalogItemDeactivate"], "draft", ["active", "archived"]),
        ("catalogItemRestore", ["catalogItemDeactivate"], "draft", ["active", "archived"]),
        ("catalogItemActivate", ["catalogItemArchive"], "archived", ["draft"]),
        ("catalogItemDeactivate", ["catalogItemArchive"], "archived", ["draft"]),
        ("catalogItemArchive", ["catalogItemArchive"], "archived", ["draft"]),
    ],
)
async def test_an_impossible_step_tells_what_is_allowed(
    client: CatalogClient, mutation: str, before: list[str], current: str, allowed: list[str]
) -> None:
    """Mission S3."""
    item_id = (await client.create())["id"]
    for each in before:
        await client.change(each, id=item_id)
    reply = await client.send(mutation, {"id": item_id})
    (error,) = reply.data[mutation]["userErrors"]
    assert (error["code"], error["field"]) == ("ILLEGAL_TRANSITION", ["id"])
    assert (error["current"], error["allowed"]) == (current.upper(), [each.upper() for each in allowed])
    assert (await client.item(item_id))["status"] == current.upper()


async def test_texts_fall_back_to_the_other_language(client: CatalogClient) -> None:
    """Mission S3, S8."""
    await client.create(slug="english", name={"en": "Only English"})
    await client.create(slug="arabic", name={"ar": "عربي فقط"})
    texts = "name { value ar: value(locale: AR) en: value(locale: EN) }"
    found = await client.store(f"items {{ nodes {{ {texts} }} }}")
    arabic, english = (node["name"] for node in found["items"]["nodes"])
    assert english == {"value": "Only English", "ar": "Only English", "en": "Only English"}
    assert arabic == {"value": "عربي فقط", "ar": "عربي فقط", "en": "عربي فقط"}


async def test_a_slug_is_proposed_and_made_unique(client: CatalogClient) -> None:
    """Mission S3."""
    slugs = [(await client.create(name={"en": "Crème brûlée!"}))["slug"] for _ in range(3)]
    assert slugs[0] == "creme-brulee"
    assert len(set(slugs)) == 3
    assert all(slug.startswith("creme-brulee-") for slug in slugs[1:])
    assert (await client.create(kind="SERVICE", name={"ar": "خدمة"}))["slug"] == "service"


async def test_shoppers_walk_through_the_pages(client: CatalogClient) -> None:
    """Mission S3."""
    for number in range(7):
        await client.create(slug=f"item-{number}", kind="PROJECT" if number == 3 else "PRODUCT")
    seen: list[str] = []
    after: str | None = None
    while True:
        cursor = f', after: "{after}"' if after else ""
        page = (
            await client.store(
                f"items(first: 3, kind: PRODUCT{cursor}) {{ totalCount edges {{ cursor }} nodes {{ slug }} "
                "pageInfo { hasNextPage hasPreviousPage endCursor } }"
            )
        )["items"]
        assert page["totalCount"] == 6
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += [node["slug"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["edges"][-1]["cursor"] == after
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["item-6", "item-5", "item-4", "item-2", "item-1", "item-0"]


@pytest.mark.parametrize("arguments", ["(first: 101)", "(first: -1)", '(after: "nonsense")', '(after: "WzFd")'])
@pytest.mark.parametrize("door", ["store", "tenant"])
async def test_a_bad_page_is_refused(client: CatalogClient, door: str, arguments: str) -> None:
    """Mission S3."""
    reply = await client.ask(f"{{ {door} {{ items{arguments} {{ totalCount }} }} }}")
    assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"])


async def test_the_exact_stock_is_told_to_staff_alone(client: CatalogClient) -> None:
    """Mission S3."""
    await client.create(stock=4)
    document = "{ store { items { nodes { variants { availability stock } } } } }"
    as_guest = await client.as_someone(None).ask(document)
    assert as_guest.codes == ["FORBIDDEN"]
    (item,) = as_guest.body["data"]["store"]["items"]["nodes"]
    assert item["variants"] == [{"availability": "FEW_LEFT", "stock": None}]
    as_owner = await client.ask(document)
    (item,) = as_owner.data["store"]["items"]["nodes"]
    assert item["variants"] == [{"availability": "FEW_LEFT", "stock": 4}]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"name": {}}, [("REQUIRED", ["name"])]),
        ({"name": {"en": " ", "ar": ""}}, [("REQUIRED", ["name"])]),
        ({"name": {"en": "x" * 201}}, [("TOO_LONG", ["name", "en"])]),
        ({"name": {"en": "bell\u0007"}}, [("INVALID", ["name", "en"])]),
        ({"description": {"ar": "x" * 20_001}}, [("TOO_LONG", ["description", "ar"])]),
        ({"slug": "Not A Slug"}, [("INVALID", ["slug"])]),
        ({"slug": ""}, [("INVALID", ["slug"])]),
        ({"status": "ARCHIVED"}, [("INVALID", ["status"])]),
        ({"price": None}, [("REQUIRED", ["price"])]),
        ({"price": "-0.001"}, [("INVALID", ["price"])]),
        ({"price": "1.0005"}, [("INVALID", ["price"])]),
        ({"price": "1000000000"}, [("INVALID", ["price"])]),
        ({"price": "1000000000000000000"}, [("INVALID", ["price"])]),
        ({"price": "0.0000000000001"}, [("INVALID", ["price"])]),
        ({"compareAtPrice": "4.750"}, [("INVALID", ["compareAtPrice"])]),
        ({"compareAtPrice": "-1"}, [("INVALID", ["compareAtPrice"])]),
        ({"stock": -1}, [("INVALID", ["stock"])]),
        ({"stock": 1_000_000_001}, [("INVALID", ["stock"])]),
        ({"sku": "x" * 65}, [("TOO_LONG", ["sku"])]),
        ({"sku": "two\nlines"}, [("INVALID", ["sku"])]),
        ({"categoryIds": [NO_CATEGORY]}, [("NOT_FOUND", ["categoryIds", "0"])]),
        ({"categoryIds": ["nonsense", NOWHERE]}, [("NOT_FOUND", ["categoryIds", str(place)]) for place in (0, 1)]),
        ({"categoryIds": [NO_CATEGORY] * 51}, [("TOO_LONG", ["categoryIds"])]),
        ({"price": None, "variants": []}, [("REQUIRED", ["variants"])]),
        ({"variants": [{"price": "1"}]}, [("INVALID", ["variants"])]),
        ({"price": None, "stock": 1, "variants": [{"price": "1"}]}, [("INVALID", ["variants"])]),
        ({"price": None, "variants": [{"price": "1", "name": {"en": "A"}}] * 101}, [("TOO_LONG", ["variants"])]),
        (
            {"price": None, "variants": [{"price": "1", "name": {"en": "A"}}, {"price": "-1", "stock": -1}]},
            [
                ("INVALID", ["variants", "1", "price"]),
                ("INVALID", ["variants", "1", "stock"]),
                ("REQUIRED", ["variants", "1", "name"]),
            ],
        ),
        (
            {"price": None, "variants": [{"price": "1", "sku": "X", "name": {"en": name}} for name in "AB"]},
            [("TAKEN", ["variants", "1", "sku"])],
        ),
        (
            {"name": {}, "slug": "-", "price": "-1", "stock": -1},
            [("REQUIRED", ["name"]), ("INVALID", ["slug"]), ("INVALID", ["price"]), ("INVALID", ["stock"])],
        ),
    ],
)
async def test_bad_input_is_told_by_code_and_field(
    client: CatalogClient, given: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S3."""
    plain = {"kind": "PRODUCT", "name": {"en": "Fine"}, "price": "4.750"}
    reply = await client.send("catalogItemCreate", plain | given)
    assert reply.faults("catalogItemCreate") == faults
    assert reply.data["catalogItemCreate"]["item"] is None
    assert (await client.back_office("items { totalCount }"))["items"]["totalCount"] == 0


@pytest.mark.parametrize(
    "given", [{"price": "four"}, {"price": "NaN"}, {"stock": 2**31}, {"stock": 1.5}, {"kind": "THING"}, {"extra": 1}]
)
async def test_input_of_the_wrong_type_is_refused(client: CatalogClient, given: dict[str, Any]) -> None:
    """Mission S3."""
    plain = {"kind": "PRODUCT", "name": {"en": "Fine"}, "price": "4.750"}
    reply = await client.send("catalogItemCreate", plain | given)
    assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"])


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"id": NOWHERE}, [("NOT_FOUND", ["id"])]),
        ({"id": "nonsense"}, [("NOT_FOUND", ["id"])]),
        ({"version": 2}, [("STALE", ["version"])]),
        ({"version": -1}, [("STALE", ["version"])]),
        ({"name": {"en": ""}}, [("REQUIRED", ["name"])]),
        ({"slug": "taken"}, [("TAKEN", ["slug"])]),
        ({"sku": "TAKEN"}, [("TAKEN", ["sku"])]),
        ({"price": "5", "compareAtPrice": "5"}, [("INVALID", ["compareAtPrice"])]),
        ({"price": "6"}, [("INVALID", ["compareAtPrice"])]),
        ({"slug": "-", "price": "-1"}, [("INVALID", ["slug"]), ("INVALID", ["price"])]),
        ({"categoryIds": [NO_CATEGORY]}, [("NOT_FOUND", ["categoryIds", "0"])]),
    ],
)
async def test_a_bad_edit_changes_nothing(
    client: CatalogClient, change: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S3."""
    await client.create(slug="taken", sku="TAKEN")
    made = await client.create(compareAtPrice="6")
    assert await client.faults("catalogItemUpdate", {"id": made["id"], "version": 1} | change) == faults
    assert await client.item(made["id"]) == made


@pytest.mark.parametrize(
    ("mutation", "change", "faults"),
    [
        ("catalogVariantCreate", {"itemId": NOWHERE}, [("NOT_FOUND", ["itemId"])]),
        ("catalogVariantCreate", {"itemVersion": 7}, [("STALE", ["itemVersion"])]),
        ("catalogVariantCreate", {"name": {}}, [("REQUIRED", ["name"])]),
        ("catalogVariantCreate", {"sku": "TAKEN"}, [("TAKEN", ["sku"])]),
        ("catalogVariantCreate", {"price": "0.0001"}, [("INVALID", ["price"])]),
        ("catalogVariantCreate", {"compareAtPrice": "1"}, [("INVALID", ["compareAtPrice"])]),
        ("catalogVariantUpdate", {"id": NO_VARIANT}, [("NOT_FOUND", ["id"])]),
        ("catalogVariantUpdate", {"id": NOWHERE}, [("NOT_FOUND", ["id"])]),
        ("catalogVariantUpdate", {"sku": "TAKEN"}, [("TAKEN", ["sku"])]),
        ("catalogVariantUpdate", {"price": "-1", "stock": -1}, [("INVALID", ["price"]), ("INVALID", ["stock"])]),
        ("catalogVariantUpdate", {"compareAtPrice": "4.750"}, [("INVALID", ["compareAtPrice"])]),
        ("catalogVariantArchive", {"id": NO_VARIANT}, [("NOT_FOUND", ["id"])]),
    ],
)
async def test_a_bad_variant_changes_nothing(
    client: CatalogClient, mutation: str, change: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S3."""
    await client.create(sku="TAKEN")
    made = await client.create()
    plain = (
        {"itemId": made["id"], "name": {"en": "Two"}, "price": "1"}
        if mutation == "catalogVariantCreate"
        else {"id": made["variants"][0]["id"]}
    )
    assert await client.faults(mutation, plain | change) == faults
    assert await client.item(made["id"]) == made


async def test_an_item_holds_a_hundred_variants(client: CatalogClient) -> None:
    """Mission S3."""
    named = [{"name": {"en": f"Size {number}"}, "price": "1", "sku": f"{number}"} for number in range(100)]
    made = await client.create(variants=named)
    assert [variant["sku"] for variant in made["variants"]] == [str(number) for number in range(100)]
    one_more = {"itemId": made["id"], "name": {"en": "More"}, "price": "1"}
    assert await client.faults("catalogVariantCreate", one_more) == [("LIMIT_REACHED", ["itemId"])]
    await client.change("catalogVariantArchive", id=made["variants"][0]["id"])
    await client.change("catalogVariantCreate", **one_more)


async def test_only_staff_of_this_tenant_touch_its_catalogue(client: CatalogClient, factory: Factory) -> None:
    """Mission S3, S4."""
    made, shelf = await client.create(), await client.category("Shelf")
    variant = made["variants"][0]["id"]
    attempts: dict[str, dict[str, Any]] = {
        "catalogItemCreate": {"kind": "PRODUCT", "name": {"en": "Foreign"}, "price": "1"},
        "catalogItemUpdate": {"id": made["id"], "version": 1, "price": "1"},
        "catalogItemActivate": {"id": made["id"]},
        "catalogItemDeactivate": {"id": made["id"]},
        "catalogItemArchive": {"id": made["id"]},
        "catalogItemRestore": {"id": made["id"]},
        "catalogVariantCreate": {"itemId": made["id"], "name": {"en": "Foreign"}, "price": "1"},
        "catalogVariantUpdate": {"id": variant, "price": "1"},
        "catalogVariantArchive": {"id": variant},
        "categoryCreate": {"name": {"en": "Foreign"}},
        "categoryUpdate": {"id": shelf["id"], "name": {"en": "Foreign"}},
        "categoryDelete": {"id": shelf["id"]},
    }
    guest, stranger = client.as_someone(None), client.as_someone((await factory.shop()).token)
    for mutation, given in attempts.items():
        refused = await guest.send(mutation, given)
        assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"]), mutation
        refused = await stranger.send(mutation, given)
        assert (refused.status, refused.codes) == (403, ["FORBIDDEN"]), mutation
    assert (await guest.ask("{ tenant { items { totalCount } } }")).status == 401
    assert (await stranger.ask("{ tenant { items { totalCount } } }")).status == 403
    assert await client.item(made["id"]) == made
    assert (await client.back_office("items { totalCount } categories { slug }")) == {
        "items": {"totalCount": 1},
        "categories": [{"slug": "shelf"}],
    }


async def test_another_tenants_identifiers_name_nothing_here(client: CatalogClient, factory: Factory, api: Api) -> None:
    """Mission S3, S4."""
    other = CatalogClient.of(api, await factory.shop())
    theirs, shelf = await other.create(slug="theirs", sku="THEIRS"), await other.category("Theirs")
    mine = await client.create(slug="theirs", sku="THEIRS")
    foreign: list[tuple[str, dict[str, Any], list[str]]] = [
        ("catalogItemCreate", {"kind": "PRODUCT", "name": {"en": "A"}, "price": "1"} | in_category(shelf), IN_CATEGORY),
        ("catalogItemUpdate", {"id": mine["id"], "version": 1} | in_category(shelf), IN_CATEGORY),
        ("catalogItemUpdate", {"id": theirs["id"], "version": 1, "price": "1"}, ["id"]),
        ("catalogItemArchive", {"id": theirs["id"]}, ["id"]),
        ("catalogVariantCreate", {"itemId": theirs["id"], "name": {"en": "A"}, "price": "1"}, ["itemId"]),
        ("catalogVariantUpdate", {"id": theirs["variants"][0]["id"], "price": "1"}, ["id"]),
        ("catalogVariantArchive", {"id": theirs["variants"][0]["id"]}, ["id"]),
        ("categoryCreate", {"name": {"en": "A"}, "parentId": shelf["id"]}, ["parentId"]),
        ("categoryUpdate", {"id": shelf["id"], "name": {"en": "A"}}, ["id"]),
        ("categoryDelete", {"id": shelf["id"]}, ["id"]),
    ]
    for mutation, given, field in foreign:
        assert await client.faults(mutation, given) == [("NOT_FOUND", field)], mutation
    looked = await client.back_office(
        f'item(id: "{theirs["id"]}") {{ id }} category(id: "{shelf["id"]}") {{ id }} nothing: item(id: "x") {{ id }}'
    )
    assert looked == {"item": None, "category": None, "nothing": None}
    assert await other.item(theirs["id"]) == theirs
    assert await other.back_office(f"categories {{ {CATEGORY} }}") == {"categories": [shelf]}


IN_CATEGORY = ["categoryIds", "0"]


def in_category(category: dict[str, Any]) -> dict[str, Any]:
    return {"categoryIds": [category["id"]]}
