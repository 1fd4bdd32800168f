"""From Strawberry's `Maybe` to the domain's `ABSENT`."""

from typing import TypeVar

import strawberry

from domain.changes import ABSENT, Absent
from domain.texts import LocalizedText
from gql.scalars import LocalizedTextInput

T = TypeVar("T")


def given(maybe: strawberry.Maybe[T]) -> T | Absent:
    """The value that was sent, which may be null; `ABSENT` if the field was left out."""
    return ABSENT if maybe is None else maybe.value


def given_text(maybe: strawberry.Maybe[LocalizedTextInput]) -> LocalizedText | Absent:
    """As `given`, for a text in two languages."""
    return ABSENT if maybe is None else maybe.value.value()
