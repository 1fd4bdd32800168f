"""Refunds in the API: to shoppers that money is on its way back, to staff also why, for what, and what went wrong."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from db.models import Refund as RefundRow
from db.models import RefundLine as RefundLineRow
from domain import payments, refunds
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id
from gql.scalars import Money, money


@strawberry.enum(description="How far a refund has come.")
class RefundState(Enum):
    PENDING = strawberry.enum_value(
        "pending", description="Its amount is reserved, and the provider is asked, again and again until it answers."
    )
    SUCCEEDED = strawberry.enum_value("succeeded", description="The money is on its way back, or is back.")
    FAILED = strawberry.enum_value(
        "failed", description="The provider has refused it: its amount can be given back otherwise."
    )


@strawberry.enum(description="Who began a refund. More values may come.")
class RefundOrigin(Enum):
    STAFF = strawberry.enum_value("staff", description="Staff, by `refundCreate`.")
    CANCELLATION = strawberry.enum_value("cancellation", description="Staff, as they called the order off.")
    RETURN = strawberry.enum_value(
        "return", description="Nobody: the money came for an order that was paid, or was called off."
    )
    PROVIDER = strawberry.enum_value("provider", description="Somebody at the provider's own pages.")


@strawberry.type(description="So many of an order's line that a refund is for.")
class RefundLine:
    line_id: strawberry.ID = strawberry.field(description="The line of the order.")
    quantity: int = strawberry.field(description="How many of it.")
    amount: Money = strawberry.field(description="What was paid for them, after the line's part of the discount.")
    restock: bool = strawberry.field(description="Whether they are to be sold again.")
    restocked: int = strawberry.field(
        description="So many of them were given back to the stock, which happens when the refund has succeeded; none "
        "where the stock was unlimited, or had them back already."
    )


@strawberry.type(description="Money that goes back out of one payment.")
class Refund:
    stored: strawberry.Private[RefundRow]

    @strawberry.field(description="Identifier.")
    def id(self) -> strawberry.ID:
        return global_id("refund", self.stored.id)

    @strawberry.field(description="How far it has come.")
    def status(self) -> RefundState:
        return RefundState(self.stored.status)

    @strawberry.field(description="How much goes back.")
    def amount(self) -> Money:
        return money(self.stored.amount, self.stored.currency)

    @strawberry.field(description="When it was begun.")
    def created_at(self) -> datetime:
        return self.stored.created_at

    @strawberry.field(description="When it has succeeded or failed; null before.")
    def settled_at(self) -> datetime | None:
        return self.stored.settled_at

    @strawberry.field(description="The payment out of which it goes. For staff alone: anyone else gets null.")
    def payment_id(self, info: Info) -> strawberry.ID | None:
        return global_id("payment", self.stored.payment_id) if sees_more(info) else None

    @strawberry.field(description="Who began it. For staff alone: anyone else gets null.")
    def origin(self, info: Info) -> RefundOrigin | None:
        return RefundOrigin(self.stored.origin) if sees_more(info) else None

    @strawberry.field(description="As much of it is for the shipping. For staff alone: anyone else gets null.")
    def shipping(self, info: Info) -> Money | None:
        return money(self.stored.shipping, self.stored.currency) if sees_more(info) else None

    @strawberry.field(description="Why, if that was told. For staff alone: anyone else gets null.")
    def reason(self, info: Info) -> str | None:
        return self.stored.reason if sees_more(info) else None

    @strawberry.field(
        description="The provider's name of it, or what staff have noted; null before there is any. For staff alone."
    )
    def reference(self, info: Info) -> str | None:
        return self.stored.reference if sees_more(info) else None

    @strawberry.field(
        description="The code of what went wrong last: why it has failed or, while it is pending, why the provider is "
        "asked again. Null where nothing did. For staff alone."
    )
    def failure(self, info: Info) -> str | None:
        return self.stored.failure if sees_more(info) else None

    @strawberry.field(
        description="What it is for; empty where it is for an amount. For staff alone: anyone else gets null.",
        directives=[usually(3)],
    )
    async def lines(self, info: Info) -> list[RefundLine] | None:
        if not sees_more(info):
            return None
        rows = await info.context.loaders.of(refunds.lines_of).load(self.stored.id)
        return [line_of(row, self.stored.currency) for row in rows or []]


def sees_more(info: Info) -> bool:
    return payments.sees_log(info.context.actor)


def line_of(row: RefundLineRow, currency: str) -> RefundLine:
    return RefundLine(
        line_id=global_id("line", row.order_line_id),
        quantity=row.quantity,
        amount=money(row.amount, currency),
        restock=row.restocks,
        restocked=row.restocked,
    )


def refunds_shown(rows: Sequence[RefundRow]) -> list[Refund]:
    return [Refund(stored=row) for row in rows]
