"""Things on sale, and orders of them, for tests."""

import asyncio
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from bootstrap import Parts
from db.models import CatalogItem, CatalogVariant, new_id
from db.session import Scope
from gql.ids import global_id
from tests.support.api import Api, Reply
from tests.support.factories import Shop

ORDER = """
fragment order on Order {
  id number name status paymentStatus fulfilmentStatus note placedAt updatedAt
  customer { name email phone }
  subtotal { amount } discount { amount } shipping { amount } total { amount currency }
  lines {
    id variantId sku quantity name { en ar value } unitPrice { amount currency } total { amount currency }
    discount { amount }
  }
}
"""

ERRORS = """
userErrors {
  code field message
  ... on InsufficientStock { variantId available }
  ... on IllegalTransition { current allowed }
}
"""

SUBMIT = f"""
mutation($input: OrderSubmitInput!) {{ orderSubmit(input: $input) {{ order {{ ...order }} orderToken {ERRORS} }} }}
{ORDER}
"""

ADVANCE = {
    step: f"""mutation($input: {step[0].upper()}{step[1:]}Input!) {{
      {step}(input: $input) {{ order {{ ...order timeline {{ event from to reason actorKind actorId }} }} {ERRORS} }}
    }} {ORDER}"""
    for step in ("orderConfirm", "orderFulfil", "orderCancel")
}


@dataclass(frozen=True, slots=True)
class OnSale:
    """A variant that can be ordered."""

    tenant_id: uuid.UUID
    item_id: uuid.UUID
    variant_id: uuid.UUID

    @property
    def id(self) -> str:
        return str(global_id("variant", self.variant_id))


@dataclass(frozen=True, slots=True)
class Till:
    """Where one tenant sells: puts things on sale, takes orders, and tells what is left."""

    parts: Parts
    api: Api
    shop: Shop

    async def sell(self, *, stock: int | None = 10, price: str = "4.750", **changes: Any) -> OnSale:
        """Put an item of one variant on sale; `changes` are columns of item (`item_…`) and variant."""
        item_id, variant_id, tenant_id = new_id(), new_id(), self.shop.tenant.id
        item = {"kind": "product", "status": "active", "name_en": "Dates", "name_ar": "تمر", "slug": str(item_id)}
        item |= {name.removeprefix("item_"): value for name, value in changes.items() if name.startswith("item_")}
        variant = {name: value for name, value in changes.items() if not name.startswith("item_")}
        async with self.parts.database.write(Scope(tenant_id)) as session:
            session.add(CatalogItem(tenant_id=tenant_id, id=item_id, **item))
            await session.flush()
            variant |= {"item_id": item_id, "price": Decimal(price), "stock": stock}
            session.add(CatalogVariant(tenant_id=tenant_id, id=variant_id, **variant))
        return OnSale(tenant_id, item_id, variant_id)

    async def change(self, sold: OnSale, **columns: Any) -> None:
        """Change a variant behind the catalogue's back."""
        async with self.parts.database.write(Scope(sold.tenant_id)) as session:
            await session.execute(update(CatalogVariant).where(CatalogVariant.id == sold.variant_id).values(**columns))

    async def change_item(self, sold: OnSale, **columns: Any) -> None:
        async with self.parts.database.write(Scope(sold.tenant_id)) as session:
            await session.execute(update(CatalogItem).where(CatalogItem.id == sold.item_id).values(**columns))

    async def left(self, sold: OnSale) -> int | None:
        """The stock now."""
        async with self.parts.database.read(Scope(sold.tenant_id)) as session:
            statement = select(CatalogVariant.stock).where(CatalogVariant.id == sold.variant_id)
            return (await session.execute(statement)).scalar_one()

    async def submit(self, given: Mapping[str, Any]) -> Reply:
        """`orderSubmit` as a guest of the storefront."""
        return await self.api.execute(SUBMIT, {"input": given}, tenant=self.shop.slug)

    async def submit_all(self, inputs: Iterable[Mapping[str, Any]]) -> list[Reply]:
        """All at the same time."""
        return await asyncio.gather(*(self.submit(given) for given in inputs))

    async def order(self, *lines: tuple[OnSale, int], **changes: Any) -> dict[str, Any]:
        """An order that must succeed."""
        payload = (await self.submit(submission(*lines, **changes))).payload("orderSubmit")
        order: dict[str, Any] = payload["order"]
        return order

    async def advance(self, step: str, order_id: str, *, token: str | None = None, **given: Any) -> Reply:
        """`orderConfirm`, `orderFulfil` or `orderCancel`, by the owner unless told otherwise."""
        variables = {"input": {"id": order_id, **given}}
        return await self.api.execute(ADVANCE[step], variables, token=token or self.shop.token, tenant=self.shop.slug)


def new_key() -> str:
    """An idempotency key as a client makes one."""
    return secrets.token_urlsafe(24)


def submission(*lines: tuple[OnSale, int], **changes: Any) -> dict[str, Any]:
    """A good input of `orderSubmit` with these lines; `changes` replace parts of it."""
    return {
        "idempotencyKey": new_key(),
        "customer": {"name": "Fahad", "email": f"{secrets.token_hex(6)}@shoppers.test", "phone": "+965 5000 1234"},
        "lines": [{"variantId": sold.id, "quantity": quantity} for sold, quantity in lines],
        **changes,
    }


def outcomes(replies: Iterable[Reply]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The orders that were placed, and the user errors of those that were not."""
    payloads = [reply.data["orderSubmit"] for reply in replies]
    placed = [payload["order"] for payload in payloads if payload["order"]]
    return placed, [error for payload in payloads for error in payload["userErrors"]]
