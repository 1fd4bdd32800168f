"""Payments in the API: what became of each attempt to pay an order, and what was said about it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum

import orjson
import strawberry

from db.models import Payment as PaymentRow
from db.models import PaymentTransaction as TransactionRow
from db.models import Refund as RefundRow
from domain import payment_accounts, payments, refund_settlement, refunds
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id
from gql.payment_providers import PaymentProvider
from gql.refunds import Refund, refunds_shown
from gql.related import related
from gql.scalars import LocalizedText, Money, localized, money
from gql.store_profiles import payment_instructions


@strawberry.enum(description="How far an attempt to pay has come.")
class PaymentState(Enum):
    PENDING = strawberry.enum_value("pending", description="The shopper has not finished, or nobody knows yet.")
    AUTHORISED = strawberry.enum_value("authorised", description="The money is promised, and being taken.")
    PAID = strawberry.enum_value("paid", description="The money is there.")
    FAILED = strawberry.enum_value("failed", description="Declined; another attempt may be begun.")
    CANCELLED = strawberry.enum_value("cancelled", description="Called off or run out; another attempt may be begun.")


@strawberry.enum(description="Why a payment is given back without anybody's asking. More values may come.")
class PaymentReturnReason(Enum):
    ORDER_PAID = strawberry.enum_value("order_paid", description="Another payment had paid the order.")
    ORDER_CANCELLED = strawberry.enum_value(
        "order_cancelled", description="It came when the order was cancelled, and could not be taken up again."
    )


@strawberry.type(description="What the shopper does next. One of the first three is set.")
class PaymentNextAction:
    redirect_url: str | None = strawberry.field(description="The shopper pays there, and comes back.")
    client_secret: str | None = strawberry.field(
        description="For the provider's own script in the page; told by `paymentStart` alone."
    )
    instructions: LocalizedText | None = strawberry.field(description="Show this: how to pay by arrangement.")
    payment_link: str | None = strawberry.field(description="A page to pay at by arrangement, if the store has one.")


@strawberry.type(description="One request to the provider about a payment, or one message of the provider's.")
class PaymentTransaction:
    id: strawberry.ID = strawberry.field(description="Identifier.")
    operation: str = strawberry.field(
        description="What it was about, such as `start`, `create`, `status` or `webhook`."
    )
    outcome: str = strawberry.field(description="What was made of it: the provider's status, or why it went wrong.")
    request: str = strawberry.field(description="What was sent, as JSON without secrets.")
    response: str | None = strawberry.field(description="What came, likewise; null where nothing did.")
    http_status: int | None = strawberry.field(description="Status of HTTP, where that was spoken.")
    milliseconds: int = strawberry.field(description="How long it took.")
    at: datetime = strawberry.field(description="When it was written down.")


@strawberry.type(description="One attempt to pay an order.")
class Payment:
    stored: strawberry.Private[PaymentRow]
    client_secret: strawberry.Private[str | None] = None

    @strawberry.field(description="Identifier.")
    def id(self) -> strawberry.ID:
        return global_id("payment", self.stored.id)

    @strawberry.field(description="By which way.")
    def provider(self) -> PaymentProvider:
        return PaymentProvider(self.stored.provider)

    @strawberry.field(description="How far it has come.")
    def status(self) -> PaymentState:
        return PaymentState(self.stored.status)

    @strawberry.field(description="What was to be paid.")
    def amount(self) -> Money:
        return self.money(self.stored.amount)

    @strawberry.field(description="What has been given back, as far as the provider has said.")
    def amount_refunded(self) -> Money:
        return self.money(self.stored.amount_refunded)

    @strawberry.field(description="The provider's code for why it failed, such as `card_declined`; null if it did not.")
    def failure(self) -> str | None:
        return self.stored.failure

    @strawberry.field(description="When it was begun.")
    def created_at(self) -> datetime:
        return self.stored.created_at

    @strawberry.field(description="When it runs out; null where it does not.")
    def expires_at(self) -> datetime | None:
        return self.stored.expires_at

    @strawberry.field(description="When the money had come; null before.")
    def paid_at(self) -> datetime | None:
        return self.stored.paid_at

    @strawberry.field(description="What the shopper does next; null where nothing is left to do.")
    async def next_action(self, info: Info) -> PaymentNextAction | None:
        if self.stored.status != "pending":
            return None
        capabilities = info.context.services.gateways.capabilities(self.stored.provider)
        if capabilities is None or capabilities.is_online:
            return elsewhere(self.stored.redirect_url, self.client_secret)
        return await by_arrangement(info, self.stored.provider)

    @strawberry.field(
        description="The provider's name of it, or what staff have noted. For staff alone: anyone else gets null."
    )
    def reference(self, info: Info) -> str | None:
        return self.stored.reference if payments.sees_log(info.context.actor) else None

    @strawberry.field(description="What has come. For staff alone: anyone else gets null.")
    def amount_paid(self, info: Info) -> Money | None:
        return self.money(self.stored.amount_paid) if payments.sees_log(info.context.actor) else None

    @strawberry.field(
        description="Why all of it is given back without anybody's asking; null where it is not. For staff alone."
    )
    def return_reason(self, info: Info) -> PaymentReturnReason | None:
        reason = self.stored.return_reason if payments.sees_log(info.context.actor) else None
        return PaymentReturnReason(reason) if reason else None

    @strawberry.field(
        description="What can still be given back: what was paid, and was neither given back nor is on its way. For "
        "staff alone: anyone else gets null."
    )
    async def amount_refundable(self, info: Info) -> Money | None:
        if not payments.sees_log(info.context.actor):
            return None
        made = await info.context.loaders.of(refunds.refunds_of_payments).load(self.stored.id)
        return self.money(refund_settlement.left_of(self.stored, made or []))

    @related(
        refunds.refunds_of_payments,
        description="What was given back of it, or is on its way, oldest first.",
        directives=[usually(1)],
    )
    def refunds(self, found: Sequence[RefundRow]) -> list[Refund]:
        return refunds_shown(found)

    @strawberry.field(
        description="All that was said to the provider about it and by the provider, oldest first. For staff "
        "alone: anyone else gets null.",
        directives=[usually(5)],
    )
    async def transactions(self, info: Info) -> list[PaymentTransaction] | None:
        if not payments.sees_log(info.context.actor):
            return None
        rows = await info.context.loaders.of(payments.transactions_of).load(self.stored.id)
        return [transaction_of(row) for row in rows or []]

    def money(self, amount: Decimal) -> Money:
        return money(amount, self.stored.currency)


def elsewhere(redirect_url: str | None, client_secret: str | None) -> PaymentNextAction | None:
    if redirect_url is None and client_secret is None:
        return None
    return PaymentNextAction(
        redirect_url=redirect_url, client_secret=client_secret, instructions=None, payment_link=None
    )


async def by_arrangement(info: Info, provider: str) -> PaymentNextAction:
    """As the way of paying says; else as the store does."""
    row = await info.context.loaders.of(payment_accounts.accounts_by_provider).load(provider)
    has_own = row is not None and bool(row.instructions_en or row.instructions_ar)
    told = localized(row.instructions_en, row.instructions_ar) if row and has_own else await payment_instructions(info)
    link = row.payment_link if row else None
    return PaymentNextAction(redirect_url=None, client_secret=None, instructions=told, payment_link=link)


def transaction_of(row: TransactionRow) -> PaymentTransaction:
    return PaymentTransaction(
        id=global_id("transaction", row.id),
        operation=row.operation,
        outcome=row.outcome,
        request=orjson.dumps(row.request).decode(),
        response=orjson.dumps(row.response).decode() if row.response is not None else None,
        http_status=row.http_status,
        milliseconds=row.milliseconds,
        at=row.created_at,
    )


def payments_shown(rows: Sequence[PaymentRow]) -> list[Payment]:
    return [Payment(stored=row) for row in rows]
