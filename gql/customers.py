"""Customers of a store in the API: the signed-in person's own profile, address book and orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import strawberry

from db.models import Customer as CustomerRow
from db.models import CustomerAddress as AddressRow
from domain import addresses, customers, orders
from domain.changes import ABSENT, Absent
from domain.pages import PageRequest
from gql.access import CUSTOMER, SHOPPER
from gql.addresses import Address, address_of
from gql.carts import Cart, own_cart
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id
from gql.maybe import CLEARS, NOT_NULL, given, given_value
from gql.node import Node
from gql.orders import Order, order_of
from gql.related import related
from gql.roots import Payload, mutation
from gql.scalars import Locale, written


@strawberry.type(description="A person as this store's customer. What other stores know of them stays there.")
class Customer(Node):
    customer_id: strawberry.Private[UUID]
    id: strawberry.ID = strawberry.field(description="Identifier, of this store's own.")
    name: str = strawberry.field(description="As the customer wrote it for this store.")
    email: str = strawberry.field(description="The address that was proven when they registered here.")
    phone: str | None = strawberry.field(description="Telephone number, if given.")
    locale: Locale = strawberry.field(description="Language of this store's mails to them.")
    created_at: datetime = strawberry.field(description="When they registered here.")

    @related(
        addresses.addresses_of,
        key="customer_id",
        description="The address book, 50 at most: the default first, then the newest.",
        directives=[usually(5)],
    )
    def addresses(self, found: Sequence[AddressRow]) -> list[Address]:
        return [address_of(row) for row in found]

    @strawberry.field(description="What the customer means to order; null until something was put in.")
    async def cart(self, info: Info) -> Cart | None:
        return await own_cart(info)

    @strawberry.field(description="The customer's orders at this store, the newest placed first.")
    async def orders(self, info: Info, first: First = 20, after: After = None) -> Connection[Order]:
        page_request = PageRequest(first, after)
        async with info.context.read() as session:
            page = await orders.list_own_orders(session, actor=info.context.actor, page=page_request)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await orders.count_own_orders(session, actor=info.context.actor)

        return Connection[Order].of(page, order_of, count)


@strawberry.type(description="The viewer in the request's store.")
class CustomerFields:
    @strawberry.field(
        description="The viewer as a customer of the request's store; null where no tenant is named, or the person has "
        "not registered there. A suspended store answers 403."
    )
    async def customer(self, info: Info) -> Customer | None:
        async with info.context.read() as session:
            row = await customers.find_viewing_customer(session, actor=info.context.actor)
        return customer_of(row) if row else None


@strawberry.input(description="What the store learns of the person; what is left out is taken from their account.")
class CustomerRegisterInput:
    name: str | None = strawberry.field(default=None, description="Up to 200 characters.")
    phone: str | None = strawberry.field(default=None, description="Digits, spaces, hyphens and brackets.")
    locale: Locale | None = strawberry.field(default=None, description="Language of this store's mails.")


@strawberry.input(description="What to change; fields left out stay as they are.")
class CustomerUpdateInput:
    name: strawberry.Maybe[str | None] = strawberry.field(description=f"Up to 200 characters. {NOT_NULL}")
    phone: strawberry.Maybe[str | None] = strawberry.field(
        description=f"Digits, spaces, hyphens and brackets. {CLEARS}"
    )
    locale: strawberry.Maybe[Locale | None] = strawberry.field(description=f"Language of mails. {NOT_NULL}")


@strawberry.type(description="The customer who registered or changed.")
class CustomerPayload(Payload):
    customer: Customer | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class CustomerMutation:
    @mutation(
        CustomerPayload,
        access=SHOPPER,
        description="Become a customer of the request's store: until then it knows nothing of the person. Guest orders "
        "under the person's confirmed address become theirs. Who is a customer already stays as they are. "
        "`ACCOUNT_UNCONFIRMED` until the person's address is proven.",
    )
    async def customer_register(self, info: Info, input: CustomerRegisterInput) -> CustomerPayload | None:
        told = customers.Registration(input.name, input.phone, written(input.locale))
        async with info.context.write() as session:
            registered = await customers.register(session, actor=info.context.actor, given=told)
        info.context.has_registered(registered.id)
        return CustomerPayload(customer=customer_of(registered))

    @mutation(CustomerPayload, access=CUSTOMER, description="Change what the request's store knows of the customer.")
    async def customer_update(self, info: Info, input: CustomerUpdateInput) -> CustomerPayload | None:
        async with info.context.write() as session:
            changed = await customers.update(session, actor=info.context.actor, changes=customer_changes(input))
        return CustomerPayload(customer=customer_of(changed))


def customer_changes(changes: CustomerUpdateInput) -> customers.CustomerChanges:
    locale = given_value(changes.locale, "locale")
    return customers.CustomerChanges(
        name=given_value(changes.name, "name"),
        phone=given(changes.phone),
        locale=ABSENT if isinstance(locale, Absent) else str(locale.value),
    )


def customer_of(row: CustomerRow) -> Customer:
    return Customer(
        customer_id=row.id,
        id=global_id("customer", row.id),
        name=row.name,
        email=row.email,
        phone=row.phone,
        locale=Locale(row.locale),
        created_at=row.created_at,
    )
