"""Where money and books disagree, for staff."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry

from domain import orders, payments, reconciliation, refunds
from domain.pages import PageRequest
from domain.reconciliation import Mismatch as MismatchFound
from gql.connections import After, Connection, First
from gql.context import Info
from gql.orders import Order, order_of
from gql.payments import Payment
from gql.refunds import Refund
from gql.scalars import Money, money


@strawberry.enum(description="In what way money and books disagree. More values may come.")
class MismatchKind(Enum):
    ORDER_GONE = strawberry.enum_value(
        "order_gone", description="The order was called off, and its money was not given back. Expected is nothing."
    )
    AMOUNT_DIFFERS = strawberry.enum_value(
        "amount_differs", description="Other money came than the order costs, and was not evened out by refunds."
    )
    PROVIDER_DIFFERS = strawberry.enum_value(
        "provider_differs", description="The provider now tells another amount of a paid payment, or that it is unpaid."
    )
    NOT_RETURNED = strawberry.enum_value(
        "not_returned", description="Money that came for no order did not go back: its refund has failed."
    )
    PAYMENT_OPEN = strawberry.enum_value(
        "payment_open", description="An attempt to pay online has not ended for more than a day."
    )
    REFUND_OPEN = strawberry.enum_value(
        "refund_open", description="A refund has not ended for more than a day; `detail` is what went wrong last."
    )
    REFUND_FAILED = strawberry.enum_value(
        "refund_failed", description="A refund was refused, and none was begun after it; `detail` is the code."
    )
    REFUND_DIFFERS = strawberry.enum_value(
        "refund_differs", description="The provider tells another end of a refund, or another amount."
    )
    REFUND_UNKNOWN = strawberry.enum_value(
        "refund_unknown",
        description="A refund was made at the provider's own pages in the last 30 days. It is taken in; whether goods "
        "come back with it, nobody has said.",
    )
    EVENT_WAITING = strawberry.enum_value(
        "event_waiting",
        description="A message of the provider's could not be applied for more than an hour; `detail` names it.",
    )


@strawberry.type(description="One thing in which money and books disagree.")
class Mismatch:
    found_row: strawberry.Private[MismatchFound]

    @strawberry.field(description="In what way.")
    def kind(self) -> MismatchKind:
        return MismatchKind(self.found_row.kind)

    @strawberry.field(description="When what it is about began: order, payment, refund or message.")
    def at(self) -> datetime:
        return self.found_row.moment

    @strawberry.field(description="The order that it is about; null for a message that names none.")
    async def order(self, info: Info) -> Order | None:
        order_id = self.found_row.order_id
        row = await info.context.loaders.of(orders.orders_by_id).load(order_id) if order_id else None
        return order_of(row) if row else None

    @strawberry.field(description="The payment that it is about; null for a message that names none.")
    async def payment(self, info: Info) -> Payment | None:
        payment_id = self.found_row.payment_id
        row = await info.context.loaders.of(payments.payments_by_id).load(payment_id) if payment_id else None
        return Payment(stored=row) if row else None

    @strawberry.field(description="The refund that it is about; null for other kinds.")
    async def refund(self, info: Info) -> Refund | None:
        refund_id = self.found_row.refund_id
        row = await info.context.loaders.of(refunds.refunds_by_id).load(refund_id) if refund_id else None
        return Refund(stored=row) if row else None

    @strawberry.field(description="The amount by the books; null where it is about none.")
    async def expected(self, info: Info) -> Money | None:
        return await amount_in(info, self.found_row.order_id, self.found_row.expected)

    @strawberry.field(description="The amount by the provider, or that is still here; null where it is about none.")
    async def found(self, info: Info) -> Money | None:
        return await amount_in(info, self.found_row.order_id, self.found_row.found)

    @strawberry.field(description="A code or a name, as the kind says; null where there is none.")
    def detail(self) -> str | None:
        return self.found_row.detail


async def amount_in(info: Info, order_id: UUID | None, amount: Decimal | None) -> Money | None:
    """In the order's currency."""
    if order_id is None or amount is None:
        return None
    row = await info.context.loaders.of(orders.orders_by_id).load(order_id)
    return money(amount.quantize(Decimal("0.001")), row.currency) if row else None


@strawberry.type(description="Money and books in the back office.")
class ReconciliationFields:
    @strawberry.field(
        description="Everything in which money and books disagree now, the latest first; empty is how it should be. "
        "Needs `orders:read`: without it null and an error."
    )
    async def reconciliation(self, info: Info, first: First = 20, after: After = None) -> Connection[Mismatch] | None:
        page_request = PageRequest(first, after)
        async with info.context.read() as session:
            page = await reconciliation.list_mismatches(session, actor=info.context.actor, page=page_request)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await reconciliation.count_mismatches(session, actor=info.context.actor)

        return Connection[Mismatch].of(page, lambda row: Mismatch(found_row=row), count)
