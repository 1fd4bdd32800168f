"""Inputs of discounts, and what the domain makes of them."""

from datetime import datetime
from decimal import Decimal

import strawberry

from domain.changes import ABSENT, Absent
from domain.discount_terms import DiscountChanges, NewDiscount, Value
from domain.errors import FaultCode, UserFault
from gql.maybe import CLEARS, NOT_NULL, given, given_text, given_value
from gql.scalars import LocalizedTextInput

CODE = (
    "3 to 40 Latin or Arabic letters, figures, hyphens and underscores; unique within the tenant. Kept in capitals and "
    "European figures, without blanks: shoppers may type it in any way. What is worth guessing has six random ones or "
    "more."
)
TITLE = "What shoppers are told of it, in at least one language, up to 200 characters."
STARTS = "It is good from then on; without one, from now on."
ENDS = "It is good until right before that; without one, for ever."
MINIMUM = "What the lines of an order come to at least, before any discount; above zero."
LIMIT = "How many orders may use it in all, 1 to 1,000,000,000."
LIMIT_EACH = (
    "How many orders of one customer may use it, 1 to 1,000,000,000. A customer is known by the address that they have "
    "proven, a guest by the one that they write: whoever writes another as a guest is somebody else."
)


@strawberry.input(one_of=True, description="What a discount takes off.")
class DiscountValueInput:
    percentage: strawberry.Maybe[Decimal] = strawberry.field(
        description="Percent of the lines: above 0, at most 100, up to two decimals."
    )
    amount: strawberry.Maybe[Decimal] = strawberry.field(
        description="An amount off the lines, in the tenant's currency, above zero; all where they come to less."
    )
    free_shipping: strawberry.Maybe[bool] = strawberry.field(description="What shipping costs; `true`.")


@strawberry.input(description="A new discount. Moments have an offset from UTC.")
class DiscountCreateInput:
    code: str = strawberry.field(description=CODE)
    title: LocalizedTextInput = strawberry.field(description=TITLE)
    value: DiscountValueInput = strawberry.field(description="What it takes off.")
    starts_at: datetime | None = strawberry.field(default=None, description=STARTS)
    ends_at: datetime | None = strawberry.field(default=None, description=ENDS)
    minimum_subtotal: Decimal | None = strawberry.field(default=None, description=MINIMUM)
    usage_limit: int | None = strawberry.field(default=None, description=LIMIT)
    usage_limit_per_customer: int | None = strawberry.field(default=None, description=LIMIT_EACH)
    is_enabled: bool = strawberry.field(default=True, description="Whether shoppers can use it.")


@strawberry.input(description="What to change in a discount; fields left out stay as they are.")
class DiscountUpdateInput:
    id: strawberry.ID = strawberry.field(description="The discount.")
    version: int = strawberry.field(description="The `version` that this edit is based on; `STALE` if it has moved on.")
    code: strawberry.Maybe[str | None] = strawberry.field(description=f"{CODE} {NOT_NULL}")
    title: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"{TITLE} Replaces both languages. {NOT_NULL}"
    )
    value: strawberry.Maybe[DiscountValueInput | None] = strawberry.field(
        description=f"What it takes off from now on; orders keep what they have. {NOT_NULL}"
    )
    starts_at: strawberry.Maybe[datetime | None] = strawberry.field(description=f"{STARTS} {CLEARS}")
    ends_at: strawberry.Maybe[datetime | None] = strawberry.field(description=f"{ENDS} {CLEARS}")
    minimum_subtotal: strawberry.Maybe[Decimal | None] = strawberry.field(description=f"{MINIMUM} {CLEARS}")
    usage_limit: strawberry.Maybe[int | None] = strawberry.field(
        description=f"{LIMIT} No less than it was used already. {CLEARS}"
    )
    usage_limit_per_customer: strawberry.Maybe[int | None] = strawberry.field(description=f"{LIMIT_EACH} {CLEARS}")
    is_enabled: strawberry.Maybe[bool | None] = strawberry.field(
        description=f"Whether shoppers can use it. Switched off it is to them as if there were none. {NOT_NULL}"
    )


@strawberry.input(description="Which discount to delete.")
class DiscountDeleteInput:
    id: strawberry.ID = strawberry.field(description="A discount that no order has used.")


def new_discount(sent: DiscountCreateInput) -> NewDiscount:
    return NewDiscount(
        code=sent.code,
        title=sent.title.value(),
        value=value_of(sent.value),
        starts_at=sent.starts_at,
        ends_at=sent.ends_at,
        minimum_subtotal=sent.minimum_subtotal,
        usage_limit=sent.usage_limit,
        usage_limit_per_customer=sent.usage_limit_per_customer,
        is_enabled=sent.is_enabled,
    )


def discount_changes(sent: DiscountUpdateInput) -> DiscountChanges:
    value = given_value(sent.value, "value")
    return DiscountChanges(
        code=given_value(sent.code, "code"),
        title=given_text(sent.title, "title"),
        value=ABSENT if isinstance(value, Absent) else value_of(value),
        starts_at=given(sent.starts_at),
        ends_at=given(sent.ends_at),
        minimum_subtotal=given(sent.minimum_subtotal),
        usage_limit=given(sent.usage_limit),
        usage_limit_per_customer=given(sent.usage_limit_per_customer),
        is_enabled=given_value(sent.is_enabled, "isEnabled"),
    )


def value_of(sent: DiscountValueInput) -> Value:
    if sent.percentage is not None:
        return Value("percentage", sent.percentage.value)
    if sent.amount is not None:
        return Value("fixed", sent.amount.value)
    if sent.free_shipping is not None and sent.free_shipping.value:
        return Value("free_shipping")
    raise UserFault(FaultCode.INVALID, "Say `true`, or choose another form.", ("value", "freeShipping"))
