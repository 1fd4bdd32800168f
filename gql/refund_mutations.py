"""Giving money back, as staff ask for it."""

from decimal import Decimal

import strawberry

from domain import orders, payments, refunds
from domain.actors import Permission
from domain.refund_lines import ReturnedLine
from domain.refunds import NewRefund
from gql.access import staff
from gql.context import Info
from gql.ids import known_id, row_id
from gql.orders import Order, order_of
from gql.payments import Payment
from gql.refunds import Refund
from gql.roots import Payload, mutation


@strawberry.input(description="So many of one line of the order.")
class RefundLineInput:
    line_id: strawberry.ID = strawberry.field(description="The line; each at most once.")
    quantity: int = strawberry.field(description="How many; no more than were sold and not given back yet.")
    restock: bool = strawberry.field(
        default=False,
        description="Whether they are to be sold again. Those that are not are written off: no later cancellation "
        "brings them back.",
    )


@strawberry.input(
    description="What to give back: an amount, or lines and shipping, or neither, for all that is left of the payment."
)
class RefundCreateInput:
    idempotency_key: str = strawberry.field(
        description="22 to 200 printable ASCII characters; the same again leads to the same refund."
    )
    payment_id: strawberry.ID = strawberry.field(description="Out of which payment.")
    amount: Decimal | None = strawberry.field(
        default=None, description="How much, with at most three decimals; not together with lines or shipping."
    )
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None,
        description="For which things: what was paid for them after the discount, to the fils. Where the provider "
        "cannot pay single fils, what is rounded off one refund is made good by the next.",
    )
    includes_shipping: bool = strawberry.field(default=False, description="What was paid for the shipping, too.")
    reason: str | None = strawberry.field(
        default=None, description="For the timeline and the provider, up to 500 characters."
    )
    reference: str | None = strawberry.field(
        default=None,
        description="By which the money that you have sent back by hand is found at the bank, up to 200 characters: "
        "needed where the payment came by arrangement, and refused elsewhere.",
    )


@strawberry.type(description="The refund that was begun.")
class RefundCreatePayload(Payload):
    refund: Refund | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    payment: Payment | None = strawberry.field(
        default=None, description="As it is now; null when `userErrors` says why."
    )
    order: Order | None = strawberry.field(default=None, description="As it is now; null when `userErrors` says why.")


@strawberry.type
class RefundMutation:
    @mutation(
        RefundCreatePayload,
        access=staff(Permission.PAYMENTS_MANAGE),
        description="Give back money of a payment, in full or in part, never more than was paid: what is on its way "
        "counts, so `REFUND_TOO_LARGE` tells how much is left. The provider is asked at once, and again until it "
        "answers; look at the refund's `status`. A payment by arrangement is given back by hand, and noted here. "
        "Needs `payments:manage`.",
    )
    async def refund_create(self, info: Info, input: RefundCreateInput) -> RefundCreatePayload | None:
        given = new_refund(input)
        async with info.context.write() as session:
            begun = await refunds.create(
                session,
                actor=info.context.actor,
                gateways=info.context.services.gateways,
                given=given,
                idempotency_key=input.idempotency_key,
            )
            payment, _ = await payments.with_moment(session, begun.payment_id)
            order = (await orders.orders_by_id(session, [begun.order_id]))[begun.order_id]
        return RefundCreatePayload(refund=Refund(stored=begun), payment=Payment(stored=payment), order=order_of(order))


def new_refund(sent: RefundCreateInput) -> NewRefund:
    return NewRefund(
        payment_id=row_id("payment", sent.payment_id, "paymentId"),
        amount=sent.amount,
        lines=[ReturnedLine(known_id("line", line.line_id), line.quantity, line.restock) for line in sent.lines or []],
        includes_shipping=sent.includes_shipping,
        reason=sent.reason,
        reference=sent.reference,
    )
