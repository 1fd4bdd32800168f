"""Where something is to be brought, as far as prices and zones of delivery depend on it; less than an address."""

from dataclasses import dataclass

from domain.address_forms import checked_governorate
from domain.countries import COUNTRIES
from domain.errors import FaultCode, Faults, UserFault
from domain.texts import cleaned

LONGEST_AREA = 100


@dataclass(frozen=True, slots=True)
class Destination:
    """A country, and in Kuwait as far as they are known a governorate and an area of it."""

    country: str
    governorate: str | None = None
    area: str | None = None


def checked_destination(given: Destination, *field: str) -> Destination:
    """Tidied: the country in capitals. Raises everything that is wrong with it at once."""
    faults, country, area = Faults(), given.country.strip().upper(), None
    if not given.country.isascii() or country not in COUNTRIES:
        told = "A country is written in two letters, such as KW (ISO 3166-1)."
        faults.add(FaultCode.INVALID, told, *field, "country")
    if given.governorate is not None:
        with faults.collecting():
            checked_governorate(given.governorate, *field)
            if country != "KW":
                raise UserFault(FaultCode.INVALID, "Only Kuwait has these governorates.", (*field, "governorate"))
    if given.area is not None and given.governorate is None:
        faults.add(FaultCode.REQUIRED, "Say in which governorate the area is.", *field, "governorate")
    with faults.collecting():
        area = cleaned(given.area, *field, "area", limit=LONGEST_AREA)
    faults.raise_any()
    return Destination(country, given.governorate, area)
