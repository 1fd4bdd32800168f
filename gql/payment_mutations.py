"""Paying an order: a shopper begins, staff note what has come by arrangement."""

from decimal import Decimal
from uuid import UUID

import strawberry

from domain import manual_payments, order_links, orders, payment_starts
from domain.actors import Permission
from domain.errors import FaultCode, UserFault
from domain.manual_payments import Received
from domain.payment_starts import Start
from domain.return_urls import checked_return_url
from gql.access import STORE, staff
from gql.context import Info
from gql.cost import Cost
from gql.ids import missing, row_id
from gql.orders import Order, order_of
from gql.payment_providers import PaymentProvider
from gql.payments import Payment
from gql.roots import Payload, mutation
from gql.scalars import written

ASKS_OUTSIDE = Cost(weight=50)
KEY = "22 to 200 printable ASCII characters; the same again leads to the same payment."


@strawberry.input(description="Which order to pay, and how.")
class PaymentStartInput:
    idempotency_key: str = strawberry.field(description=f"{KEY} Another attempt needs another key.")
    order_id: strawberry.ID | None = strawberry.field(
        default=None, description="The order, for the customer whose it is."
    )
    order_token: str | None = strawberry.field(
        default=None, description="The order by its signed link, for whoever has that: guests, above all."
    )
    provider: PaymentProvider | None = strawberry.field(
        default=None, description="One of `paymentMethods`; by default what the order was placed with."
    )
    return_url: str = strawberry.field(
        description="Where the shopper comes back to, whatever happened: a page of the store's own host, or of an "
        "origin that the platform trusts. Nothing is added to it: ask for the order there until it is paid, which may "
        "take a second or two. Of an attempt that is open already, it stays what it was."
    )


@strawberry.type(description="The attempt that was begun.")
class PaymentStartPayload(Payload):
    payment: Payment | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.input(description="Money that has come for an order by arrangement.")
class PaymentMarkPaidInput:
    idempotency_key: str = strawberry.field(description=KEY)
    order_id: strawberry.ID = strawberry.field(description="The order, which is not paid yet.")
    amount: Decimal = strawberry.field(description="What has come: exactly the order's total.")
    reference: str = strawberry.field(
        description="By which it is found at the bank, up to 200 characters; another payment may not have it."
    )


@strawberry.type(description="The payment that was noted.")
class PaymentMarkPaidPayload(Payload):
    payment: Payment | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    order: Order | None = strawberry.field(default=None, description="As it is now; null when `userErrors` says why.")


@strawberry.type
class PaymentMutation:
    @mutation(
        PaymentStartPayload,
        access=STORE,
        cost=ASKS_OUTSIDE,
        description="Begin to pay an order. An attempt that is open is gone on with, or called off where another way "
        "is chosen, so that nothing is paid twice. `PROVIDER_UNAVAILABLE`: try again with the same key.",
    )
    async def payment_start(self, info: Info, input: PaymentStartInput) -> PaymentStartPayload | None:
        gateways = info.context.services.gateways
        return_url = checked_return_url(gateways, input.return_url, slug=info.context.tenant.slug)
        order_id, field = await named_order(info, input)
        started = await payment_starts.start(
            info.context,
            actor=info.context.actor,
            gateways=gateways,
            given=Start(order_id, written(input.provider), return_url, field),
            idempotency_key=input.idempotency_key,
        )
        return PaymentStartPayload(payment=Payment(stored=started.payment, client_secret=started.client_secret))

    @mutation(
        PaymentMarkPaidPayload,
        access=staff(Permission.PAYMENTS_MANAGE),
        description="Note that the money for an order has come by arrangement: it is paid, and confirmed if it was "
        "pending. Needs `payments:manage`.",
    )
    async def payment_mark_paid(self, info: Info, input: PaymentMarkPaidInput) -> PaymentMarkPaidPayload | None:
        actor, order_id = info.context.actor, row_id("order", input.order_id, "orderId")
        received = Received(order_id, input.amount, input.reference)
        async with info.context.write() as session:
            noted = await manual_payments.mark_paid(
                session, actor=actor, given=received, idempotency_key=input.idempotency_key
            )
            paid = (await orders.orders_by_id(session, [order_id]))[order_id]
        return PaymentMarkPaidPayload(payment=Payment(stored=noted), order=order_of(paid))


async def named_order(info: Info, sent: PaymentStartInput) -> tuple[UUID, str]:
    """The order, and the field that names it. Whoever has neither its link nor is its customer is told of none."""
    if (sent.order_id is None) == (sent.order_token is None):
        raise UserFault(FaultCode.REQUIRED, "Name the order by `orderId` or by `orderToken`.", ("orderId",))
    actor, signer = info.context.actor, info.context.services.signer
    if sent.order_token is not None:
        order_id = order_links.linked_order(signer, tenant_id=actor.tenant, token=sent.order_token)
        if order_id is None:
            raise missing("order", "orderToken")
        return order_id, "orderToken"
    order_id = row_id("order", sent.order_id or "", "orderId")
    row = await info.context.loaders.of(orders.orders_by_id).load(order_id)
    if row is None or row.customer_id is None or row.customer_id != actor.customer_id:
        raise missing("order", "orderId")
    return order_id, "orderId"
