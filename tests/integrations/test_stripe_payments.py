"""Mission C5, C6: what is Stripe's alone."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from domain.payment_providers import (
    AmountNotPayable,
    ChargeStatus,
    ProviderUnavailable,
    RefundStatus,
    WebhookRejected,
    minor_units,
)
from integrations.payment_exchanges import PaymentHttp
from integrations.stripe_currencies import CURRENCIES
from tests.support.payment_stages import StripeStage, stripe_stage
from tests.support.stripe.objects import Refund, event
from tests.support.stripe.server import FakeStripe


@pytest.fixture
def page(stripe: FakeStripe, http: PaymentHttp) -> StripeStage:
    return stripe_stage(stripe, http)


@pytest.fixture
def intents(stripe: FakeStripe, http: PaymentHttp) -> StripeStage:
    return stripe_stage(stripe, http, flow="payment_intent")


async def test_dinars_end_in_a_zero(page: StripeStage, intents: StripeStage) -> None:
    for stage in (page, intents):
        paid = await stage.begin_paid("1.230", currency="KWD")
        assert (paid.amount_paid, paid.currency) == (Decimal("1.230"), "KWD")
        assert [each.amount for each in stage.merchant.paid()] == [1230]
        with pytest.raises(AmountNotPayable):
            await stage.begin("1.234", currency="KWD")
        part = await stage.provider.refund(
            stage.account, replace(stage.refund(paid.reference, "0.010"), currency="KWD")
        )
        assert part.amount == Decimal("0.010")


@pytest.mark.parametrize(
    ("currency", "amount", "units"),
    [("KWD", "4.750", 4750), ("BHD", "0.010", 10), ("JPY", "1500", 1500), ("USD", "0.99", 99), ("UGX", "25", 2500)],
)
def test_each_currency_is_counted_in_its_own_units(currency: str, amount: str, units: int) -> None:
    assert minor_units(Decimal(amount), CURRENCIES[currency]) == units


async def test_a_page_is_for_one_order_and_outlives_the_hold(page: StripeStage) -> None:
    wanted = page.wanted("12.340")
    begun = await page.provider.create(page.account, wanted)
    session = page.merchant.sessions[begun.reference]
    sent = parse_qs(page.stripe.asked[-1].body.decode())
    assert (session.amount, session.currency, session.email) == (1234, "usd", wanted.email)
    assert (
        session.metadata
        == session.intent_metadata
        == {
            "payment_id": str(wanted.payment_id),
            "order_number": "1001",
        }
    )
    assert session.client_reference_id == str(wanted.payment_id)
    assert sent["success_url"] == sent["cancel_url"] == [wanted.return_url]
    assert sent["allowed_payment_method_types[0]"] == ["card"]
    assert sent["locale"] == ["auto"]
    # The shortest page that Stripe opens ends later: until then it is `cancel` that closes it.
    assert session.expires_at == int((wanted.expires_at + timedelta(minutes=31)).timestamp())
    headers = page.stripe.asked[-1].headers
    assert headers["idempotency-key"] == wanted.idempotency_key
    assert headers["authorization"] == f"Bearer {page.account.values['secretKey']}"


async def test_a_page_that_ran_out_is_over(page: StripeStage) -> None:
    begun = await page.begin()
    page.merchant.sessions[begun.reference].expires_at = 0
    assert (await page.provider.status(page.account, begun.reference)).status is ChargeStatus.CANCELLED


async def test_a_page_stays_open_for_another_card(page: StripeStage) -> None:
    begun = await page.begin()
    page.merchant.decline(begun.reference, "lost_card")
    declined = await page.provider.status(page.account, begun.reference)
    assert (declined.status, declined.failure) == (ChargeStatus.PENDING, "lost_card")
    assert declined.redirect_url == begun.redirect_url
    page.shopper_pays(begun.reference)
    assert (await page.provider.status(page.account, begun.reference)).status is ChargeStatus.PAID


async def test_money_under_way_is_not_paid_yet(page: StripeStage) -> None:
    begun = await page.begin()
    page.merchant.pay(begun.reference, status="processing")
    found = await page.provider.status(page.account, begun.reference)
    assert (found.status, found.amount_paid, found.redirect_url) == (ChargeStatus.PENDING, 0, None)
    assert (await page.provider.cancel(page.account, begun.reference)).status is ChargeStatus.PENDING


async def test_promised_money_is_taken_once(intents: StripeStage) -> None:
    begun = await intents.begin()
    intents.merchant.pay(begun.reference, status="requires_capture")
    found = await intents.provider.status(intents.account, begun.reference)
    assert (found.status, found.amount_paid) == (ChargeStatus.AUTHORISED, 0)
    intents.fake.fail("/capture", before=lambda: intents.merchant.pay(begun.reference))  # somebody else is quicker
    taken = await intents.provider.capture(intents.account, begun.reference, idempotency_key="k")
    assert (taken.status, taken.amount_paid) == (ChargeStatus.PAID, Decimal("12.340"))
    called_off = await intents.begin()
    intents.merchant.pay(called_off.reference, status="requires_capture")
    ended = await intents.provider.cancel(intents.account, called_off.reference)
    assert ended.status is ChargeStatus.CANCELLED


@pytest.mark.parametrize("flow", ["checkout", "payment_intent"])
async def test_who_pays_while_it_is_called_off_has_paid(stripe: FakeStripe, http: PaymentHttp, flow: str) -> None:
    stage = stripe_stage(stripe, http, flow=flow)
    begun = await stage.begin()
    path = "/expire" if flow == "checkout" else "/cancel"
    stage.fake.fail(path, before=lambda: stage.merchant.pay(begun.reference))
    ended = await stage.provider.cancel(stage.account, begun.reference)
    assert (ended.status, ended.amount_paid) == (ChargeStatus.PAID, Decimal("12.340"))


async def test_all_refunds_are_told_however_many(page: StripeStage) -> None:
    paid = await page.begin_paid("250.000")
    first = page.refund(paid.reference, "1.000")
    await page.provider.refund(page.account, first)
    (intent,) = page.merchant.paid()
    statuses = ["succeeded", "pending", "requires_action", "failed", "canceled"]
    page.merchant.refunds[:0] = [Refund(intent, 1, {}, status=statuses[n % 5]) for n in range(205)]
    found = await page.provider.status(page.account, paid.reference)
    assert len(found.refunds) == len({each.reference for each in found.refunds}) == 206
    assert found.refunds[-1].refund_id == first.refund_id
    assert [each.status for each in found.refunds[:5]] == [
        RefundStatus.SUCCEEDED,
        RefundStatus.PENDING,
        RefundStatus.PENDING,
        RefundStatus.FAILED,
        RefundStatus.FAILED,
    ]


async def test_a_key_that_comes_with_something_else_tells_nothing_of_the_first(page: StripeStage) -> None:
    """Mission C5: what was begun under it may be paid yet, so it is not refused."""
    wanted = page.wanted()
    await page.provider.create(page.account, wanted)
    with pytest.raises(ProviderUnavailable, match="idempotency_error"):
        await page.provider.create(page.account, replace(wanted, description="Another"))


async def test_nothing_is_tried_twice_by_itself(page: StripeStage) -> None:
    before = len(page.stripe.asked)
    page.fake.fail(page.create_path, status=500)
    with pytest.raises(Exception, match="http_500"):
        await page.begin()
    assert len(page.stripe.asked) == before + 1


@pytest.mark.parametrize(("seconds", "is_believed"), [(-299, True), (299, True), (-301, False), (301, False)])
async def test_a_webhook_is_believed_for_five_minutes_either_way(
    page: StripeStage, seconds: int, is_believed: bool
) -> None:
    now = datetime.now(UTC)
    headers, body = page.merchant.signed(event("payout.paid", {"id": "po_1", "object": "payout"}), at=now.timestamp())
    asking = page.provider.parse_webhook(page.account, headers, body, now=now - timedelta(seconds=seconds))
    if is_believed:
        told = await asking
        assert (told.kind, told.reference, told.payment_id) == ("payout.paid", None, None)
    else:
        with pytest.raises(WebhookRejected):
            await asking


@pytest.mark.parametrize(
    "given",
    [[], 5, None, {}, {"id": "evt", "type": "x", "data": None}, {"id": "evt", "object": "v2.core.event", "type": "x"}],
)
async def test_what_is_signed_and_no_event_is_rejected(page: StripeStage, given: object) -> None:
    headers, body = page.merchant.signed({})
    now = datetime.now(UTC)
    with pytest.raises(WebhookRejected):
        await page.provider.parse_webhook(page.account, headers, body, now=now)
    content = json.dumps(given).encode()
    moment = int(now.timestamp())
    key = page.account.values["webhookSecret"].encode()
    signature = hmac.new(key, f"{moment}.".encode() + content, hashlib.sha256).hexdigest()
    with pytest.raises(WebhookRejected):
        await page.provider.parse_webhook(
            page.account, {"stripe-signature": f"t={moment},v1={signature}"}, content, now=now
        )


@pytest.mark.parametrize("header", ["", "t=1", "v1=ab", "t=x,v1=ab", "t=-1,v1=ab", "t=99999999999999,v1=a", "é=1,t=1"])
async def test_a_header_that_is_no_signature_is_rejected(page: StripeStage, header: str) -> None:
    with pytest.raises(WebhookRejected):
        await page.provider.parse_webhook(page.account, {"stripe-signature": header}, b"{}", now=datetime.now(UTC))
