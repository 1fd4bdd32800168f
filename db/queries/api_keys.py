"""Statements about the API keys of the scope's tenant."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApiKey, new_id
from db.rows import Statement, compile_statement


@cache
def note_use() -> Statement:
    """At most one write a minute. Who finds another one writing the same does not wait for it."""
    return compile_statement(
        text("""
        UPDATE api_keys SET last_used_at = now() WHERE tenant_id = app_tenant() AND id = (
            SELECT id FROM api_keys WHERE tenant_id = app_tenant() AND id = :key
            AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
            FOR NO KEY UPDATE SKIP LOCKED)
        """)
    )


KEY_STATUS: Mapping[str, ColumnElement[bool]] = {
    "active": and_(ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now())),
    "expired": and_(ApiKey.revoked_at.is_(None), ApiKey.expires_at <= func.now()),
    "revoked": ApiKey.revoked_at.is_not(None),
}


async def count_live_keys(session: AsyncSession) -> int:
    """How many keys of the tenant are good."""
    statement = select(func.count()).select_from(ApiKey).where(KEY_STATUS["active"])
    return (await session.execute(statement)).scalar_one()


async def add_key(session: AsyncSession, values: Mapping[str, object]) -> ApiKey:
    statement = insert(ApiKey).values(id=new_id(), **values).returning(ApiKey)
    return (await session.execute(statement)).scalar_one()


async def end_key(session: AsyncSession, *, key_id: uuid.UUID, after: timedelta) -> None:
    """Let the key expire by then at the latest."""
    sooner = func.least(ApiKey.expires_at, func.now() + after)  # which ignores null: a key that would never expire
    statement = update(ApiKey).where(ApiKey.id == key_id).values(expires_at=sooner)
    await session.execute(statement.execution_options(synchronize_session=False))


async def revoke_keys_made_by(session: AsyncSession, *, person_id: uuid.UUID) -> list[ApiKey]:
    """End the keys of the tenant that are good and were made, and so seen, by this person. Returns them."""
    statement = (
        update(ApiKey)
        .where(ApiKey.created_by == person_id, KEY_STATUS["active"])
        .values(revoked_at=func.now())
        .returning(ApiKey)
        .execution_options(synchronize_session=False)
    )
    return list((await session.execute(statement)).scalars())
