"""The input of a checkout, and what the domain makes of it."""

from decimal import Decimal

import strawberry

from domain import guest_carts
from domain.checkouts import NewCheckout
from domain.order_submission import Customer
from gql.address_inputs import AddressInput, new_address
from gql.carts import NamedCart
from gql.context import Info
from gql.ids import row_id
from gql.order_inputs import OrderCustomerInput
from gql.payment_providers import PaymentProvider
from gql.scalars import Locale, written


@strawberry.input(description="The order that is to be made of a cart. Prices are those of that moment.")
class CheckoutCompleteInput:
    idempotency_key: str = strawberry.field(
        description="At least 128 random bits in 22 to 200 printable ASCII characters. Sent again with the same input "
        "it answers the same order; with another input it is refused. A refused attempt does not use it up."
    )
    cart_id: strawberry.ID | None = strawberry.field(
        default=None, description="Which cart; a customer may leave it out, for their own."
    )
    customer: OrderCustomerInput = strawberry.field(description="Who orders; nobody needs an account.")
    shipping_address: AddressInput | None = strawberry.field(
        default=None,
        description="Where it is to be brought. Needed for delivery; for pick-up, and where nothing is to be brought, "
        "it is not kept.",
    )
    shipping_rate_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="How to get it, of `store { shippingQuotes }`; the cart's own by default. Needed where something "
        "is to be brought or collected.",
    )
    payment_provider: PaymentProvider = strawberry.field(
        description="How it will be paid, of `store { paymentMethods }`. Nothing is paid yet."
    )
    expected_total: Decimal = strawberry.field(
        description="What the shopper was told that it comes to, of `cart { total }`: where it comes to anything else, "
        "nothing is ordered, and `TOTAL_CHANGED` tells the new total."
    )
    note: str | None = strawberry.field(
        default=None,
        description="For the tenant, up to 2,000 characters, line breaks allowed; the cart's own by default.",
    )
    locale: Locale | None = strawberry.field(
        default=None, description="Language of the mails to the customer; the store's own by default."
    )
    visit_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="What `visitRecord` answered, so that the tenant learns how the shopper came. One that is unknown, "
        "or has ended, is left out: the order is placed all the same.",
    )


def new_checkout(info: Info, given: CheckoutCompleteInput) -> NewCheckout:
    """Raises NOT_FOUND of a cart or a rate whose identifier is none, REQUIRED of a guest who names no cart."""
    cart, rate_id = NamedCart.of(given.cart_id, info), given.shipping_rate_id
    if cart.row_id is None and not cart.is_own:
        raise guest_carts.id_required()
    return NewCheckout(
        customer=Customer(given.customer.name, given.customer.email, given.customer.phone),
        payment_provider=str(given.payment_provider.value),
        expected_total=given.expected_total,
        guest_cart_id=None if cart.is_own else cart.row_id,
        own_cart_id=cart.row_id if cart.is_own else None,
        shipping_address=new_address(given.shipping_address) if given.shipping_address else None,
        shipping_rate_id=row_id("rate", rate_id, "shippingRateId") if rate_id else None,
        note=given.note,
        locale=written(given.locale),
    )
