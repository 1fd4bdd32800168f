"""Discounts of a shop, and orders that use them, for tests."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import select

from bootstrap import Parts
from db.models import Discount, DiscountUse, Order, new_id
from db.rows import rows_within
from db.session import AsyncSession
from domain import discount_edits, discounts
from domain.actors import Actor
from domain.discount_terms import NewDiscount, Value
from domain.texts import LocalizedText
from tests.support.api import Api, Reply
from tests.support.factories import Shop

T = TypeVar("T")

FULL_DISCOUNT: dict[str, Any] = {
    "code": "GIFT5",
    "title": {"en": "Five dinars", "ar": "خمسة دنانير"},
    "value": {"amount": "5"},
    "startsAt": "2026-01-01T00:00:00+03:00",
    "endsAt": "2126-01-01T00:00:00+03:00",
    "minimumSubtotal": "1000",
    "usageLimit": 100,
    "usageLimitPerCustomer": 1,
}
"""No field of it is empty."""
SUBTOTAL = Decimal(10)
ERRORS = "userErrors { code field message }"
MONEY = "{ amount currency }"
DISCOUNT = f"""{{
  id code title {{ en ar }} kind percentage amount {MONEY} minimumSubtotal {MONEY} startsAt endsAt isEnabled
  usageLimit usageLimitPerCustomer usageCount status version createdAt updatedAt }}"""
CHANGES = {
    step: f"mutation($input: Discount{step}Input!) {{ discount{step}(input: $input) {{ {answer} {ERRORS} }} }}"
    for step, answer in (
        ("Create", f"discount {DISCOUNT}"),
        ("Update", f"discount {DISCOUNT}"),
        ("Delete", "deletedId"),
    )
}
LIST = f"""query($first: Int! = 20, $after: String, $status: DiscountStatus, $codePrefix: String) {{ tenant {{
  discounts(first: $first, after: $after, status: $status, codePrefix: $codePrefix) {{
    totalCount nodes {DISCOUNT} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
FIND = f"query($id: ID!) {{ tenant {{ discount(id: $id) {DISCOUNT} }} }}"
ASK = f"""query($code: String!, $subtotal: Decimal!) {{ store {{ discount(code: $code, subtotal: $subtotal) {{
  discount {{ code title {{ en ar }} kind percentage amount {MONEY} minimumSubtotal {MONEY} endsAt }}
  refusal {{ code message field }} }} }} }}"""


@dataclass(frozen=True, slots=True)
class DiscountDesk:
    """The back office of one shop's discounts, and its shoppers with their codes."""

    api: Api
    shop: Shop

    async def change(self, step: str, *, token: str | None = None, **given: Any) -> Reply:
        return await self.api.execute(
            CHANGES[step], {"input": given}, token=token or self.shop.token, tenant=self.shop.slug
        )

    async def create(self, code: str = "SAVE10", **given: Any) -> dict[str, Any]:
        wanted: dict[str, Any] = {"code": code, "title": {"en": "Ten percent"}, "value": {"percentage": "10"}, **given}
        made: dict[str, Any] = (await self.change("Create", **wanted)).payload("discountCreate")["discount"]
        return made

    async def update(self, discount: dict[str, Any], **given: Any) -> dict[str, Any]:
        sent = {"id": discount["id"], "version": discount["version"], **given}
        changed: dict[str, Any] = (await self.change("Update", **sent)).payload("discountUpdate")["discount"]
        return changed

    async def list(self, **variables: Any) -> dict[str, Any]:
        reply = await self.api.execute(LIST, variables, token=self.shop.token, tenant=self.shop.slug)
        found: dict[str, Any] = reply.data["tenant"]["discounts"]
        return found

    async def find(self, discount_id: str) -> dict[str, Any] | None:
        reply = await self.api.execute(FIND, {"id": discount_id}, token=self.shop.token, tenant=self.shop.slug)
        found: dict[str, Any] | None = reply.data["tenant"]["discount"]
        return found

    async def ask(self, code: str, subtotal: str = "10", *, token: str | None = None) -> dict[str, Any]:
        variables = {"code": code, "subtotal": subtotal}
        reply = await self.api.execute(ASK, variables, token=token, tenant=self.shop.slug)
        answer: dict[str, Any] = reply.data["store"]["discount"]
        return answer

    async def refusal(self, code: str, subtotal: str = "10", *, token: str | None = None) -> str | None:
        """The code of why not; None where the order may have it."""
        refusal = (await self.ask(code, subtotal, token=token))["refusal"]
        return refusal["code"] if refusal else None


@dataclass(frozen=True, slots=True)
class Counter:
    """Where orders of one shop use discounts, below the API."""

    parts: Parts
    shop: Shop

    async def make(self, code: str = "SAVE10", **given: Any) -> uuid.UUID:
        plain = NewDiscount(code, LocalizedText("Ten", None), Value("percentage", Decimal(10)))
        wanted = replace(plain, **given)
        return (await self.write(lambda s: discount_edits.create(s, actor=self.shop.actor, given=wanted))).id

    async def write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        async with self.parts.database.write(self.shop.actor.scope) as session:
            return await work(session)

    async def use(self, code: str = "SAVE10", *, email: str, actor: Actor | None = None) -> uuid.UUID:
        """An order that uses it, the way an order does: found, judged, counted, and only then written."""
        order_id, who = new_id(), actor or self.shop.guest

        async def work(session: AsyncSession) -> None:
            found = await found_by(session, who, code, email)
            await use_for(session, who, discounts.check(found, "discountCode", subtotal=SUBTOTAL), order_id, email)
            session.add(an_order(self.shop, order_id, email))

        await self.write(work)
        return order_id

    async def uses(self, discount_id: uuid.UUID) -> tuple[int, int]:
        """How often it counts as used, and how many uses of it last."""
        async with self.parts.database.read(self.shop.actor.scope) as session:
            count = (await session.execute(select(Discount.usage_count).where(Discount.id == discount_id))).scalar_one()
            lasting = select(DiscountUse).where(
                DiscountUse.discount_id == discount_id, DiscountUse.given_back_at.is_(None)
            )
            return count, len((await session.execute(lasting)).all())


async def found_by(session: AsyncSession, actor: Actor, code: str, email: str | None) -> discounts.Discount | None:
    return await discounts.find(await rows_within(session), actor=actor, code=code, email=email)


async def use_for(
    session: AsyncSession, actor: Actor, discount: discounts.Discount, order_id: uuid.UUID, email: str
) -> None:
    """As it was found, perhaps a while ago."""
    await discounts.use(
        await rows_within(session),
        actor=actor,
        discount=discount,
        order_id=order_id,
        email=email,
        subtotal=SUBTOTAL,
        field="discountCode",
    )


def an_order(shop: Shop, order_id: uuid.UUID, email: str) -> Order:
    return Order(
        tenant_id=shop.tenant.id,
        id=order_id,
        number=order_id.int % 2**31,
        customer_name="Fahad",
        customer_email=email,
        locale="en",
        currency="KWD",
        total=Decimal(9),
    )


async def at_once(*works: Callable[[], Awaitable[Any]]) -> list[Any]:
    """All at the same time, each as a request of its own; what they answer or raise."""

    async def run(work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()

    tasks = [asyncio.create_task(run(work), context=Context()) for work in works]
    return await asyncio.gather(*tasks, return_exceptions=True)
