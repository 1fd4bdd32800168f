"""What a composer is given."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.ports import OutgoingMail
from domain.store_pages import ON_THIS_MACHINE, StorePages


@dataclass(frozen=True, slots=True)
class Errand:
    """One outbox message to turn into a mail. The session sees what its owner, a tenant or a person, may see."""

    session: AsyncSession
    owner_id: uuid.UUID
    kind: str
    payload: Mapping[str, Any]
    secret_key: bytes
    message_id: str
    store_pages: StorePages = ON_THIS_MACHINE


class UnknownKind(Exception):
    """No composer knows this kind of message."""


Composer = Callable[[Errand], Awaitable[OutgoingMail | None]]
"""Writes the mail from what the database holds now; None if there is no point in sending it any more."""
