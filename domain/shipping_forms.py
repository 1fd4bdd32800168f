"""What a shipping zone must be: its places and its rates, tidied, with all that is wrong told at once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.address_forms import GOVERNORATES
from domain.destinations import LONGEST_AREA
from domain.errors import FaultCode, Faults, UserFault, named_twice
from domain.money import checked_amount
from domain.shipping_places import (
    EVERYWHERE_ELSE,
    area_key,
    checked_country,
    country_key,
    governorate_key,
    plain,
)
from domain.shipping_providers import Providers, ShippingKind
from domain.texts import LocalizedText, cleaned_description, cleaned_name

MOST_AREAS = 200
MOST_COUNTRIES = 250
MOST_RATES = 20
LONGEST_NAME = 100
LONGEST_INSTRUCTIONS = 500
HIGHEST_POSITION = 1_000_000
MOST_DAYS = 365

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewArea:
    """A named part of a governorate. Shoppers' spelling is compared with each language that is given."""

    governorate: str
    name: LocalizedText


@dataclass(frozen=True, slots=True)
class NewRate:
    """One way to get things; `id` names one that the zone has already."""

    provider: str
    name: LocalizedText
    price: Decimal
    id: uuid.UUID | None = None
    free_above: Decimal | None = None
    estimate_min_days: int | None = None
    estimate_max_days: int | None = None
    instructions: LocalizedText | None = None
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class NewZone:
    """All of a zone. Without a position it stands last, or where it stood."""

    name: LocalizedText
    rates: Sequence[NewRate]
    countries: Sequence[str] = ()
    governorates: Sequence[str] = ()
    areas: Sequence[NewArea] = ()
    is_everywhere_else: bool = False
    position: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedZone:
    """The zone's columns; its places by key, each with the path of where it was given; the columns of its rates."""

    columns: dict[str, Any]
    places: dict[str, Path]
    rates: Sequence[dict[str, Any]]


def checked_zone(given: NewZone, providers: Providers) -> CheckedZone:
    """Faults: REQUIRED, TOO_LONG and INVALID parts, whatever is named twice, NOT_READY providers; all at once."""
    faults, columns = Faults(), dict[str, Any]()
    with faults.collecting():
        name = cleaned_name(given.name, "name", limit=LONGEST_NAME)
        columns |= {"name_en": name.en, "name_ar": name.ar}
    if given.position is not None:
        columns["position"] = given.position
        if not 0 <= given.position <= HIGHEST_POSITION:
            faults.add(FaultCode.INVALID, f"A position is between 0 and {HIGHEST_POSITION}.", "position")
    places = dict[str, Path]()
    with faults.collecting():
        columns |= checked_places(given, places)
    rates = list[dict[str, Any]]()
    if len(given.rates) > MOST_RATES:
        faults.add(FaultCode.TOO_LONG, f"A zone has at most {MOST_RATES} rates.", "rates")
    else:
        for place, rate in enumerate(given.rates):
            with faults.collecting():
                rates.append(checked_rate(rate, providers, "rates", str(place)) | {"position": place})
    faults.raise_any()
    return CheckedZone(columns, places, rates)


def checked_places(given: NewZone, places: dict[str, Path]) -> dict[str, Any]:
    """The columns of the zone's places; their keys go into `places`."""
    faults, countries, areas = Faults(), list[str](), list[dict[str, str | None]]()
    for field, listed, most in (("countries", given.countries, MOST_COUNTRIES), ("areas", given.areas, MOST_AREAS)):
        if len(listed) > most:
            raise UserFault(FaultCode.TOO_LONG, f"A zone has at most {most} of these.", (field,))
    for place, code in enumerate(given.countries):
        with faults.collecting():
            country = checked_country(code, "countries", str(place))
            add_place(places, [country_key(country)], "countries", str(place))
            countries.append(country)
    for place, governorate in enumerate(given.governorates):
        with faults.collecting():
            checked_governorate(governorate, "governorates", str(place))
            add_place(places, [governorate_key(governorate)], "governorates", str(place))
    for place, area in enumerate(given.areas):
        with faults.collecting():
            areas.append(checked_area(area, places, "areas", str(place)))
    if given.is_everywhere_else:
        places[EVERYWHERE_ELSE] = ("isEverywhereElse",)
    faults.raise_any()
    return {
        "countries": countries,
        "governorates": list(given.governorates),
        "areas": areas,
        "is_everywhere_else": given.is_everywhere_else,
    }


def checked_area(area: NewArea, places: dict[str, Path], *field: str) -> dict[str, str | None]:
    checked_governorate(area.governorate, *field, "governorate")
    name = cleaned_name(area.name, *field, "name", limit=LONGEST_AREA)
    spelt = [(locale, plain(text)) for locale, text in (("en", name.en), ("ar", name.ar)) if text]
    for locale, plain_name in spelt:
        if not plain_name:
            raise UserFault(FaultCode.INVALID, "The name of an area has letters.", (*field, "name", locale))
    add_place(places, [area_key(area.governorate, plain_name) for _, plain_name in spelt], *field)
    return {"governorate": area.governorate, "en": name.en, "ar": name.ar}


def add_place(places: dict[str, Path], keys: Sequence[str], *field: str) -> None:
    if any(key in places for key in keys):
        raise named_twice(*field)
    places |= dict.fromkeys(keys, field)


def checked_governorate(name: str, *field: str) -> None:
    if name not in GOVERNORATES:
        raise UserFault(FaultCode.INVALID, "This is none of Kuwait's six governorates.", field)


def checked_rate(given: NewRate, providers: Providers, *field: str) -> dict[str, Any]:
    """The columns of a rate but for its zone and place. Raises everything that is wrong with it."""
    faults, provider = Faults(), providers.get(given.provider)
    columns: dict[str, Any] = {"provider": given.provider, "free_above": None, "is_enabled": given.is_enabled}
    if provider is None:
        faults.add(FaultCode.INVALID, "The platform has no such provider.", *field, "provider")
    elif not provider.is_available and given.is_enabled:
        message = "This provider is not available at present: switch the rate off, or choose another."
        faults.add(FaultCode.NOT_READY, message, *field, "provider")
    with faults.collecting():
        name = cleaned_name(given.name, *field, "name", limit=LONGEST_NAME)
        columns |= {"name_en": name.en, "name_ar": name.ar}
    with faults.collecting():
        columns["price"] = checked_amount(given.price, *field, "price")
    with faults.collecting():
        if given.free_above is not None:
            columns["free_above"] = checked_amount(given.free_above, *field, "freeAbove")
    with faults.collecting():
        columns |= checked_estimate(given, *field)
    with faults.collecting():
        told = given.instructions or LocalizedText(None, None)
        text = cleaned_description(told, *field, "instructions", limit=LONGEST_INSTRUCTIONS)
        columns |= {"instructions_en": text.en, "instructions_ar": text.ar}
        if provider and provider.kind is ShippingKind.PICKUP and text.en is None and text.ar is None:
            faults.add(FaultCode.REQUIRED, "Say where, and when, to come for it.", *field, "instructions")
    faults.raise_any()
    return columns


def checked_estimate(given: NewRate, *field: str) -> dict[str, int | None]:
    """Both ends, or none."""
    least, most = given.estimate_min_days, given.estimate_max_days
    faults = Faults()
    for name, days, other in (("estimateMinDays", least, most), ("estimateMaxDays", most, least)):
        if days is None and other is not None:
            faults.add(FaultCode.REQUIRED, "Give both ends of the estimate, or none.", *field, name)
        if days is not None and not 0 <= days <= MOST_DAYS:
            faults.add(FaultCode.INVALID, f"An estimate is between 0 and {MOST_DAYS} days.", *field, name)
    if least is not None and most is not None and least > most:
        faults.add(FaultCode.INVALID, "An estimate does not end before it begins.", *field, "estimateMaxDays")
    faults.raise_any()
    return {"estimate_min_days": least, "estimate_max_days": most}
