"""Refresh tokens: opaque, used once, and one that is used twice ends the session it belongs to."""

import hashlib
import secrets
import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as queries
from db.queries.identity import FoundRefreshToken, LiveSession
from db.session import Scope
from domain.acts import Act
from domain.ports import Holder, Origin
from integrations.accounts import AccountStore, revoke_session


async def grant_refresh_token(session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID) -> str:
    """A new token of 256 random bits; the database gets its hash alone."""
    token = secrets.token_urlsafe(32)
    await queries.add_refresh_token(session, person_id=person_id, session_id=session_id, token_hash=token_hash(token))
    return token


async def spend_refresh_token(session: AsyncSession, *, token: FoundRefreshToken, origin: Origin) -> LiveSession | None:
    """Use the token up and return its session; None where it was used before, or the session has ended.

    Reuse means that the token was stolen, from or by whoever used it first: the session is revoked. The caller must
    let the transaction commit before it refuses.
    """
    if not await queries.spend_refresh_token(session, token=token):
        await revoke_session(
            session,
            person_id=token.person_id,
            session_id=token.session_id,
            because="reuse",
            act=Act.SESSION_REUSE,
            origin=origin,
        )
        return None
    return await queries.find_live_session(session, person_id=token.person_id, session_id=token.session_id)


async def sign_out(accounts: AccountStore, holder: Holder, refresh_token: str | None) -> None:
    """End the holder's session, and the refresh token's: a browser may have kept one of another sign-in."""
    await accounts.end_session(holder.person_id, holder.session_id, origin=holder.origin)
    if refresh_token is None:
        return
    async with accounts.database.read(Scope()) as session:
        kept = await queries.find_refresh_token(session, token_hash=token_hash(refresh_token))
    if kept is not None:
        await accounts.end_session(kept.person_id, kept.session_id, origin=holder.origin)


def token_hash(token: str) -> bytes:
    """Plain SHA-256: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
