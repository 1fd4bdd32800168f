"""From Strawberry's `Maybe` to the domain's `ABSENT`.

Every input field that may be left out is a `Maybe[T | None]`, also where null is refused: Strawberry's own refusal of
null names Python types, and a `userErrors` entry is what a form can show.
"""

from typing import TypeVar

import strawberry

from domain.changes import ABSENT, Absent
from domain.errors import FaultCode, UserFault
from domain.texts import LocalizedText
from gql.scalars import LocalizedTextInput

T = TypeVar("T")

NOT_NULL = "Null is refused."
CLEARS = "Null clears it."
"""What the description of such a field says about null, where nothing more particular is to be said."""


def given(maybe: strawberry.Maybe[T]) -> T | Absent:
    """The value that was sent, which may be null; `ABSENT` if the field was left out."""
    return ABSENT if maybe is None else maybe.value


def given_value(maybe: strawberry.Maybe[T | None], *field: str) -> T | Absent:
    """As `given`, for a field that cannot be cleared: null is a fault of the client."""
    sent = given(maybe)
    if sent is None:
        raise UserFault(FaultCode.REQUIRED, "This field cannot be cleared.", field)
    return sent


def given_text(maybe: strawberry.Maybe[LocalizedTextInput | None], *field: str) -> LocalizedText | Absent:
    """As `given_value`, for a text in two languages."""
    sent = given_value(maybe, *field)
    return sent if isinstance(sent, Absent) else sent.value()
