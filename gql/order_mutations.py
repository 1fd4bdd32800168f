"""Orders in the API: placing one as a guest, working through them as staff."""

import strawberry

from domain import order_submission, orders, refunds
from domain.actors import Permission
from domain.order_links import order_token
from gql.access import STORE, staff
from gql.context import Info
from gql.ids import known_id, row_id
from gql.order_inputs import OrderCancelInput, OrderConfirmInput, OrderFulfilInput, OrderSubmitInput, new_order
from gql.orders import Order, order_of
from gql.roots import Payload, mutation


@strawberry.type(description="The order that was placed.")
class OrderSubmitPayload(Payload):
    order: Order | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    order_token: str | None = strawberry.field(
        default=None,
        description="For `store { order(token:) }`, by which the buyer sees the order again without signing in; good "
        "for 180 days after the order last changed. Null when `userErrors` says why.",
    )


@strawberry.type(description="The order that moved on.")
class OrderPayload(Payload):
    order: Order | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class OrderMutation:
    @mutation(
        OrderSubmitPayload,
        access=STORE,
        description="Place an order, signed in or not. Its stock is taken at once, for all lines or for none; customer "
        "and tenant get a mail.",
    )
    async def order_submit(self, info: Info, input: OrderSubmitInput) -> OrderSubmitPayload | None:
        async with info.context.write_rows() as rows:
            placed = await order_submission.submit(
                rows,
                actor=info.context.actor,
                given=new_order(input),
                idempotency_key=input.idempotency_key,
                visit_id=known_id("visit", input.visit_id) if input.visit_id else None,
            )
        row = info.context.take(placed)
        return OrderSubmitPayload(order=order_of(row), order_token=order_token(info.context.services.signer, row))

    @mutation(
        OrderPayload,
        access=staff(Permission.ORDERS_MANAGE),
        description="Promise a pending order to the customer, who gets a mail.",
    )
    async def order_confirm(self, info: Info, input: OrderConfirmInput) -> OrderPayload | None:
        order_id = row_id("order", input.id, "id")
        async with info.context.write() as session:
            confirmed = await orders.confirm(session, actor=info.context.actor, order_id=order_id)
        return OrderPayload(order=order_of(confirmed))

    @mutation(
        OrderPayload,
        access=staff(Permission.ORDERS_MANAGE),
        description="Complete a confirmed order: everything is with the customer, who gets a mail.",
    )
    async def order_fulfil(self, info: Info, input: OrderFulfilInput) -> OrderPayload | None:
        order_id = row_id("order", input.id, "id")
        async with info.context.write() as session:
            fulfilled = await orders.fulfil(session, actor=info.context.actor, order_id=order_id)
        return OrderPayload(order=order_of(fulfilled))

    @mutation(
        OrderPayload,
        access=staff(Permission.ORDERS_MANAGE),
        description="Call off a pending or confirmed order: its stock is given back, its money goes back unless "
        "`refund` is false, and the customer gets a mail.",
    )
    async def order_cancel(self, info: Info, input: OrderCancelInput) -> OrderPayload | None:
        order_id = row_id("order", input.id, "id")
        async with info.context.write() as session:
            actor, gateways = info.context.actor, info.context.services.gateways
            if input.refund:
                await refunds.give_back_rest(
                    session, actor=actor, gateways=gateways, order_id=order_id, reason=input.reason
                )
            cancelled = await orders.cancel(session, actor=actor, order_id=order_id, reason=input.reason)
        return OrderPayload(order=order_of(cancelled))
