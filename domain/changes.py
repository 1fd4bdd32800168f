"""Absent is not null: what a partial update leaves alone, and what it clears."""

from enum import Enum
from typing import Final, TypeVar

T = TypeVar("T")


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""A field that the client did not send."""


def unless_absent(value: T | Absent, current: T) -> T:
    """The new value if one was sent, else the current one."""
    return current if isinstance(value, Absent) else value
