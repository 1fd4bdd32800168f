"""Inputs of the address book, and what the domain makes of them."""

from enum import Enum

import strawberry

from domain.address_forms import NewAddress, NewGeneralAddress, NewKuwaitAddress


@strawberry.enum(description="Kuwait's six governorates.")
class Governorate(Enum):
    AL_ASIMAH = strawberry.enum_value("al_asimah", description="Al Asimah, the capital.")
    HAWALLI = strawberry.enum_value("hawalli", description="Hawalli.")
    FARWANIYA = strawberry.enum_value("farwaniya", description="Farwaniya.")
    AHMADI = strawberry.enum_value("ahmadi", description="Ahmadi.")
    JAHRA = strawberry.enum_value("jahra", description="Jahra.")
    MUBARAK_AL_KABEER = strawberry.enum_value("mubarak_al_kabeer", description="Mubarak Al-Kabeer.")


LABEL = "What the customer calls it, such as Home; up to 50 characters."
RECIPIENT = "Who takes things in there, if not the customer; up to 200 characters."
PHONE = "For deliveries there: digits, spaces, hyphens and brackets."
DEFAULT = "True makes it the default from now on; false leaves the default as it is."
NOTES = "For whoever brings it; up to 500 characters, line breaks allowed."


@strawberry.input(description="An address in Kuwait's form.")
class KuwaitAddressInput:
    governorate: Governorate = strawberry.field(description="One of the six.")
    area: str = strawberry.field(description="Such as Salmiya; up to 100 characters.")
    block: str = strawberry.field(description="Up to 20 characters.")
    street: str = strawberry.field(description="Name or number; up to 100 characters.")
    building: str = strawberry.field(description="House or building; up to 100 characters.")
    avenue: str | None = strawberry.field(default=None, description="Jadda; up to 100 characters.")
    floor: str | None = strawberry.field(default=None, description="Up to 20 characters.")
    flat: str | None = strawberry.field(default=None, description="Flat or office; up to 20 characters.")
    label: str | None = strawberry.field(default=None, description=LABEL)
    recipient: str | None = strawberry.field(default=None, description=RECIPIENT)
    phone: str | None = strawberry.field(default=None, description=PHONE)
    notes: str | None = strawberry.field(default=None, description=NOTES)


@strawberry.input(description="An address in lines.")
class GeneralAddressInput:
    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as `SA`, but not `KW`.")
    line1: str = strawberry.field(description="Street and number; up to 200 characters.")
    city: str = strawberry.field(description="Up to 100 characters.")
    line2: str | None = strawberry.field(default=None, description="Up to 200 characters.")
    region: str | None = strawberry.field(default=None, description="State, province or emirate; up to 100 characters.")
    postal_code: str | None = strawberry.field(default=None, description="Up to 20 characters.")
    label: str | None = strawberry.field(default=None, description=LABEL)
    recipient: str | None = strawberry.field(default=None, description=RECIPIENT)
    phone: str | None = strawberry.field(default=None, description=PHONE)
    notes: str | None = strawberry.field(default=None, description=NOTES)


@strawberry.input(one_of=True, description="An address in one of the two forms.")
class AddressInput:
    kuwait: strawberry.Maybe[KuwaitAddressInput] = strawberry.field(description="Within Kuwait.")
    general: strawberry.Maybe[GeneralAddressInput] = strawberry.field(
        description="Anywhere else: `KW` is refused here."
    )


@strawberry.input(description="A new address.")
class CustomerAddressCreateInput:
    address: AddressInput = strawberry.field(description="Where it is.")
    is_default: bool = strawberry.field(default=False, description=DEFAULT)


@strawberry.input(description="Another address in an address's place.")
class CustomerAddressReplaceInput:
    id: strawberry.ID = strawberry.field(description="One of the customer's addresses.")
    address: AddressInput = strawberry.field(description="All of it: what is left out is empty from now on.")
    is_default: bool = strawberry.field(default=False, description=DEFAULT)


@strawberry.input(description="Which address is the default from now on.")
class CustomerAddressSetDefaultInput:
    id: strawberry.ID = strawberry.field(description="One of the customer's addresses.")


@strawberry.input(description="Which address to take away.")
class CustomerAddressDeleteInput:
    id: strawberry.ID = strawberry.field(description="One of the customer's addresses.")


def new_address(given: AddressInput) -> NewAddress:
    if given.kuwait is not None:
        return new_kuwait_address(given.kuwait.value)
    if given.general is not None:
        return new_general_address(given.general.value)
    raise TypeError("neither form was given")  # validation has seen to it


def new_kuwait_address(given: KuwaitAddressInput) -> NewKuwaitAddress:
    return NewKuwaitAddress(
        governorate=str(given.governorate.value),
        area=given.area,
        block=given.block,
        street=given.street,
        building=given.building,
        avenue=given.avenue,
        floor=given.floor,
        flat=given.flat,
        label=given.label,
        recipient=given.recipient,
        phone=given.phone,
        notes=given.notes,
    )


def new_general_address(given: GeneralAddressInput) -> NewGeneralAddress:
    return NewGeneralAddress(
        country=given.country,
        line1=given.line1,
        city=given.city,
        line2=given.line2,
        region=given.region,
        postal_code=given.postal_code,
        label=given.label,
        recipient=given.recipient,
        phone=given.phone,
        notes=given.notes,
    )
