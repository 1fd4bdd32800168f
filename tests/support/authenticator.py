"""An authenticator app as people carry it: RFC 6238 by hand, so that no code of ours vouches for itself."""

import base64
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

STEP = 30


@dataclass
class Clock:
    """Stands still in the middle of a step, until somebody waits."""

    now: float = 1_900_000_015.0

    def __call__(self) -> float:
        return self.now

    def wait(self, steps: int = 1) -> None:
        self.now += steps * STEP


@dataclass
class Authenticator:
    """The app, with the secret that was scanned."""

    secret: str
    clock: Callable[[], float] = time.time

    def code(self, *, steps: int = 0) -> str:
        """What the app shows now, or some steps of 30 seconds later."""
        counter = int(self.clock() // STEP) + steps
        digest = hmac.digest(base64.b32decode(self.secret), counter.to_bytes(8, "big"), "sha1")
        offset = digest[-1] & 15
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
        return f"{number % 1_000_000:06d}"
