"""What was read, and what came along with it in the same statement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T", covariant=True)


@dataclass(frozen=True, slots=True)
class Along(Generic[T]):
    """A value, and values that batch functions need not read any more: by function, then by key."""

    value: T
    values: Mapping[Any, Mapping[Any, Any]] = field(default_factory=dict)
