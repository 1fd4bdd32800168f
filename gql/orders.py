"""Orders in the API: what they tell, and the back office's lists of them."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from db.models import Order as OrderRow
from db.models import OrderLine as OrderLineRow
from db.models import Payment as PaymentRow
from db.models import Refund as RefundRow
from db.models import TimelineEntry as TimelineEntryRow
from domain import orders, payments, refunds, timeline, visits
from domain.actors import Permission, require
from domain.pages import PageRequest
from gql.actors import ActorKind, acting_id
from gql.catalog import CatalogVariant, visible_variant
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id, known_id
from gql.node import Node
from gql.order_addresses import ShippingAddress, shipping_address_of
from gql.order_shipping import OrderShippingMethod, shipping_method_of
from gql.payment_providers import PaymentProvider
from gql.payments import Payment, payments_shown
from gql.refunds import Refund, refunds_shown
from gql.related import related
from gql.scalars import LocalizedText, Money, localized, money, written
from gql.store_profiles import payment_instructions
from gql.visits import Visit, remembered_touch, visit_of


@strawberry.enum(description="Where an order stands.")
class OrderStatus(Enum):
    PENDING = strawberry.enum_value("pending", description="Placed; the tenant has not answered yet.")
    CONFIRMED = strawberry.enum_value("confirmed", description="The tenant has promised it.")
    FULFILLED = strawberry.enum_value("fulfilled", description="Complete.")
    CANCELLED = strawberry.enum_value("cancelled", description="Called off; its stock was given back.")


@strawberry.enum(description="Whether an order is paid.")
class PaymentStatus(Enum):
    UNPAID = strawberry.enum_value("unpaid", description="Not yet.")
    PAID = strawberry.enum_value("paid", description="In full.")
    PARTIALLY_REFUNDED = strawberry.enum_value(
        "partially_refunded", description="In full, and some of the money was given back."
    )
    REFUNDED = strawberry.enum_value("refunded", description="The money was given back.")


@strawberry.enum(description="How far an order is on its way to the customer.")
class FulfilmentStatus(Enum):
    UNFULFILLED = strawberry.enum_value("unfulfilled", description="Nothing was done yet.")
    PROCESSING = strawberry.enum_value("processing", description="Being prepared.")
    SHIPPED = strawberry.enum_value("shipped", description="On its way.")
    DELIVERED = strawberry.enum_value("delivered", description="With the customer.")


@strawberry.enum(description="What happened to an order.")
class OrderEvent(Enum):
    PLACED = strawberry.enum_value("order.placed", description="It came into being.")
    CONFIRMED = strawberry.enum_value("order.confirmed", description="It was confirmed.")
    FULFILLED = strawberry.enum_value("order.fulfilled", description="It was completed.")
    CANCELLED = strawberry.enum_value("order.cancelled", description="It was called off.")
    CLAIMED = strawberry.enum_value("order.claimed", description="A customer proved that a guest's order is theirs.")
    PAID = strawberry.enum_value("order.paid", description="Its money has come.")
    REINSTATED = strawberry.enum_value(
        "order.reinstated", description="Its money came when the time for it was over, and it was taken up again."
    )
    PAYMENT_RETURNED = strawberry.enum_value(
        "order.payment_returned", description="Money came for which there is no order any more; it is given back."
    )
    REFUND_BEGUN = strawberry.enum_value("order.refund_begun", description="Money is to go back.")
    REFUNDED = strawberry.enum_value("order.refunded", description="Money went back.")
    REFUND_FAILED = strawberry.enum_value("order.refund_failed", description="Money that was to go back did not.")
    PAYMENT_DIFFERS = strawberry.enum_value(
        "order.payment_differs", description="Other money came than it costs: staff have to look at it."
    )


@strawberry.type(description="Who ordered, as they wrote it.")
class OrderCustomer:
    name: str = strawberry.field(description="Name.")
    email: str = strawberry.field(description="Where mails about the order go; in lower case.")
    phone: str | None = strawberry.field(description="Telephone number, if given.")


@strawberry.type(description="A variant in an order, as it was named and priced when the order was placed.")
class OrderLine:
    variant_row_id: strawberry.Private[UUID]
    id: strawberry.ID = strawberry.field(description="Identifier.")
    variant_id: strawberry.ID = strawberry.field(description="The variant, which may have changed since.")
    name: LocalizedText = strawberry.field(description="Name of the item, with the variant's behind it if it has one.")
    sku: str | None = strawberry.field(description="The variant's stock-keeping unit, if it had one.")
    unit_price: Money = strawberry.field(description="Price of one.")
    quantity: int = strawberry.field(description="How many, 1 to 1,000,000.")
    total: Money = strawberry.field(description="`unitPrice` times `quantity`, before any discount.")
    discount: Money = strawberry.field(
        description="The line's part of the order's discount: less it, `total` is what was paid for the line."
    )

    @strawberry.field(
        description="The variant as it is now, perhaps renamed or repriced since; null where it is no longer on sale, "
        "except for staff."
    )
    async def variant(self, info: Info) -> CatalogVariant | None:
        return await visible_variant(info, self.variant_row_id)


@strawberry.type(description="One thing that happened to an order.")
class OrderTimelineEntry:
    acting: strawberry.Private[UUID | None]
    id: strawberry.ID = strawberry.field(description="Identifier.")
    event: OrderEvent = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When.")
    actor_kind: ActorKind = strawberry.field(description="What sort of being did it.")
    from_status: OrderStatus | None = strawberry.field(
        name="from", description="Status before; null when the order was placed."
    )
    to_status: OrderStatus | None = strawberry.field(name="to", description="Status from then on.")
    reason: str | None = strawberry.field(description="Why, if that was told.")

    @strawberry.field(
        description="The member of staff, this store's customer, or the API key. Null for a guest, and for somebody "
        "signed in who is neither."
    )
    async def actor_id(self, info: Info) -> strawberry.ID | None:
        return await acting_id(info, self.actor_kind, self.acting)


@strawberry.type(description="An order of things from the catalogue.")
class Order(Node):
    order_id: strawberry.Private[UUID]
    currency: strawberry.Private[str]
    visit_id: strawberry.Private[UUID | None]
    visit_touch: strawberry.Private[dict[str, Any] | None]
    id: strawberry.ID = strawberry.field(description="Identifier.")
    number: int = strawberry.field(description="Counts from 1001 within the tenant, without gaps.")
    name: str = strawberry.field(description="The number as people read it, such as `#1001`.")
    status: OrderStatus = strawberry.field(description="Where the order stands.")
    payment_status: PaymentStatus = strawberry.field(description="Whether it is paid.")
    fulfilment_status: FulfilmentStatus = strawberry.field(description="How far it is on its way.")
    customer: OrderCustomer = strawberry.field(description="Who ordered.")
    note: str | None = strawberry.field(description="What the customer added; may have several lines.")
    subtotal: Money = strawberry.field(description="Sum of the lines, before any discount.")
    discount: Money = strawberry.field(
        description="All that was taken off: what the lines say, and the price of shipping where a code made that free."
    )
    discount_code: str | None = strawberry.field(description="The code that counted.")
    shipping: Money = strawberry.field(description="Price of shipping, before any discount.")
    total: Money = strawberry.field(description="To be paid: `subtotal` plus `shipping` less `discount`.")
    shipping_method: OrderShippingMethod | None = strawberry.field(
        description="How it gets to its buyer; null where nothing is brought or collected, and for one that was placed "
        "without a checkout."
    )
    shipping_address: ShippingAddress | None = strawberry.field(
        description="Where it goes; null where nothing is brought."
    )
    payment_method: PaymentProvider | None = strawberry.field(
        description="How it was to be paid; null for one that was placed without a checkout."
    )
    held_until: datetime | None = strawberry.field(
        description="Unless paid or confirmed by then, it is cancelled and gives back its stock; null without end. "
        "Also where nothing is left to pay: `paymentStart` then makes it paid at once."
    )
    placed_at: datetime = strawberry.field(description="When it was placed.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @related(
        orders.lines_of,
        key="order_id",
        description="What was ordered, in the order in which it was given.",
        directives=[usually(5)],
    )
    def lines(self, found: Sequence[OrderLineRow]) -> list[OrderLine]:
        return [line_of(row, self.currency) for row in found]

    @related(
        payments.payments_of,
        key="order_id",
        description="The attempts to pay it, oldest first.",
        directives=[usually(2)],
    )
    def payments(self, found: Sequence[PaymentRow]) -> list[Payment]:
        return payments_shown(found)

    @related(
        refunds.refunds_of_orders,
        key="order_id",
        description="What was given back of its money, or is on its way, oldest first.",
        directives=[usually(1)],
    )
    def refunds(self, found: Sequence[RefundRow]) -> list[Refund]:
        return refunds_shown(found)

    @strawberry.field(
        description="How to pay, as the store tells it now; null once paid or cancelled, where it is to be paid "
        "online, and where the store tells nothing."
    )
    async def payment_instructions(self, info: Info) -> LocalizedText | None:
        is_due = self.payment_status is PaymentStatus.UNPAID and self.status is not OrderStatus.CANCELLED
        is_due = is_due and self.payment_method in {None, PaymentProvider.MANUAL}
        return await payment_instructions(info) if is_due else None

    @strawberry.field(
        description="Who changed what, oldest first. For staff: anyone else gets null and an error, also the customer.",
        directives=[usually(5)],
    )
    async def timeline(self, info: Info) -> list[OrderTimelineEntry] | None:
        require(info.context.actor, Permission.ORDERS_READ)
        rows = await info.context.loaders.of(timeline.entries_of).load(self.order_id)
        return [entry_of(row) for row in rows or []]

    @strawberry.field(
        description="How the shopper came to the store; null where that is not known. Needs `visits:read`: anyone else "
        "gets null and an error, also the customer."
    )
    async def visit(self, info: Info) -> Visit | None:
        require(info.context.actor, Permission.VISITS_READ)
        row = await info.context.loaders.of(visits.visits_by_id).load(self.visit_id) if self.visit_id else None
        return visit_of(row, remembered_touch(self.visit_touch)) if row else None


StatusFilter = Annotated[OrderStatus | None, strawberry.argument(description="Only orders with this status.")]
OrderId = Annotated[strawberry.ID, strawberry.argument(description="Its identifier.")]


@strawberry.type(description="Orders in the back office.")
class OrderFields:
    @strawberry.field(
        description="The tenant's orders, the newest placed first. Needs `orders:read`: without it null and an error."
    )
    async def orders(
        self, info: Info, first: First = 20, after: After = None, status: StatusFilter = None
    ) -> Connection[Order] | None:
        wanted = written(status)
        page_request = PageRequest(first, after)
        async with info.context.read() as session:
            page = await orders.list_orders(session, actor=info.context.actor, page=page_request, status=wanted)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await orders.count_orders(session, actor=info.context.actor, status=wanted)

        return Connection[Order].of(page, order_of, count)

    @strawberry.field(
        description="One order; null if the tenant has none with this identifier. Needs `orders:read`: without it null "
        "and an error."
    )
    async def order(self, info: Info, id: OrderId) -> Order | None:
        order_id = known_id("order", id)
        if order_id is None:
            return None
        async with info.context.read() as session:
            row = await orders.find_order(session, actor=info.context.actor, order_id=order_id)
        return order_of(row) if row else None


def order_of(row: OrderRow) -> Order:
    return Order(
        order_id=row.id,
        currency=row.currency,
        visit_id=row.visit_id,
        visit_touch=row.visit_touch,
        id=global_id("order", row.id),
        number=row.number,
        name=f"#{row.number}",
        status=OrderStatus(row.status),
        payment_status=PaymentStatus(row.payment_status),
        fulfilment_status=FulfilmentStatus(row.fulfilment_status),
        customer=OrderCustomer(name=row.customer_name, email=row.customer_email, phone=row.customer_phone),
        note=row.note,
        subtotal=money(row.subtotal, row.currency),
        discount=money(row.discount, row.currency),
        discount_code=row.discount_code,
        shipping=money(row.shipping, row.currency),
        total=money(row.total, row.currency),
        shipping_method=shipping_method_of(row.shipping_method),
        shipping_address=shipping_address_of(row.shipping_address),
        payment_method=PaymentProvider(row.payment_method) if row.payment_method else None,
        held_until=row.held_until,
        placed_at=row.placed_at,
        updated_at=row.updated_at,
    )


def line_of(row: OrderLineRow, currency: str) -> OrderLine:
    return OrderLine(
        variant_row_id=row.variant_id,
        id=global_id("line", row.id),
        variant_id=global_id("variant", row.variant_id),
        name=localized(row.name_en, row.name_ar),
        sku=row.sku,
        unit_price=money(row.unit_price, currency),
        quantity=row.quantity,
        total=money(row.total, currency),
        discount=money(row.discount, currency),
    )


def entry_of(row: TimelineEntryRow) -> OrderTimelineEntry:
    before, after = row.details.get("from"), row.details.get("to")
    return OrderTimelineEntry(
        id=global_id("entry", row.id),
        event=OrderEvent(row.event),
        at=row.created_at,
        actor_kind=ActorKind(row.actor_kind),
        acting=row.actor_id,
        from_status=OrderStatus(before) if before else None,
        to_status=OrderStatus(after) if after else None,
        reason=row.details.get("reason"),
    )
