"""The ways of paying, as every part of the schema names them."""

from enum import Enum

import strawberry


@strawberry.enum(description="A way of paying that the platform knows. More values may come.")
class PaymentProvider(Enum):
    STRIPE = strawberry.enum_value("stripe", description="Cards and wallets, at Stripe.")
    PAYPAL = strawberry.enum_value("paypal", description="PayPal; it has none of the dinars.")
    MOCK = strawberry.enum_value("mock", description="A gateway that takes no money, for demonstrations and tests.")
    MANUAL = strawberry.enum_value(
        "manual", description="By instructions and perhaps a link; staff note when the money has come."
    )


@strawberry.enum(description="How a way of paying goes.")
class PaymentKind(Enum):
    ONLINE = strawberry.enum_value("online", description="At once, on the provider's pages.")
    MANUAL = strawberry.enum_value("manual", description="Some time later; staff note it.")


@strawberry.enum(description="Why a way of paying cannot be had. More values may come.")
class PaymentUnavailability(Enum):
    NOT_OFFERED = strawberry.enum_value("not_offered", description="Not on this platform.")
    CURRENCY = strawberry.enum_value("currency", description="It cannot take the store's currency.")
    AMOUNT = strawberry.enum_value(
        "amount", description="It cannot take this amount exactly, such as single fils where it counts tens of them."
    )


def kind_of(*, is_online: bool) -> PaymentKind:
    return PaymentKind.ONLINE if is_online else PaymentKind.MANUAL
