"""What shoppers tell of their carts, checked and made a `CartChange`."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from db.queries import carts as statements
from db.rows import Rows
from domain.carts import MOST_LINES, MOST_OF_ONE, CartChange, Portion
from domain.changes import ABSENT, Absent
from domain.destinations import Destination, checked_destination
from domain.errors import FaultCode, Faults, named_twice, not_found
from domain.money import checked_amount
from domain.texts import cleaned

LONGEST_NOTE = 2_000
LONGEST_CODE = 200


@dataclass(frozen=True, slots=True)
class GivenLine:
    """So many of a variant, as a client wrote it; None where the identifier is none of a variant."""

    variant_id: uuid.UUID | None
    quantity: int
    seen_price: Decimal | None = None
    """What the shopper was shown; None where the client does not tell."""


@dataclass(frozen=True, slots=True)
class CartEdit:
    """What to change of a cart beside its lines. The rate is None where the identifier is none."""

    note: str | Absent | None = ABSENT
    discount_code: str | Absent | None = ABSENT
    destination: Destination | Absent | None = ABSENT
    shipping_rate_id: uuid.UUID | Absent | None = ABSENT


async def adding(rows: Rows, *, given: Sequence[GivenLine]) -> CartChange:
    """So many more of variants on sale; one that is named twice is added twice.

    Faults: everything wrong about the form at once; NOT_FOUND of each variant that is not on sale.
    """
    checked = checked_lines(given, least=1)
    values = {"variant_ids": [line.variant_id for line in checked]}
    prices = {row["id"]: row["price"] for row in await rows.fetch(statements.OFFERED_PRICES, values)}
    faults = Faults()
    for portion in checked:
        if portion.variant_id not in prices:
            faults.found.append(not_found("variant", "lines", str(portion.place), "variantId"))
    faults.raise_any()
    return CartChange(added=[priced(portion, prices) for portion in checked])


def priced(portion: Portion, prices: Mapping[uuid.UUID, Decimal]) -> Portion:
    """With the price as it is now, unless the shopper was shown another."""
    price = portion.price if portion.was_shown else prices[portion.variant_id]
    return Portion(portion.variant_id, portion.quantity, price, portion.place, portion.was_shown)


def keeping(given: Sequence[GivenLine]) -> CartChange:
    """Just so many of what is in the cart. Faults: everything wrong about the form at once."""
    checked, faults = checked_lines(given, least=0), Faults()
    named: set[uuid.UUID] = set()
    for portion in checked:
        if portion.variant_id in named:
            faults.found.append(named_twice("lines", str(portion.place), "variantId"))
        named.add(portion.variant_id)
    faults.raise_any()
    return CartChange(kept=checked)


def removing(variant_ids: Sequence[uuid.UUID | None]) -> CartChange:
    """Without these lines; one that is not there is gone already."""
    faults = Faults()
    check_number(len(variant_ids), faults, "variantIds")
    for place, variant_id in enumerate(variant_ids[:MOST_LINES]):
        if variant_id is None:
            faults.found.append(not_found("variant", "variantIds", str(place)))
    faults.raise_any()
    return CartChange(removed=[variant_id for variant_id in variant_ids if variant_id is not None])


def editing(given: CartEdit) -> CartChange:
    """Faults: everything invalid at once."""
    faults, details = Faults(), dict[str, Any]()
    with faults.collecting():
        if not isinstance(given.note, Absent):
            details["note"] = cleaned(given.note, "note", limit=LONGEST_NOTE, multiline=True)
    with faults.collecting():
        if not isinstance(given.discount_code, Absent):
            details["discount_code"] = cleaned(given.discount_code, "discountCode", limit=LONGEST_CODE)
    with faults.collecting():
        if not isinstance(given.destination, Absent):
            destination = given.destination
            details["destination"] = checked_destination(destination, "destination") if destination else None
    if not isinstance(given.shipping_rate_id, Absent):
        details["shipping_rate_id"] = given.shipping_rate_id
    faults.raise_any()
    return CartChange(details=details)


def checked_lines(given: Sequence[GivenLine], *, least: int) -> list[Portion]:
    """Raises everything that is wrong about the form at once."""
    faults, portions = Faults(), list[Portion]()
    check_number(len(given), faults, "lines")
    for place, line in enumerate(given[:MOST_LINES]):
        path, price = ("lines", str(place)), line.seen_price
        if not least <= line.quantity <= MOST_OF_ONE:
            faults.add(FaultCode.INVALID, f"A quantity is between {least} and {MOST_OF_ONE:,}.", *path, "quantity")
        with faults.collecting():
            price = None if price is None else checked_amount(price, *path, "seenPrice")
        if line.variant_id is None:
            faults.found.append(not_found("variant", *path, "variantId"))
        else:
            portions.append(Portion(line.variant_id, line.quantity, price, place, was_shown=price is not None))
    faults.raise_any()
    return portions


def check_number(count: int, faults: Faults, field: str) -> None:
    if count == 0:
        faults.add(FaultCode.REQUIRED, "Name at least one.", field)
    if count > MOST_LINES:
        faults.add(FaultCode.TOO_LONG, f"At most {MOST_LINES} at once.", field)
