"""What we keep of accounts, whichever provider: found by their address, changed by one transaction at a time."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as queries
from db.queries.identity import Account
from db.queries.second_factors import end_challenges
from db.session import Database, Scope
from domain.acts import Act
from domain.errors import AccessDenied
from domain.identity import password_wrong
from domain.outbox import has_work
from domain.ports import Holder, Origin, WorkSignal
from integrations.passwords import Argon2Passwords


@dataclass(frozen=True, slots=True)
class AccountStore:
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

    async def end_session(self, person_id: uuid.UUID, session_id: uuid.UUID, *, origin: Origin) -> None:
        """The person signs out; of two at once only one is told to the audit log."""
        async with self.writing(person_id) as session:
            await revoke_session(
                session,
                person_id=person_id,
                session_id=session_id,
                because="signed_out",
                act=Act.SESSION_SIGN_OUT,
                origin=origin,
            )

    async def end_every_session(self, holder: Holder) -> None:
        """The holder signs out everywhere, sign-ins that wait for their second factor included."""
        async with self.holding(holder) as session:
            await queries.revoke_sessions(session, person_id=holder.person_id, because="signed_out_everywhere")
            await end_challenges(session, person_id=holder.person_id)
            await record(session, Act.SESSION_SIGN_OUT_EVERYWHERE, holder.origin)


async def revoke_session(
    session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID, because: str, act: Act, origin: Origin
) -> None:
    """End one session, and tell so, unless it has ended already."""
    await queries.lock_person(session, person_id=person_id)
    if await queries.find_live_session(session, person_id=person_id, session_id=session_id) is not None:
        await queries.revoke_sessions(session, person_id=person_id, session_id=session_id, because=because)
        await record(session, act, origin)


async def record(session: AsyncSession, act: Act, origin: Origin) -> None:
    """Tell the audit log of every tenant that the scope's person works for."""
    await queries.record_account_act(session, act=act, request_id=origin.request_id, address=origin.address)


@asynccontextmanager
async def no_sooner_than(duration: timedelta) -> AsyncGenerator[None]:
    """Let the block take at least this long."""
    clock = asyncio.get_running_loop().time
    earliest = clock() + duration.total_seconds()
    yield
    await asyncio.sleep(earliest - clock())
