"""Ways of paying whose other side is somebody else: set up by a store, with credentials that nobody reads again."""

import json
import re
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from sqlalchemy import text

from settings import Settings
from tests.support.factories import Factory
from tests.support.online_payments import Online, listed, online_payments
from tests.support.payment_stages import paypal_credentials, stripe_credentials
from tests.support.payments import Desk
from tests.support.tools import Tools


@pytest.fixture(scope="module")
async def online(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Online]:
    async with online_payments(settings, tmp_path_factory.mktemp("paypal")) as online:
        yield online


async def everything_kept(tools: Tools, tenant_id: UUID) -> str:
    """Every row of the tenant's, whatever it is."""
    tables = """SELECT format('%I', table_name) FROM information_schema.columns
                WHERE table_schema = 'public' AND column_name = 'tenant_id'"""
    kept: list[str] = []
    for table in (await tools.superuser.execute(text(tables))).scalars().all():
        rows = text(f"SELECT t::text FROM {table} t WHERE tenant_id = :tenant")
        kept += (await tools.superuser.execute(rows, {"tenant": tenant_id})).scalars()
    return "\n".join(kept)


async def test_credentials_go_into_the_secret_store_and_are_told_to_nobody(
    online: Online, factory: Factory, tools: Tools, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Mission C5."""
    desk = Desk(online.api, await factory.shop(currency="USD"))
    stripe, paypal = stripe_credentials(desk.shop.tenant.id), paypal_credentials(desk.shop.tenant.id)
    told = [
        await desk.changed("paymentAccountSave", provider="STRIPE", credentials=listed(stripe)),
        await desk.changed("paymentAccountSave", provider="PAYPAL", credentials=listed(paypal)),
        await desk.changed("paymentAccountEnable", provider="STRIPE"),
        await desk.changed("paymentAccountEnable", provider="PAYPAL"),
        dict(await desk.accounts()),
        {"methods": await desk.methods()},
    ]
    assert [each["isSet"] for each in (await desk.accounts())["STRIPE"]["credentials"]] == [True, True, False]
    assert await online.parts.secrets.get(desk.shop.tenant.id, "payments/stripe") == stripe
    assert await online.parts.secrets.get(desk.shop.tenant.id, "payments/paypal") == paypal
    printed = capfd.readouterr()
    everything = [
        json.dumps(told),
        await everything_kept(tools, desk.shop.tenant.id),
        printed.out,
        printed.err,
        caplog.text,
    ]
    values = [value for value in (*stripe.values(), *paypal.values()) if value != "sandbox"]
    assert len(values) == 5
    assert not [value for value in values for place in everything if value in place]


async def test_a_store_of_dinars_is_told_why_it_cannot_have_paypal(online: Online, factory: Factory) -> None:
    """Mission C5."""
    desk = Desk(online.api, await factory.shop())
    found = (await desk.accounts())["PAYPAL"]
    assert (found["isAvailable"], found["unavailability"]) == (False, "CURRENCY")
    credentials = listed(paypal_credentials(desk.shop.tenant.id))
    replies = {
        "paymentAccountSave": await desk.change("paymentAccountSave", provider="PAYPAL", credentials=credentials),
        "paymentAccountEnable": await desk.change("paymentAccountEnable", provider="PAYPAL"),
    }
    for mutation, reply in replies.items():
        assert reply.faults(mutation) == [("UNAVAILABLE_HERE", ["provider"])]
        (error,) = reply.data[mutation]["userErrors"]
        assert re.fullmatch(r"PayPal cannot take KWD, the store's currency; it takes .*USD.*\.", error["message"])
    assert await online.parts.secrets.get(desk.shop.tenant.id, "payments/paypal") is None
    assert (await desk.accounts())["STRIPE"]["isAvailable"]


async def test_stripe_takes_no_single_fils(online: Online, factory: Factory) -> None:
    """Mission C5."""
    desk = Desk(online.api, await factory.shop())
    await online.offer_stripe(desk)
    for total, unavailability in (("4.750", None), ("4.755", "AMOUNT")):
        (method,) = await desk.methods(total)
        assert (method["provider"], method["unavailability"]) == ("STRIPE", unavailability)


async def test_nothing_is_offered_before_its_credentials_are_there(online: Online, factory: Factory) -> None:
    """Mission C5."""
    desk = Desk(online.api, await factory.shop(currency="USD"))
    values = stripe_credentials(desk.shop.tenant.id)
    await desk.changed("paymentAccountSave", provider="STRIPE", credentials=listed(values)[:1])
    assert (await desk.change("paymentAccountEnable", provider="STRIPE")).faults("paymentAccountEnable") == [
        ("NOT_READY", ["credentials"])
    ]
    wrong = [{"name": "secretKey", "value": "pk_test_the_publishable_one"}, {"name": "flow", "value": "barter"}]
    reply = await desk.change("paymentAccountSave", provider="STRIPE", credentials=wrong)
    assert reply.faults("paymentAccountSave") == [
        ("INVALID", ["credentials", "0", "value"]),
        ("INVALID", ["credentials", "1", "value"]),
    ]
    assert await desk.methods() == []


async def test_a_refused_change_takes_no_credential_away(online: Online, factory: Factory) -> None:
    """Mission C5: what shoppers are offered goes on working."""
    desk = Desk(online.api, await factory.shop())
    await online.offer_stripe(desk)
    gone = [{"name": "secretKey", "value": None}]
    reply = await desk.change("paymentAccountSave", provider="STRIPE", credentials=gone)
    assert reply.faults("paymentAccountSave") == [("NOT_READY", ["credentials"])]
    kept = await online.parts.secrets.get(desk.shop.tenant.id, "payments/stripe")
    assert kept == stripe_credentials(desk.shop.tenant.id)
    await desk.changed("paymentAccountDisable", provider="STRIPE")
    await desk.changed("paymentAccountSave", provider="STRIPE", credentials=gone)
    kept = await online.parts.secrets.get(desk.shop.tenant.id, "payments/stripe")
    assert kept is not None
    assert "secretKey" not in kept
