"""The tree of categories: how a merchant shapes it, and how shoppers find items on its shelves."""

import asyncio
import itertools
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop

PAGE = "pageInfo { hasNextPage endCursor }"
NO_CATEGORY = "category_7zzzzzzzzzzzzzzzzzzzzzzzzz"


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def branch(client: CatalogClient, *names: str) -> list[dict[str, Any]]:
    """Categories, each below the one before."""
    made: list[dict[str, Any]] = []
    for name in names:
        made.append(await client.category(name, parent=made[-1]["id"] if made else None))
    return made


async def test_a_category_is_listed_with_everything_below_it(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets, dates = await branch(client, "Food", "Sweets", "Dates")
    drinks = await client.category("Drinks")
    await client.create(slug="bread", categoryIds=[food["id"]])
    await client.create(slug="cake", categoryIds=[sweets["id"], food["id"]])
    await client.create(slug="ajwa", categoryIds=[dates["id"]])
    await client.create(slug="water", categoryIds=[drinks["id"]])
    await client.create(slug="nowhere")
    await client.create(slug="secret", categoryIds=[dates["id"]], status="DRAFT")

    assert await client.shown('(category: "food")') == ["ajwa", "cake", "bread"]
    assert await client.shown('(category: "sweets")') == ["ajwa", "cake"]
    assert await client.shown('(category: "drinks")') == ["water"]
    for slug in ("no-such-category", "NOT A SLUG", ""):
        assert await client.shown(f'(category: "{slug}")') == []
    counted = await client.store('items(category: "food", first: 1) { totalCount nodes { slug } }')
    assert counted["items"] == {"totalCount": 3, "nodes": [{"slug": "ajwa"}]}
    of_staff = await client.back_office('items(category: "dates") { nodes { slug } }')
    assert [node["slug"] for node in of_staff["items"]["nodes"]] == ["secret", "ajwa"]


async def test_the_tree_is_walked_down_and_up(client: CatalogClient) -> None:
    """Mission S4."""
    _, sweets, dates = await branch(client, "Food", "Sweets", "Dates")
    await client.category("Drinks", position=0)
    await client.category("Bread", parent=sweets["id"])
    await client.create(slug="ajwa", categoryIds=[dates["id"]])

    tree = await client.store("categories { slug children { slug children { slug } } items { nodes { slug } } }")
    assert tree["categories"] == [
        {
            "slug": "food",
            "children": [{"slug": "sweets", "children": [{"slug": "dates"}, {"slug": "bread"}]}],
            "items": {"nodes": [{"slug": "ajwa"}]},
        },
        {"slug": "drinks", "children": [], "items": {"nodes": []}},
    ]
    found = await client.store('category(slug: "dates") { parent { slug parent { slug parent { slug } } } }')
    assert found["category"] == {"parent": {"slug": "sweets", "parent": {"slug": "food", "parent": None}}}
    for slug in ("nowhere", "NOT A SLUG"):
        assert await client.store(f'category(slug: "{slug}") {{ id }}') == {"category": None}
    as_staff = await client.back_office(f'category(id: "{dates["id"]}") {{ slug }} categories {{ slug }}')
    assert as_staff == {"category": {"slug": "dates"}, "categories": [{"slug": "food"}, {"slug": "drinks"}]}


async def test_shoppers_walk_through_the_pages_of_a_category(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets = await branch(client, "Food", "Sweets")
    for number, shelf in enumerate((food, sweets, food, sweets, food)):
        await client.create(slug=f"item-{number}", categoryIds=[shelf["id"]])
    seen: list[str] = []
    after: str | None = None
    more: list[bool] = []
    for _ in range(3):
        cursor = f', after: "{after}"' if after else ""
        selection = "totalCount nodes { slug } pageInfo { hasNextPage hasPreviousPage endCursor }"
        found = await client.store(f'category(slug: "food") {{ items(first: 2{cursor}) {{ {selection} }} }}')
        page = found["category"]["items"]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += [node["slug"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        more.append(page["pageInfo"]["hasNextPage"])
    assert more == [True, True, False]
    assert seen == [f"item-{number}" for number in (4, 3, 2, 1, 0)]
    assert await client.store('category(slug: "food") { items(first: 0) { nodes { slug } } }') == {
        "category": {"items": {"nodes": []}}
    }


@pytest.mark.parametrize("arguments", ["first: 101", "first: -1", 'after: "nonsense"'])
async def test_a_bad_page_of_a_category_is_refused(client: CatalogClient, arguments: str) -> None:
    """Mission S4."""
    await client.category("Shelf")
    reply = await client.ask(f'{{ store {{ category(slug: "shelf") {{ items({arguments}) {{ totalCount }} }} }} }}')
    assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"])


async def test_a_category_is_renamed_moved_and_reordered(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets, dates = await branch(client, "Food", "Sweets", "Dates")
    drinks = await client.category("Drinks")
    assert (food["position"], drinks["position"]) == (0, 1)

    given = {"id": sweets["id"], "name": {"ar": "حلويات"}, "slug": "halwa", "parentId": drinks["id"], "position": 7}
    moved = (await client.change("categoryUpdate", **given))["category"]
    assert moved == {
        "id": sweets["id"],
        "slug": "halwa",
        "name": {"en": None, "ar": "حلويات"},
        "position": 7,
        "parent": {"id": drinks["id"], "slug": "drinks"},
        "children": [{"id": dates["id"], "slug": "dates"}],
    }
    top = (await client.change("categoryUpdate", id=sweets["id"], parentId=None, position=0))["category"]
    assert (top["parent"], top["slug"], top["name"]) == (None, "halwa", {"en": None, "ar": "حلويات"})
    roots = await client.store("categories { slug }")
    assert [root["slug"] for root in roots["categories"]] == ["food", "halwa", "drinks"]


async def test_a_category_never_stands_below_itself(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets, dates = await branch(client, "Food", "Sweets", "Dates")
    for parent in (food, sweets, dates):
        given = {"id": food["id"], "parentId": parent["id"]}
        assert await client.faults("categoryUpdate", given) == [("INVALID", ["parentId"])]
    assert (await client.store("categories { slug }"))["categories"] == [{"slug": "food"}]


async def test_the_tree_is_at_most_six_levels_deep(client: CatalogClient) -> None:
    """Mission S4."""
    deep = await branch(client, *(f"Level {number}" for number in range(1, 7)))
    below = {"name": {"en": "Level 7"}, "parentId": deep[-1]["id"]}
    assert await client.faults("categoryCreate", below) == [("LIMIT_REACHED", ["parentId"])]
    other, _ = await branch(client, "Other", "Below other")
    moved = {"id": other["id"], "parentId": deep[4]["id"]}
    assert await client.faults("categoryUpdate", moved) == [("LIMIT_REACHED", ["parentId"])]
    await client.change("categoryUpdate", id=other["id"], parentId=deep[3]["id"])


async def test_only_an_empty_category_is_deleted(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets = await branch(client, "Food", "Sweets")
    item = await client.create(categoryIds=[sweets["id"], food["id"]])
    assert await client.faults("categoryDelete", {"id": food["id"]}) == [("IN_USE", ["id"]), ("IN_USE", ["id"])]
    await client.change("catalogItemArchive", id=item["id"])
    assert await client.faults("categoryDelete", {"id": sweets["id"]}) == [("IN_USE", ["id"])]
    await client.change("catalogItemUpdate", id=item["id"], version=2, categoryIds=[])
    assert (await client.change("categoryDelete", id=sweets["id"]))["deletedId"] == sweets["id"]
    await client.change("categoryDelete", id=food["id"])
    assert await client.store("categories { slug }") == {"categories": []}
    assert await client.faults("categoryDelete", {"id": food["id"]}) == [("NOT_FOUND", ["id"])]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"name": {}}, [("REQUIRED", ["name"])]),
        ({"name": {"ar": "x" * 201}}, [("TOO_LONG", ["name", "ar"])]),
        ({"slug": "Not A Slug"}, [("INVALID", ["slug"])]),
        ({"slug": "taken"}, [("TAKEN", ["slug"])]),
        ({"position": -1}, [("INVALID", ["position"])]),
        ({"position": 1_000_001}, [("INVALID", ["position"])]),
        ({"parentId": NO_CATEGORY}, [("NOT_FOUND", ["parentId"])]),
        ({"parentId": "nonsense"}, [("NOT_FOUND", ["parentId"])]),
        (
            {"name": {}, "slug": "-", "position": -1},
            [
                (code, [at])
                for code, at in zip(("REQUIRED", "INVALID", "INVALID"), ("name", "slug", "position"), strict=True)
            ],
        ),
    ],
)
@pytest.mark.parametrize("mutation", ["categoryCreate", "categoryUpdate"])
async def test_bad_input_is_told_by_code_and_field(
    client: CatalogClient, mutation: str, given: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S4."""
    await client.category("Taken")
    made = await client.category("Shelf")
    plain = {"name": {"en": "Fine"}} if mutation == "categoryCreate" else {"id": made["id"]}
    assert await client.faults(mutation, plain | given) == faults
    assert (await client.store("categories { slug }"))["categories"] == [{"slug": "taken"}, {"slug": "shelf"}]


@pytest.mark.parametrize("category_id", [NO_CATEGORY, "nonsense", "item_01h2xcejqtf2nbrexx3vqjhp41"])
async def test_an_unknown_category_is_not_found(client: CatalogClient, category_id: str) -> None:
    """Mission S4."""
    for mutation in ("categoryUpdate", "categoryDelete"):
        assert await client.faults(mutation, {"id": category_id}) == [("NOT_FOUND", ["id"])]


async def test_a_slug_is_proposed_and_made_unique(client: CatalogClient) -> None:
    """Mission S4."""
    slugs = [(await client.category("Gifts & More"))["slug"] for _ in range(2)]
    assert slugs[0] == "gifts-more"
    assert slugs[1].startswith("gifts-more-")
    arabic = await client.change("categoryCreate", name={"ar": "هدايا"})
    assert arabic["category"]["slug"] == "category"


async def test_simultaneous_moves_never_make_a_ring(client: CatalogClient) -> None:
    """Mission S4. Any two of these moves together would make a ring."""
    made = [await client.category(name) for name in "ABCD"]
    moves = [{"id": one["id"], "parentId": other["id"]} for one, other in itertools.permutations(made, 2)]
    replies = await asyncio.gather(*(client.send("categoryUpdate", move) for move in moves))
    outcomes = {code for reply in replies for code, _ in reply.faults("categoryUpdate")}
    assert outcomes <= {"INVALID"}
    assert outcomes, "some of the moves are impossible after others"
    levels = "slug children { slug children { slug children { slug } } }"
    tree = (await client.store(f"categories {{ {levels} }}"))["categories"]
    assert sorted(slugs_of(tree)) == ["a", "b", "c", "d"]


async def test_items_and_a_deletion_at_the_same_moment(client: CatalogClient, factory: Factory) -> None:
    """Mission S4. Either the item is in the category, or the category is gone; never an error of ours."""
    for _ in range(5):
        shelf = await client.category("Race")
        given = {"kind": "PRODUCT", "name": {"en": factory.word()}, "price": "1", "categoryIds": [shelf["id"]]}
        made, deleted = await asyncio.gather(
            client.send("catalogItemCreate", given), client.send("categoryDelete", {"id": shelf["id"]})
        )
        faults = made.faults("catalogItemCreate"), deleted.faults("categoryDelete")
        assert faults in (([], [("IN_USE", ["id"])]), ([("NOT_FOUND", ["categoryIds", "0"])], []))


async def test_a_breadcrumb_leads_from_the_top(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets, dates = await branch(client, "Food", "Sweets", "Dates")
    await client.create(slug="ajwa", categoryIds=[dates["id"], food["id"]])
    for category, above in ((food, []), (sweets, ["food"]), (dates, ["food", "sweets"])):
        found = await client.store(f'category(slug: "{category["slug"]}") {{ ancestors {{ slug }} }}')
        assert [each["slug"] for each in found["category"]["ancestors"]] == above
    of_item = await client.store('item(slug: "ajwa") { categories { slug ancestors { slug } } }')
    assert {each["slug"]: len(each["ancestors"]) for each in of_item["item"]["categories"]} == {"dates": 2, "food": 0}
    drinks = await client.category("Drinks")
    await client.change("categoryUpdate", id=sweets["id"], parentId=drinks["id"])
    moved = await client.store('category(slug: "dates") { ancestors { slug } }')
    assert [each["slug"] for each in moved["category"]["ancestors"]] == ["drinks", "sweets"]


async def test_an_item_on_several_shelves_is_listed_and_counted_once(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets = await branch(client, "Food", "Sweets")
    dates = await client.category("Dates", parent=food["id"])
    for number in range(4):
        await client.create(slug=f"item-{number}", categoryIds=[sweets["id"], dates["id"], food["id"]])
    draft = await client.create(status="DRAFT", categoryIds=[sweets["id"]])
    slugs = [f"item-{number}" for number in (3, 2, 1, 0)]
    assert await client.shown('(category: "food")') == slugs
    seen: list[str] = []
    after, has_next = "", True
    while has_next:
        page = (await client.store(f'items(category: "food", first: 2{after}) {{ nodes {{ slug }} {PAGE} }}'))["items"]
        seen += [node["slug"] for node in page["nodes"]]
        after, has_next = f', after: "{page["pageInfo"]["endCursor"]}"', page["pageInfo"]["hasNextPage"]
        assert len(seen) <= len(slugs)
    assert seen == slugs
    counts = "itemCount items { totalCount nodes { slug } }"
    shelf = (await client.store(f'category(slug: "food") {{ {counts} children {{ {counts} }} }}'))["category"]
    told = {"itemCount": 4, "items": {"totalCount": 4, "nodes": [{"slug": slug} for slug in slugs]}}
    assert shelf == told | {"children": [told, told]}
    await client.change("catalogItemActivate", id=draft["id"])
    assert (await client.store('category(slug: "food") { itemCount }'))["category"] == {"itemCount": 5}


async def test_a_category_is_described_in_both_languages(client: CatalogClient) -> None:
    """Mission S4, S8."""
    told = {"en": "Soft and\nsweet", "ar": "طرية"}
    made = await client.category("Dates", description=told)
    asked = 'category(slug: "dates") { description { en ar value(locale: AR) } }'
    assert (await client.store(asked))["category"]["description"] == told | {"value": "طرية"}
    await client.change("categoryUpdate", id=made["id"], description={"en": "Soft"})
    assert (await client.store(asked))["category"]["description"] == {"en": "Soft", "ar": None, "value": "Soft"}
    too_long = {"id": made["id"], "description": {"ar": "x" * 20_001}}
    assert await client.faults("categoryUpdate", too_long) == [("TOO_LONG", ["description", "ar"])]
    await client.change("categoryUpdate", id=made["id"], description=None)
    assert (await client.store(asked))["category"] == {"description": None}


async def test_the_children_of_a_category_are_put_in_order(client: CatalogClient) -> None:
    """Mission S4."""
    food = await client.category("Food")
    made = [await client.category(name, parent=food["id"], position=5) for name in "ABC"]
    ids = [made[place]["id"] for place in (2, 0, 1)]
    ordered = (await client.change("categoryReorder", parentId=food["id"], ids=ids))["categories"]
    assert ordered == [{"slug": slug, "position": place} for place, slug in enumerate("cab")]
    assert await children_of_food(client) == ["c", "a", "b"]
    drinks = await client.category("Drinks")
    await client.change("categoryReorder", ids=[drinks["id"], food["id"]])
    assert [root["slug"] for root in (await client.store("categories { slug }"))["categories"]] == ["drinks", "food"]
    assert (await client.change("categoryReorder", parentId=drinks["id"], ids=[]))["categories"] == []


async def test_an_order_that_is_not_of_exactly_the_children_is_refused(client: CatalogClient) -> None:
    """Mission S4."""
    food, sweets = await branch(client, "Food", "Sweets")
    a, b, c = [(await client.category(name, parent=food["id"]))["id"] for name in "ABC"]
    for ids, faults in (
        ([c, b, a], [("STALE", ["ids"])]),
        ([], [("STALE", ["ids"])]),
        ([c, b, a, sweets["id"], c], [("INVALID", ["ids", "4"])]),
        ([c, food["id"], NO_CATEGORY, "nonsense"], [("NOT_FOUND", ["ids", f"{place}"]) for place in (1, 2, 3)]),
    ):
        assert await client.faults("categoryReorder", {"parentId": food["id"], "ids": ids}) == faults
    for parent in (NO_CATEGORY, "nonsense"):
        given = {"parentId": parent, "ids": [a]}
        assert await client.faults("categoryReorder", given) == [("NOT_FOUND", ["parentId"])]
    assert await children_of_food(client) == ["sweets", "a", "b", "c"]


async def test_another_tenants_categories_are_not_put_in_order(
    client: CatalogClient, api: Api, factory: Factory
) -> None:
    """Mission S4, T3."""
    other = CatalogClient.of(api, await factory.shop())
    theirs = [(await other.category(name))["id"] for name in ("Food", "Drinks")]
    assert await client.faults("categoryReorder", {"parentId": theirs[0], "ids": []}) == [("NOT_FOUND", ["parentId"])]
    faults = [("NOT_FOUND", ["ids", "0"]), ("NOT_FOUND", ["ids", "1"])]
    assert await client.faults("categoryReorder", {"ids": theirs[::-1]}) == faults
    assert [root["slug"] for root in (await other.store("categories { slug }"))["categories"]] == ["food", "drinks"]


async def test_simultaneous_orders_end_in_one_of_them(client: CatalogClient) -> None:
    """Mission S4."""
    food = await client.category("Food")
    ids = {name.lower(): (await client.category(name, parent=food["id"]))["id"] for name in "ABCDE"}
    orders = [["e", "d", "c", "b", "a"], ["c", "a", "e", "b", "d"]] * 3
    given = [{"parentId": food["id"], "ids": [ids[each] for each in order]} for order in orders]
    replies = await asyncio.gather(*(client.send("categoryReorder", one) for one in given))
    assert all(reply.faults("categoryReorder") == [] for reply in replies)
    assert await children_of_food(client) in orders


async def test_a_child_that_comes_meanwhile_is_told(client: CatalogClient) -> None:
    """Mission S4. It stands last, or the order is refused: it is never in between."""
    food = await client.category("Food")
    a, b = [(await client.category(name, parent=food["id"]))["id"] for name in "AB"]
    made, ordered = await asyncio.gather(
        client.send("categoryCreate", {"name": {"en": "New"}, "parentId": food["id"]}),
        client.send("categoryReorder", {"parentId": food["id"], "ids": [b, a]}),
    )
    assert made.faults("categoryCreate") == []
    refused = ordered.faults("categoryReorder")
    assert refused in ([], [("STALE", ["ids"])])
    assert await children_of_food(client) == (["a", "b", "new"] if refused else ["b", "a", "new"])


async def test_a_category_is_deleted_or_gets_a_child(client: CatalogClient) -> None:
    """Mission S4. At the same moment only one of both is possible."""
    for _ in range(3):
        shelf = await client.category("Race")
        made, deleted = await asyncio.gather(
            client.send("categoryCreate", {"name": {"en": "Below"}, "parentId": shelf["id"]}),
            client.send("categoryDelete", {"id": shelf["id"]}),
        )
        faults = made.faults("categoryCreate"), deleted.faults("categoryDelete")
        assert faults in (([], [("IN_USE", ["id"])]), ([("NOT_FOUND", ["parentId"])], []))


async def test_guests_and_customers_change_no_category(client: CatalogClient, factory: Factory, shop: Shop) -> None:
    """Mission S4."""
    food = await client.category("Food")
    given = {
        "categoryCreate": {"name": {"en": "Mine"}},
        "categoryUpdate": {"id": food["id"], "name": {"en": "Mine"}},
        "categoryReorder": {"ids": [food["id"]]},
        "categoryDelete": {"id": food["id"]},
    }
    for token, status in ((None, 401), ((await factory.customer(shop)).token, 403)):
        for mutation, sent in given.items():
            assert (await client.as_someone(token).send(mutation, sent)).status == status
    assert (await client.store("categories { name { en } }"))["categories"] == [{"name": {"en": "Food"}}]


async def children_of_food(client: CatalogClient) -> list[str]:
    found = await client.store('category(slug: "food") { children { slug } }')
    return [each["slug"] for each in found["category"]["children"]]


def slugs_of(nodes: list[dict[str, Any]]) -> list[str]:
    """Every slug of a tree."""
    return [slug for node in nodes for slug in (node["slug"], *slugs_of(node.get("children", [])))]
