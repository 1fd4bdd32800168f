"""What an address must be: in Kuwait's form, or in lines as the rest of the world writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.countries import COUNTRIES
from domain.errors import FaultCode, Faults, UserFault
from domain.tenants import checked_phone
from domain.texts import cleaned, required

GOVERNORATES = frozenset({"al_asimah", "hawalli", "farwaniya", "ahmadi", "jahra", "mubarak_al_kabeer"})
LONGEST_NOTES = 500

COMMON: Mapping[str, int] = {"label": 50, "recipient": 200}
KUWAITI: Mapping[str, int] = {"area": 100, "block": 20, "street": 100, "building": 100}
KUWAITI_OPTIONAL: Mapping[str, int] = {"avenue": 100, "floor": 20, "flat": 20}
GENERAL: Mapping[str, int] = {"line1": 200, "city": 100}
GENERAL_OPTIONAL: Mapping[str, int] = {"line2": 200, "region": 100, "postal_code": 20}
"""How long each field may be, by the column that keeps it."""

COLUMNS = ("governorate", *KUWAITI, *KUWAITI_OPTIONAL, *GENERAL, *GENERAL_OPTIONAL)
"""What only one of the forms has; the other one's are null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAddress:
    """What both forms have."""

    label: str | None = None
    recipient: str | None = None
    phone: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKuwaitAddress(NewAddress):
    """As deliveries find a door in Kuwait."""

    governorate: str
    area: str
    block: str
    street: str
    building: str
    avenue: str | None = None
    floor: str | None = None
    flat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGeneralAddress(NewAddress):
    """Lines, a city and a country."""

    country: str
    line1: str
    city: str
    line2: str | None = None
    region: str | None = None
    postal_code: str | None = None


def checked_address(given: NewAddress, *field: str) -> dict[str, Any]:
    """All columns of the address, tidied. Raises everything that is wrong with it at once."""
    faults, columns = Faults(), dict[str, Any].fromkeys(COLUMNS)
    if isinstance(given, NewKuwaitAddress):
        path, needed, optional = (*field, "kuwait"), KUWAITI, KUWAITI_OPTIONAL
        columns |= {"form": "kuwait", "country": "KW"}
        with faults.collecting():
            columns["governorate"] = checked_governorate(given.governorate, *path)
    elif isinstance(given, NewGeneralAddress):
        path, needed, optional = (*field, "general"), GENERAL, GENERAL_OPTIONAL
        columns["form"] = "general"
        with faults.collecting():
            columns["country"] = checked_country(given.country, *path)
    else:
        raise TypeError("an address has one of the two forms")
    for name, limit in needed.items():
        with faults.collecting():
            columns[name] = required(getattr(given, name), *path, written(name), limit=limit)
    for name, limit in (*optional.items(), *COMMON.items()):
        with faults.collecting():
            columns[name] = cleaned(getattr(given, name), *path, written(name), limit=limit)
    with faults.collecting():
        columns["phone"] = checked_phone(given.phone, *path, "phone")
    with faults.collecting():
        columns["notes"] = cleaned(given.notes, *path, "notes", limit=LONGEST_NOTES, multiline=True)
    faults.raise_any()
    return columns


def written(name: str) -> str:
    """A field as clients write it."""
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)


def checked_governorate(name: str, *field: str) -> str:
    if name not in GOVERNORATES:
        raise UserFault(FaultCode.INVALID, "This is none of Kuwait's six governorates.", (*field, "governorate"))
    return name


def checked_country(code: str, *field: str) -> str:
    country = code.strip().upper()
    if not code.isascii() or country not in COUNTRIES:  # the upper case of a lone `ß` is South Sudan
        raise UserFault(
            FaultCode.INVALID, "A country is written in two letters, such as SA (ISO 3166-1).", (*field, "country")
        )
    if country == "KW":
        raise UserFault(FaultCode.INVALID, "An address in Kuwait is written in the form `kuwait`.", (*field, "country"))
    return country
