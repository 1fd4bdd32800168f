"""Mission C5, C6: what is PayPal's alone."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from db.models import new_id
from domain.payment_providers import (
    Account,
    AmountNotPayable,
    ChargeStatus,
    ProviderRefused,
    ProviderUnavailable,
)
from integrations.payment_exchanges import PaymentHttp
from integrations.paypal_client import api_url_of
from tests.support.payment_stages import PayPalStage, paypal_stage
from tests.support.paypal.server import FakePayPal


@pytest.fixture
def stage(paypal: FakePayPal, http: PaymentHttp) -> PayPalStage:
    return paypal_stage(paypal, http)


async def test_there_are_no_dinars(stage: PayPalStage) -> None:
    assert stage.provider.capabilities.currencies is not None
    assert not {"KWD", "BHD", "OMR"} & set(stage.provider.capabilities.currencies)
    with pytest.raises(AmountNotPayable):
        await stage.begin("1.000", currency="KWD")


async def test_an_order_is_sent_as_the_store_has_it(stage: PayPalStage) -> None:
    wanted = stage.wanted("12.340")
    begun = await stage.provider.create(stage.account, wanted)
    order = stage.merchant.orders[begun.reference]
    assert order.unit["amount"] == {"currency_code": "USD", "value": "12.34"}
    assert order.unit["custom_id"] == str(wanted.payment_id)
    sent = json.loads(stage.paypal.asked[-1].body)["payment_source"]["paypal"]["experience_context"]
    assert sent["return_url"] == sent["cancel_url"] == wanted.return_url
    assert sent["locale"] == "ar-EG"
    assert stage.paypal.asked[-1].headers["paypal-request-id"] == wanted.idempotency_key
    yen = await stage.begin("1500.000", currency="JPY")
    assert stage.merchant.orders[yen.reference].unit["amount"]["value"] == "1500"


async def test_an_approved_order_is_money_only_when_it_is_captured(stage: PayPalStage) -> None:
    begun = await stage.begin()
    with_nobody = await stage.provider.capture(stage.account, begun.reference, idempotency_key="early")
    assert with_nobody.status is ChargeStatus.PENDING
    stage.shopper_pays(begun.reference)
    approved = await stage.provider.status(stage.account, begun.reference)
    assert (approved.status, approved.amount_paid, stage.paid()) == (ChargeStatus.AUTHORISED, 0, 0)
    stage.fake.fail("/capture", drops=True, after_doing=True)
    with pytest.raises(ProviderUnavailable):
        await stage.provider.capture(stage.account, begun.reference, idempotency_key="k")
    stage.forget_keys()
    taken = await stage.provider.capture(stage.account, begun.reference, idempotency_key="k")
    assert (taken.status, taken.amount_paid, stage.paid()) == (ChargeStatus.PAID, Decimal("12.340"), 1)


async def test_a_cancelled_order_takes_no_money_whatever_the_shopper_does(stage: PayPalStage) -> None:
    begun = await stage.begin()
    assert (await stage.provider.cancel(stage.account, begun.reference)).status is ChargeStatus.CANCELLED
    stage.shopper_pays(begun.reference)
    assert (await stage.provider.cancel(stage.account, begun.reference)).status is ChargeStatus.CANCELLED
    assert stage.paid() == 0


async def test_an_order_that_paypal_has_forgotten_is_over(stage: PayPalStage) -> None:
    begun = await stage.begin()
    stage.merchant.orders.clear()
    forgotten = await stage.provider.status(stage.account, begun.reference)
    assert (forgotten.status, forgotten.failure) == (ChargeStatus.CANCELLED, "INVALID_RESOURCE_ID")
    with pytest.raises(ProviderRefused):
        await stage.provider.capture(stage.account, begun.reference, idempotency_key="k")


@pytest.mark.parametrize(
    ("captured_as", "status"), [("PENDING", ChargeStatus.PENDING), ("DECLINED", ChargeStatus.FAILED)]
)
async def test_a_capture_may_wait_or_fail(stage: PayPalStage, captured_as: str, status: ChargeStatus) -> None:
    begun = await stage.begin()
    stage.merchant.orders[begun.reference].captured_as = captured_as
    stage.shopper_pays(begun.reference)
    captured = await stage.settle(begun.reference)
    assert (captured.status, captured.amount_paid, captured.redirect_url) == (status, 0, None)
    if status is ChargeStatus.PENDING:
        assert (await stage.provider.cancel(stage.account, begun.reference)).status is ChargeStatus.PENDING


async def test_a_token_is_asked_for_once_and_anew_when_it_was_revoked(stage: PayPalStage, http: PaymentHttp) -> None:
    def tokens() -> int:
        return len([each for each in stage.paypal.asked if each.path == "/v1/oauth2/token"])

    before = tokens()
    await asyncio.gather(*(stage.begin() for _ in range(4)))
    assert tokens() == before + 1
    stage.merchant.tokens.clear()
    await stage.begin()
    assert tokens() == before + 2
    await replace(stage, account=paypal_stage(stage.paypal, http).account).begin()
    assert tokens() == before + 3


def test_live_and_sandbox_are_two_places() -> None:
    tenant = Account(new_id(), {"environment": "sandbox"})
    assert api_url_of(tenant) == "https://api-m.sandbox.paypal.com"
    assert api_url_of(Account(tenant.tenant_id, {})) == "https://api-m.paypal.com"
