"""What the couriers of all outboxes have in common: a lease, its end, another try, and giving up.

What fences a slow worker off. The end of a lease is new at each claim, and every write asks for it: a worker whose
lease has passed to another can neither finish, nor put off, nor record anything.
"""

import random
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, Update, and_, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AccountOutboxMessage, AccountSend, OutboxMessage, Send
from db.queries.outbox import Lease, claim_account_outbox, claim_jobs, claim_outbox
from db.session import Database, Scope
from domain.errors import place_of

LEASE_SECONDS = 60
MOST_TRIES = 8
FIRST_PAUSE_SECONDS = 5
PAUSE_GROWTH = 4
"""Pauses of 5 s, 20 s, 80 s … 5.7 h: eight tries take over seven hours, as long as an outage may last."""

log = structlog.get_logger("sadu.deliveries")


class Claim(Protocol):
    """Leases up to `most` due messages of one outbox; none of those owners who are `busy`, where it knows of any."""

    async def __call__(
        self, session: AsyncSession, *, most: int, lease_seconds: int, busy: list[uuid.UUID]
    ) -> list[Lease]: ...


@dataclass(frozen=True, slots=True)
class Outbox:
    """An outbox and its ledger: whose they are, and how its messages are claimed."""

    name: str
    messages: type[OutboxMessage | AccountOutboxMessage]
    sends: type[Send | AccountSend]
    owner_column: str
    scope: Callable[[uuid.UUID], Scope]
    claim: Claim


def tenants_scope(owner: uuid.UUID) -> Scope:
    return Scope(tenant_id=owner)


TENANTS = Outbox("mails", OutboxMessage, Send, "tenant_id", tenants_scope, claim_outbox)
JOBS = Outbox("jobs", OutboxMessage, Send, "tenant_id", tenants_scope, claim_jobs)
"""The same table in another lane: what takes longer than a mail, and is handed to nobody outside."""
PEOPLE = Outbox(
    "account mails",
    AccountOutboxMessage,
    AccountSend,
    "person_id",
    lambda owner: Scope(person_id=owner),
    claim_account_outbox,
)


class Outcome(Enum):
    """How handling a message ended."""

    SENT = "sent"
    NOTHING_TO_SEND = "nothing to send"
    DONE = "done"
    PUT_OFF = "put off"
    DEAD = "dead"
    LOST = "lost to another worker"


class LeaseLost(Exception):
    """The message is finished, or leased to another worker by now."""


class TriesExhausted(Exception):
    """The worker died during the last try, or went away before it ended."""


async def claim(database: Database, outbox: Outbox, most: int, busy: list[uuid.UUID] | None = None) -> list[Lease]:
    """Lease up to `most` messages that are due. Start on them at once: the lease is running."""
    async with database.write(Scope()) as session:
        return await outbox.claim(session, most=most, lease_seconds=LEASE_SECONDS, busy=busy or [])


def held(outbox: Outbox, lease: Lease) -> ColumnElement[bool]:
    """The message, if this lease is still the last one given out on it."""
    messages = outbox.messages
    return and_(messages.id == lease.message_id, messages.status == "pending", messages.due_at == lease.until)


async def close(session: AsyncSession, outbox: Outbox, lease: Lease, **values: Any) -> bool:
    """End the lease with a change of the message; False, and no change, if another worker has the lease now."""
    change: Update = update(outbox.messages).where(held(outbox, lease)).values(**values)
    return (await session.execute(change.returning(outbox.messages.id))).first() is not None


async def close_as_done(session: AsyncSession, outbox: Outbox, lease: Lease) -> bool:
    """As `close`, for what is done."""
    return await close(session, outbox, lease, status="done", done_at=func.now(), last_error=None)


Record = Callable[[AsyncSession], Awaitable[None]]


async def put_off(
    database: Database, outbox: Outbox, lease: Lease, *, because: Exception, at_the_end: Record | None = None
) -> Outcome:
    """Try again later, or give up after the last try, with what is then to be recorded besides."""
    if lease.attempt >= MOST_TRIES:
        return await bury(database, outbox, lease, because=because, record=at_the_end)
    tell("delivery_put_off", lease, because)
    async with database.write(outbox.scope(lease.owner_id)) as session:
        later = func.now() + pause_after(lease.attempt)
        if not await close(session, outbox, lease, due_at=later, last_error=type(because).__name__):
            return Outcome.LOST
    return Outcome.PUT_OFF


async def bury(
    database: Database, outbox: Outbox, lease: Lease, *, because: Exception, record: Record | None = None
) -> Outcome:
    """Give up: the message is `dead` until a person replays it."""
    tell("delivery_dead", lease, because)
    async with database.write(outbox.scope(lease.owner_id)) as session:
        if not await close(session, outbox, lease, status="dead", last_error=type(because).__name__):
            return Outcome.LOST
        if record is not None:
            await record(session)
    return Outcome.DEAD


def pause_after(attempt: int) -> timedelta:
    """How long to wait after the n-th try, give or take a fifth, so that what failed together does not return so."""
    seconds = FIRST_PAUSE_SECONDS * PAUSE_GROWTH ** (attempt - 1)
    return timedelta(seconds=seconds * random.SystemRandom().uniform(0.8, 1.2))


def tell(event: str, lease: Lease, error: Exception) -> None:
    """Log where it went wrong, not what was said: texts of drivers and mail servers carry people's data."""
    log.warning(
        event,
        message_id=str(lease.message_id),
        attempt=lease.attempt,
        error=type(error).__name__,
        frames=place_of(error),
    )
