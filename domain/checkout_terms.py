"""What a checkout makes of an order's amounts: shipping, a discount code, and what the shopper was told it costs."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from db.models import Order, OrderLine
from db.rows import Rows
from domain import carts, discounts, pricing, shipping
from domain.actors import Actor
from domain.carts import Cart, Ordered
from domain.destinations import Destination
from domain.discounts import Discount
from domain.errors import FaultCode, Faults, TotalChanged, UserFault
from domain.money import LARGEST, ZERO
from domain.order_placement import Offer
from domain.payment_gateways import Gateways
from domain.payment_methods import check_available
from domain.shipping import Quote, ShippingKind


@dataclass
class CheckoutTerms:
    """Implements `domain.order_placement.Terms` for a cart that is checked out."""

    actor: Actor
    cart: Cart
    address: Mapping[str, Any] | None
    """The filled columns of where it is to be brought, if the shopper has said."""
    destination: Destination | None
    rate_id: uuid.UUID | None
    gateways: Gateways
    step: Decimal
    """The smallest coin that the store is paid in."""
    expected_total: Decimal
    discount: Discount | None = None
    """The one that counts, once it is settled."""

    async def settle(
        self, rows: Rows, order: Order, lines: Sequence[OrderLine], offers: Mapping[uuid.UUID, Offer]
    ) -> None:
        """Faults: REQUIRED or SHIPPING_UNAVAILABLE rate, REQUIRED address; why the code does not count; TOTAL_CHANGED;
        UNAVAILABLE_HERE where the provider cannot take just this amount."""
        faults, subtotal, quote = Faults(), order.total, None
        with faults.collecting():
            if shipping.needs_shipping(offer.kind for offer in offers.values()):
                quote = await self.quoted(rows, subtotal)
        with faults.collecting():
            self.discount = await self.discounted(rows, order, subtotal)
        faults.raise_any()
        self.write_amounts(order, lines, quote)
        write_shipping(order, quote, self.address)
        self.check_total(order, subtotal)
        if not self.cart.is_guests:
            await carts.empty_own(rows, actor=self.actor, cart=self.cart, ordered=ordered_of(order.id, self.cart))

    async def quoted(self, rows: Rows, subtotal: Decimal) -> Quote:
        if self.rate_id is None:
            raise UserFault(FaultCode.REQUIRED, "Choose how to get the order.", ("shippingRateId",))
        try:
            quote = await shipping.quote_for(
                rows, actor=self.actor, rate_id=self.rate_id, destination=self.destination, subtotal=subtotal
            )
        except UserFault as fault:
            if self.address is None and fault.code is FaultCode.SHIPPING_UNAVAILABLE:
                raise address_required() from None
            raise
        if quote.kind is ShippingKind.DELIVERY and self.address is None:
            raise address_required()
        return quote

    async def discounted(self, rows: Rows, order: Order, subtotal: Decimal) -> Discount | None:
        code = self.cart.discount_code
        if code is None:
            return None
        found = await discounts.find(rows, actor=self.actor, code=code, email=order.customer_email)
        return discounts.check(found, "discountCode", subtotal=subtotal)

    def write_amounts(self, order: Order, lines: Sequence[OrderLine], quote: Quote | None) -> None:
        found = pricing.totals(
            [line.total for line in lines],
            reduction=discounts.reduction_of(self.discount) if self.discount else None,
            shipping=quote.price if quote else ZERO,
            step=self.step,
        )
        order.discount, order.shipping, order.total = found.discount, found.shipping, found.total
        for line, part in zip(lines, found.line_discounts, strict=True):
            line.discount = part
        if self.discount:
            order.discount_id, order.discount_code = self.discount.id, self.discount.code

    def check_total(self, order: Order, subtotal: Decimal) -> None:
        if order.total > LARGEST:
            raise UserFault(FaultCode.INVALID, f"An order may cost at most {LARGEST}.", ("cartId",))
        if order.total != self.expected_total:
            raise TotalChanged(
                FaultCode.TOTAL_CHANGED,
                f"The order comes to {order.total} by now: look at it again.",
                ("expectedTotal",),
                subtotal=subtotal,
                discount=order.discount,
                shipping=order.shipping,
                total=order.total,
            )
        check_available(self.gateways, str(order.payment_method), order.currency, order.total, "paymentProvider")

    @property
    def takes(self) -> bool:
        return self.discount is not None

    async def take(self, rows: Rows, order: Order) -> None:
        if self.discount is None:
            return
        await discounts.use(
            rows,
            actor=self.actor,
            discount=self.discount,
            order_id=order.id,
            email=order.customer_email,
            subtotal=order.total - order.shipping + order.discount,
            field="discountCode",
        )


def write_shipping(order: Order, quote: Quote | None, address: Mapping[str, Any] | None) -> None:
    """What the shopper was shown of it. Where nothing is brought, no address is kept."""
    if quote is None:
        return
    order.shipping_method = {
        "rate_id": str(quote.rate_id),
        "provider": quote.provider,
        "kind": quote.kind.value,
        "name_en": quote.name.en,
        "name_ar": quote.name.ar,
        "instructions_en": quote.instructions.en,
        "instructions_ar": quote.instructions.ar,
        "estimate_min_days": quote.estimate_min_days,
        "estimate_max_days": quote.estimate_max_days,
    }
    if quote.kind is ShippingKind.DELIVERY and address is not None:
        order.shipping_address = dict(address)


def ordered_of(order_id: uuid.UUID, cart: Cart) -> Ordered:
    """All of a cart as it was read."""
    return Ordered(order_id, cart.quantities, note=cart.note, discount_code=cart.discount_code)


def address_required() -> UserFault:
    return UserFault(FaultCode.REQUIRED, "Say where it is to be brought.", ("shippingAddress",))
