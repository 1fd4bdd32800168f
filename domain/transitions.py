"""State machines: which status may follow which."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import FaultCode, IllegalTransition


@dataclass(frozen=True)
class StateMachine:
    """The allowed steps of one status, by current state."""

    subject: str
    steps: Mapping[str, tuple[str, ...]]

    def check(self, current: str, wanted: str, *field: str) -> None:
        """Raise a fault that tells the allowed next states unless `wanted` is one of them."""
        allowed = self.steps[current]
        if wanted not in allowed:
            told = f"already {current}" if wanted == current else f"{current} and cannot become {wanted}"
            raise IllegalTransition(
                FaultCode.ILLEGAL_TRANSITION,
                f"{self.subject} is {told}.",
                field,
                current=current,
                allowed=allowed,
            )
