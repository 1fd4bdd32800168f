"""Beginning to pay an order: the payment is written down, then the provider is asked, then its answer is written down.

Whatever dies in between is made good by asking again with the same key: it leads to the same payment, whose id is the
key at the provider, and so to the same charge.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, Payment, PaymentAccount, new_id
from domain import idempotency, order_payments, payment_asking, payment_log, payments
from domain.actors import Actor
from domain.errors import FaultCode, UserFault, not_found
from domain.payment_accounts import hold_of
from domain.payment_checks import check_later
from domain.payment_gateways import Gateways, Transactions
from domain.payment_methods import check_available
from domain.payment_providers import Exchange, ProviderError, ProviderRefused

OPERATION = "payment.start"
MOST_ROUNDS = 3
LONGEST_ONLINE = timedelta(hours=23)
"""Providers keep no page open for longer than a day. Stock may wait for longer: another attempt is begun then."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a shopper gives, checked: the order is theirs, and the address one of the store's."""

    order_id: uuid.UUID
    provider: str | None
    """None: the way that the order was placed with."""
    return_url: str
    field: str
    """By what input field the order was named."""


@dataclass(frozen=True, slots=True)
class Started:
    payment: Payment
    client_secret: str | None = None
    """For the provider's own script in the shopper's browser; kept nowhere."""


class OthersOpen(Exception):
    """Other attempts at the order could still be paid: they are called off first, or it could be paid twice."""

    def __init__(self, payment_ids: Sequence[uuid.UUID]) -> None:
        super().__init__("others are open")
        self.payment_ids = payment_ids


async def start(
    transactions: Transactions, *, actor: Actor, gateways: Gateways, given: Start, idempotency_key: str
) -> Started:
    """The payment and what the shopper needs next. It asks for no permission: who has the order may pay it.

    Faults: NOT_FOUND, ALREADY_PAID, HOLD_ENDED, ILLEGAL_TRANSITION, UNAVAILABLE_HERE, IDEMPOTENCY_KEY_REUSED;
    PROVIDER_UNAVAILABLE, after which the same key goes on; PROVIDER_REFUSED, after which another is needed.
    """
    key = idempotency.Key.of(actor, OPERATION, idempotency_key, given)
    for _ in range(MOST_ROUNDS):
        try:
            async with transactions.write() as session:
                payment = await prepared(session, key=key, gateways=gateways, given=given)
            return await begun(transactions, gateways, payment)
        except OthersOpen as open_:
            await call_off(transactions, gateways, open_.payment_ids)
    raise unavailable()


async def begun(transactions: Transactions, gateways: Gateways, payment: Payment) -> Started:
    """Ask the provider, unless it has answered before."""
    if payment.status == "failed" and payment.reference is None:
        raise refused()
    if payment.status != "pending" or payment.redirect_url is not None:
        return Started(payment)
    try:
        payment, state = await payment_asking.begin(transactions, gateways, payment)
    except ProviderRefused as error:
        async with transactions.write() as session:
            await payments.close(session, payment_id=payment.id, status="failed", failure=error.code)
        raise refused() from None
    except ProviderError:
        raise unavailable() from None
    return Started(payment, state.client_secret)


async def call_off(transactions: Transactions, gateways: Gateways, payment_ids: Sequence[uuid.UUID]) -> None:
    try:
        for payment_id in payment_ids:
            async with transactions.read() as session:
                other, _ = await payments.with_moment(session, payment_id)
            await payment_asking.call_off(transactions, gateways, other)
    except ProviderRefused:
        raise refused() from None
    except ProviderError:
        raise unavailable() from None


async def prepared(session: AsyncSession, *, key: idempotency.Key, gateways: Gateways, given: Start) -> Payment:
    """The payment to ask about, under the locks of key and order. Raises `OthersOpen`."""
    payment_id = new_id()
    if before := await idempotency.claim(session, key, payment_id):
        return await session.get_one(Payment, (key.actor.tenant, before), populate_existing=True)
    order, now = await held_order(session, given)
    provider = given.provider or order.payment_method
    if provider is None:
        raise UserFault(FaultCode.REQUIRED, "Say how to pay.", ("provider",))
    account = await enabled_account(session, provider)
    capabilities = check_available(gateways, provider, order.currency, order.total, "provider")
    if same := await already_begun(session, order.id, provider):
        await idempotency.lead_to(session, key, same.id)
        return same
    payment = Payment(tenant_id=order.tenant_id, id=payment_id, order_id=order.id, provider=provider)
    payment.amount, payment.currency, payment.return_url = order.total, order.currency, given.return_url
    expires_at = expiry(order, now, hold_of(account.hold_minutes, is_online=capabilities.is_online))
    payment.expires_at = min(expires_at, now + LONGEST_ONLINE) if capabilities.is_online else expires_at
    await write(session, key.actor, order, payment, is_online=capabilities.is_online)
    return payment


async def write(session: AsyncSession, actor: Actor, order: Order, payment: Payment, *, is_online: bool) -> None:
    """Store the payment, and see to it that somebody asks what became of it. Nothing to pay is paid at once."""
    payment.status, payment.redirect_url, payment.reference, payment.failure = "pending", None, None, None
    if payment.amount == 0:
        payment.status, payment.paid_at = "paid", await payments.moment(session)
    session.add(payment)
    await session.flush()
    await session.refresh(payment)
    wanted = {"provider": payment.provider, "amount": str(payment.amount), "by": actor.kind.value}
    payment_log.note(session, payment, [Exchange("start", wanted, None)], outcome=payment.status)
    if payment.status == "paid":
        await order_payments.receive(session, actor=actor, order=order, payment=payment, is_whole=True)
    elif is_online:
        check_later(session, payment)


async def held_order(session: AsyncSession, given: Start) -> tuple[Order, datetime]:
    """The order, locked, if it can be paid."""
    locked = select(Order, func.clock_timestamp()).where(Order.id == given.order_id).with_for_update()
    found = (await session.execute(locked.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise not_found("order", given.field)
    order, now = found[0], found[1]
    if order.payment_status != "unpaid":
        raise UserFault(FaultCode.ALREADY_PAID, "This order is paid.", (given.field,))
    if order.status == "cancelled":
        raise UserFault(FaultCode.HOLD_ENDED, "This order was cancelled: place another.", (given.field,))
    if order.status == "pending" and order.held_until is not None and order.held_until <= now:
        raise UserFault(FaultCode.HOLD_ENDED, "The time to pay this order is over: place another.", (given.field,))
    return order, now


def expiry(order: Order, now: datetime, usual: timedelta) -> datetime:
    """When the stock goes back; a while from now where it does not wait for the money."""
    return order.held_until if order.status == "pending" and order.held_until else now + usual


async def enabled_account(session: AsyncSession, provider: str) -> PaymentAccount:
    """Held until the payment is written: whoever deletes the account with its credentials waits, and sees it."""
    enabled = select(PaymentAccount).where(PaymentAccount.provider == provider, PaymentAccount.is_enabled)
    account = (await session.execute(enabled.with_for_update(read=True))).scalar_one_or_none()
    if account is None:
        raise not_found("way of paying in this store", "provider")
    return account


async def already_begun(session: AsyncSession, order_id: uuid.UUID, provider: str) -> Payment | None:
    """The open attempt by the same way. Raises `OthersOpen` while there is another that could be paid."""
    payable = select(Payment).where(Payment.order_id == order_id, Payment.status.in_(payments.PAYABLE))
    found = list((await session.execute(payable.order_by(Payment.id))).scalars())
    if len(found) == 1 and found[0].provider == provider and found[0].status in payments.OPEN:
        return found[0]
    if found:
        raise OthersOpen([each.id for each in found])
    return None


def unavailable() -> UserFault:
    told = "The payment provider does not answer. Nothing was lost: try again in a moment."
    return UserFault(FaultCode.PROVIDER_UNAVAILABLE, told)


def refused() -> UserFault:
    told = "The payment provider will not take this payment: choose another way of paying."
    return UserFault(FaultCode.PROVIDER_REFUSED, told, ("provider",))
