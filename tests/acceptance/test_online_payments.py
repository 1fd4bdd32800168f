"""Paying at Stripe and PayPal over HTTP: the shopper at the provider's page, its webhooks, and what the store sees."""

import json
import random
from collections.abc import AsyncGenerator, Iterable, Mapping

import httpx
import pytest

from settings import Settings
from tests.support.factories import Factory
from tests.support.online_payments import Online, online_payments
from tests.support.orders import new_key, submission
from tests.support.payment_stages import paypal_credentials, stripe_credentials
from tests.support.payments import BACK, Counter, Placed, summary
from tests.support.refunds import Bought, reprice, told

Webhook = tuple[Mapping[str, str], bytes]


@pytest.fixture(scope="module")
async def online(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Online]:
    async with online_payments(settings, tmp_path_factory.mktemp("paypal")) as online:
        yield online


async def open_counter(online: Online, factory: Factory, *, currency: str = "KWD") -> Counter:
    return await Counter.open(online.parts, online.api, await factory.shop(currency=currency))


async def at_the_page(placed: Placed, provider: str, button: str, *, page: str | None = None) -> int:
    """The shopper presses a button at the provider; what the provider answers."""
    url: str = page or (await placed.started(provider))["nextAction"]["redirectUrl"]
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(url, data={"do": button})
    if answer.status_code == 303:
        assert answer.headers["location"].startswith(BACK)
    return answer.status_code


async def deliver(counter: Counter, provider: str, webhooks: Iterable[Webhook], *, status: int = 200) -> None:
    """To the address that the store was told."""
    url = (await counter.desk.accounts())[provider]["webhookUrl"]
    path = httpx.URL(url).path
    for headers, body in webhooks:
        answer = await counter.till.api.http.post(path, content=body, headers=dict(headers))
        assert answer.status_code == status, answer.text


async def test_a_card_is_taken_once_however_often_it_is_told(online: Online, factory: Factory) -> None:
    """Mission C5, C6."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk)
    placed = await counter.placed()
    assert await at_the_page(placed, "STRIPE", "pay") == 303
    assert summary(await placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])
    hints = [merchant.signed(each) for each in merchant.events] * 3
    random.Random(3).shuffle(hints)  # noqa: S311 - the same order each time
    for hint in hints:
        await deliver(counter, "STRIPE", [hint])
        await counter.work()
    order = await placed.seen()
    assert summary(order) == ("CONFIRMED", "PAID", ["PAID"])
    assert order["payments"][0]["amountPaid"] == {"amount": "4.750"}
    assert [(each.amount, each.currency) for each in merchant.paid()] == [(4750, "kwd")]
    assert await placed.left() == 9


async def test_a_hint_that_is_not_stripes_changes_nothing(online: Online, factory: Factory) -> None:
    """Mission C6: nor one that is signed for another store."""
    counter, other = [await open_counter(online, factory) for _ in range(2)]
    merchant, stranger = [await online.offer_stripe(each.desk) for each in (counter, other)]
    placed = await counter.placed()
    await at_the_page(placed, "STRIPE", "pay")
    await deliver(counter, "STRIPE", [stranger.signed(each) for each in merchant.events], status=400)
    await deliver(counter, "STRIPE", [({}, b"{}")], status=400)
    await counter.work()
    assert summary(await placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])


async def test_a_declined_card_leaves_the_page_open(online: Online, factory: Factory) -> None:
    """Mission C6."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk)
    placed = await counter.placed()
    page = (await placed.started("STRIPE"))["nextAction"]["redirectUrl"]
    assert await at_the_page(placed, "STRIPE", "decline", page=page) == 200
    await deliver(counter, "STRIPE", [merchant.signed(each) for each in merchant.events])
    await counter.work()
    assert summary(await placed.seen()) == ("PENDING", "UNPAID", ["PENDING"])
    assert await at_the_page(placed, "STRIPE", "pay", page=page) == 303
    await counter.work_later()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])


async def test_an_answer_that_was_lost_is_no_second_charge(online: Online, factory: Factory) -> None:
    """Mission C5: and a webhook may come before the answer was ever known."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk)
    placed, key = await counter.placed(), new_key()
    online.stripe.fail("/v1/checkout/sessions", drops=True, after_doing=True)
    lost = await placed.start("STRIPE", key=key)
    assert [code for code, _ in lost.faults("paymentStart")] == ["PROVIDER_UNAVAILABLE"]
    (session,) = merchant.sessions
    merchant.pay(session)
    await deliver(counter, "STRIPE", [merchant.signed(each) for each in merchant.events])
    await counter.work()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])
    assert (await placed.start("STRIPE", key=key)).payload("paymentStart")["payment"]["status"] == "PAID"
    assert len(merchant.sessions) == 1


async def test_a_message_finds_the_charge_whose_answer_was_lost(online: Online, factory: Factory) -> None:
    """Mission C6: also where what the charge was begun with has changed since, so that its key is refused."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk)
    placed = await counter.placed()
    online.stripe.fail("/v1/checkout/sessions", drops=True, after_doing=True)
    (await placed.start("STRIPE")).faults("paymentStart")
    await counter.desk.offer("STRIPE", credentials=[{"name": "flow", "value": "payment_intent"}])
    (session,) = merchant.sessions
    merchant.pay(session)
    await deliver(counter, "STRIPE", [merchant.signed(each) for each in merchant.events])
    await counter.work()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])
    assert len(merchant.paid()) == 1


async def test_a_long_hold_is_paid_by_card(online: Online, factory: Factory) -> None:
    """Mission C5: placed to be paid by arrangement, then paid online; Stripe keeps no page open for so long."""
    counter = await open_counter(online, factory)
    await online.offer_stripe(counter.desk)
    placed = await counter.placed()
    await placed.hold_until(72 * 3600)
    assert await at_the_page(placed, "STRIPE", "pay") == 303
    await counter.work_later()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])


async def test_the_end_of_the_hold_closes_the_page(online: Online, factory: Factory) -> None:
    """Mission C6: who has paid by then keeps the order, who has not can pay no more."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk)
    slow, quick = await counter.placed(), await counter.placed()
    pages: list[str] = []
    for placed in (slow, quick):
        await placed.hold_until(60)
        pages.append((await placed.started("STRIPE"))["nextAction"]["redirectUrl"])
    assert await at_the_page(quick, "STRIPE", "pay", page=pages[1]) == 303
    for placed in (slow, quick):
        await placed.hold_until(-1)
    await counter.work_later()
    await counter.work_later()
    assert summary(await quick.seen()) == ("CONFIRMED", "PAID", ["PAID"])
    assert summary(await slow.seen()) == ("CANCELLED", "UNPAID", ["CANCELLED"])
    assert await at_the_page(slow, "STRIPE", "pay", page=pages[0]) == 404
    assert (await slow.left(), len(merchant.paid())) == (10, 1)


async def test_money_for_an_order_that_is_no_more_is_given_back(online: Online, factory: Factory) -> None:
    """Mission C6: once, at Stripe."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk)
    placed = await counter.placed(stock=1)
    await placed.hold_until(60)
    await placed.started("STRIPE")
    await placed.hold_until(-1)
    await counter.work_later()
    await counter.work_later()
    assert await placed.left() == 1
    bought = await counter.till.submit(submission((placed.sold, 1)))
    assert bought.payload("orderSubmit")["order"]
    (session,) = merchant.sessions
    merchant.pay(session)  # a card that was being asked when the page was closed
    for _ in range(2):
        await deliver(counter, "STRIPE", [merchant.signed(each) for each in merchant.events])
        await counter.work()
        await counter.work_later()
    order = await placed.seen()
    assert order["status"] == "CANCELLED"
    [payment] = order["payments"]
    assert (payment["status"], payment["returnReason"]) == ("PAID", "ORDER_CANCELLED")
    assert payment["amountRefunded"] == {"amount": "4.750"}
    assert [(each.amount, each.status) for each in merchant.refunds] == [(4750, "succeeded")]


async def test_a_store_with_a_form_of_its_own_gets_a_client_secret(online: Online, factory: Factory) -> None:
    """Mission C5: PaymentIntents; the secret is told to the shopper alone, and kept nowhere."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk, flow="payment_intent")
    placed = await counter.placed()
    begun = await placed.started("STRIPE")
    secret = begun["nextAction"]["clientSecret"]
    (intent,) = merchant.intents
    assert secret.startswith(intent)
    assert begun["nextAction"]["redirectUrl"] is None
    assert (await placed.started("STRIPE"))["nextAction"]["clientSecret"] == secret
    merchant.pay(intent)
    await deliver(counter, "STRIPE", [merchant.signed(each) for each in merchant.events])
    await counter.work()
    order = await placed.seen()
    assert summary(order) == ("CONFIRMED", "PAID", ["PAID"])
    assert secret not in json.dumps(order)
    assert len(merchant.intents) == 1


async def test_paypal_is_approved_and_then_captured_once(online: Online, factory: Factory) -> None:
    """Mission C5, C6: in a store of dollars."""
    counter = await open_counter(online, factory, currency="USD")
    merchant = await online.offer_paypal(counter.desk)
    placed = await counter.placed()
    assert await at_the_page(placed, "PAYPAL", "approve") == 303
    assert merchant.paid() == []
    for _ in range(2):
        await deliver(counter, "PAYPAL", [merchant.signed(each) for each in merchant.events])
        await counter.work()
    order = await placed.seen()
    assert summary(order) == ("CONFIRMED", "PAID", ["PAID"])
    assert [(each.value, each.currency) for each in merchant.paid()] == [("4.75", "USD")]


async def test_paypal_is_found_by_the_sweep_too(online: Online, factory: Factory) -> None:
    """Mission C6."""
    counter = await open_counter(online, factory, currency="USD")
    merchant = await online.offer_paypal(counter.desk)
    placed = await counter.placed()
    await at_the_page(placed, "PAYPAL", "approve")
    await counter.work_later()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["PAID"])
    assert len(merchant.paid()) == 1


async def test_who_changes_their_mind_pays_once(online: Online, factory: Factory) -> None:
    """Mission C5: PayPal was left for a card, and approved all the same in another window."""
    counter = await open_counter(online, factory, currency="USD")
    paypal, stripe = await online.offer_paypal(counter.desk), await online.offer_stripe(counter.desk)
    placed = await counter.placed()
    left_behind = (await placed.started("PAYPAL"))["nextAction"]["redirectUrl"]
    card = (await placed.started("STRIPE"))["nextAction"]["redirectUrl"]
    assert await at_the_page(placed, "PAYPAL", "approve", page=left_behind) == 303
    await deliver(counter, "PAYPAL", [paypal.signed(each) for each in paypal.events])
    await counter.work()
    assert paypal.paid() == []
    assert await at_the_page(placed, "STRIPE", "pay", page=card) == 303
    await counter.work_later()
    await counter.work_later()
    assert summary(await placed.seen()) == ("CONFIRMED", "PAID", ["CANCELLED", "PAID"])
    assert (paypal.paid(), len(stripe.paid())) == ([], 1)


async def test_nothing_is_captured_for_an_order_that_is_no_more(online: Online, factory: Factory) -> None:
    """Mission C6: the shopper approves what staff have cancelled meanwhile."""
    counter = await open_counter(online, factory, currency="USD")
    merchant = await online.offer_paypal(counter.desk)
    placed = await counter.placed()
    page = (await placed.started("PAYPAL"))["nextAction"]["redirectUrl"]
    (await counter.till.advance("orderCancel", placed.id, reason="Broken")).payload("orderCancel")
    assert await at_the_page(placed, "PAYPAL", "approve", page=page) == 303
    await deliver(counter, "PAYPAL", [merchant.signed(each) for each in merchant.events])
    await counter.work()
    await counter.work_later()
    assert summary(await placed.seen()) == ("CANCELLED", "UNPAID", ["CANCELLED"])
    assert merchant.paid() == []


async def test_the_payments_log_tells_no_secrets(online: Online, factory: Factory) -> None:
    """Mission C6: in the API and as it is stored."""
    counter = await open_counter(online, factory, currency="USD")
    await online.offer_stripe(counter.desk)
    await online.offer_paypal(counter.desk)
    begun: list[str] = []
    orders: list[str] = []
    for provider, button in (("STRIPE", "pay"), ("PAYPAL", "approve")):
        placed = await counter.placed()
        page = (await placed.started(provider))["nextAction"]["redirectUrl"]
        begun.append(page)
        await at_the_page(placed, provider, button, page=page)
        await counter.work_later()
        order = await placed.seen()
        assert summary(order) == ("CONFIRMED", "PAID", ["PAID"])
        assert order["payments"][0]["transactions"][1]["operation"] == "create"
        orders.append(json.dumps(order))
    tenant_id = counter.tenant_id
    secrets = [*stripe_credentials(tenant_id).values(), *paypal_credentials(tenant_id).values(), *begun, "A21AA"]
    assert not [secret for secret in secrets if secret != "sandbox" and secret in "".join(orders)]


async def test_stripe_gives_lines_back_to_its_last_digit_and_once(online: Online, factory: Factory) -> None:
    """Mission C7: what cannot be paid to the fils is made good by the next; an answer that is lost is no second one."""
    counter = await open_counter(online, factory)
    merchant = await online.offer_stripe(counter.desk)
    sold = await counter.till.sell(price="1.000")
    payload = (await counter.till.submit(submission((sold, 3)))).payload("orderSubmit")
    placed = Placed(counter, sold, payload["order"]["id"], payload["orderToken"])
    await reprice(placed, discount="1.000")
    await at_the_page(placed, "STRIPE", "pay")
    await counter.work_later()
    order = await Bought.of(placed)
    online.stripe.fail("/v1/refunds", drops=True, after_doing=True)
    for _ in range(3):
        await order.refunded(lines=[order.some(1)])
        await counter.work()
        await counter.work_later()
    assert told(await order.seen()) == ("REFUNDED", [("SUCCEEDED", each) for each in ("0.670", "0.660", "0.670")])
    assert [each.amount for each in merchant.refunds] == [670, 660, 670]


@pytest.mark.parametrize("provider", ["STRIPE", "PAYPAL"])
async def test_what_the_merchant_gave_back_there_is_seen_here(online: Online, factory: Factory, provider: str) -> None:
    """Mission C6, C7: by the webhook, told twice; the rest goes back from here."""
    counter = await open_counter(online, factory, currency="USD")
    stripe, paypal = await online.offer_stripe(counter.desk), await online.offer_paypal(counter.desk)
    placed = await counter.placed()
    await at_the_page(placed, provider, "pay" if provider == "STRIPE" else "approve")
    await counter.work_later()
    order = await Bought.of(placed)
    if provider == "STRIPE":
        [reference] = stripe.sessions
        stripe.give_back(reference, 100)
        hints = [stripe.signed(each) for each in stripe.events]
    else:
        [reference] = paypal.orders
        paypal.give_back(reference, "1.00")
        hints = [paypal.signed(each) for each in paypal.events]
    await deliver(counter, provider, hints * 2)
    await counter.work()
    assert told(await order.seen()) == ("PARTIALLY_REFUNDED", [("SUCCEEDED", "1.000")])
    await order.refunded()
    await counter.work()
    found = await order.seen()
    assert told(found) == ("REFUNDED", [("SUCCEEDED", "1.000"), ("SUCCEEDED", "3.750")])
    assert [each["origin"] for each in found["refunds"]] == ["PROVIDER", "STAFF"]
