"""Handing over what the outboxes hold: lease → ledger → send → record.

What is guaranteed for mail. A committed message is handed over at least once, or ends `dead` where a person can see
and replay it, whatever is killed and whenever. It is not exactly once, because SMTP cannot tell: when a process dies,
or an answer is lost, between the server's acceptance and our record, nobody knows whether the mail went out. It is
then sent again under the same Message-ID, by which a mail program may hide the second copy and a server may, but need
not, drop it. So a mail may arrive twice only if its row in the send ledger has `attempts` above 1. A row that ends
`unknown` may have arrived or not; one that says `sent` is never sent again; `refused` means that the last try surely
failed.

A worker that lost its lease (`domain.leases`) may still be in the middle of sending; the ledger has counted both.
"""

import asyncio
import uuid
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import OutboxMessage
from db.queries.outbox import Lease
from db.session import Database
from domain.actors import Actor, Permission, require
from domain.errors import not_found
from domain.leases import (
    MOST_TRIES,
    LeaseLost,
    Outbox,
    Outcome,
    Record,
    TriesExhausted,
    bury,
    close_as_done,
    held,
    put_off,
)
from domain.notifications import Errand, compose
from domain.ports import MailRefused, MailSender, OutgoingMail
from domain.store_pages import ON_THIS_MACHINE, StorePages

HANDLING_SECONDS = 30
"""How long a message may take up to its record; well within the lease, so that it does not pass on by itself."""

log = structlog.get_logger("sadu.deliveries")


@dataclass(frozen=True, slots=True)
class Post:
    """What delivering needs: the database, the way out, the key of what mails prove, the host in Message-IDs."""

    database: Database
    mail: MailSender
    secret_key: bytes
    host: str
    store_pages: StorePages = ON_THIS_MACHINE


async def deliver(post: Post, outbox: Outbox, lease: Lease) -> Outcome:
    """Handle one leased message to an end that is recorded. Raises only if the database cannot be reached."""
    try:
        async with asyncio.timeout(HANDLING_SECONDS):
            sent = await hand_over(post, outbox, lease)
    except LeaseLost:
        outcome = Outcome.LOST
    except MailRefused as refusal:
        outcome = await bury(
            post.database, outbox, lease, because=refusal, record=into_ledger(outbox, lease, "refused")
        )
    except Exception as error:  # what the ledger had claimed stays claimed until the last try
        unknown = into_ledger(outbox, lease, "unknown")
        outcome = await put_off(post.database, outbox, lease, because=error, at_the_end=unknown)
    else:
        outcome = await finish(post, outbox, lease, sent=sent)
    log.info("delivery", message_id=str(lease.message_id), attempt=lease.attempt, outcome=outcome.value)
    return outcome


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
        if not await close_as_done(session, outbox, lease):
            return Outcome.LOST
        await record(session, outbox, lease, "sent" if sent else "unknown")
    return Outcome.SENT if sent else Outcome.NOTHING_TO_SEND


async def record(session: AsyncSession, outbox: Outbox, lease: Lease, status: str) -> None:
    """Write into the ledger what became of a claimed sending; nothing where none was claimed."""
    claimed = and_(outbox.sends.message_id == lease.message_id, outbox.sends.status == "claimed")
    sent_at = func.now() if status == "sent" else None
    await session.execute(update(outbox.sends).where(claimed).values(status=status, sent_at=sent_at))


def into_ledger(outbox: Outbox, lease: Lease, status: str) -> Record:
    return lambda session: record(session, outbox, lease, status)


async def replay(session: AsyncSession, *, actor: Actor, message_id: uuid.UUID) -> None:
    """Give a tenant's dead message eight more tries, under the Message-ID it had. Faults: NOT_FOUND."""
    require(actor, Permission.TENANT_MANAGE)
    dead = and_(OutboxMessage.id == message_id, OutboxMessage.status == "dead")
    again = update(OutboxMessage).where(dead).values(status="pending", attempts=0, due_at=func.now(), last_error=None)
    if (await session.execute(again.returning(OutboxMessage.id))).first() is None:
        raise not_found("dead message", "id")
    session.info["has_work"] = True
