"""What shoppers choose of an item: options, their values, and variants that pick one value of each."""

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Shop

SIZE = {"name": {"en": "Size", "ar": "الحجم"}, "values": [{"en": "Small", "ar": "صغير"}, {"en": "Large", "ar": "كبير"}]}
COLOUR = {
    "name": {"en": "Colour", "ar": "اللون"},
    "values": [{"en": "Red", "ar": "أحمر"}, {"en": "Blue", "ar": "أزرق"}],
}
GTIN = "6291041500213"


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


def names(item: dict[str, Any]) -> list[str]:
    return [variant["name"]["en"] for variant in item["variants"]]


def picks(variant: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["option"]["name"]["en"], each["value"]["name"]["en"]) for each in variant["selectedOptions"]]


async def shirt(client: CatalogClient, **given: Any) -> dict[str, Any]:
    """An item in two sizes and two colours: a variant of each combination, unless told otherwise."""
    plain: dict[str, Any] = {"name": {"en": "Shirt"}, "options": [SIZE, COLOUR]}
    return await client.create(**plain | given)


async def test_every_combination_of_options_is_a_variant(client: CatalogClient) -> None:
    """Mission S3."""
    made = await shirt(client, price="5", stock=3)
    assert names(made) == ["Small / Red", "Small / Blue", "Large / Red", "Large / Blue"]
    assert made["variants"][3]["name"] == {"en": "Large / Blue", "ar": "كبير / أزرق"}
    assert picks(made["variants"][1]) == [("Size", "Small"), ("Colour", "Blue")]
    assert {variant["stock"] for variant in made["variants"]} == {3}
    assert [option["name"] for option in made["options"]] == [SIZE["name"], COLOUR["name"]]
    assert [[value["name"] for value in option["values"]] for option in made["options"]] == [
        SIZE["values"],
        COLOUR["values"],
    ]
    shown = await client.store('item(slug: "shirt") { variants { selectedOptions { value { id } } } options { id } }')
    ids = [value["id"] for option in made["options"] for value in option["values"]]
    assert shown["item"]["variants"][2]["selectedOptions"] == [{"value": {"id": ids[1]}}, {"value": {"id": ids[2]}}]


async def test_variants_name_the_values_that_they_pick(client: CatalogClient) -> None:
    """Mission S3: by either language or by identifier, with a name of their own or that of their values."""
    made = await shirt(
        client,
        variants=[
            {"price": "1", "optionValues": ["كبير", "Red"], "sku": "L-R", "weight": 250, "barcode": GTIN},
            {"price": "2", "optionValues": ["Small", "أزرق"], "name": {"en": "The blue one"}},
        ],
    )
    assert names(made) == ["Large / Red", "The blue one"]
    assert (made["variants"][0]["weight"], made["variants"][0]["barcode"]) == (250, GTIN)
    large, blue = made["options"][0]["values"][1]["id"], made["options"][1]["values"][1]["id"]
    added = await client.change("catalogVariantCreate", itemId=made["id"], price="3", optionValues=[large, blue])
    assert names(added["item"]) == ["Large / Red", "The blue one", "Large / Blue"]

    one, other, _ = (variant["id"] for variant in made["variants"] + [added["variant"]])
    moved = await client.change("catalogVariantUpdate", id=one, optionValues=["Small", "Red"])
    assert names(moved["item"])[0] == "Small / Red"
    renamed = await client.change("catalogVariantUpdate", id=other, name=None)
    assert names(renamed["item"])[1] == "Small / Blue"
    kept = await client.change("catalogVariantUpdate", id=other, name={"en": "Blue"}, weight=None)
    assert names(kept["item"])[1] == "Blue"
    assert picks(kept["item"]["variants"][1]) == [("Size", "Small"), ("Colour", "Blue")]


async def test_an_archived_variant_frees_its_combination(client: CatalogClient) -> None:
    """Mission S3."""
    made = await shirt(client)
    again = {"itemId": made["id"], "price": "1", "optionValues": ["Small", "Red"]}
    assert await client.faults("catalogVariantCreate", again) == [("TAKEN", ["optionValues"])]
    first = made["variants"][0]["id"]
    taken = {"id": made["variants"][1]["id"], "optionValues": ["Small", "Red"]}
    assert await client.faults("catalogVariantUpdate", taken) == [("TAKEN", ["optionValues"])]
    await client.change("catalogVariantArchive", id=first)
    assert names((await client.change("catalogVariantCreate", **again))["item"])[-1] == "Small / Red"
    look = f'node(id: "{first}") {{ ... on CatalogVariant {{ name {{ en }} selectedOptions {{ value {{ id }} }} }} }}'
    archived = (await client.ask(f"{{ {look} }}")).data["node"]
    assert archived == {"name": {"en": "Small / Red"}, "selectedOptions": []}


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"options": [SIZE] * 4}, [("TOO_LONG", ["options"])]),
        ({"options": [SIZE, SIZE]}, [("TAKEN", ["options", "1", "name"])]),
        ({"options": [SIZE | {"name": {"en": " "}}]}, [("REQUIRED", ["options", "0", "name"])]),
        ({"options": [SIZE | {"name": {"ar": "x" * 101}}]}, [("TOO_LONG", ["options", "0", "name", "ar"])]),
        ({"options": [SIZE | {"values": []}]}, [("REQUIRED", ["options", "0", "values"])]),
        ({"options": [SIZE | {"values": [{"en": "A"}] * 101}]}, [("TOO_LONG", ["options", "0", "values"])]),
        (
            {"options": [SIZE, COLOUR | {"values": [{"en": "A", "ar": "ا"}, {"ar": "ا"}, {}]}]},
            [("TAKEN", ["options", "1", "values", "1", "name"]), ("REQUIRED", ["options", "1", "values", "2", "name"])],
        ),
        (
            {"options": [{"name": {"en": "N"}, "values": [{"en": f"{n}"} for n in range(51)]}, SIZE]},
            [("TOO_LONG", ["options"])],
        ),
        ({"sku": "ONE", "barcode": "TWO"}, [("INVALID", ["sku"]), ("INVALID", ["barcode"])]),
        ({"variants": [{"price": "1"}]}, [("REQUIRED", ["variants", "0", "optionValues"])]),
        ({"variants": [{"price": "1", "optionValues": ["Large"]}]}, [("INVALID", ["variants", "0", "optionValues"])]),
        (
            {"variants": [{"price": "-1", "optionValues": ["Red", "Large"]}]},
            [
                ("INVALID", ["variants", "0", "price"]),
                ("NOT_FOUND", ["variants", "0", "optionValues", "0"]),
                ("NOT_FOUND", ["variants", "0", "optionValues", "1"]),
            ],
        ),
        (
            {"variants": [{"price": "1", "optionValues": [size, "Red"]} for size in ("Large", "كبير")]},
            [("TAKEN", ["variants", "1", "optionValues"])],
        ),
        (
            {"options": [], "variants": [{"price": "1", "optionValues": ["Red"]}]},
            [("INVALID", ["variants", "0", "optionValues"])],
        ),
        ({"options": [], "weight": -1, "barcode": "x" * 65}, [("INVALID", ["weight"]), ("TOO_LONG", ["barcode"])]),
        (
            {"options": [], "weight": 1_000_001, "barcode": "6291041500214"},
            [("INVALID", ["weight"]), ("INVALID", ["barcode"])],
        ),
    ],
)
async def test_bad_options_are_told_by_code_and_field(
    client: CatalogClient, given: dict[str, Any], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S3."""
    plain = {"kind": "PRODUCT", "name": {"en": "Shirt"}, "options": [SIZE, COLOUR]}
    price = {} if "variants" in given else {"price": "4.750"}
    assert await client.faults("catalogItemCreate", plain | price | given) == faults
    assert (await client.back_office("items { totalCount }"))["items"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("barcode", "stored"),
    [
        ("96385074", "96385074"),
        ("036000291452", "036000291452"),
        ("٦٢٩١٠٤١٥٠٠٢١٣", GTIN),
        ("10012345678902", "10012345678902"),
        (" QR-7 ", "QR-7"),
        ("123", "123"),
        ("", None),
    ],
)
async def test_a_barcode_is_any_text_and_a_gtin_a_right_one(
    client: CatalogClient, barcode: str, stored: str | None
) -> None:
    """Mission S3."""
    made = await client.create(barcode=barcode)
    assert made["variants"][0]["barcode"] == stored


def as_set(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The options of an item as `catalogItemOptionsSet` takes them back."""
    return [
        {**option, "values": [{"id": value["id"], "name": value["name"]} for value in option["values"]]}
        for option in item["options"]
    ]


async def test_options_are_renamed_reordered_and_extended(client: CatalogClient) -> None:
    """Mission S3."""
    made = await shirt(client, variants=[{"price": "1", "optionValues": ["Small", "Red"]}])
    size, colour = as_set(made)
    size["name"], size["values"][0]["name"] = {"en": "Fit"}, {"en": "Slim"}
    size["values"] = [{"name": {"en": "Huge"}}, *size["values"]]
    colour["values"].pop()
    changed = (await client.change("catalogItemOptionsSet", id=made["id"], version=1, options=[colour, size]))["item"]
    assert [option["name"]["en"] for option in changed["options"]] == ["Colour", "Fit"]
    assert [[value["name"]["en"] for value in option["values"]] for option in changed["options"]] == [
        ["Red"],
        ["Huge", "Slim", "Large"],
    ]
    assert (names(changed), changed["version"]) == (["Red / Slim"], 2)
    assert picks(changed["variants"][0]) == [("Colour", "Red"), ("Fit", "Slim")]
    assert await client.item(made["id"]) == changed
    again = await client.change("catalogVariantCreate", itemId=made["id"], price="1", optionValues=["Red", "Huge"])
    assert names(again["item"]) == ["Red / Slim", "Red / Huge"]


async def test_what_has_no_identifier_is_known_by_its_name(client: CatalogClient) -> None:
    """Mission S3."""
    made = await shirt(client)
    by_name = [
        {"name": each["name"], "values": [{"name": value} for value in each["values"]]} for each in (SIZE, COLOUR)
    ]
    same = (await client.change("catalogItemOptionsSet", id=made["id"], version=1, options=by_name))["item"]
    assert same["options"] == made["options"]
    assert same["variants"] == made["variants"]


async def test_a_simple_item_gets_options_and_loses_them_again(client: CatalogClient) -> None:
    """Mission S3: the variant that exists picks the default."""
    made = await client.create(sku="ONE")
    values = [{"name": {"en": size}} for size in ("S", "M", "L")]
    given = {"name": {"en": "Size"}, "values": values, "default": 1}
    sized = (await client.change("catalogItemOptionsSet", id=made["id"], version=1, options=[given]))["item"]
    assert names(sized) == ["M"]
    added = await client.change("catalogVariantCreate", itemId=made["id"], price="1", optionValues=["L"])
    assert names(added["item"]) == ["M", "L"]
    plain = (await client.change("catalogItemOptionsSet", id=made["id"], version=3, options=[]))["item"]
    assert (plain["options"], names(plain)) == ([], ["M", "L"])
    await client.change("catalogVariantArchive", id=added["variant"]["id"])
    sized = (await client.change("catalogItemOptionsSet", id=made["id"], version=5, options=[given]))["item"]
    plain = (await client.change("catalogItemOptionsSet", id=made["id"], version=6, options=[]))["item"]
    assert names(sized) == ["M"]
    assert [variant["name"] for variant in plain["variants"]] == [{"en": "M", "ar": None}]

    simple = await client.create()
    await client.change("catalogItemOptionsSet", id=simple["id"], version=1, options=[given])
    plain = (await client.change("catalogItemOptionsSet", id=simple["id"], version=2, options=[]))["item"]
    assert plain["variants"] == simple["variants"]


@pytest.mark.parametrize(("sizes", "who"), [("SM", "A variant"), ("SML", "2 variants")])
async def test_a_message_counts_as_people_speak(client: CatalogClient, sizes: str, who: str) -> None:
    made = await client.create(variants=[{"name": {"en": size}, "price": "1"} for size in sizes])
    given = {"id": made["id"], "version": 1, "options": [{"name": {"en": "Size"}, "values": [{"name": {"en": "S"}}]}]}
    (refused,) = (await client.send("catalogItemOptionsSet", given)).data["catalogItemOptionsSet"]["userErrors"]
    assert refused["message"].startswith(f"{who} would pick what another picks")


async def test_named_variants_are_told_what_they_pick(client: CatalogClient) -> None:
    """Mission S3."""
    made = await client.create(variants=[{"name": {"en": size}, "price": "1"} for size in "SML"])
    option = {"name": {"en": "Size"}, "values": [{"name": {"en": size}} for size in "SML"]}
    given: dict[str, Any] = {"id": made["id"], "version": 1, "options": [option]}
    assert await client.faults("catalogItemOptionsSet", given) == [("TAKEN", ["variants"])]
    ids = [variant["id"] for variant in made["variants"]]
    given["variants"] = [{"id": each, "optionValues": [size]} for each, size in zip(ids, "SML", strict=True)]
    sized = (await client.change("catalogItemOptionsSet", **given))["item"]
    assert [picks(variant) for variant in sized["variants"]] == [[("Size", size)] for size in "SML"]

    (option,) = as_set(sized)
    swapped = [{"id": each, "optionValues": [size]} for each, size in zip(ids, "MSL", strict=True)]
    again = {"id": made["id"], "version": 2, "options": [option], "variants": swapped}
    sized = (await client.change("catalogItemOptionsSet", **again))["item"]
    assert [picks(variant)[0][1] for variant in sized["variants"]] == ["M", "S", "L"]


async def test_an_option_is_replaced_by_another_in_its_place(client: CatalogClient) -> None:
    """Mission S3: variants do not take the old option's values for the new one's."""
    made = await shirt(client, options=[SIZE], variants=[{"price": "1", "optionValues": ["Large"]}])
    new = {"name": {"en": "Cloth"}, "values": [{"name": {"en": cloth}} for cloth in ("Wool", "Silk")], "default": 1}
    changed = (await client.change("catalogItemOptionsSet", id=made["id"], version=1, options=[new]))["item"]
    assert (names(changed), picks(changed["variants"][0])) == (["Silk"], [("Cloth", "Silk")])


async def test_a_bad_change_of_options_changes_nothing(client: CatalogClient) -> None:
    """Mission S3."""
    made = await shirt(client)
    other = await shirt(client, slug="other")
    size, colour = as_set(made)
    less = size | {"values": size["values"][:1]}
    foreign = as_set(other)[0]
    moved = size | {"values": [*size["values"], colour["values"][0] | {"name": {"en": "Moved"}}]}
    pick = {"id": made["variants"][0]["id"], "optionValues": ["Small", "Red"]}
    attempts: list[tuple[dict[str, Any], list[tuple[str, list[str]]]]] = [
        ({"version": 2}, [("STALE", ["version"])]),
        ({"id": "item_7zzzzzzzzzzzzzzzzzzzzzzzzz"}, [("NOT_FOUND", ["id"])]),
        ({"options": [less, colour]}, [("IN_USE", ["options", "0", "values"])]),
        ({"options": [size]}, [("TAKEN", ["variants"])]),
        ({"options": [foreign, colour]}, [("NOT_FOUND", ["options", "0", "id"]), *FOREIGN_VALUES]),
        ({"options": [moved, colour]}, [("NOT_FOUND", ["options", "0", "values", "2", "id"])]),
        ({"options": [size, size]}, [("TAKEN", ["options", "1", "name"])]),
        ({"options": [size, size | {"name": {"en": "Twice"}}]}, [("NOT_FOUND", ["options", "1", "id"])]),
        ({"options": [size | {"id": "nonsense"}, colour]}, [("NOT_FOUND", ["options", "0", "id"])]),
        ({"options": [size, colour, new_option(2)]}, [("INVALID", ["options", "2", "default"])]),
        ({"options": [size, colour, new_option(-1)]}, [("INVALID", ["options", "2", "default"])]),
        ({"variants": [pick, pick]}, [("NOT_FOUND", ["variants", "1", "id"])]),
        ({"variants": [pick | {"id": other["variants"][0]["id"]}]}, [("NOT_FOUND", ["variants", "0", "id"])]),
        ({"variants": [pick | {"optionValues": ["Large", "Red"]}]}, [("TAKEN", ["variants"])]),
        ({"variants": [pick | {"optionValues": ["Red"]}]}, [("INVALID", ["variants", "0", "optionValues"])]),
        ({"variants": [pick] * 101}, [("TOO_LONG", ["variants"])]),
    ]
    plain = {"id": made["id"], "version": 1, "options": [size, colour]}
    for change, faults in attempts:
        assert await client.faults("catalogItemOptionsSet", plain | change) == faults, change
    assert await client.item(made["id"]) == made
    assert await client.item(other["id"]) == other


FOREIGN_VALUES = [("NOT_FOUND", ["options", "0", "values", str(place), "id"]) for place in range(2)]


def new_option(default: int) -> dict[str, Any]:
    return {"name": {"en": "Cloth"}, "values": [{"name": {"en": "Wool"}}, {"name": {"en": "Silk"}}], "default": default}
