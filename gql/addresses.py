"""A customer's address book in the API."""

import strawberry

from db.models import CustomerAddress as AddressRow
from domain import addresses
from gql.access import CUSTOMER
from gql.address_inputs import (
    CustomerAddressCreateInput,
    CustomerAddressDeleteInput,
    CustomerAddressReplaceInput,
    CustomerAddressSetDefaultInput,
    Governorate,
    new_address,
)
from gql.context import Info
from gql.ids import global_id, row_id
from gql.node import Node
from gql.roots import Payload, mutation


@strawberry.interface(description="Where a customer has things brought.")
class Address(Node):
    id: strawberry.ID = strawberry.field(description="Identifier.")
    label: str | None = strawberry.field(description="What the customer calls it, such as Home.")
    recipient: str | None = strawberry.field(description="Who takes things in there, if not the customer.")
    phone: str | None = strawberry.field(description="Telephone number for deliveries there.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as `KW`.")
    notes: str | None = strawberry.field(description="For whoever brings it; may have several lines.")
    is_default: bool = strawberry.field(description="The one to propose. Exactly one is, where there are addresses.")


@strawberry.type(description="An address in Kuwait's form.")
class KuwaitAddress(Address):
    governorate: Governorate = strawberry.field(description="One of the six.")
    area: str = strawberry.field(description="Such as Salmiya.")
    block: str = strawberry.field(description="The area's block.")
    street: str = strawberry.field(description="Name or number of the street.")
    avenue: str | None = strawberry.field(description="Jadda, where there is one.")
    building: str = strawberry.field(description="House or building.")
    floor: str | None = strawberry.field(description="Floor.")
    flat: str | None = strawberry.field(description="Flat or office.")


@strawberry.type(description="An address in lines.")
class GeneralAddress(Address):
    line1: str = strawberry.field(description="Street and number.")
    line2: str | None = strawberry.field(description="More of that.")
    city: str = strawberry.field(description="City or town.")
    region: str | None = strawberry.field(description="State, province or emirate.")
    postal_code: str | None = strawberry.field(description="Postal code.")


@strawberry.type(description="The address that was written down or changed.")
class CustomerAddressPayload(Payload):
    address: Address | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The address that is gone.")
class CustomerAddressDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Its identifier; null when `userErrors` says why."
    )


@strawberry.type
class AddressMutation:
    @mutation(
        CustomerAddressPayload,
        access=CUSTOMER,
        description="Write down an address for the signed-in customer. The first one becomes the default. "
        "`LIMIT_REACHED` at 50.",
    )
    async def customer_address_create(
        self, info: Info, input: CustomerAddressCreateInput
    ) -> CustomerAddressPayload | None:
        actor, given = info.context.actor, new_address(input.address)
        async with info.context.write() as session:
            made = await addresses.create(session, actor=actor, given=given, is_default=input.is_default)
        return CustomerAddressPayload(address=address_of(made))

    @mutation(
        CustomerAddressPayload,
        access=CUSTOMER,
        description="Put another address in an address's place, in either form: nothing of the old one is kept but its "
        "identifier.",
    )
    async def customer_address_replace(
        self, info: Info, input: CustomerAddressReplaceInput
    ) -> CustomerAddressPayload | None:
        actor, given, address_id = info.context.actor, new_address(input.address), row_id("address", input.id, "id")
        async with info.context.write() as session:
            changed = await addresses.replace(
                session, actor=actor, address_id=address_id, given=given, is_default=input.is_default
            )
        return CustomerAddressPayload(address=address_of(changed))

    @mutation(
        CustomerAddressPayload,
        access=CUSTOMER,
        description="Make an address the default; the former one no longer is.",
    )
    async def customer_address_set_default(
        self, info: Info, input: CustomerAddressSetDefaultInput
    ) -> CustomerAddressPayload | None:
        address_id = row_id("address", input.id, "id")
        async with info.context.write() as session:
            chosen = await addresses.set_default(session, actor=info.context.actor, address_id=address_id)
        return CustomerAddressPayload(address=address_of(chosen))

    @mutation(
        CustomerAddressDeletePayload,
        access=CUSTOMER,
        description="Take an address away. Where it was the default, the newest of the others becomes that.",
    )
    async def customer_address_delete(
        self, info: Info, input: CustomerAddressDeleteInput
    ) -> CustomerAddressDeletePayload | None:
        address_id = row_id("address", input.id, "id")
        async with info.context.write() as session:
            await addresses.delete(session, actor=info.context.actor, address_id=address_id)
        return CustomerAddressDeletePayload(deleted_id=global_id("address", address_id))


def address_of(row: AddressRow) -> Address:
    return kuwait_address_of(row) if row.form == "kuwait" else general_address_of(row)


def kuwait_address_of(row: AddressRow) -> KuwaitAddress:
    return KuwaitAddress(
        id=global_id("address", row.id),
        label=row.label,
        recipient=row.recipient,
        phone=row.phone,
        country=row.country,
        notes=row.notes,
        is_default=row.is_default,
        governorate=Governorate(row.governorate),
        area=row.area or "",
        block=row.block or "",
        street=row.street or "",
        avenue=row.avenue,
        building=row.building or "",
        floor=row.floor,
        flat=row.flat,
    )


def general_address_of(row: AddressRow) -> GeneralAddress:
    return GeneralAddress(
        id=global_id("address", row.id),
        label=row.label,
        recipient=row.recipient,
        phone=row.phone,
        country=row.country,
        notes=row.notes,
        is_default=row.is_default,
        line1=row.line1 or "",
        line2=row.line2,
        city=row.city or "",
        region=row.region,
        postal_code=row.postal_code,
    )
