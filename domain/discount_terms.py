"""The terms of a discount: what staff may write into it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.models import Discount
from domain.changes import ABSENT, Absent
from domain.discount_codes import checked_code
from domain.errors import FaultCode, Faults, UserFault
from domain.money import checked_amount
from domain.texts import LocalizedText, cleaned_name

MOST_USES = 1_000_000_000
HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Value:
    """What it takes off: a percentage, a fixed amount, or what shipping costs, which needs no value."""

    kind: str
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NewDiscount:
    """What staff give in order to make a discount. None is no bound."""

    code: str
    title: LocalizedText
    value: Value
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    minimum_subtotal: Decimal | None = None
    usage_limit: int | None = None
    usage_limit_per_customer: int | None = None
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class DiscountChanges:
    """A partial update."""

    code: str | Absent = ABSENT
    title: LocalizedText | Absent = ABSENT
    value: Value | Absent = ABSENT
    starts_at: datetime | Absent | None = ABSENT
    ends_at: datetime | Absent | None = ABSENT
    minimum_subtotal: Decimal | Absent | None = ABSENT
    usage_limit: int | Absent | None = ABSENT
    usage_limit_per_customer: int | Absent | None = ABSENT
    is_enabled: bool | Absent = ABSENT


def all_of(given: NewDiscount) -> DiscountChanges:
    """A new discount as the change of an empty one."""
    return DiscountChanges(
        given.code,
        given.title,
        given.value,
        given.starts_at,
        given.ends_at,
        given.minimum_subtotal,
        given.usage_limit,
        given.usage_limit_per_customer,
        given.is_enabled,
    )


def change(discount: Discount, changes: DiscountChanges) -> None:
    """Set what was sent. Raises everything that is wrong with it, and with what is there then, at once."""
    faults, columns = Faults(), dict[str, Any]()
    with faults.collecting():
        columns |= checked_words(changes)
    with faults.collecting():
        if not isinstance(changes.value, Absent):
            columns |= checked_value(changes.value)
    with faults.collecting():
        columns |= checked_bounds(changes)
    for column, value in columns.items():
        setattr(discount, column, value)
    with faults.collecting():
        check_together(discount)
    faults.raise_any()


def checked_words(changes: DiscountChanges) -> dict[str, Any]:
    faults, columns = Faults(), dict[str, Any]()
    with faults.collecting():
        if not isinstance(changes.code, Absent):
            columns["code"] = checked_code(changes.code, "code")
    with faults.collecting():
        if not isinstance(changes.title, Absent):
            title = cleaned_name(changes.title, "title")
            columns |= {"title_en": title.en, "title_ar": title.ar}
    faults.raise_any()
    return columns


def checked_value(given: Value) -> dict[str, Any]:
    """The three columns that say what is taken off."""
    percentage = amount = None
    if given.kind == "percentage":
        percentage = checked_percentage(given.value or Decimal(0))
    elif given.kind == "fixed":
        amount = positive(given.value or Decimal(0), "value", "amount")
    return {"kind": given.kind, "percentage": percentage, "amount": amount}


def checked_percentage(percentage: Decimal) -> Decimal:
    if not percentage.is_finite() or not 0 < percentage <= 100 or percentage != percentage.quantize(HUNDREDTH):
        message = "A percentage is above 0 and at most 100, with up to two decimals."
        raise UserFault(FaultCode.INVALID, message, ("value", "percentage"))
    return percentage.quantize(HUNDREDTH)


def positive(amount: Decimal, *field: str) -> Decimal:
    checked = checked_amount(amount, *field)
    if not checked:
        raise UserFault(FaultCode.INVALID, "An amount of nothing says nothing: it must be above zero.", field)
    return checked


def checked_bounds(changes: DiscountChanges) -> dict[str, Any]:
    """When, for whom and how often it is good."""
    faults, columns = Faults(), dict[str, Any]()
    for column in ("starts_at", "ends_at", "is_enabled"):
        value = getattr(changes, column)
        if not isinstance(value, Absent):
            columns[column] = value
    with faults.collecting():
        if not isinstance(changes.minimum_subtotal, Absent):
            minimum = changes.minimum_subtotal
            columns["minimum_subtotal"] = None if minimum is None else positive(minimum, "minimumSubtotal")
    with faults.collecting():
        if not isinstance(changes.usage_limit, Absent):
            columns["usage_limit"] = checked_limit(changes.usage_limit, "usageLimit")
    with faults.collecting():
        if not isinstance(changes.usage_limit_per_customer, Absent):
            limit = checked_limit(changes.usage_limit_per_customer, "usageLimitPerCustomer")
            columns["usage_limit_per_customer"] = limit
    faults.raise_any()
    return columns


def checked_limit(limit: int | None, *field: str) -> int | None:
    if limit is not None and not 1 <= limit <= MOST_USES:
        raise UserFault(FaultCode.INVALID, f"A limit is between 1 and {MOST_USES:,}.", field)
    return limit


def check_together(discount: Discount) -> None:
    """What must fit each other, whichever of it was sent."""
    faults = Faults()
    if discount.starts_at and discount.ends_at and discount.ends_at <= discount.starts_at:
        faults.add(FaultCode.INVALID, "It ends before it begins.", "endsAt")
    used = discount.usage_count or 0
    if discount.usage_limit is not None and discount.usage_limit < used:
        message = f"It was used {used:,} times already: that is the least that the limit can be."
        faults.add(FaultCode.INVALID, message, "usageLimit")
    faults.raise_any()
