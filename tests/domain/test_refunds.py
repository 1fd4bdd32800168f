"""Refunds below the API: every edge, the arithmetic, and whatever dies or is said in between."""

import uuid
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bootstrap import Parts
from db.models import Refund, new_id
from db.session import AsyncSession
from domain import payments, refund_settlement, refunds
from domain.actors import system
from domain.errors import FaultCode, IllegalTransition, PermissionMissing, UserFault
from domain.money import FILS
from domain.payment_providers import (
    Capabilities,
    ChargeState,
    ChargeStatus,
    CredentialsRefused,
    CurrencyRule,
    ProviderRefused,
    ProviderUnavailable,
    RefundState,
    RefundStatus,
)
from domain.refund_amounts import of_line, payable_part, step_of
from domain.refund_settlement import ASK, REFUND_STATUS, WATCH
from domain.refunds import NewRefund
from tests.support.api import Api
from tests.support.factories import Shop
from tests.support.locks import when_blocked_by, writing
from tests.support.orders import new_key
from tests.support.payment_bench import PaymentBench
from tests.support.scripted_payments import Died

PRICE = Decimal("4.750")
STATUSES = ("pending", "succeeded", "failed")
LEGAL = {("pending", "succeeded"), ("pending", "failed")}


@pytest.mark.parametrize(("current", "wanted"), list(product(STATUSES, STATUSES)))
def test_every_edge_of_the_state_machine(current: str, wanted: str) -> None:
    """Mission C7."""
    assert set(REFUND_STATUS.steps) == set(STATUSES)
    if (current, wanted) in LEGAL:
        REFUND_STATUS.check(current, wanted)
        return
    with pytest.raises(IllegalTransition) as raised:
        REFUND_STATUS.check(current, wanted)
    assert set(raised.value.allowed) == {after for before, after in LEGAL if before == current}


@given(st.integers(0, 10**9), st.lists(st.integers(1, 50), min_size=1, max_size=20), st.sampled_from([1, 5, 10, 1000]))
def test_parts_add_up_to_what_was_paid(fils: int, counts: list[int], step: int) -> None:
    """Mission C7: however a line is split over refunds, and whatever the provider rounds to."""
    paid, coarse = (Decimal(fils * step) / 1000).quantize(FILS), (Decimal(step) / 1000).quantize(FILS)
    before, exact, asked = 0, Decimal(0), Decimal(0)
    for count in counts:
        part = of_line(paid, sum(counts), before=before, count=count)
        amount = payable_part(part, parts_before=exact, given_before=asked, step=coarse)
        assert part >= 0
        assert amount >= 0
        assert amount % coarse == 0
        before, exact, asked = before + count, exact + part, asked + amount
    assert (exact, asked) == (paid, paid)


def test_a_step_is_the_smallest_amount_that_a_provider_can_pay() -> None:
    rules = {"KWD": CurrencyRule(3, 10), "USD": CurrencyRule(2), "JPY": CurrencyRule(0)}
    steps = Capabilities(rules, is_online=True, has_refunds=True, has_partial_refunds=True, has_webhooks=True)
    assert [step_of(steps, each) for each in ("KWD", "USD", "JPY")] == [Decimal("0.01"), Decimal("0.01"), Decimal(1)]
    assert step_of(replace(steps, currencies=None), "KWD") == FILS


@pytest.fixture
async def bench(parts: Parts, api: Api, shop: Shop) -> PaymentBench:
    """Paid."""
    bench = await PaymentBench.set_up(parts, api, shop)
    await bench.start()
    bench.provider.pay()
    await bench.work_later()
    return bench


async def begin(bench: PaymentBench, amount: str | None = None) -> Refund:
    payment_id = (await bench.payment()).id
    async with bench.transactions.write() as session:
        return await create(bench, session, payment_id, amount)


async def create(bench: PaymentBench, session: AsyncSession, payment_id: uuid.UUID, amount: str | None) -> Refund:
    given = NewRefund(payment_id, Decimal(amount) if amount else None)
    return await refunds.create(
        session, actor=bench.shop.actor, gateways=bench.gateways, given=given, idempotency_key=new_key()
    )


async def standing(bench: PaymentBench) -> tuple[str, Decimal, list[tuple[str, Decimal, str | None]]]:
    """Of the order, of its payment, and of each refund."""
    async with bench.transactions.read() as session:
        found = list((await session.execute(select(Refund).order_by(Refund.id))).scalars())
    told = [(each.status, each.amount, each.failure) for each in found]
    return (await bench.order()).payment_status, (await bench.payment()).amount_refunded, told


async def tell(bench: PaymentBench, *states: RefundState, times: int = 1) -> None:
    """The provider says so of the one charge."""
    payment = await bench.payment()
    told = ChargeState(payment.reference or "", ChargeStatus.PAID, PRICE, "KWD", refunds=states)
    for _ in range(times):
        async with bench.transactions.write() as session:
            await payments.apply(session, actor=system(payment.tenant_id), payment_id=payment.id, state=told)


async def test_who_comes_second_waits_and_sees_what_the_first_has_reserved(bench: PaymentBench) -> None:
    """Mission C7: never more than was paid, also simultaneously."""
    payment_id = (await bench.payment()).id
    async with bench.transactions.write() as first:
        await create(bench, first, payment_id, "3.000")
        second = writing(bench.parts.database, bench.shop, lambda session: create(bench, session, payment_id, "3.000"))
        await when_blocked_by(first)
    with pytest.raises(UserFault) as refused:
        await second
    assert refused.value.code is FaultCode.REFUND_TOO_LARGE
    assert (await standing(bench))[2] == [("pending", Decimal("3.000"), None)]


async def test_a_provider_that_is_away_is_asked_again_with_the_same_key(bench: PaymentBench) -> None:
    """Mission C7: the amount stays reserved, and staff see why it takes so long."""
    await begin(bench, "1.000")
    bench.provider.after["refund"] = [ProviderUnavailable("timeout")]
    bench.provider.before["refund"] = [CredentialsRefused("unauthorised")]
    for failure in ("unauthorised", "timeout"):
        await bench.work_later(ASK)
        assert (await standing(bench))[2] == [("pending", Decimal("1.000"), failure)]
    await bench.work_later(ASK)
    assert await standing(bench) == (
        "partially_refunded",
        Decimal("1.000"),
        [("succeeded", Decimal("1.000"), None)],
    )
    assert [each.amount for each in bench.provider.refunds.values()] == [Decimal("1.000")]


async def test_a_refusal_frees_the_amount(bench: PaymentBench) -> None:
    """Mission C7: and staff see the code."""
    await begin(bench)
    bench.provider.before["refund"] = [ProviderRefused("insufficient_balance")]
    await bench.work_later(ASK)
    assert await standing(bench) == ("paid", 0, [("failed", PRICE, "insufficient_balance")])
    assert (await bench.events())[-1] == "refund_failed"
    await begin(bench)
    await bench.work_later(ASK)
    assert (await standing(bench))[:2] == ("refunded", PRICE)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_process_dies_and_the_money_goes_back_once(bench: PaymentBench, moment: str) -> None:
    """Mission C7: before the provider was asked, or behind its answer."""
    await begin(bench)
    getattr(bench.provider, moment)["refund"] = [Died()]
    await bench.work_later(ASK)  # the worker's task is gone, and its lease runs out
    assert (await standing(bench))[2] == [("pending", PRICE, None)]
    for _ in range(2):
        await bench.work_later(ASK)
    assert await standing(bench) == ("refunded", PRICE, [("succeeded", PRICE, None)])
    assert [each.amount for each in bench.provider.refunds.values()] == [PRICE]


async def test_an_answer_that_was_lost_is_found_with_the_charge(bench: PaymentBench) -> None:
    """Mission C7: a webhook or the sweep is as good as the answer."""
    begun = await begin(bench, "1.000")
    await tell(bench, RefundState("re_1", RefundStatus.SUCCEEDED, Decimal("1.000"), begun.id), times=3)
    assert (await standing(bench))[1:] == (Decimal("1.000"), [("succeeded", Decimal("1.000"), None)])
    await bench.work_later(ASK)
    assert bench.provider.refunds == {}, "nobody asks any more"


async def test_what_was_given_back_elsewhere_is_recorded_once(bench: PaymentBench) -> None:
    """Mission C6, C7: and takes from what can be given back."""
    there = RefundState("re_9", RefundStatus.SUCCEEDED, Decimal("4.000"))
    await tell(bench, there, times=3)
    assert await standing(bench) == (
        "partially_refunded",
        Decimal("4.000"),
        [("succeeded", Decimal("4.000"), None)],
    )
    assert (await begin(bench)).amount == Decimal("0.750")


async def test_nothing_that_was_given_back_elsewhere_is_no_refund(bench: PaymentBench) -> None:
    """Mission C7: and what is told beside it is taken in."""
    nothing = RefundState("re_0", RefundStatus.SUCCEEDED, Decimal("0.000"))
    await tell(bench, nothing, RefundState("re_9", RefundStatus.SUCCEEDED, PRICE))
    assert await standing(bench) == ("refunded", PRICE, [("succeeded", PRICE, None)])


async def test_the_sweep_finds_what_no_webhook_told(bench: PaymentBench) -> None:
    """Mission C6: payments that have ended are looked at a few times as well."""
    there = RefundState("re_9", RefundStatus.SUCCEEDED, PRICE)
    [reference] = bench.provider.charges
    bench.provider.charges[reference] = replace(bench.provider.charges[reference], refunds=[there])
    for _ in range(6):
        await bench.work_later(WATCH)
    assert (await standing(bench))[:2] == ("refunded", PRICE)


async def test_what_has_ended_stays_whatever_is_said_later(bench: PaymentBench) -> None:
    """Mission C7: the provider's word is kept beside it."""
    begun = await begin(bench)
    await bench.work_later(ASK)
    await tell(bench, RefundState("refund-0", RefundStatus.FAILED, PRICE, begun.id))
    assert await standing(bench) == ("refunded", PRICE, [("succeeded", PRICE, None)])
    async with bench.transactions.read() as session:
        kept = (await session.execute(select(Refund.provider_status, Refund.provider_amount))).one()
    assert tuple(kept) == ("failed", PRICE)


async def test_a_refund_that_was_under_way_may_fail(bench: PaymentBench) -> None:
    """Mission C7."""
    begun = await begin(bench)
    for status, told in ((RefundStatus.PENDING, "pending"), (RefundStatus.FAILED, "failed")):
        await tell(bench, RefundState("re_1", status, PRICE, begun.id))
        assert (await standing(bench))[2][0][0] == told
    assert refund_settlement.left_of(await bench.payment(), []) == PRICE


async def test_only_who_manages_orders_gives_money_back(bench: PaymentBench) -> None:
    """Mission C7."""
    nothing = NewRefund(new_id())
    async with bench.transactions.write() as session:
        for actor in (bench.shop.guest, system(bench.shop.tenant.id)):
            with pytest.raises(PermissionMissing):
                await refunds.create(
                    session, actor=actor, gateways=bench.gateways, given=nothing, idempotency_key=new_key()
                )
            with pytest.raises(PermissionMissing):
                await refunds.give_back_rest(
                    session, actor=actor, gateways=bench.gateways, order_id=uuid.uuid4(), reason=None
                )
