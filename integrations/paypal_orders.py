"""What PayPal's orders say of a charge."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

from domain.payment_providers import ChargeState, ChargeStatus, CurrencyRule, RefundState, RefundStatus

TWO_DECIMALS = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD"
NO_DECIMALS = "HUF JPY TWD"
CURRENCIES: Mapping[str, CurrencyRule] = {
    **{currency: CurrencyRule(2) for currency in TWO_DECIMALS.split()},
    **{currency: CurrencyRule(0) for currency in NO_DECIMALS.split()},
}
"""All that PayPal takes: no dinars."""

ORDER_STATUSES = {
    "APPROVED": ChargeStatus.AUTHORISED,
    "VOIDED": ChargeStatus.CANCELLED,
}
"""Every other waits for the shopper. Of `COMPLETED` the captures tell."""
TAKEN = {"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"}
LOST = {"DECLINED", "FAILED"}
REFUND_STATUSES = {
    "COMPLETED": RefundStatus.SUCCEEDED,
    "CANCELLED": RefundStatus.FAILED,
    "FAILED": RefundStatus.FAILED,
}
PAGES_TO_PAY_AT = {"payer-action", "approve"}
REFUND_MARK = "refund"
"""`custom_id` of a refund is `refund:{refund}:{payment}`; a charge's is the payment's id."""
NOTHING = Decimal("0.000")

Json = Mapping[str, Any]


def charge_of(order: Json) -> ChargeState:
    """Raises `KeyError` and the like for what is no order."""
    (unit,) = cast("Sequence[Json]", order["purchase_units"])
    captures = items(unit, "captures")
    status = status_of(order, captures)
    links = cast("Sequence[Json]", order.get("links") or [])
    page = next((str(each["href"]) for each in links if each.get("rel") in PAGES_TO_PAY_AT), None)
    return ChargeState(
        reference=str(order["id"]),
        status=status,
        amount_paid=sum((amount_of(each) for each in captures if each["status"] in TAKEN), NOTHING),
        currency=str(unit["amount"]["currency_code"]),
        redirect_url=page if status is ChargeStatus.PENDING and not captures else None,
        failure=failure_of(captures) if status is ChargeStatus.FAILED else None,
        refunds=[refund_of(each) for each in items(unit, "refunds")],
    )


def status_of(order: Json, captures: Sequence[Json]) -> ChargeStatus:
    """A capture that PayPal still looks at is pending, and nothing that the shopper can do."""
    told = {str(each["status"]) for each in captures}
    if told & TAKEN:
        return ChargeStatus.PAID
    if told and told <= LOST:
        return ChargeStatus.FAILED
    return ORDER_STATUSES.get(str(order["status"]), ChargeStatus.PENDING) if not told else ChargeStatus.PENDING


def failure_of(captures: Sequence[Json]) -> str | None:
    reasons = [cast("Json", each.get("status_details") or {}).get("reason") for each in captures]
    return next((str(each) for each in reasons if each), str(captures[-1]["status"]) if captures else None)


def capture_of(order: Json) -> Json | None:
    """The one that took the money."""
    (unit,) = cast("Sequence[Json]", order["purchase_units"])
    return next((each for each in items(unit, "captures") if each["status"] in TAKEN), None)


def payment_of(order: Json) -> uuid.UUID | None:
    (unit,) = cast("Sequence[Json]", order["purchase_units"])
    return ids_in(unit.get("custom_id"))[1]


def refund_of(refund: Json) -> RefundState:
    return RefundState(
        reference=str(refund["id"]),
        status=REFUND_STATUSES.get(str(refund["status"]), RefundStatus.PENDING),
        amount=amount_of(refund),
        refund_id=ids_in(refund.get("custom_id"))[0],
    )


def refund_mark(refund_id: uuid.UUID, payment_id: uuid.UUID | None) -> str:
    return f"{REFUND_MARK}:{refund_id}:{payment_id or ''}"


def ids_in(custom_id: object) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """Our refund and our payment, as far as they are named: merchants make refunds as well."""
    if not isinstance(custom_id, str):
        return None, None
    mark, _, rest = custom_id.partition(":")
    if mark != REFUND_MARK:
        return None, id_of(custom_id)
    refund, _, payment = rest.partition(":")
    return id_of(refund), id_of(payment)


def id_of(text: str) -> uuid.UUID | None:
    with suppress(ValueError):
        return uuid.UUID(text)
    return None


def items(unit: Json, kind: str) -> Sequence[Json]:
    payments = cast("Json", unit.get("payments") or {})
    return cast("Sequence[Json]", payments.get(kind) or [])


def amount_of(told: Json) -> Decimal:
    return Decimal(str(told["amount"]["value"])).quantize(NOTHING)


def written(amount: Decimal, currency: str) -> dict[str, str]:
    """An amount that PayPal takes, by its own count of decimals."""
    return {"currency_code": currency, "value": f"{amount:.{CURRENCIES[currency].exponent}f}"}
