"""Where the `local` provider keeps accounts: found by their address, changed by one transaction at a time."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as queries
from db.queries.identity import Account
from db.session import Database, Scope
from domain.errors import AccessDenied
from domain.identity import password_wrong
from domain.outbox import has_work
from domain.ports import Holder, Origin, WorkSignal
from integrations.mailed_codes import MailLimits
from integrations.passwords import Argon2Passwords


@dataclass(frozen=True, slots=True)
class LocalRules:
    """How long things live, how often an address is mailed, and how soon an answer may come."""

    session_lifetime: timedelta = timedelta(days=30)
    code_lifetime: timedelta = timedelta(minutes=30)
    challenge_lifetime: timedelta = timedelta(minutes=5)
    mail_limits: MailLimits = field(default_factory=MailLimits)
    soonest_answer: timedelta = timedelta(milliseconds=100)
    """Longer than the database takes, so that the time of an answer does not tell whether an address is known."""
    clock: Callable[[], float] = time.time
    """What authenticator apps go by; everything else goes by the database's clock."""


@dataclass(frozen=True, slots=True)
class LocalAccounts:
    """Hashing happens outside transactions: it takes long, and a connection must not wait for it."""

    database: Database
    passwords: Argon2Passwords
    signal: WorkSignal

    async def find(self, address: str) -> Account | None:
        async with self.database.read(Scope()) as session:
            return await queries.find_account(session, address=address)

    async def verified(self, holder: Holder, password: str, *field: str) -> Account:
        """The holder's account, after they gave their password again. Fault: CREDENTIALS_WRONG."""
        async with self.database.read(Scope(person_id=holder.person_id)) as session:
            account = await queries.find_own_account(session, person_id=holder.person_id)
        if not await self.passwords.matches(account.password_hash, password):
            raise password_wrong(*field)
        return account

    @asynccontextmanager
    async def writing(self, person_id: uuid.UUID) -> AsyncGenerator[AsyncSession]:
        """One transaction in the person's scope; the worker is woken if it enqueued a mail."""
        async with self.database.write(Scope(person_id=person_id)) as session:
            yield session
        if has_work(session):
            await self.signal.wake()

    @asynccontextmanager
    async def holding(self, holder: Holder, *, verified: Account | None = None) -> AsyncGenerator[AsyncSession]:
        """As `writing`, with the person locked, and only while the holder's session goes on.

        Raises CREDENTIALS_WRONG where the password has changed since it was `verified`.
        """
        async with self.writing(holder.person_id) as session:
            await queries.lock_person(session, person_id=holder.person_id)
            live = await queries.find_live_session(session, person_id=holder.person_id, session_id=holder.session_id)
            if live is None:
                raise AccessDenied("the session has ended")
            if verified is not None:
                current = await queries.find_own_account(session, person_id=holder.person_id)
                if current.password_hash != verified.password_hash:
                    raise password_wrong()
            yield session


async def record(session: AsyncSession, act: str, origin: Origin) -> None:
    """Tell the audit log of every tenant that the scope's person works for."""
    await queries.record_account_act(session, act=act, request_id=origin.request_id, address=origin.address)


@asynccontextmanager
async def no_sooner_than(duration: timedelta) -> AsyncGenerator[None]:
    """Let the block take at least this long."""
    clock = asyncio.get_running_loop().time
    earliest = clock() + duration.total_seconds()
    yield
    await asyncio.sleep(earliest - clock())
