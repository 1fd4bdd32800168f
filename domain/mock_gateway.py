"""The mock gateway: the outside, played by us, for demonstrations and tests. It takes no money.

It is spoken to as any provider is: it keeps its own books, shows its own page, and calls back by HTTP with a signature.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol

CALLBACK = "mock_gateway.call_back"
"""The job that tells the shop."""


class Decision(Enum):
    """What the shopper does on the gateway's page."""

    PAY = "pay"
    FAIL = "fail"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class HostedCharge:
    """What the page shows."""

    order_number: str
    amount: Decimal
    currency: str
    locale: str
    status: str
    return_url: str
    expires_at: datetime

    @property
    def is_open(self) -> bool:
        return self.status == "open"


class MockGateway(Protocol):
    """What its page and its callbacks need."""

    async def find(self, tenant_id: uuid.UUID, token: str) -> HostedCharge | None:
        """The charge that a page is about; one that ran out is `cancelled`."""
        ...

    async def decide(self, tenant_id: uuid.UUID, token: str, decision: Decision) -> HostedCharge | None:
        """Pay or fail an open charge, and have the shop told; what has ended stays as it is."""
        ...

    async def call_back(self, tenant_id: uuid.UUID, charge_id: uuid.UUID) -> None:
        """Tell the shop by HTTP what became of a charge. Raises unless the shop has taken it."""
        ...


class CallbackNotTaken(Exception):
    """The shop has not answered 200: it is told again."""
