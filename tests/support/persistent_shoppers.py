"""Shoppers who do as browsers do: whatever goes wrong, they send the same again until they have an answer."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from tests.support.api import Api, Reply
from tests.support.carts import document
from tests.support.checkouts import COMPLETE, Market, checkout
from tests.support.factories import Member
from tests.support.orders import ADVANCE, OnSale, new_key
from tests.support.payments import BACK, MARK_PAID, START
from tests.support.refunds import CREATE as REFUND

CODE = "SOAK"
PATIENCE_SECONDS = 240
PAUSE_SECONDS = 0.1
MOST_THOUGHT_SECONDS = 2.0
MOST_QUESTIONS = 60
LATER = {"PROVIDER_UNAVAILABLE"}
"""What is no answer yet: the same key goes on."""
DECISIONS = [
    *["pay"] * 8,
    *["fail, then pay", "cancelled", "pay at the last moment", "pay, then refunded"] * 3,
    *["fail", "never", "leave"] * 2,
]
"""`leave`: the page is not even looked at. `cancelled`: staff call the order off while it is being paid."""


@dataclass
class Told:
    """What the shoppers were answered, by which the books are judged."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Each order by its id."""
    refusals: Counter[str] = field(default_factory=Counter[str])
    decisions: Counter[str] = field(default_factory=Counter[str])
    retries: Counter[str] = field(default_factory=Counter[str])
    surprises: list[str] = field(default_factory=list[str])
    late: list[asyncio.Task[None]] = field(default_factory=list["asyncio.Task[None]"])
    """Those who pay when their time is nearly over."""


async def until_answered(told: Told, what: str, ask: Callable[[], Awaitable[Reply]]) -> dict[str, Any]:
    """The payload of a mutation: no answer, and an answer that something is broken, are asked again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                reply = await ask()
            except (httpx.TransportError, orjson.JSONDecodeError, ValueError) as error:
                told.retries[f"{what}: {type(error).__name__}"] += 1
            else:
                answered: dict[str, Any] = reply.body.get("data") or {"": None}
                payload: dict[str, Any] | None = next(iter(answered.values()))
                errors: set[str] = {error["code"] for error in payload["userErrors"]} if payload else set()
                if payload and "errors" not in reply.body and not errors & LATER:
                    return payload
                for code in (*reply.codes, *errors):
                    told.retries[f"{what}: {code}"] += 1
            await asyncio.sleep(PAUSE_SECONDS)


@dataclass(frozen=True)
class Shopper:
    """One of them, a guest unless a member. Owners call orders off and note what came by hand."""

    market: Market
    api: Api
    told: Told
    dice: random.Random
    shelf: Sequence[OnSale]
    member: Member | None = None

    @property
    def token(self) -> str | None:
        return self.member.token if self.member else None

    async def think(self) -> None:
        await asyncio.sleep(self.dice.uniform(0, MOST_THOUGHT_SECONDS))

    async def send(self, what: str, query: str, given: dict[str, Any], *, by_owner: bool = False) -> dict[str, Any]:
        shop = self.market.till.shop
        token = shop.token if by_owner else self.token
        return await until_answered(
            self.told, what, lambda: self.api.execute(query, {"input": given}, token=token, tenant=shop.slug)
        )

    async def shop_once(self) -> None:
        """From an empty cart to whatever end."""
        cart_id = await self.fill_cart()
        await self.think()
        made = await self.check_out(cart_id)
        if made is None:
            return
        order, token = made["order"], made["orderToken"]
        self.told.orders[order["id"]] = order
        if order["paymentMethod"] == "MANUAL":
            await self.pay_by_hand(order)
        else:
            await self.pay_online(order, token)

    async def fill_cart(self) -> str | None:
        """A guest's identifier; a customer has but one cart, and keeps what is left in it."""
        lines = [
            {"variantId": sold.id, "quantity": self.dice.randint(1, 3)}
            for sold in self.dice.sample(self.shelf, self.dice.randint(1, 3))
        ]
        added = await self.send("cart", document("cartLinesAdd"), {"lines": lines})
        cart_id = None if self.member else added["cart"]["id"]
        named = {"cartId": cart_id} if cart_id else {}
        kept = await self.send("cart", document("cartLinesUpdate"), {**named, "lines": lines})
        if kept["userErrors"]:
            self.told.surprises.append(f"a cart was lost: {kept['userErrors']}")
        if self.dice.random() < 0.5:
            await self.send("cart", document("cartUpdate"), {**named, "discountCode": CODE})
        return cart_id

    async def check_out(self, cart_id: str | None) -> dict[str, Any] | None:
        """The same key until it is answered, whatever has to be changed on the way."""
        provider = "MANUAL" if self.dice.random() < 0.1 else "MOCK"
        email = self.member.person.email if self.member else f"{secrets.token_hex(6)}@shoppers.test"
        buyer = {"name": "Fahad", "email": email, "phone": "+965 5000 1234"}
        rate = self.dice.choice([self.market.delivery, self.market.pickup])
        given = checkout(cart_id, "0.001", shippingRateId=rate, paymentProvider=provider, customer=buyer)
        named = {"cartId": cart_id} if cart_id else {}
        for _ in range(30):
            made = await self.complete(given)
            if made["order"]:
                return made
            errors = {error["code"]: error for error in made["userErrors"]}
            if "TOTAL_CHANGED" in errors:
                given = {**given, "expectedTotal": errors["TOTAL_CHANGED"]["total"]}
            elif any(code.startswith("DISCOUNT_") for code in errors):
                self.told.refusals["the code was used up"] += 1
                await self.send("cart", document("cartUpdate"), {**named, "discountCode": None})
            elif "INSUFFICIENT_STOCK" in errors:
                self.told.refusals["sold out"] += 1
                gone = [error["variantId"] for error in made["userErrors"] if error["code"] == "INSUFFICIENT_STOCK"]
                left = await self.send("cart", document("cartLinesRemove"), {**named, "variantIds": gone})
                if not left["cart"]["lines"]:
                    return None
            else:
                self.told.surprises.append(f"a checkout was refused: {made['userErrors']}")
                return None
        self.told.surprises.append("a checkout was never settled")
        return None

    async def complete(self, given: dict[str, Any]) -> dict[str, Any]:
        """Some press the button twice: both are answered alike."""
        if self.dice.random() > 0.2:
            return await self.send("checkout", COMPLETE, given)
        one, other = await asyncio.gather(*(self.send("checkout", COMPLETE, given) for _ in range(2)))
        if one["order"] and other["order"] and one["order"]["id"] != other["order"]["id"]:
            self.told.surprises.append(f"one key, two orders: {one['order']['number']} and {other['order']['number']}")
        return one if one["order"] else other

    async def pay_by_hand(self, order: dict[str, Any]) -> None:
        self.told.decisions[how := self.dice.choice(["by hand", "by hand", "never by hand"])] += 1
        if how == "by hand":
            given = {"idempotencyKey": new_key(), "orderId": order["id"], "amount": order["total"]["amount"]}
            paid = await self.send("mark paid", MARK_PAID, {**given, "reference": new_key()}, by_owner=True)
            if paid["userErrors"]:
                self.told.surprises.append(f"money was not noted: {paid['userErrors']}")

    async def pay_online(self, order: dict[str, Any], order_token: str) -> None:
        decision = self.dice.choice(DECISIONS)
        self.told.decisions[decision] += 1
        payment = await self.started(order_token)
        page = page_of(payment)
        await self.think()
        if payment is None or page is None or decision == "leave":
            return
        match decision:
            case "fail, then pay":
                await self.press(page, "fail")
                await self.pay_after_all(page, order_token)
            case "cancelled":
                await asyncio.gather(self.call_off(order), self.press(page, "pay"))
            case "pay at the last moment":
                waiting = asyncio.create_task(self.pay_late(page, datetime.fromisoformat(order["heldUntil"])))
                self.told.late.append(waiting)
            case "pay, then refunded":
                await self.press(page, "pay")
                self.told.late.append(asyncio.create_task(self.give_back(payment["id"])))
            case _:
                await self.press(page, decision)

    async def pay_after_all(self, declined: str, order_token: str) -> None:
        """Until the store has heard of it, it leads to the page where nothing can be paid any more."""
        page: str | None = declined
        while page == declined:
            await asyncio.sleep(PAUSE_SECONDS)
            page = page_of(await self.started(order_token))
        if page:
            await self.press(page, "pay")

    async def give_back(self, payment_id: str) -> None:
        """All of it or a part, as soon as the store knows of it: until then nothing is left to give back."""
        given = {"idempotencyKey": new_key(), "paymentId": payment_id, **self.dice.choice([{}, {"amount": "0.200"}])}
        for _ in range(MOST_QUESTIONS):
            made = await self.send("refund", REFUND, given, by_owner=True)
            if made["refund"]:
                return
            await asyncio.sleep(1)
        self.told.refusals["refund"] += 1

    async def pay_late(self, page: str, until: datetime) -> None:
        left = (until - datetime.now(UTC)).total_seconds()
        await asyncio.sleep(max(0, left + self.dice.uniform(-1.5, 0.2)))
        await self.press(page, "pay")

    async def started(self, order_token: str) -> dict[str, Any] | None:
        """The payment; None where it is too late, or where it was paid meanwhile."""
        given = {"idempotencyKey": new_key(), "orderToken": order_token, "provider": "MOCK", "returnUrl": BACK}
        answered = await self.send("payment", START, given)
        for error in answered["userErrors"]:
            self.told.refusals[f"payment: {error['code']}"] += 1
        started: dict[str, Any] | None = answered["payment"]
        return started

    async def press(self, page: str, decision: str) -> bool:
        """A button of the gateway's page, once more whenever nothing comes back."""
        async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient(timeout=30) as browser:
            while True:
                try:
                    answer = await browser.post(page, data={"decision": decision})
                except httpx.TransportError as error:
                    self.told.retries[f"page: {type(error).__name__}"] += 1
                else:
                    if answer.status_code == 303:
                        return True
                    self.told.retries[f"page: {answer.status_code}"] += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def call_off(self, order: dict[str, Any]) -> None:
        """By staff, who may come too late for that."""
        await self.send("cancel", ADVANCE["orderCancel"], {"id": order["id"]}, by_owner=True)

    def another(self, dice: random.Random, member: Member | None) -> "Shopper":
        return replace(self, dice=dice, member=member)


def page_of(payment: dict[str, Any] | None) -> str | None:
    """Where the money is to be paid, while anything is."""
    action = payment["nextAction"] if payment else None
    return action["redirectUrl"] if action else None
