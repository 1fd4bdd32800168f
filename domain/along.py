"""What was read, and what came along with it in the same statement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Along(Generic[T_co]):
    """A value, and values that batch functions need not read any more: by function, then by key."""

    value: T_co
    values: Mapping[Any, Mapping[Any, Any]] = field(default_factory=dict[Any, Mapping[Any, Any]])
