"""Ways of paying: what a store offers, how it is set up, and that credentials are never told."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.session import Scope
from domain import refunds
from domain.payment_checks import CHECK
from domain.payment_providers import ChargeStatus
from domain.refunds import NewRefund
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.orders import new_key
from tests.support.payment_bench import PaymentBench
from tests.support.payments import Desk
from tests.support.tools import Tools

SECRET = "whsec-a-secret-of-the-shop-1234"


@pytest.fixture
def desk(api: Api, shop: Shop) -> Desk:
    return Desk(api, shop)


async def test_a_store_sets_up_offers_and_withdraws_a_way_of_paying(desk: Desk) -> None:
    """Mission C5: by instructions and a link, in both languages."""
    assert await desk.methods() == []
    words = {"en": "Send the total to IBAN KW81.\nThen call us.", "ar": "حوّل المبلغ"}
    saved = await desk.changed(
        "paymentAccountSave",
        provider="MANUAL",
        name={"en": "Bank transfer", "ar": "تحويل بنكي"},
        instructions=words,
        paymentLink="https://pay.example.com/dukkan?x=1",
        holdMinutes=1_440,
    )
    account = saved["paymentAccount"]
    assert (account["kind"], account["isAvailable"], account["isEnabled"], account["isSaved"]) == (
        "MANUAL",
        True,
        False,
        True,
    )
    assert (account["instructions"], account["holdMinutes"]) == (words, 1_440)
    assert account["paymentLink"] == "https://pay.example.com/dukkan?x=1"
    assert await desk.methods() == []
    await desk.changed("paymentAccountEnable", provider="MANUAL")
    [method] = await desk.methods()
    assert method == {
        "provider": "MANUAL",
        "kind": "MANUAL",
        "name": {"en": "Bank transfer", "ar": "تحويل بنكي"},
        "instructions": {"en": words["en"]},
        "isAvailable": True,
        "unavailability": None,
    }
    cleared = await desk.changed("paymentAccountSave", provider="MANUAL", name=None, paymentLink=None, holdMinutes=None)
    account = cleared["paymentAccount"]
    assert account["name"] == {"en": "Pay by arrangement", "ar": "الدفع بالاتفاق"}
    assert (account["paymentLink"], account["holdMinutes"], account["instructions"]) == (None, 4_320, words)
    await desk.changed("paymentAccountDisable", provider="MANUAL")
    assert await desk.methods() == []
    assert (await desk.changed("paymentAccountDelete", provider="MANUAL"))["deletedProvider"] == "MANUAL"
    assert (await desk.change("paymentAccountDisable", provider="MANUAL")).faults("paymentAccountDisable") == [
        ("NOT_FOUND", ["provider"])
    ]


async def test_credentials_are_kept_and_never_told_again(
    desk: Desk, parts: Parts, tools: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    """Mission C5: only which are set, and since when; not in the database, the audit log or an answer."""
    credential = {"name": "signingSecret", "value": SECRET}
    saved = await desk.changed("paymentAccountSave", provider="MOCK", credentials=[credential])
    [told] = saved["paymentAccount"]["credentials"]
    assert (told["name"], told["isSet"], told["isRequired"]) == ("signingSecret", True, False)
    assert told["setAt"] is not None
    assert SECRET not in json.dumps([saved, dict(await desk.accounts())])
    tenant_id = desk.shop.tenant.id
    assert await parts.secrets.get(tenant_id, "payments/mock") == {"signingSecret": SECRET}
    for table in ("payment_accounts", "audit_entries"):
        found = await tools.superuser.execute(text(f"SELECT t::text FROM {table} t"))
        assert not any(SECRET in row for row in found.scalars())
    assert SECRET not in caplog.text
    untouched = await desk.changed("paymentAccountSave", provider="MOCK", name={"en": "Try it"})
    assert untouched["paymentAccount"]["credentials"] == [told]
    cleared = await desk.changed("paymentAccountSave", provider="MOCK", credentials=[{**credential, "value": None}])
    assert cleared["paymentAccount"]["credentials"] == [{**told, "isSet": False, "setAt": None}]
    assert await parts.secrets.get(tenant_id, "payments/mock") == {}
    await desk.changed("paymentAccountSave", provider="MOCK", credentials=[credential])
    await desk.changed("paymentAccountDelete", provider="MOCK")
    assert await parts.secrets.get(tenant_id, "payments/mock") is None


async def test_what_is_wrong_about_a_form_is_told_at_once_and_nothing_is_kept(desk: Desk, parts: Parts) -> None:
    """Mission C5."""
    refused = await desk.change(
        "paymentAccountSave",
        provider="MOCK",
        name={"en": "x" * 61},
        paymentLink="http://pay.example.com",
        holdMinutes=4,
        credentials=[{"name": "signingSecret", "value": "short"}, {"name": "password", "value": "x"}],
    )
    assert refused.faults("paymentAccountSave") == [
        ("TOO_LONG", ["name", "en"]),
        ("INVALID", ["paymentLink"]),
        ("INVALID", ["holdMinutes"]),
        ("INVALID", ["credentials", "0", "value"]),
        ("INVALID", ["credentials", "1", "name"]),
    ]
    assert await parts.secrets.get(desk.shop.tenant.id, "payments/mock") is None
    assert not (await desk.accounts())["MOCK"]["isSaved"]
    for link in (
        "https://me@evil.example.com",
        "https://pay.example.com:8443/",
        "javascript:alert(1)",
        "https://x/\\@y",
    ):
        reply = await desk.change("paymentAccountSave", provider="MANUAL", paymentLink=link)
        assert reply.faults("paymentAccountSave") == [("INVALID", ["paymentLink"])]


async def test_the_store_decides_the_order(desk: Desk) -> None:
    """Mission C5."""
    for provider in ("MANUAL", "MOCK"):
        await desk.offer(provider)
    assert [each["provider"] for each in await desk.methods()] == ["MANUAL", "MOCK"]
    ordered = await desk.changed("paymentAccountReorder", providers=["MOCK"])
    assert [each["provider"] for each in ordered["paymentAccounts"]][:2] == ["MOCK", "MANUAL"]
    assert [each["provider"] for each in await desk.methods()] == ["MOCK", "MANUAL"]
    twice = await desk.change("paymentAccountReorder", providers=["MOCK", "MOCK"])
    assert twice.faults("paymentAccountReorder") == [("INVALID", ["providers"])]


async def test_only_who_manages_the_store_sets_up_how_it_is_paid(desk: Desk, factory: Factory, parts: Parts) -> None:
    """Mission C5: and another tenant's owner reaches nothing of it; what was done stands in the audit log."""
    member, admin = [await factory.staff(desk.shop, role) for role in ("member", "admin")]
    refused = await desk.change("paymentAccountEnable", token=member.token, provider="MOCK")
    assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])
    other = await factory.shop()
    assert (await desk.change("paymentAccountEnable", token=other.token, provider="MOCK")).status == 403
    assert not (await desk.accounts())["MOCK"]["isSaved"]
    (await desk.change("paymentAccountEnable", token=admin.token, provider="MOCK")).payload("paymentAccountEnable")
    async with parts.database.read(Scope(desk.shop.tenant.id)) as session:
        acts = await session.execute(text("SELECT act, details FROM audit_entries ORDER BY created_at DESC LIMIT 1"))
    assert [tuple(row) for row in acts] == [("payment_account.enable", {"provider": "mock"})]


async def test_two_who_save_at_once_make_one_account(desk: Desk) -> None:
    """Mission C5."""
    await asyncio.gather(*(desk.changed("paymentAccountSave", provider="MANUAL", holdMinutes=60) for _ in range(5)))
    assert (await desk.accounts())["MANUAL"]["holdMinutes"] == 60


async def test_credentials_stay_while_money_may_move(desk: Desk, parts: Parts, api: Api, shop: Shop) -> None:
    """Mission C5: for a declined charge another card may be tried, and a refund is still asked for."""
    bench = await PaymentBench.set_up(parts, api, shop, held_for=None)
    await bench.start()
    [reference] = bench.provider.charges
    bench.provider.become(reference, ChargeStatus.FAILED)
    await bench.work_later(CHECK)
    assert (await bench.payment()).status == "failed"
    assert await refused_deletion(desk) == [("IN_USE", ["provider"])]
    bench.provider.pay()
    await bench.work_later(CHECK)
    given, actor, key = NewRefund((await bench.payment()).id), shop.actor, new_key()
    async with bench.transactions.write() as session:
        refund = await refunds.create(session, actor=actor, gateways=bench.gateways, given=given, idempotency_key=key)
    assert (refund.status, await refused_deletion(desk)) == ("pending", [("IN_USE", ["provider"])])
    await bench.work_later()
    await desk.changed("paymentAccountDelete", provider="MOCK")


async def refused_deletion(desk: Desk) -> Sequence[tuple[str, list[str] | None]]:
    return (await desk.change("paymentAccountDelete", provider="MOCK")).faults("paymentAccountDelete")
