"""The tree of categories: how a merchant shapes it, and how shoppers find items on its shelves."""

import asyncio
import itertools
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop

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


def slugs_of(nodes: list[dict[str, Any]]) -> list[str]:
    """Every slug of a tree."""
    return [slug for node in nodes for slug in (node["slug"], *slugs_of(node.get("children", [])))]
