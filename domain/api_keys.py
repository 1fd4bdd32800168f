"""Keys of a tenant's own programs: shown once, stored hashed, good until they expire or are revoked."""

import hashlib
import secrets
import string
import uuid
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApiKey
from db.queries import api_keys as queries
from db.queries.api_keys import KEY_STATUS
from db.rows import Rows
from domain import audit
from domain.actors import KEY_SCOPES, Actor, Permission, require
from domain.acts import Act
from domain.errors import FaultCode, Faults, IllegalTransition, UserFault, not_found
from domain.pages import Page, PageRequest, newest_first
from domain.team import acting_in_team
from domain.texts import required

PREFIX = "sadu_live_"
"""By it people, and scanners of leaked secrets, recognise a key."""
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET, CHECKSUM = 43, 6
"""Digits of base 62 that 256 and 32 bits take."""
LENGTH = len(PREFIX) + SECRET + CHECKSUM

MOST_LIVE = 50
LONGEST_NAME, LONGEST_DAYS, LONGEST_OVERLAP = 100, 3_650, 168


@dataclass(frozen=True, slots=True)
class NewKey:
    """What somebody asks for: `days` until it expires, None for never."""

    name: str
    scopes: Collection[Permission]
    days: int | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A key as its holder gets to see it this once, and what is kept of it."""

    key: str
    stored: ApiKey


def is_key(token: str) -> bool:
    """Whether a bearer token is one of our keys rather than an access token."""
    return token.startswith(PREFIX)


def new_key() -> str:
    """A key of 256 random bits, with a checksum by which a mistyped one is known without asking the database."""
    secret = PREFIX + base62(secrets.randbits(256), SECRET)
    return secret + checksum(secret)


def is_intact(key: str) -> bool:
    """Whether the key has the form that `new_key` gives it; it may be unknown all the same."""
    secret, told = key[:-CHECKSUM], key[-CHECKSUM:]
    return len(key) == LENGTH and key.isascii() and checksum(secret) == told


def checksum(secret: str) -> str:
    return base62(zlib.crc32(secret.encode()), CHECKSUM)


def base62(number: int, digits: int) -> str:
    """The number in digits and letters, filled up with zeros in front."""
    written = ""
    for _ in range(digits):
        number, place = divmod(number, len(DIGITS))
        written = DIGITS[place] + written
    return written


def key_hash(token: str) -> bytes:
    """Plain SHA-256: the random part needs no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def create(session: AsyncSession, *, actor: Actor, given: NewKey) -> Issued:
    """A new key; asking again makes another one. Faults: everything invalid at once; LIMIT_REACHED."""
    require(actor, Permission.API_KEYS_MANAGE)
    name = checked(actor, given)
    acting = await acting_in_team(session, actor=actor, permission=Permission.API_KEYS_MANAGE)
    await check_room(session)
    issued = await issue(session, acting, name=name, scopes=names_of(given.scopes), expires_at=end_of(given.days))
    record(session, acting, Act.API_KEY_CREATE, issued.stored)
    return issued


async def rotate(
    session: AsyncSession, *, actor: Actor, key_id: uuid.UUID, days: int | None, overlap_hours: int
) -> Issued:
    """A new key in the place of another: its name, its scopes, a life of its own. The old one is good for the overlap.

    Faults: INVALID days and overlap; NOT_FOUND; ILLEGAL_TRANSITION for a key that is not good any more; LIMIT_REACHED.
    """
    require(actor, Permission.API_KEYS_MANAGE)
    check_rotation(days, overlap_hours)
    acting = await acting_in_team(session, actor=actor, permission=Permission.API_KEYS_MANAGE)
    old = await locked_live_key(session, key_id)
    check_own(acting, {Permission(scope) for scope in old.scopes}, "id")
    await queries.end_key(session, key_id=key_id, after=timedelta(hours=overlap_hours))
    await check_room(session)
    columns = {"name": old.name, "scopes": old.scopes, "expires_at": end_of(days), "rotated_from": key_id}
    issued = await issue(session, acting, **columns)
    record(session, acting, Act.API_KEY_ROTATE, issued.stored, replaced=old.hint)
    return issued


async def revoke(session: AsyncSession, *, actor: Actor, key_id: uuid.UUID) -> ApiKey:
    """From the next request on the key is refused. Revoking it again changes nothing. Faults: NOT_FOUND."""
    require(actor, Permission.API_KEYS_MANAGE)
    acting = await acting_in_team(session, actor=actor, permission=Permission.API_KEYS_MANAGE)
    key = await locked_key(session, key_id)
    if key.revoked_at is None:
        key.revoked_at = func.now()
        record(session, acting, Act.API_KEY_REVOKE, key)
        await session.flush()
        await session.refresh(key)
    return key


async def list_keys(session: AsyncSession, *, actor: Actor, page: PageRequest, status: str | None) -> Page[ApiKey]:
    """The tenant's keys, the newest first; without a status those that are not good any more among them."""
    require(actor, Permission.API_KEYS_MANAGE)
    return await newest_first(
        session,
        with_status(select(ApiKey), status),
        moment=ApiKey.created_at,
        row_id=ApiKey.id,
        position=lambda key: (key.created_at, key.id),
        page=page,
    )


async def count_keys(session: AsyncSession, *, actor: Actor, status: str | None) -> int:
    require(actor, Permission.API_KEYS_MANAGE)
    return (await session.execute(with_status(select(func.count()).select_from(ApiKey), status))).scalar_one()


def with_status(statement: Select[Any], status: str | None) -> Select[Any]:
    return statement if status is None else statement.where(KEY_STATUS[status])


async def note_use(rows: Rows, *, key_id: uuid.UUID) -> None:
    """Remember that the key was used now. It asks for no permission: whoever holds the key is using it."""
    await rows.fetch(queries.note_use(), {"key": key_id})


def status_of(key: ApiKey) -> str:
    """`active`, `expired` or `revoked`, now."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else "active"


def checked(actor: Actor, given: NewKey) -> str:
    """The name as it is kept. Raises everything that is wrong with the input at once."""
    faults, name = Faults(), ""
    with faults.collecting():
        name = required(given.name, "name", limit=LONGEST_NAME)
    if not given.scopes:
        faults.add(FaultCode.REQUIRED, "A key without scopes could do nothing.", "scopes")
    with faults.collecting():
        check_own(actor, given.scopes, "scopes")
    check_days(given.days, faults)
    faults.raise_any()
    return name


def check_rotation(days: int | None, overlap_hours: int) -> None:
    """Raises everything that is wrong with the input at once."""
    faults = Faults()
    check_days(days, faults)
    if not 0 <= overlap_hours <= LONGEST_OVERLAP:
        faults.add(FaultCode.INVALID, f"An overlap is 0 to {LONGEST_OVERLAP} hours.", "overlapHours")
    faults.raise_any()


def check_days(days: int | None, faults: Faults) -> None:
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        faults.add(FaultCode.INVALID, f"A key is good for 1 to {LONGEST_DAYS:,} days.", "expiresInDays")


def end_of(days: int | None) -> ColumnElement[datetime] | None:
    """When a key ends that is made now; None for never."""
    return None if days is None else func.now() + timedelta(days=days)


def check_own(actor: Actor, scopes: Collection[Permission], *field: str) -> None:
    """Nobody gives a key what they may not do themselves, nor what no key can have."""
    if not all(scope in KEY_SCOPES and actor.may(scope) for scope in scopes):
        raise UserFault(FaultCode.INVALID, "A key can do no more than whoever makes it.", field)


def names_of(scopes: Collection[Permission]) -> list[str]:
    return sorted({scope.value for scope in scopes})


async def issue(session: AsyncSession, actor: Actor, **columns: object) -> Issued:
    """Make a key and keep its hash."""
    key = new_key()
    values = {"tenant_id": actor.tenant, "created_by": actor.person, "hint": key[-4:], "key_hash": key_hash(key)}
    return Issued(key, await queries.add_key(session, values | columns))


async def check_room(session: AsyncSession) -> None:
    if await queries.count_live_keys(session) >= MOST_LIVE:
        raise UserFault(FaultCode.LIMIT_REACHED, f"A tenant has at most {MOST_LIVE} keys that are good: revoke one.")


async def locked_key(session: AsyncSession, key_id: uuid.UUID) -> ApiKey:
    """Held until the transaction ends."""
    found = await session.execute(select(ApiKey).where(ApiKey.id == key_id).with_for_update(key_share=True))
    key = found.scalar_one_or_none()
    if key is None:
        raise not_found("API key", "id")
    return key


async def locked_live_key(session: AsyncSession, key_id: uuid.UUID) -> ApiKey:
    key = await locked_key(session, key_id)
    status = status_of(key)
    if status != "active":
        message = f"The key is {status}: make a new one."
        raise IllegalTransition(FaultCode.ILLEGAL_TRANSITION, message, ("id",), current=status)
    return key


def record(session: AsyncSession, actor: Actor, act: Act, key: ApiKey, **more: str) -> None:
    audit.record(session, actor=actor, act=act, name=key.name, scopes=key.scopes, hint=key.hint, **more)
