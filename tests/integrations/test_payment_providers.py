"""Mission C5, C6: what every payment provider keeps to. Each is asked through its wire, at a fake that checks it.

Neither fake is the service itself: what they answer follows the public documentation of Stripe and PayPal.
"""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.payment_providers import (
    Account,
    AmountNotPayable,
    ChargeStatus,
    CredentialsRefused,
    ProviderRefused,
    ProviderUnavailable,
    RefundStatus,
    WebhookRejected,
)
from integrations import paypal_client, stripe_client
from integrations.payment_exchanges import PaymentHttp
from tests.support.payment_stages import SHOPPER, Stage, paypal_stage, stripe_stage
from tests.support.paypal.server import FakePayPal
from tests.support.stripe.server import FakeStripe


@pytest.fixture(params=["stripe", "stripe's intents", "paypal"])
def stage(request: pytest.FixtureRequest, stripe: FakeStripe, paypal: FakePayPal, http: PaymentHttp) -> Stage:
    if request.param == "paypal":
        return paypal_stage(paypal, http)
    return stripe_stage(stripe, http, flow="checkout" if request.param == "stripe" else "payment_intent")


async def test_a_charge_begins_with_somewhere_to_go(stage: Stage) -> None:
    begun = await stage.begin()
    assert begun.status is ChargeStatus.PENDING
    assert begun.amount_paid == 0
    assert begun.currency == "USD"
    assert bool(begun.redirect_url) != bool(begun.client_secret)
    found = await stage.provider.status(stage.account, begun.reference)
    assert replace(found, exchanges=()) == replace(begun, exchanges=())


async def test_one_key_makes_one_charge_however_often_it_is_asked(stage: Stage) -> None:
    wanted = stage.wanted()
    begun = [await stage.provider.create(stage.account, wanted) for _ in range(3)]
    begun += await asyncio.gather(*(stage.provider.create(stage.account, wanted) for _ in range(3)))
    assert len({each.reference for each in begun}) == 1
    assert stage.charges() == 1
    await stage.begin()
    assert stage.charges() == 2


async def test_a_charge_whose_answer_was_lost_is_found_by_asking_again(stage: Stage) -> None:
    wanted = stage.wanted()
    stage.fake.fail(stage.create_path, drops=True, after_doing=True)
    with pytest.raises(ProviderUnavailable) as lost:
        await stage.provider.create(stage.account, wanted)
    (request,) = (each for each in lost.value.exchanges if each.request["path"].endswith(stage.create_path))
    assert (request.http_status, request.response) == (None, None)
    assert request.request["idempotency_key"] == wanted.idempotency_key
    await stage.provider.create(stage.account, wanted)
    assert stage.charges() == 1


async def test_asking_again_tells_what_has_happened_since(stage: Stage) -> None:
    """What the provider remembers of a key is its first answer."""
    wanted = stage.wanted()
    begun = await stage.provider.create(stage.account, wanted)
    stage.shopper_pays(begun.reference)
    again = await stage.provider.create(stage.account, wanted)
    assert again.status in (ChargeStatus.PAID, ChargeStatus.AUTHORISED)
    assert (again.redirect_url, again.client_secret) == (None, None)


@pytest.mark.parametrize("status", [500, 503, 429, 409])
async def test_nobody_knows_whether_it_was_done(stage: Stage, status: int) -> None:
    stage.fake.fail(stage.create_path, status=status)
    with pytest.raises(ProviderUnavailable):
        await stage.begin()
    assert stage.charges() == 0


async def test_an_answer_that_cannot_be_read_may_have_been_a_charge(stage: Stage) -> None:
    wanted = stage.wanted()
    for body in (b"<html>", b"{}", b'{"id": 5, "object": "checkout.session"}', b"[]"):
        stage.fake.fail(stage.create_path, status=200, body=body)
        with pytest.raises(ProviderUnavailable):
            await stage.provider.create(stage.account, wanted)


async def test_a_slow_provider_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stripe_client.LONGEST_SECONDS == paypal_client.LONGEST_SECONDS < 20
    await stage.begin()
    for module in (stripe_client, paypal_client):
        monkeypatch.setattr(module, "LONGEST_SECONDS", 0.2)
    stage.fake.fail(stage.create_path, seconds=1)
    with pytest.raises(ProviderUnavailable) as slow:
        await stage.begin()
    assert slow.value.code == "timeout"
    assert slow.value.exchanges[-1].response is None


async def test_what_the_shopper_has_paid_is_told(stage: Stage) -> None:
    paid = await stage.begin_paid("12.340")
    assert (paid.status, paid.amount_paid, paid.currency) == (ChargeStatus.PAID, Decimal("12.340"), "USD")
    assert (paid.redirect_url, paid.client_secret, paid.failure) == (None, None, None)
    again = await stage.provider.capture(stage.account, paid.reference, idempotency_key="once more")
    assert (again.status, again.amount_paid) == (ChargeStatus.PAID, Decimal("12.340"))
    assert stage.paid() == 1


async def test_amounts_arrive_as_the_currency_is_counted(stage: Stage) -> None:
    for currency, amount in (("JPY", "1500.000"), ("USD", "0.990"), ("HUF", "2000.000"), ("EUR", "1000.000")):
        paid = await stage.begin_paid(amount, currency=currency)
        assert (paid.amount_paid, paid.currency) == (Decimal(amount), currency)


async def test_a_declined_card_is_no_money(stage: Stage) -> None:
    begun = await stage.begin()
    code = stage.card_is_declined(begun.reference)
    declined = await stage.settle(begun.reference)
    assert declined.status in (ChargeStatus.FAILED, ChargeStatus.PENDING)
    assert (declined.amount_paid, declined.failure) == (0, code)
    assert stage.paid() == 0


async def test_a_cancelled_charge_is_over(stage: Stage) -> None:
    begun = await stage.begin()
    cancelled = await stage.provider.cancel(stage.account, begun.reference)
    assert (cancelled.status, cancelled.redirect_url, cancelled.client_secret) == (ChargeStatus.CANCELLED, None, None)
    again = await stage.provider.cancel(stage.account, begun.reference)
    assert again.status is ChargeStatus.CANCELLED


async def test_what_is_paid_cannot_be_cancelled(stage: Stage) -> None:
    paid = await stage.begin_paid()
    kept = await stage.provider.cancel(stage.account, paid.reference)
    assert (kept.status, kept.amount_paid) == (ChargeStatus.PAID, Decimal("12.340"))


async def test_money_that_comes_after_the_end_is_told(stage: Stage) -> None:
    begun = await stage.begin()
    await stage.provider.cancel(stage.account, begun.reference)
    stage.shopper_pays(begun.reference)
    late = await stage.settle(begun.reference)
    assert (late.status, late.amount_paid) == (ChargeStatus.PAID, Decimal("12.340"))


async def test_one_key_gives_back_once(stage: Stage) -> None:
    paid = await stage.begin_paid()
    wanted = stage.refund(paid.reference, "5.000")
    made = [await stage.provider.refund(stage.account, wanted) for _ in range(2)]
    made += await asyncio.gather(*(stage.provider.refund(stage.account, wanted) for _ in range(2)))
    stage.forget_keys()
    made.append(await stage.provider.refund(stage.account, wanted))
    assert {(each.reference, each.refund_id, each.amount) for each in made} == {
        (made[0].reference, wanted.refund_id, Decimal("5.000"))
    }
    assert made[0].status is RefundStatus.SUCCEEDED
    assert stage.refunds() == 1


async def test_a_refund_whose_answer_was_lost_is_not_made_again(stage: Stage) -> None:
    paid = await stage.begin_paid()
    wanted = stage.refund(paid.reference, "5.000")
    stage.fake.fail(stage.refund_path, drops=True, after_doing=True)
    with pytest.raises(ProviderUnavailable):
        await stage.provider.refund(stage.account, wanted)
    stage.forget_keys()
    await stage.provider.refund(stage.account, wanted)
    assert stage.refunds() == 1


async def test_every_refund_of_a_charge_is_told_whoever_made_it(stage: Stage) -> None:
    paid = await stage.begin_paid()
    ours = stage.refund(paid.reference, "5.000")
    await stage.provider.refund(stage.account, ours)
    stage.merchant_gives_back(paid.reference, "1.250")
    found = await stage.provider.status(stage.account, paid.reference)
    assert found.status is ChargeStatus.PAID
    assert found.amount_paid == Decimal("12.340")
    assert {(each.refund_id, each.amount) for each in found.refunds} == {
        (ours.refund_id, Decimal("5.000")),
        (None, Decimal("1.250")),
    }


async def test_no_more_is_given_back_than_was_paid(stage: Stage) -> None:
    unpaid = await stage.begin()
    with pytest.raises(ProviderRefused):
        await stage.provider.refund(stage.account, stage.refund(unpaid.reference, "1.000"))
    paid = await stage.begin_paid()
    await stage.provider.refund(stage.account, stage.refund(paid.reference, "12.000"))
    for amount in ("0.350", "12.340"):
        with pytest.raises(ProviderRefused) as refused:
            await stage.provider.refund(stage.account, stage.refund(paid.reference, amount))
        assert refused.value.exchanges[-1].response
    await stage.provider.refund(stage.account, stage.refund(paid.reference, "0.340"))
    assert stage.refunds() == 2


async def test_credentials_that_are_wrong_or_missing_are_told_apart(stage: Stage) -> None:
    begun = await stage.begin()
    for wrong in ({**stage.account.values, "secretKey": "sk_test_revoked", "clientSecret": "a-revoked-secret"}, {}):
        account = Account(stage.account.tenant_id, wrong)
        with pytest.raises(CredentialsRefused):
            await stage.provider.create(account, stage.wanted())
        with pytest.raises(CredentialsRefused):
            await stage.provider.status(account, begun.reference)
    assert stage.charges() == 1


async def test_webhooks_are_hints_about_a_payment_of_ours(stage: Stage) -> None:
    """Also early ones, doubled and in any order: whoever is hinted at is asked."""
    wanted = stage.wanted()
    begun = await stage.provider.create(stage.account, wanted)
    stage.shopper_pays(begun.reference)
    await stage.settle(begun.reference)
    await stage.provider.refund(stage.account, stage.refund(begun.reference, "1.000"))
    stage.merchant_gives_back(begun.reference, "1.000")
    hints = [*stage.webhooks()] * 2
    random.Random(7).shuffle(hints)  # noqa: S311 - the same order each time
    events = [await stage.provider.parse_webhook(stage.account, *each, now=datetime.now(UTC)) for each in hints]
    assert len({each.event_id for each in events}) == len(events) / 2 >= 3
    assert {each.payment_id for each in events} == {wanted.payment_id}
    assert begun.reference in {each.reference for each in events}
    for event in events:
        assert SHOPPER not in repr(event.payload)
        assert not any(secret in repr(event.payload) for secret in stage.secrets)


@pytest.mark.parametrize("broken", ["old", "future", "another tenant's", "changed", "no header", "no json"])
async def test_a_webhook_that_is_not_to_be_believed_is_rejected(stage: Stage, broken: str) -> None:
    begun = await stage.begin()
    stage.shopper_pays(begun.reference)
    now = datetime.now(UTC)
    how = {
        "old": {"at": now - timedelta(days=5)},
        "future": {"at": now + timedelta(minutes=6)},
        "another tenant's": {"for_another": True},
    }
    headers, body = stage.webhooks(**how.get(broken, {}))[0]
    if broken == "changed":
        body = body.replace(b"USD", b"KWD").replace(b"usd", b"kwd")
    if broken == "no json":
        body = body[:-1]
    if broken == "no header":
        headers = dict.fromkeys(headers, "")
    with pytest.raises(WebhookRejected):
        await stage.provider.parse_webhook(stage.account, headers, body, now=now)
    nobody = Account(stage.account.tenant_id, {})
    with pytest.raises(WebhookRejected):
        await stage.provider.parse_webhook(nobody, *stage.webhooks()[0], now=now)


async def test_the_log_has_what_was_said_and_no_secrets(stage: Stage) -> None:
    wanted = stage.wanted()
    begun = await stage.provider.create(stage.account, wanted)
    stage.card_is_declined(begun.reference)
    declined = await stage.settle(begun.reference)
    paid = await stage.begin_paid()
    refunded = await stage.provider.refund(stage.account, stage.refund(paid.reference, "1.000"))
    with pytest.raises(CredentialsRefused) as refused:
        wrong = Account(stage.account.tenant_id, dict.fromkeys(stage.account.values, "sk_test_quoted_by_the_provider"))
        await stage.provider.status(wrong, begun.reference)
    states = (begun, declined, paid, refunded)
    exchanges = [*(each for state in states for each in state.exchanges), *refused.value.exchanges]
    (create,) = (each for each in begun.exchanges if each.request["path"] == stage.create_path)
    assert (create.operation, create.request["idempotency_key"]) == ("create", wanted.idempotency_key)
    assert create.response
    assert create.response["id"] == begun.reference
    assert all(each.http_status and each.milliseconds >= 0 for each in exchanges)
    told = repr(exchanges)
    assert str(wanted.payment_id) in told
    never = [*stage.secrets, "quoted_by_the_provider", SHOPPER, "Noura", "4000 0000", "+965", "A21AA", "Bearer"]
    never += [value for value in (begun.redirect_url, begun.client_secret) if value]
    assert not [each for each in never if each in told]


async def test_what_nobody_takes_is_refused_without_asking(stage: Stage) -> None:
    for pattern in stage.provider.capabilities.credentials:
        assert pattern.name
    before = len(stage.fake.asked)
    for amount, currency in (("1.234", "USD"), ("1.500", "JPY"), ("1.234", "KWD"), ("1.000", "XYZ")):
        with pytest.raises(AmountNotPayable):
            await stage.begin(amount, currency=currency)
        with pytest.raises(AmountNotPayable):
            await stage.provider.refund(stage.account, stage.refund("a charge", amount, currency=currency))
    assert len(stage.fake.asked) == before
