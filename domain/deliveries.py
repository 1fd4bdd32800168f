"""Handing over what the outboxes hold: lease → ledger → send → record.

What is guaranteed for mail. A committed message is handed over at least once, or ends `dead` where a person can see
and replay it, whatever is killed and whenever. It is not exactly once, because SMTP cannot tell: when a process dies,
or an answer is lost, between the server's acceptance and our record, nobody knows whether the mail went out. It is
then sent again under the same Message-ID, by which a mail program may hide the second copy and a server may, but need
not, drop it. So a mail may arrive twice only if its row in the send ledger has `attempts` above 1. A row that ends
`unknown` may have arrived or not; one that says `sent` is never sent again; `refused` means that the last try surely
failed.

What fences a slow worker off. The end of a lease is new at each claim, and every write asks for it: a worker whose
lease has passed to another can neither finish, nor put off, nor record anything. It may still be in the middle of
sending; the ledger has counted both.
"""

import asyncio
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, Update, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AccountOutboxMessage, AccountSend, OutboxMessage, Send
from db.queries.outbox import Lease, claim_account_outbox, claim_outbox
from db.session import Database, Scope
from domain.actors import Actor, Permission, require
from domain.errors import not_found, place_of
from domain.notifications import Errand, compose
from domain.ports import MailRefused, MailSender, OutgoingMail
from domain.store_pages import ON_THIS_MACHINE, StorePages

LEASE_SECONDS = 60
HANDLING_SECONDS = 30
"""How long a message may take up to its record; well within the lease, so that it does not pass on by itself."""
MOST_TRIES = 8
FIRST_PAUSE_SECONDS = 5
PAUSE_GROWTH = 4
"""Pauses of 5 s, 20 s, 80 s … 5.7 h: eight tries take over seven hours, as long as an outage may last."""

log = structlog.get_logger("sadu.deliveries")


class Claim(Protocol):
    """Leases up to `most` due messages of one outbox."""

    async def __call__(self, session: AsyncSession, *, most: int, lease_seconds: int) -> list[Lease]: ...


@dataclass(frozen=True, slots=True)
class Outbox:
    """An outbox and its ledger: whose they are, and how its messages are claimed."""

    messages: type[OutboxMessage | AccountOutboxMessage]
    sends: type[Send | AccountSend]
    owner_column: str
    scope: Callable[[uuid.UUID], Scope]
    claim: Claim


TENANTS = Outbox(OutboxMessage, Send, "tenant_id", lambda owner: Scope(tenant_id=owner), claim_outbox)
PEOPLE = Outbox(
    AccountOutboxMessage, AccountSend, "person_id", lambda owner: Scope(person_id=owner), claim_account_outbox
)


class Outcome(Enum):
    """How handling a message ended."""

    SENT = "sent"
    NOTHING_TO_SEND = "nothing to send"
    PUT_OFF = "put off"
    DEAD = "dead"
    LOST = "lost to another worker"


@dataclass(frozen=True, slots=True)
class Post:
    """What delivering needs: the database, the way out, the key of what mails prove, the host in Message-IDs."""

    database: Database
    mail: MailSender
    secret_key: bytes
    host: str
    store_pages: StorePages = ON_THIS_MACHINE


async def claim(database: Database, outbox: Outbox, most: int) -> Sequence[Lease]:
    """Lease up to `most` messages that are due. Start on them at once: the lease is running."""
    async with database.write(Scope()) as session:
        return await outbox.claim(session, most=most, lease_seconds=LEASE_SECONDS)


async def deliver(post: Post, outbox: Outbox, lease: Lease) -> Outcome:
    """Handle one leased message to an end that is recorded. Raises only if the database cannot be reached."""
    try:
        async with asyncio.timeout(HANDLING_SECONDS):
            sent = await hand_over(post, outbox, lease)
    except LeaseLost:
        outcome = Outcome.LOST
    except MailRefused as refusal:
        outcome = await bury(post, outbox, lease, because=refusal, ledger="refused")
    except Exception as error:
        outcome = await put_off(post, outbox, lease, because=error)
    else:
        outcome = await finish(post, outbox, lease, sent=sent)
    log.info("delivery", message_id=str(lease.message_id), attempt=lease.attempt, outcome=outcome.value)
    return outcome


class LeaseLost(Exception):
    """The message is finished, or leased to another worker by now."""


class TriesExhausted(Exception):
    """The worker died during the last try, or went away before it ended."""


async def hand_over(post: Post, outbox: Outbox, lease: Lease) -> bool:
    """Send a message that is still to be sent; False if there is nothing to send (any more)."""
    if lease.attempt > MOST_TRIES:
        raise TriesExhausted
    mail = await composed(post, outbox, lease)
    if mail is None:
        return False
    mail = await entered(post, outbox, lease, mail)
    await post.mail.send(mail)
    return True


async def composed(post: Post, outbox: Outbox, lease: Lease) -> OutgoingMail | None:
    """The mail as the database is now; None if it went out already, or has become pointless."""
    async with post.database.read(outbox.scope(lease.owner_id)) as session:
        message = (await session.execute(select(outbox.messages).where(held(outbox, lease)))).scalar_one_or_none()
        if message is None:
            raise LeaseLost
        status = select(outbox.sends.status).where(outbox.sends.message_id == lease.message_id)
        if (await session.execute(status)).scalar_one_or_none() == "sent":
            return None
        reference = f"<{lease.message_id}@{post.host}>"
        return await compose(
            Errand(
                session, lease.owner_id, message.kind, message.payload, post.secret_key, reference, post.store_pages
            ),
        )


async def entered(post: Post, outbox: Outbox, lease: Lease, mail: OutgoingMail) -> OutgoingMail:
    """The mail as the ledger now says it is being sent: under the Message-ID of the first try."""
    async with post.database.write(outbox.scope(lease.owner_id)) as session:
        holding = select(outbox.messages.id).where(held(outbox, lease), outbox.messages.due_at > func.now())
        if (await session.execute(holding.with_for_update())).first() is None:
            raise LeaseLost
        entry = insert(outbox.sends).values(
            {
                outbox.owner_column: lease.owner_id,
                "message_id": lease.message_id,
                "channel": "mail",
                "reference": mail.message_id,
            }
        )
        again = entry.on_conflict_do_update(
            index_elements=[outbox.owner_column, "message_id"],
            set_={"status": "claimed", "attempts": outbox.sends.attempts + 1, "claimed_at": func.now()},
            where=outbox.sends.status != "sent",
        )
        reference = (await session.execute(again.returning(outbox.sends.reference))).scalar_one()
    return replace(mail, message_id=reference)


async def finish(post: Post, outbox: Outbox, lease: Lease, *, sent: bool) -> Outcome:
    """Record that the message is done, in the ledger and in the outbox at once."""
    async with post.database.write(outbox.scope(lease.owner_id)) as session:
        if not await close(session, outbox, lease, status="done", done_at=func.now(), last_error=None):
            return Outcome.LOST
        await record(session, outbox, lease, "sent" if sent else "unknown")
    return Outcome.SENT if sent else Outcome.NOTHING_TO_SEND


async def put_off(post: Post, outbox: Outbox, lease: Lease, *, because: Exception) -> Outcome:
    """Try again later, or give up after the last try. What the ledger had claimed stays claimed until then."""
    if lease.attempt >= MOST_TRIES:
        return await bury(post, outbox, lease, because=because, ledger="unknown")
    tell("delivery_put_off", lease, because)
    async with post.database.write(outbox.scope(lease.owner_id)) as session:
        later = func.now() + pause_after(lease.attempt)
        if not await close(session, outbox, lease, due_at=later, last_error=type(because).__name__):
            return Outcome.LOST
    return Outcome.PUT_OFF


async def bury(post: Post, outbox: Outbox, lease: Lease, *, because: Exception, ledger: str) -> Outcome:
    """Give up: the message is `dead` until a person replays it."""
    tell("delivery_dead", lease, because)
    async with post.database.write(outbox.scope(lease.owner_id)) as session:
        if not await close(session, outbox, lease, status="dead", last_error=type(because).__name__):
            return Outcome.LOST
        await record(session, outbox, lease, ledger)
    return Outcome.DEAD


def held(outbox: Outbox, lease: Lease) -> ColumnElement[bool]:
    """The message, if this lease is still the last one given out on it."""
    messages = outbox.messages
    return and_(messages.id == lease.message_id, messages.status == "pending", messages.due_at == lease.until)


async def close(session: AsyncSession, outbox: Outbox, lease: Lease, **values: Any) -> bool:
    """End the lease with a change of the message; False, and no change, if another worker has the lease now."""
    change: Update = update(outbox.messages).where(held(outbox, lease)).values(**values)
    return (await session.execute(change.returning(outbox.messages.id))).first() is not None


async def record(session: AsyncSession, outbox: Outbox, lease: Lease, status: str) -> None:
    """Write into the ledger what became of a claimed sending; nothing where none was claimed."""
    claimed = and_(outbox.sends.message_id == lease.message_id, outbox.sends.status == "claimed")
    sent_at = func.now() if status == "sent" else None
    await session.execute(update(outbox.sends).where(claimed).values(status=status, sent_at=sent_at))


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


async def replay(session: AsyncSession, *, actor: Actor, message_id: uuid.UUID) -> None:
    """Give a tenant's dead message eight more tries, under the Message-ID it had. Faults: NOT_FOUND."""
    require(actor, Permission.TENANT_MANAGE)
    dead = and_(OutboxMessage.id == message_id, OutboxMessage.status == "dead")
    again = update(OutboxMessage).where(dead).values(status="pending", attempts=0, due_at=func.now(), last_error=None)
    if (await session.execute(again.returning(OutboxMessage.id))).first() is None:
        raise not_found("dead message", "id")
    session.info["has_work"] = True
