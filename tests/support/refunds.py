"""Money that goes back, as staff ask for it and shoppers see it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from db.models import Order, OrderLine
from db.session import Scope
from tests.support.api import Reply
from tests.support.orders import new_key
from tests.support.payments import ERRORS, Placed

REFUND = """
fragment refund on Refund {
  id status amount { amount currency } createdAt settledAt paymentId origin shipping { amount } reason reference failure
  lines { lineId quantity amount { amount } restock restocked }
}
"""
CREATE = f"""
mutation($input: RefundCreateInput!) {{ refundCreate(input: $input) {{
  refund {{ ...refund }} payment {{ id amountRefunded {{ amount }} amountRefundable {{ amount }} }}
  order {{ status paymentStatus }} {ERRORS}
}} }} {REFUND}
"""
SEEN = f"""
query($id: ID!) {{ tenant {{ order(id: $id) {{
  status paymentStatus fulfilmentStatus timeline {{ event actorKind reason }} refunds {{ ...refund }} lines {{ id }}
  payments {{
    id status returnReason amountRefunded {{ amount }} amountRefundable {{ amount }} refunds {{ id }}
    transactions {{ operation outcome request response }}
  }}
}} }} }} {REFUND}
"""
LINKED = """
query($token: String!) { store { order(token: $token) {
  paymentStatus refunds {
    id status amount { amount } createdAt settledAt paymentId origin shipping { amount } reason reference failure
    lines { quantity }
  }
} } }
"""


@dataclass(frozen=True, slots=True)
class Bought:
    """An order that was paid, and what was paid for it."""

    placed: Placed
    payment_id: str
    line_ids: list[str]

    @classmethod
    async def of(cls, placed: Placed) -> "Bought":
        order = await seen(placed)
        [payment] = [each for each in order["payments"] if each["status"] == "PAID"]
        return cls(placed, payment["id"], [each["id"] for each in order["lines"]])

    async def refund(self, *, token: str | None = None, **given: Any) -> Reply:
        sent = {"idempotencyKey": new_key(), "paymentId": self.payment_id, **given}
        till = self.placed.counter.till
        return await till.api.execute(CREATE, {"input": sent}, token=token or till.shop.token, tenant=till.shop.slug)

    async def refunded(self, **given: Any) -> dict[str, Any]:
        """A refund that must be begun."""
        begun: dict[str, Any] = (await self.refund(**given)).payload("refundCreate")["refund"]
        return begun

    async def seen(self) -> dict[str, Any]:
        return await seen(self.placed)

    async def linked(self) -> dict[str, Any]:
        """As the shopper sees it."""
        till = self.placed.counter.till
        reply = await till.api.execute(LINKED, {"token": self.placed.token}, tenant=till.shop.slug)
        order: dict[str, Any] = reply.data["store"]["order"]
        return order

    def some(self, quantity: int, *, line: int = 0, restock: bool = False) -> dict[str, Any]:
        return {"lineId": self.line_ids[line], "quantity": quantity, "restock": restock}


async def seen(placed: Placed) -> dict[str, Any]:
    """As staff see it."""
    till = placed.counter.till
    reply = await till.api.execute(SEEN, {"id": placed.id}, token=till.shop.token, tenant=till.shop.slug)
    order: dict[str, Any] = reply.data["tenant"]["order"]
    return order


async def reprice(placed: Placed, *, discount: str = "0", shipping: str = "0") -> None:
    """As a checkout with a code and shipping would have priced it: the discount is the first line's."""
    off, delivery = Decimal(discount), Decimal(shipping)
    async with placed.counter.parts.database.write(Scope(placed.counter.tenant_id)) as session:
        changed = update(Order).where(Order.id == placed.row_id)
        await session.execute(changed.values(discount=off, shipping=delivery, total=Order.total - off + delivery))
        lines = select(OrderLine.id).where(OrderLine.order_id == placed.row_id).order_by(OrderLine.position)
        first = (await session.execute(lines.limit(1))).scalar_one()
        await session.execute(update(OrderLine).where(OrderLine.id == first).values(discount=off))


def told(order: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """Payment status, and status and amount of each refund."""
    return order["paymentStatus"], [(each["status"], each["amount"]["amount"]) for each in order["refunds"]]
