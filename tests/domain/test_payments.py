"""What becomes of a payment and its order: every edge, every order of news, and whatever dies in between."""

import asyncio
import random
import uuid
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from sqlalchemy import update

from bootstrap import Parts
from db.models import Payment
from db.session import AsyncSession
from domain import manual_payments, payments
from domain.actors import system
from domain.errors import UserFault
from domain.leases import MOST_TRIES
from domain.manual_payments import Received
from domain.order_placement import HOLD_ENDS
from domain.payment_checks import CHECK
from domain.payment_providers import (
    Account,
    ChargeState,
    ChargeStatus,
    CredentialsRefused,
    ProviderRefused,
    ProviderUnavailable,
    RefundState,
    RefundStatus,
)
from gql.ids import global_id
from tests.support.api import Api
from tests.support.factories import Shop
from tests.support.locks import when_blocked_by, writing
from tests.support.orders import new_key
from tests.support.payment_bench import PaymentBench
from tests.support.scripted_payments import Died

PRICE = Decimal("4.750")
RANKS = ["pending", "authorised", "failed", "cancelled", "paid"]
"""A payment moves to the right alone."""


@pytest.fixture
async def bench(parts: Parts, api: Api, shop: Shop) -> PaymentBench:
    return await PaymentBench.set_up(parts, api, shop)


def state(payment: Payment, status: str, paid: Decimal = PRICE) -> ChargeState:
    is_paid = status == "paid"
    return ChargeState(
        reference=payment.reference or "charge",
        status=ChargeStatus(status),
        amount_paid=paid if is_paid else Decimal("0.000"),
        currency="KWD",
    )


async def say(bench: PaymentBench, told: ChargeState) -> None:
    """The provider has answered so."""
    payment = await bench.payment()
    async with bench.transactions.write() as session:
        await payments.apply(session, actor=system(payment.tenant_id), payment_id=payment.id, state=told)


def test_every_status_has_its_steps() -> None:
    """Mission C6: the machine is what the ranks say, and money is the end of every way."""
    expected = {status: tuple(RANKS[place + 1 :]) for place, status in enumerate(RANKS)}
    assert {status: tuple(steps) for status, steps in payments.PAYMENT_STATUS.steps.items()} == expected


@pytest.mark.parametrize(("current", "answered"), [*product(RANKS, RANKS)])
async def test_each_edge(bench: PaymentBench, current: str, answered: str) -> None:
    """Mission C6: whatever is answered in whatever status."""
    await bench.start()
    payment = await bench.payment()
    if current != "pending":
        await say(bench, state(payment, current))
    await say(bench, state(payment, answered))
    wanted = RANKS[max(RANKS.index(current), RANKS.index(answered))]
    after, order = await bench.payment(), await bench.order()
    assert after.status == wanted
    assert (order.status, order.payment_status) == (
        ("confirmed", "paid") if wanted == "paid" else ("pending", "unpaid")
    )
    assert after.amount_paid == (PRICE if wanted == "paid" else 0)
    assert (await bench.events()).count("paid") == (wanted == "paid")


async def test_news_in_any_order_any_number_of_times_end_alike(parts: Parts, api: Api, shop: Shop) -> None:
    """Mission C6: each answer five times, shuffled; what counts is that it was paid and part refunded."""
    bench, chance = await PaymentBench.set_up(parts, api, shop, held_for=None), random.Random(7)  # noqa: S311 - the same each time
    order_ids = await bench.orders_like_it(20)
    ends: Counter[tuple[Any, ...]] = Counter()
    for order_id in order_ids:
        other = replace(bench, order_id=order_id)
        await other.start()
        payment = await other.payment()
        stream = news_of(payment) * 5
        chance.shuffle(stream)
        async with bench.transactions.write() as session:
            for told in stream:
                await payments.apply(session, actor=system(shop.tenant.id), payment_id=payment.id, state=told)
        ends[await other.end()] += 1
    paid = ("paid", PRICE, Decimal("1.000"), None)
    assert ends == {("confirmed", "partially_refunded", (paid,), ("confirmed", "paid", "refunded")): 20}
    assert (await bench.mails())["mail.order_confirmed"] == 20
    await bench.lose_mails()


def news_of(payment: Payment) -> list[ChargeState]:
    """All that can be said of a charge that was paid in the end, and part refunded."""
    refunds = [
        RefundState("r", RefundStatus.SUCCEEDED, Decimal("1.000")),
        RefundState("s", RefundStatus.PENDING, Decimal("2.000")),
    ]
    news = [state(payment, status) for status in RANKS]
    return [*news, replace(news[-1], refunds=refunds)]


async def test_simultaneous_news_pay_an_order_once(bench: PaymentBench) -> None:
    """Mission C6."""
    await bench.start()
    payment = await bench.payment()
    await asyncio.gather(*(say(bench, state(payment, status)) for status in ("paid", "failed", "cancelled") * 4))
    _, _, told, left, events, mails = await bench.standing()
    assert (told, left) == ([("paid", PRICE, 0, None)], 1)
    assert (events["paid"], events["confirmed"], mails["mail.order_confirmed"]) == (1, 1, 1)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_dying_around_the_creation_makes_one_charge(bench: PaymentBench, moment: str) -> None:
    """Mission C4, C5: the process dies before the provider is asked, or before its answer is written down."""
    planned = bench.provider.before if moment == "before" else bench.provider.after
    planned["create"] = [Died()]
    key = new_key()
    with pytest.raises(Died):
        await bench.start(key)
    died = await bench.payment()
    assert (died.status, died.reference) == ("pending", None)
    started = await bench.start(key)
    assert started.payment.id == died.id
    assert list(bench.provider.charges) == [started.payment.reference]
    assert started.payment.redirect_url == f"https://pay.example.com/{started.payment.reference}"


async def test_the_sweep_finds_a_charge_whose_answer_was_lost(bench: PaymentBench) -> None:
    """Mission C6: the shopper has paid, and never came back; nobody had written down where."""
    bench.provider.after["create"] = [Died()]
    with pytest.raises(Died):
        await bench.start()
    bench.provider.pay()
    await bench.work_later()
    assert (await bench.standing())[:2] == ("confirmed", "paid")
    assert len(bench.provider.charges) == 1


async def test_a_sweep_that_was_given_up_is_begun_anew(bench: PaymentBench) -> None:
    """Mission C6, N4: eight tries that nobody had thought of are no reason to forget money."""
    await bench.start()
    bench.provider.before["status"] += [RuntimeError() for _ in range(MOST_TRIES)]
    bench.provider.pay()
    for _ in range(MOST_TRIES):
        await bench.work_later(CHECK)
        assert (await bench.order()).payment_status == "unpaid"
    await bench.work_later(CHECK)
    assert (await bench.standing())[:2] == ("confirmed", "paid")


async def test_a_provider_that_is_away_loses_nothing_and_the_same_key_goes_on(bench: PaymentBench) -> None:
    """Mission C5."""
    bench.provider.is_down, key = True, new_key()
    for _ in range(2):
        with pytest.raises(UserFault) as fault:
            await bench.start(key)
        assert fault.value.code.value == "PROVIDER_UNAVAILABLE"
    await bench.work_later(CHECK)
    assert await bench.log() == [("start", "pending"), *[("create", "down")] * 3], "the sweep has tried as well"
    bench.provider.is_down = False
    started = await bench.start(key)
    assert (started.payment.status, len(bench.provider.charges)) == ("pending", 1)
    assert (await bench.order()).status == "pending"


async def test_a_second_card_is_found_by_the_sweep(parts: Parts, api: Api, shop: Shop) -> None:
    """Mission C6: the first was declined, no webhook tells of the second, and no hold ends."""
    bench = await PaymentBench.set_up(parts, api, shop, held_for=None)
    await bench.start()
    [reference] = bench.provider.charges
    bench.provider.become(reference, ChargeStatus.FAILED)
    await bench.work_later(CHECK)
    assert (await bench.payment()).status == "failed"
    bench.provider.pay()
    await bench.work_later(CHECK)
    assert (await bench.standing())[:2] == ("confirmed", "paid")


async def test_a_declined_charge_is_called_off_when_its_time_is_over(parts: Parts, api: Api, shop: Shop) -> None:
    """Mission C6: and is asked about no more."""
    bench = await PaymentBench.set_up(parts, api, shop, held_for=None)
    await bench.start()
    [reference] = bench.provider.charges
    bench.provider.become(reference, ChargeStatus.FAILED)
    async with bench.transactions.write() as session:
        await session.execute(update(Payment).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
    await say(bench, bench.provider.charges[reference])
    for _ in range(2):
        await bench.work_later(CHECK)
    assert (await bench.payment()).status == "cancelled"
    assert bench.provider.calls == ["create", "status", "cancel"]


@pytest.mark.parametrize("is_taken", [True, False])
async def test_what_was_promised_before_the_time_was_over_is_taken(
    parts: Parts, api: Api, shop: Shop, *, is_taken: bool
) -> None:
    """Mission C6: where the order wants it still; what cannot be taken is let go."""
    bench = await PaymentBench.set_up(parts, api, shop, held_for=None)
    await bench.start()
    [reference] = bench.provider.charges
    bench.provider.become(reference, ChargeStatus.AUTHORISED)
    bench.provider.before["capture"] = [] if is_taken else [ProviderRefused("declined")]
    async with bench.transactions.write() as session:
        await session.execute(update(Payment).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
    await bench.work_later(CHECK)
    assert (await bench.payment()).status == ("paid" if is_taken else "cancelled")


async def test_of_two_who_note_one_transfer_at_once_the_second_is_told(bench: PaymentBench) -> None:
    """Mission C5: one transfer pays one order."""
    [other_id] = await bench.orders_like_it(1)

    async def noted(session: AsyncSession, order_id: uuid.UUID) -> None:
        given = Received(order_id, PRICE, "TT-1")
        await manual_payments.mark_paid(session, actor=bench.shop.actor, given=given, idempotency_key=new_key())

    async with bench.transactions.write() as first:
        await noted(first, bench.order_id)
        second = writing(bench.parts.database, bench.shop, lambda session: noted(session, other_id))
        await when_blocked_by(first)
    with pytest.raises(UserFault) as fault:
        await second
    assert (fault.value.code.value, fault.value.field) == ("TAKEN", ("reference",))


@pytest.mark.parametrize("refusal", [ProviderRefused("amount_too_small"), CredentialsRefused("invalid_key")])
async def test_a_provider_that_refuses_leaves_the_way_free(bench: PaymentBench, refusal: ProviderRefused) -> None:
    """Mission C5: the same key is told the same; another begins anew."""
    key = new_key()
    bench.provider.before["create"].append(refusal)
    for _ in range(2):
        with pytest.raises(UserFault) as fault:
            await bench.start(key)
        assert fault.value.code.value == "PROVIDER_REFUSED"
    assert [(each.status, each.failure) for each in await bench.payments()] == [("failed", refusal.code)]
    started = await bench.start()
    assert [each.status for each in await bench.payments()] == ["cancelled", "pending"]
    assert started.payment.redirect_url


async def test_promised_money_is_taken(bench: PaymentBench) -> None:
    """Mission C5: with a key of its own, so that it is taken once."""
    await bench.start()
    [reference] = bench.provider.charges
    bench.provider.become(reference, ChargeStatus.AUTHORISED)
    bench.provider.after["capture"] = [ProviderUnavailable("timeout")]
    await bench.work_later(CHECK)
    assert (await bench.payment()).status == "authorised"
    await bench.work_later()
    assert (await bench.standing())[:2] == ("confirmed", "paid")


async def test_money_that_was_promised_in_time_is_taken_at_the_end(bench: PaymentBench) -> None:
    """Mission C6: the end of the hold asks before it calls anything off."""
    await bench.start()
    [reference] = bench.provider.charges
    bench.provider.become(reference, ChargeStatus.AUTHORISED)
    await age(bench)
    await bench.hold_for(-1)
    await bench.work_later(HOLD_ENDS)
    assert (await bench.standing())[:2] == ("confirmed", "paid")


async def test_an_unpaid_order_lets_its_stock_go_once(bench: PaymentBench) -> None:
    """Mission C6: the charge is called off before."""
    await bench.start()
    await bench.hold_for(-1)
    await age(bench)
    await bench.work_later(HOLD_ENDS)
    standing = await bench.standing()
    assert standing[:4] == ("cancelled", "unpaid", [("cancelled", 0, 0, None)], 2)
    assert bench.provider.calls[-1] == "cancel"
    await bench.hold_for(-1)
    await bench.work_later()
    assert await bench.standing() == standing


async def age(bench: PaymentBench, by: timedelta = timedelta(minutes=20)) -> None:
    """As if the payments had been begun a while ago."""
    async with bench.transactions.write() as session:
        await session.execute(update(Payment).values(created_at=datetime.now(UTC) - by))


async def test_who_begins_in_the_last_moment_is_asked_about(bench: PaymentBench) -> None:
    """Mission C6: the order stays until that is known."""
    await bench.start()
    bench.provider.is_down = True
    await bench.hold_for(-1)
    await bench.work_later()
    assert (await bench.standing())[:2] == ("pending", "unpaid")
    bench.provider.is_down = False
    bench.provider.pay()
    await bench.work_later()
    assert (await bench.standing())[:2] == ("confirmed", "paid")


async def test_a_provider_that_is_away_keeps_the_stock_for_an_hour_at_most(bench: PaymentBench) -> None:
    """Mission C6."""
    await bench.start()
    bench.provider.is_down = True
    await age(bench)
    await bench.hold_for(-3_000)
    await bench.work_later()
    assert (await bench.standing())[:2] == ("pending", "unpaid")
    await bench.hold_for(-3_700)
    await bench.work_later()
    assert (await bench.standing())[:4] == ("cancelled", "unpaid", [("pending", 0, 0, None)], 2)


async def let_go(bench: PaymentBench) -> None:
    """The hold has ended, and nobody could ask whether the money had come. It has."""
    await bench.start()
    bench.provider.is_down = True
    await age(bench)
    await bench.hold_for(-3_700)
    await bench.work_later()
    bench.provider.is_down = False
    bench.provider.pay()


async def test_late_money_has_the_order_taken_up_again(bench: PaymentBench) -> None:
    """Mission C6: what it held can be had once more."""
    await let_go(bench)
    assert (await bench.standing())[3] == 2
    await bench.work_later()
    await bench.work_later()
    assert (await bench.standing())[:4] == ("confirmed", "paid", [("paid", PRICE, 0, None)], 1)
    assert await bench.events() == ["cancelled", "reinstated", "paid"]
    assert bench.provider.refunds == {}


async def test_late_money_goes_back_where_nothing_is_left(bench: PaymentBench) -> None:
    """Mission C6: by itself, once, though the process dies in between; nothing is oversold."""
    await let_go(bench)
    await bench.till.order((bench.sold, 2))
    bench.provider.after["refund"] = [ProviderUnavailable("timeout")]
    for _ in range(4):
        await bench.work_later()
    assert (await bench.standing())[:4] == ("cancelled", "unpaid", [("paid", PRICE, PRICE, "order_cancelled")], 0)
    assert await bench.events() == ["cancelled", "payment_returned", "refunded"]
    assert [each.amount for each in bench.provider.refunds.values()] == [PRICE]


async def test_late_money_goes_back_where_staff_have_cancelled(bench: PaymentBench) -> None:
    """Mission C6: what people have decided is not undone."""
    await bench.start()
    order = await bench.order()
    (await bench.till.advance("orderCancel", order_gid(bench))).payload("orderCancel")
    bench.provider.pay()
    for _ in range(2):
        await bench.work_later()
    assert (await bench.standing())[:4] == ("cancelled", "unpaid", [("paid", PRICE, PRICE, "order_cancelled")], 2)
    assert order.status == "pending"


def order_gid(bench: PaymentBench) -> str:
    return str(global_id("order", bench.order_id))


async def test_a_second_payment_of_one_order_goes_back(bench: PaymentBench) -> None:
    """Mission C5: a provider that takes money for a charge that it has called off."""
    await bench.start()
    [first] = bench.provider.charges
    payment = await bench.payment()
    bench.provider.become(first, ChargeStatus.FAILED)
    await bench.work_later()
    await bench.start()
    second = (await bench.payments())[1]
    bench.provider.become(second.reference or "", ChargeStatus.PAID, PRICE)
    await bench.work_later()
    bench.provider.become(first, ChargeStatus.PAID, PRICE)
    async with bench.transactions.write() as session:
        told = replace(state(payment, "paid"), reference=first)
        await payments.apply(session, actor=system(payment.tenant_id), payment_id=payment.id, state=told)
    await bench.work_later()
    standing = await bench.standing()
    assert standing[:2] == ("confirmed", "paid")
    assert standing[2] == [("paid", PRICE, PRICE, "order_paid"), ("paid", PRICE, 0, None)]


@pytest.mark.parametrize("changes", [{"amount_paid": Decimal("4.749")}, {"currency": "USD"}])
async def test_other_money_than_it_costs_pays_no_order(bench: PaymentBench, changes: dict[str, Any]) -> None:
    """Mission C6: staff see it."""
    await bench.start()
    await say(bench, replace(state(await bench.payment(), "paid"), **changes))
    assert (await bench.standing())[:2] == ("pending", "unpaid")
    assert await bench.events() == ["payment_differs"]


async def test_no_transaction_is_open_while_a_provider_is_asked(bench: PaymentBench) -> None:
    """Mission C5: a slow provider holds no connection and no lock."""
    pool = bench.parts.database.engine.sync_engine.pool
    held: list[int] = []
    arrive = bench.provider.arrive

    def noted(operation: str, account: Account) -> None:
        held.append(pool.checkedout())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
        arrive(operation, account)

    bench.provider.arrive = noted
    await bench.start()
    await bench.work_later(CHECK)
    assert bench.provider.calls == ["create", "status"]
    assert held[0] == 0
