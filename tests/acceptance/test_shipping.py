"""Shipping: zones that staff make of governorates, areas and countries, and what shoppers are quoted for them."""

import asyncio
from typing import Any

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.shipping import COUNTER, PLAIN, RATE, ShippingDesk, costing
from tests.support.statements import counted_statements

HAWALLI = {"country": "KW", "governorate": "HAWALLI"}


@pytest.fixture
def desk(api: Api, shop: Shop) -> ShippingDesk:
    """The shipping of this test's own shop."""
    return ShippingDesk.of(api, shop)


def area(english: str | None, arabic: str | None = None, governorate: str = "HAWALLI") -> dict[str, Any]:
    return {"governorate": governorate, "name": {"en": english, "ar": arabic}}


async def test_the_narrowest_zone_decides(desk: ShippingDesk) -> None:
    """Mission C2: area before governorate, before country, before everywhere else."""
    await desk.save(rates=[costing("9")], isEverywhereElse=True)
    await desk.save(rates=[costing("5")], countries=["KW", "sa"])
    await desk.save(rates=[costing("2")], governorates=["HAWALLI", "JAHRA"])
    await desk.save(rates=[costing("1")], areas=[area("Salmiya", "السالمية")])

    assert await desk.prices(**HAWALLI, area="Salmiya") == ["1.000"]
    assert await desk.prices(**HAWALLI, area="السالميه") == ["1.000"]
    assert await desk.prices(**HAWALLI, area="Bayan") == ["2.000"]
    assert await desk.prices(**HAWALLI, area="...") == ["2.000"]
    assert await desk.prices(**HAWALLI, area=" ") == ["2.000"]
    assert await desk.prices(**HAWALLI) == ["2.000"]
    assert await desk.prices(governorate="JAHRA", area="Salmiya") == ["2.000"]
    assert await desk.prices(governorate="AHMADI") == ["5.000"]
    assert await desk.prices(country="kw") == ["5.000"]
    assert await desk.prices(country="SA") == ["5.000"]
    assert await desk.prices(country="FR") == ["9.000"]
    assert await desk.prices() == []


async def test_a_zone_that_delivers_nothing_is_not_the_wider_ones(desk: ShippingDesk) -> None:
    """Mission C2."""
    await desk.save(rates=[costing("9")], isEverywhereElse=True)
    await desk.save(rates=[costing("2")], governorates=["HAWALLI"])
    await desk.save(rates=[], areas=[area("Salmiya")])
    await desk.save(rates=[costing("1", isEnabled=False)], governorates=["JAHRA"])
    assert await desk.prices(**HAWALLI, area="salmiya") == []
    assert await desk.prices(governorate="JAHRA") == []
    assert await desk.prices(**HAWALLI) == ["2.000"]


async def test_delivery_is_free_from_a_subtotal_on(desk: ShippingDesk) -> None:
    """Mission C2."""
    await desk.save(rates=[costing("1.250", freeAbove="20.000")], governorates=["HAWALLI"])
    assert await desk.prices("19.999", **HAWALLI) == ["1.250"]
    assert await desk.prices("20", **HAWALLI) == ["0.000"]
    assert await desk.prices("20.001", **HAWALLI) == ["0.000"]


async def test_pick_up_is_offered_wherever_somebody_lives(desk: ShippingDesk) -> None:
    """Mission C2: and told alone while nobody knows where things go."""
    await desk.save(rates=[COUNTER | {"price": "0.250"}, PLAIN], governorates=["HAWALLI"])
    await desk.save(rates=[costing("3")], governorates=["AHMADI"])
    await desk.save(rates=[COUNTER | {"isEnabled": False}])
    assert await desk.prices() == ["0.250"]
    assert await desk.prices(governorate="AHMADI") == ["3.000", "0.250"]
    assert await desk.prices(**HAWALLI) == ["1.500", "0.250"]
    assert await desk.prices(country="FR") == ["0.250"]


async def test_a_quote_tells_everything(desk: ShippingDesk) -> None:
    """Mission C2."""
    express = costing("2.5", name={"ar": "سريع"}, freeAbove="50", estimateMinDays=0, estimateMaxDays=1)
    zone = await desk.save(rates=[express, COUNTER], governorates=["HAWALLI"])
    first, second = await desk.quotes(**HAWALLI)
    assert first == {
        "rateId": zone["rates"][0]["id"],
        "kind": "DELIVERY",
        "provider": "OWN_DELIVERY",
        "name": {"en": None, "ar": "سريع"},
        "price": {"amount": "2.500", "currency": "KWD"},
        "freeAbove": {"amount": "50.000"},
        "estimateMinDays": 0,
        "estimateMaxDays": 1,
        "instructions": None,
    }
    assert second["kind"] == second["provider"] == "PICKUP"
    assert second["instructions"] == COUNTER["instructions"]
    assert (second["freeAbove"], second["estimateMinDays"], second["estimateMaxDays"]) == (None, None, None)


async def test_the_back_office_reads_what_was_written(desk: ShippingDesk) -> None:
    """Mission C2."""
    rate = costing("2", freeAbove="30", estimateMinDays=1, estimateMaxDays=3, instructions={"en": "Ring twice"})
    given = {
        "name": {"en": " Town ", "ar": "المدينة"},
        "countries": ["sa", "AE"],
        "governorates": ["AL_ASIMAH"],
        "areas": [area(" Salmiya ", "السالمية"), area(None, "بيان")],
        "isEverywhereElse": True,
        "rates": [rate, COUNTER],
    }
    saved = await desk.save(**given)
    other = await desk.save(position=0)
    assert await desk.zones() == [saved, other]
    assert saved["name"] == {"en": "Town", "ar": "المدينة"}
    assert (saved["countries"], saved["governorates"]) == (["SA", "AE"], ["AL_ASIMAH"])
    assert saved["areas"] == [area("Salmiya", "السالمية"), area(None, "بيان")]
    assert (saved["isEverywhereElse"], saved["position"], saved["version"]) == (True, 0, 1)
    first, second = saved["rates"]
    assert (first["kind"], second["kind"]) == ("DELIVERY", "PICKUP")
    assert first["price"] == {"amount": "2.000", "currency": "KWD"}
    assert (first["freeAbove"], first["instructions"]) == ({"amount": "30.000"}, {"en": "Ring twice", "ar": None})
    assert (first["estimateMinDays"], first["estimateMaxDays"], first["isEnabled"]) == (1, 3, True)


async def test_the_platform_says_which_providers_there_are(desk: ShippingDesk) -> None:
    """Mission C2."""
    asked = "{ tenant { shippingProviders { name kind isAvailable } } }"
    assert (await desk.api.execute(asked, **desk.caller)).data["tenant"]["shippingProviders"] == [
        {"name": "OWN_DELIVERY", "kind": "DELIVERY", "isAvailable": True},
        {"name": "PICKUP", "kind": "PICKUP", "isAvailable": True},
    ]


async def test_an_edit_replaces_the_zone_and_keeps_the_rates_that_it_names(desk: ShippingDesk) -> None:
    """Mission C2: whoever chose a rate still has it after its price was changed."""
    zone = await desk.save(rates=[costing("1"), costing("2"), COUNTER], governorates=["HAWALLI"])
    kept, gone, counter = (each["id"] for each in zone["rates"])
    edited = await desk.save(
        id=zone["id"],
        version=1,
        rates=[COUNTER | {"id": counter}, costing("3"), costing("4", id=kept)],
        governorates=["JAHRA"],
        countries=["BH"],
    )
    assert (edited["version"], edited["governorates"]) == (2, ["JAHRA"])
    assert [each["id"] for each in edited["rates"]][::2] == [counter, kept]
    assert gone not in {each["id"] for each in edited["rates"]}
    assert await desk.prices(governorate="JAHRA") == ["3.000", "4.000", "0.000"]
    assert await desk.prices(country="BH") == ["3.000", "4.000", "0.000"]
    assert await desk.prices(**HAWALLI) == ["0.000"]
    assert (await desk.zones()) == [edited]


async def test_a_stale_edit_is_refused_and_one_that_changes_nothing_is_none(desk: ShippingDesk) -> None:
    """Mission C2."""
    same: dict[str, Any] = {"countries": ["KW"], "areas": [area("Salwa")], "isEverywhereElse": True}
    zone = await desk.save(**same)
    same |= {"id": zone["id"], "version": 1, "rates": [PLAIN | {"id": zone["rates"][0]["id"]}]}
    assert (await desk.save(**same))["version"] == 1
    changes: list[dict[str, Any]] = [
        {"rates": [costing("7", id=zone["rates"][0]["id"])]},
        {"rates": [*same["rates"], PLAIN]},
        {"rates": same["rates"]},
        {"areas": []},
        {"name": {"en": "Other"}},
        {"rates": []},
    ]
    for version, change in enumerate(changes, start=1):
        same |= change | {"version": version}
        assert (await desk.save(**same))["version"] == version + 1, change
        assert await desk.faults(**same) == [("STALE", "version")]
    refused = await desk.delete(id=zone["id"], version=1)
    assert refused.faults("shippingZoneDelete") == [("STALE", ["version"])]


async def test_a_deleted_zone_is_gone_with_its_places(desk: ShippingDesk) -> None:
    """Mission C2."""
    zone = await desk.save(governorates=["HAWALLI"], isEverywhereElse=True)
    assert (await desk.delete(id=zone["id"], version=1)).payload("shippingZoneDelete")["deletedId"] == zone["id"]
    assert (await desk.zones(), await desk.prices(**HAWALLI)) == ([], [])
    assert (await desk.delete(id=zone["id"])).faults("shippingZoneDelete") == [("NOT_FOUND", ["id"])]
    assert await desk.faults(id=zone["id"]) == [("NOT_FOUND", "id")]
    assert (await desk.save(governorates=["HAWALLI"], isEverywhereElse=True))["position"] == 0


BAD: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a negative price": ({"rates": [costing("-1")]}, [("INVALID", "rates.0.price")]),
    "four decimals": ({"rates": [costing("1.0001")]}, [("INVALID", "rates.0.price")]),
    "too much": ({"rates": [costing("1000000000")]}, [("INVALID", "rates.0.price")]),
    "free above less than nothing": ({"rates": [costing("1", freeAbove="-0.001")]}, [("INVALID", "rates.0.freeAbove")]),
    "an estimate that ends before it begins": (
        {"rates": [costing("1", estimateMinDays=3, estimateMaxDays=2)]},
        [("INVALID", "rates.0.estimateMaxDays")],
    ),
    "an estimate with one end": (
        {"rates": [costing("1", estimateMinDays=3), costing("1", estimateMaxDays=3)]},
        [("REQUIRED", "rates.0.estimateMaxDays"), ("REQUIRED", "rates.1.estimateMinDays")],
    ),
    "an estimate that is none": (
        {"rates": [costing("1", estimateMinDays=-1, estimateMaxDays=366)]},
        [("INVALID", "rates.0.estimateMinDays"), ("INVALID", "rates.0.estimateMaxDays")],
    ),
    "no country": ({"countries": ["KW", "XX", "ß", ""]}, [("INVALID", f"countries.{each}") for each in (1, 2, 3)]),
    "a country twice": ({"countries": ["KW", "kw"]}, [("INVALID", "countries.1")]),
    "a governorate twice": ({"governorates": ["JAHRA", "JAHRA"]}, [("INVALID", "governorates.1")]),
    "an area twice": (
        {"areas": [area("Salmiya", "السالمية"), area("As-Salmiyyah"), area(None, "سالمية"), area("Bayan")]},
        [("INVALID", "areas.1"), ("INVALID", "areas.2")],
    ),
    "areas without a name": (
        {"areas": [area(""), area("!?"), area("x" * 101)]},
        [("REQUIRED", "areas.0.name"), ("INVALID", "areas.1.name.en"), ("TOO_LONG", "areas.2.name.en")],
    ),
    "no names": (
        {"name": {}, "rates": [costing("1", name={"en": " "})]},
        [("REQUIRED", "name"), ("REQUIRED", "rates.0.name")],
    ),
    "too long": (
        {"name": {"ar": "x" * 101}, "rates": [costing("1", instructions={"en": "x" * 501})]},
        [("TOO_LONG", "name.ar"), ("TOO_LONG", "rates.0.instructions.en")],
    ),
    "pick-up nobody knows where": (
        {"rates": [COUNTER | {"instructions": {"en": " "}}]},
        [("REQUIRED", "rates.0.instructions")],
    ),
    "a position that is none": ({"position": -1}, [("INVALID", "position")]),
    "too many rates": ({"rates": [PLAIN] * 21}, [("TOO_LONG", "rates")]),
    "too many areas": ({"areas": [area(f"A{each}") for each in range(201)]}, [("TOO_LONG", "areas")]),
    "too many countries": ({"countries": ["KW"] * 251}, [("TOO_LONG", "countries")]),
    "a rate that is none": ({"rates": [costing("1", id="rate_nothing")]}, [("NOT_FOUND", "rates.0.id")]),
    "several things": (
        {"countries": ["XX"], "rates": [costing("-1", freeAbove="0.0001"), PLAIN | {"name": {}}]},
        [
            ("INVALID", "countries.0"),
            ("INVALID", "rates.0.price"),
            ("INVALID", "rates.0.freeAbove"),
            ("REQUIRED", "rates.1.name"),
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_zone_is_refused_with_all_that_is_wrong(desk: ShippingDesk, case: str) -> None:
    """Mission C2."""
    given, faults = BAD[case]
    assert await desk.faults(**given) == faults
    assert await desk.zones() == []


async def test_no_place_is_in_two_zones(desk: ShippingDesk) -> None:
    """Mission C2: nobody could say which rates count there."""
    first = await desk.save(
        countries=["SA"], governorates=["JAHRA"], areas=[area("Salmiya", "السالمية")], isEverywhereElse=True
    )
    overlapping = {
        "countries": ["AE", "sa"],
        "governorates": ["HAWALLI", "JAHRA"],
        "areas": [area("Bayan"), area("Salmiyah"), area(None, "السالميه"), area("Salmiya", governorate="JAHRA")],
        "isEverywhereElse": True,
    }
    taken = ["countries.1", "governorates.1", "areas.1", "areas.2", "isEverywhereElse"]
    assert await desk.faults(**overlapping) == [("TAKEN", each) for each in taken]
    other = await desk.save(countries=["AE"])
    assert await desk.faults(id=other["id"], **overlapping) == [("TAKEN", each) for each in taken]
    assert await desk.zones() == [first, other]
    await desk.save(id=first["id"], areas=[area("Salwa")])
    assert (await desk.save(id=other["id"], **overlapping))["version"] == 2


async def test_one_of_those_who_want_a_place_at_the_same_time_gets_it(desk: ShippingDesk) -> None:
    """Mission C2."""
    wanted = [desk.faults(governorates=["HAWALLI"], areas=[area(f"Own {number}")]) for number in range(6)]
    outcomes = await asyncio.gather(*wanted)
    assert sorted(outcomes) == [[], *[[("TAKEN", "governorates.0")]] * 5]
    assert len(await desk.zones()) == 1


async def test_zones_and_pick_up_points_are_bounded(desk: ShippingDesk) -> None:
    """Mission C2: also for those who add at the same time."""
    for number in range(2):
        await desk.save(rates=[COUNTER] * 20, name={"en": f"Counters {number}"})
    assert await desk.faults(rates=[COUNTER] * 11) == [("LIMIT_REACHED", "rates")]
    last = await desk.save(rates=[COUNTER] * 10)
    assert await desk.faults(rates=[COUNTER]) == [("LIMIT_REACHED", "rates")]
    await desk.save(id=last["id"], rates=[COUNTER] * 10)
    assert len(await desk.quotes()) == 50
    for _ in range(45):
        await desk.save()
    outcomes = await asyncio.gather(*[desk.faults() for _ in range(6)])
    assert sorted(outcomes) == [[], [], *[[("LIMIT_REACHED", "")]] * 4]
    assert len(await desk.zones()) == 50


DESTINATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no country": ({"country": "XX"}, "country"),
    "a governorate abroad": ({"country": "SA", "governorate": "JAHRA"}, "governorate"),
    "an area of nowhere": ({"country": "KW", "area": "Salmiya"}, "governorate"),
    "an area too long": ({**HAWALLI, "area": "x" * 101}, "area"),
}


@pytest.mark.parametrize("case", DESTINATIONS)
async def test_a_destination_that_cannot_be_is_refused(desk: ShippingDesk, case: str) -> None:
    """Mission C2."""
    destination, field = DESTINATIONS[case]
    reply = await desk.ask(destination)
    assert reply.codes == ["BAD_USER_INPUT"]
    assert reply.body["errors"][0]["extensions"]["field"] == ["destination", field]


@pytest.mark.parametrize("subtotal", ["-1", "1.0001", "1000000000"])
async def test_a_subtotal_that_cannot_be_is_refused(desk: ShippingDesk, subtotal: str) -> None:
    """Mission C2."""
    reply = await desk.ask(None, subtotal)
    assert reply.codes == ["BAD_USER_INPUT"]
    assert reply.body["errors"][0]["extensions"]["field"] == ["subtotal"]


async def test_shoppers_see_their_own_store_alone(desk: ShippingDesk, factory: Factory) -> None:
    """Mission C2."""
    other = ShippingDesk.of(desk.api, await factory.shop())
    theirs = await other.save(rates=[COUNTER, PLAIN], isEverywhereElse=True)
    assert (await desk.zones(), await desk.quotes(), await desk.quotes(**HAWALLI)) == ([], [], [])
    await desk.save(isEverywhereElse=True)
    assert await desk.faults(id=theirs["id"]) == [("NOT_FOUND", "id")]
    mine = (await desk.zones())[0]["id"]
    assert await desk.faults(id=mine, rates=[PLAIN | {"id": theirs["rates"][1]["id"]}]) == [("NOT_FOUND", "rates.0.id")]
    assert (await desk.delete(id=theirs["id"])).faults("shippingZoneDelete") == [("NOT_FOUND", ["id"])]
    assert await other.zones() == [theirs]


async def test_changes_are_seen_at_once_and_recorded(desk: ShippingDesk) -> None:
    """Mission C2: no cache keeps what a store's shipping cost before."""
    zone = await desk.save(governorates=["HAWALLI"])
    assert await desk.prices(**HAWALLI) == ["1.500"]
    await desk.save(id=zone["id"], governorates=["HAWALLI"], rates=[costing("8")])
    assert await desk.prices(**HAWALLI) == ["8.000"]
    await desk.delete(id=zone["id"])
    asked = "{ tenant { auditEntries(first: 3) { nodes { act details { name value } } } } }"
    entries = (await desk.api.execute(asked, **desk.caller)).data["tenant"]["auditEntries"]["nodes"]
    details = [{"name": "zone_id", "value": entries[0]["details"][0]["value"]}]
    acts = ["SHIPPING_ZONE_DELETE", "SHIPPING_ZONE_SAVE", "SHIPPING_ZONE_SAVE"]
    assert entries == [{"act": act, "details": details} for act in acts]


async def test_statements_do_not_grow_with_zones(desk: ShippingDesk, parts: Parts) -> None:
    """Mission C2."""
    asked = f"{{ tenant {{ shippingZones {{ rates {{ {RATE} }} }} }} }}"
    counts: list[tuple[int, int]] = []
    for number in range(3):
        await desk.save(rates=[PLAIN, COUNTER], areas=[area(f"Area {number}")])
        await desk.quotes(**HAWALLI, area="area 0")
        with counted_statements(parts.database) as quoted:
            await desk.quotes(**HAWALLI, area="area 0")
        await desk.api.execute(asked, **desk.caller)
        with counted_statements(parts.database) as listed:
            await desk.api.execute(asked, **desk.caller)
        counts.append((sum("shipping" in each for each in quoted), sum("shipping" in each for each in listed)))
    assert counts == [(1, 2)] * 3
