"""Mission C6: PayPal's certificates come from PayPal's host, and no other is ever called."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509 import load_pem_x509_certificates

from domain.payment_providers import ProviderUnavailable, WebhookEvent, WebhookRejected
from integrations.payment_exchanges import PaymentHttp
from integrations.paypal_certificates import MOST_BYTES, MOST_KEPT, Certificates, well_known_roots
from tests.support.http_stand_in import Answered, stand_in
from tests.support.payment_stages import PayPalStage, paypal_stage
from tests.support.paypal.certificates import Authority, new_key, pem
from tests.support.paypal.server import CERTIFICATE, FakePayPal

DAY = timedelta(days=1)
ELSEWHERE = "/v1/notifications/certs/CERT-00000000-00000000-00000001"


@pytest.fixture
async def stage(paypal: FakePayPal, http: PaymentHttp) -> PayPalStage:
    """With something to tell."""
    stage = paypal_stage(paypal, http)
    begun = await stage.begin()
    stage.shopper_pays(begun.reference)
    return stage


async def told(stage: PayPalStage, *, url: str | None = None) -> WebhookEvent:
    headers, body = stage.merchant.signed(stage.merchant.events[0], url=url)
    return await stage.provider.parse_webhook(stage.account, headers, body, now=datetime.now(UTC))


async def test_a_certificate_is_fetched_once(stage: PayPalStage) -> None:
    before = len([each for each in stage.paypal.asked if each.path == CERTIFICATE])
    await asyncio.gather(*(told(stage) for _ in range(5)))
    await told(stage)
    assert len([each for each in stage.paypal.asked if each.path == CERTIFICATE]) == before + 1


@pytest.mark.parametrize("is_sandbox", [False, True])
async def test_no_other_host_is_called(http: PaymentHttp, is_sandbox: bool) -> None:
    certificates = Certificates(http)
    host = "api.sandbox.paypal.com" if is_sandbox else "api.paypal.com"
    other = "api.paypal.com" if is_sandbox else "api.sandbox.paypal.com"
    with stand_in(lambda _: Answered(b"")) as server:
        port = server.url.rpartition(":")[2]
        for url in (
            f"{server.url}{CERTIFICATE}",
            f"https://127.0.0.1:{port}{CERTIFICATE}",
            f"http://{host}{CERTIFICATE}",
            f"https://{other}{CERTIFICATE}",
            f"https://{host}.example.com{CERTIFICATE}",
            f"https://{host}@127.0.0.1:{port}{CERTIFICATE}",
            f"https://{host}:{port}{CERTIFICATE}",
            f"https://{host}{CERTIFICATE}?x=1",
            f"https://{host}{CERTIFICATE}#x",
            f"https://{host}/v1/notifications/certs/../../../{CERTIFICATE}",
            f"https://{host}/v2/checkout/orders",
            f"HTTPS://{host.upper()}{CERTIFICATE}",
            f"https://{host}{CERTIFICATE}\n",
            "https://[",
            "",
        ):
            with pytest.raises(WebhookRejected):
                await certificates.key(url, is_sandbox=is_sandbox, now=datetime.now(UTC))
        assert server.asked == []


async def test_a_redirect_leads_nowhere(stage: PayPalStage) -> None:
    with stand_in(lambda _: Answered(stage.paypal.certificates[CERTIFICATE])) as server:
        stage.paypal.redirects[ELSEWHERE] = f"{server.url}{CERTIFICATE}"
        with pytest.raises(WebhookRejected):
            await told(stage, url=f"{stage.paypal.url}{ELSEWHERE}")
        assert server.asked == []


@pytest.mark.parametrize(
    "how", ["good", "ended", "not begun", "another's name", "a likeness", "not vouched for", "alone"]
)
async def test_a_certificate_is_in_its_time_paypals_and_vouched_for(
    paypal: FakePayPal, http: PaymentHttp, how: str
) -> None:
    stage = paypal_stage(paypal, http)
    begun = await stage.begin()
    stage.shopper_pays(begun.reference)
    now, authority = datetime.now(UTC), paypal.authority
    leaf = authority.vouch(paypal.key)
    if how == "ended":
        leaf = authority.vouch(paypal.key, begins=now - 2 * DAY, ends=now - DAY)
    if how == "not begun":
        leaf = authority.vouch(paypal.key, begins=now + DAY)
    if how == "another's name":
        leaf = authority.vouch(paypal.key, name="messageverificationcerts.example.com")
    if how == "a likeness":
        leaf = authority.vouch(paypal.key, name="paypal.com.example.com")
    if how == "not vouched for":
        authority = Authority()
        leaf = authority.vouch(paypal.key)
    path = f"{ELSEWHERE}-{len(paypal.certificates):08}"
    paypal.certificates[path] = pem(leaf) if how == "alone" else authority.chain(leaf)
    if how in ("good", "alone"):
        await told(stage, url=f"{paypal.url}{path}")
    else:
        with pytest.raises(WebhookRejected):
            await told(stage, url=f"{paypal.url}{path}")


async def test_a_certificate_that_ends_is_believed_no_longer(stage: PayPalStage) -> None:
    await told(stage)
    (leaf, _) = load_pem_x509_certificates(stage.paypal.certificates[CERTIFICATE])
    after = leaf.not_valid_after_utc + timedelta(seconds=1)
    headers, body = stage.merchant.signed(stage.merchant.events[0], at=after)
    with pytest.raises(WebhookRejected):
        await stage.provider.parse_webhook(stage.account, headers, body, now=after)


async def test_another_key_signs_nothing(stage: PayPalStage) -> None:
    headers, body = stage.merchant.signed(stage.merchant.events[0], key=new_key())
    with pytest.raises(WebhookRejected):
        await stage.provider.parse_webhook(stage.account, headers, body, now=datetime.now(UTC))


async def test_paypal_away_is_no_verdict(stage: PayPalStage) -> None:
    for failure in ({"status": 503}, {"drops": True}):
        stage.fake.fail(CERTIFICATE, method="GET", **failure)
        with pytest.raises(ProviderUnavailable):
            await told(stage)
    await told(stage)


async def test_what_is_no_certificate_is_asked_for_once_a_minute(stage: PayPalStage) -> None:
    for number, content in enumerate((b"", b"no certificate", b"x" * (MOST_BYTES + 1))):
        path = f"{ELSEWHERE}-{number}"
        stage.paypal.certificates[path] = content
        for _ in range(2):
            with pytest.raises(WebhookRejected):
                await told(stage, url=f"{stage.paypal.url}{path}")
        assert len([each for each in stage.paypal.asked if each.path == path]) == 1


async def test_invented_addresses_displace_none_that_is_used(stage: PayPalStage) -> None:
    await told(stage)
    before = len([each for each in stage.paypal.asked if each.path == CERTIFICATE])
    for number in range(MOST_KEPT + 1):
        with pytest.raises(WebhookRejected):
            await told(stage, url=f"{stage.paypal.url}{ELSEWHERE}-{number:04}-00")
    await told(stage)
    assert len([each for each in stage.paypal.asked if each.path == CERTIFICATE]) == before


async def test_what_is_signed_and_no_event_is_rejected(stage: PayPalStage) -> None:
    for content in (b"[]", b"5", b"{}", b'{"id": 1, "event_type": 2, "resource": []}', b"[" * 100_000, b"\xff"):
        headers, _ = stage.merchant.signed_body(content)
        with pytest.raises(WebhookRejected):
            await stage.provider.parse_webhook(stage.account, headers, content, now=datetime.now(UTC))


def test_the_well_known_authorities_are_there() -> None:
    names = [each.subject.rfc4514_string() for each in well_known_roots()]
    assert any("DigiCert" in name for name in names)
    assert len(names) > 100


@pytest.mark.parametrize(
    "header", ["paypal-auth-algo", "paypal-cert-url", "paypal-transmission-sig", "paypal-transmission-time"]
)
async def test_nothing_is_fetched_for_what_cannot_be_right(stage: PayPalStage, header: str) -> None:
    headers, body = stage.merchant.signed(stage.merchant.events[0])
    before = len(stage.paypal.asked)
    for wrong in ("", "SHA1withRSA", "2026-11-28T09:00:00", "x" * 2_000, "é"):
        with pytest.raises(WebhookRejected):
            await stage.provider.parse_webhook(stage.account, {**headers, header: wrong}, body, now=datetime.now(UTC))
    assert len(stage.paypal.asked) == before
