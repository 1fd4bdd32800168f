"""What a domain function raises. A fault is told to the person who caused it; nothing else is.

A `UserFault` becomes an entry of `userErrors`: a code to branch on, a sentence to show, the path of the input field.
`AccessDenied` becomes a top-level error. Everything unexpected is masked by the outermost layer.
"""

import traceback
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path


class FaultCode(Enum):
    """Why an input was refused."""

    INVALID = "INVALID"
    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    TAKEN = "TAKEN"
    RESERVED = "RESERVED"
    IN_USE = "IN_USE"
    NOT_FOUND = "NOT_FOUND"
    NOT_READY = "NOT_READY"
    STALE = "STALE"
    INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
    TOTAL_CHANGED = "TOTAL_CHANGED"
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    CODE_WRONG = "CODE_WRONG"
    CREDENTIALS_WRONG = "CREDENTIALS_WRONG"
    ACCOUNT_UNCONFIRMED = "ACCOUNT_UNCONFIRMED"
    TOKEN_INVALID = "TOKEN_INVALID"
    MFA_CODE_WRONG = "MFA_CODE_WRONG"
    CHALLENGE_ENDED = "CHALLENGE_ENDED"
    MFA_ENABLED = "MFA_ENABLED"
    MFA_DISABLED = "MFA_DISABLED"
    LAST_OWNER = "LAST_OWNER"
    INVITATION_INVALID = "INVITATION_INVALID"
    LIMIT_REACHED = "LIMIT_REACHED"
    DISCOUNT_NOT_STARTED = "DISCOUNT_NOT_STARTED"
    DISCOUNT_ENDED = "DISCOUNT_ENDED"
    DISCOUNT_USED_UP = "DISCOUNT_USED_UP"
    DISCOUNT_LIMIT_PER_CUSTOMER = "DISCOUNT_LIMIT_PER_CUSTOMER"
    DISCOUNT_MINIMUM_NOT_REACHED = "DISCOUNT_MINIMUM_NOT_REACHED"
    UNAVAILABLE_HERE = "UNAVAILABLE_HERE"
    ALREADY_PAID = "ALREADY_PAID"
    HOLD_ENDED = "HOLD_ENDED"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PROVIDER_REFUSED = "PROVIDER_REFUSED"
    SHIPPING_UNAVAILABLE = "SHIPPING_UNAVAILABLE"
    REFUND_TOO_LARGE = "REFUND_TOO_LARGE"


@dataclass
class UserFault(Exception):
    """One refusal. `field` is the path of the input field, such as `("lines", "0", "quantity")`; empty if none."""

    code: FaultCode
    message: str
    field: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__init__(self.message)


@dataclass
class InsufficientStock(UserFault):
    """Fewer are left than were asked for."""

    variant_id: uuid.UUID | None = None
    available: int = 0


@dataclass
class TotalChanged(UserFault):
    """An order does not come to what the shopper was told; what it comes to."""

    subtotal: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    total: Decimal = Decimal(0)


@dataclass
class IllegalTransition(UserFault):
    """A status change that the state machine does not know; `allowed` are the next states that it does."""

    current: str = ""
    allowed: tuple[str, ...] = ()


class UserFaults(Exception):
    """Several refusals at once, so that a form can show them all."""

    def __init__(self, faults: Sequence[UserFault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = tuple(faults)


class Faults:
    """Collects refusals while an input is checked, and raises them together."""

    def __init__(self) -> None:
        self.found: list[UserFault] = []

    def add(self, code: FaultCode, message: str, *field: str) -> None:
        self.found.append(UserFault(code, message, field))

    @contextmanager
    def collecting(self) -> Generator[None]:
        """Keeps what the block refuses, and goes on behind the block: other fields are worth checking, too."""
        try:
            yield
        except UserFault as fault:
            self.found.append(fault)
        except UserFaults as faults:
            self.found.extend(faults.faults)

    def raise_any(self) -> None:
        if self.found:
            raise UserFaults(self.found)


class AccessDenied(Exception):
    """The actor may not do this. Told without saying whether the thing exists."""


class PermissionMissing(AccessDenied):
    """The actor lacks a named permission, such as `team:manage`; its name is told."""


class Overloaded(Exception):
    """More of this waits than may wait. Nothing was done, and it may be asked for again in a moment."""


OUR_TREE = str(Path(__file__).parents[1]) + "/"


def place_of(error: BaseException) -> list[str]:
    """Where in our own code an error came from, for the logs.

    What it said is not repeated there: texts of drivers and mail servers quote what people typed.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(OUR_TREE) and "site-packages" not in frame.filename]
    return [f"{frame.filename.removeprefix(OUR_TREE)}:{frame.lineno} {frame.name}" for frame in ours[-8:]]


def named_twice(*field: str) -> UserFault:
    """Of several rows about the same thing it would be left to chance which one counts."""
    return UserFault(FaultCode.INVALID, "It is named twice.", field)


def not_found(thing: str, *field: str) -> UserFault:
    """The same answer for a missing thing, a foreign tenant's and a malformed identifier."""
    return UserFault(FaultCode.NOT_FOUND, f"No such {thing}.", field)
