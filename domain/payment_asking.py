"""Asking a provider about a payment, and writing down what came of it: in the log always, in the payment if it knows.

No transaction is open while the provider is asked. Dying anywhere leaves a payment that can be asked about again.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, Payment
from domain import payment_log, payments
from domain.actors import system
from domain.payment_gateways import Gateways, Transactions
from domain.payment_providers import (
    Account,
    ChargeState,
    ChargeStatus,
    NewCharge,
    PaymentProvider,
    ProviderError,
    ProviderUnavailable,
)

Question = Callable[[PaymentProvider, Account], Awaitable[ChargeState]]
SHORTEST_LIFE = timedelta(minutes=1)


async def ask(
    transactions: Transactions, gateways: Gateways, payment: Payment, question: Question
) -> tuple[Payment, ChargeState]:
    """The payment as it is then, and what the provider said. Raises `ProviderError`, which is in the log then."""
    async with transactions.read() as session:
        _, asked_at = await payments.with_moment(session, payment.id)
    try:
        state = await answer(gateways, payment, question)
    except ProviderError as error:
        async with transactions.write() as session:
            _, held = await payments.hold(session, payment.id)
            payment_log.note(session, held, error.exchanges, outcome=error.code)
        raise
    async with transactions.write() as session:
        applied = await payments.apply(
            session, actor=system(payment.tenant_id), payment_id=payment.id, state=state, asked_at=asked_at
        )
        payment_log.note(session, applied, state.exchanges, outcome=state.status.value)
    return applied, state


async def answer(gateways: Gateways, payment: Payment, question: Question) -> ChargeState:
    provider = gateways.providers.get(payment.provider)
    if provider is None:
        raise ProviderUnavailable("not_offered")
    return await question(provider, await gateways.account(payment.tenant_id, payment.provider))


async def begin(transactions: Transactions, gateways: Gateways, payment: Payment) -> tuple[Payment, ChargeState]:
    """Have the charge, or find the one that was begun before: the payment's id is the key."""
    async with transactions.read() as session:
        wanted = await charge_of(session, payment)
    return await ask(transactions, gateways, payment, lambda provider, account: provider.create(account, wanted))


async def look(transactions: Transactions, gateways: Gateways, payment: Payment, *, told: str | None = None) -> Payment:
    """What the provider knows now. Money that was only promised is taken, if it is wanted still, or let go.

    `told` is the reference in a message of the provider's, for a charge whose beginning was never answered.
    """
    reference = payment.reference or told
    if reference is None:
        payment, state = await begin(transactions, gateways, payment)
    else:
        asked = reference
        payment, state = await ask(
            transactions, gateways, payment, lambda provider, account: provider.status(account, asked)
        )
    if payment.status != ChargeStatus.AUTHORISED.value:
        return payment
    async with transactions.read() as session:
        is_wanted = await wants_money(session, payment)
    if not is_wanted:
        return await call_off(transactions, gateways, payment)
    reference, key = state.reference, f"{payment.id}-capture"
    captured, _ = await ask(
        transactions,
        gateways,
        payment,
        lambda provider, account: provider.capture(account, reference, idempotency_key=key),
    )
    return captured


async def wants_money(session: AsyncSession, payment: Payment) -> bool:
    order = await session.get_one(Order, (payment.tenant_id, payment.order_id))
    return order.status != "cancelled" and order.payment_status == "unpaid"


async def call_off(transactions: Transactions, gateways: Gateways, payment: Payment) -> Payment:
    """See to it that it can no longer be paid; what was paid meanwhile is taken in. Raises `ProviderError`."""
    if payment.reference is None and payment.status == "failed":
        async with transactions.write() as session:
            return await payments.close(session, payment_id=payment.id, status="cancelled", failure=payment.failure)
    if payment.reference is None:
        # It may have been begun, and its answer lost: only with its reference can it be called off.
        payment, _ = await begin(transactions, gateways, payment)
    reference = payment.reference or ""
    called_off, _ = await ask(
        transactions, gateways, payment, lambda provider, account: provider.cancel(account, reference)
    )
    return called_off


async def charge_of(session: AsyncSession, payment: Payment) -> NewCharge:
    """The same whenever it is asked for, so that the provider knows it for the same."""
    order = await session.get_one(Order, (payment.tenant_id, payment.order_id))
    now = (await session.execute(select(func.now()))).scalar_one()
    return NewCharge(
        payment_id=payment.id,
        idempotency_key=str(payment.id),
        amount=payment.amount,
        currency=payment.currency,
        order_number=f"#{order.number}",
        description=f"#{order.number}",
        email=order.customer_email,
        locale=order.locale,
        return_url=payment.return_url or "",
        expires_at=payment.expires_at or now + SHORTEST_LIFE,
    )
