"""Pages of a list: keyset cursors over the sort columns and the id."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.queries.positions import BEFORE_ALL, Position
from domain.errors import FaultCode, UserFault

T = TypeVar("T")
MOST = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The `first` rows after a cursor; None begins at the first row."""

    first: int
    after: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.first <= MOST:
            raise UserFault(FaultCode.INVALID, f"`first` is between 0 and {MOST}.", ("first",))

    @property
    def behind(self) -> Position:
        """The position that the page begins behind. Raises a fault for a cursor that is none."""
        return BEFORE_ALL if self.after is None else decode_cursor(self.after)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows, the position of each in their list, and whether more follow or come before."""

    rows: Sequence[T]
    position: Callable[[T], Position]
    has_next: bool
    has_previous: bool

    def cursor(self, row: T) -> str:
        """Where the next page begins if this row is the last of its page."""
        return encode_cursor(*self.position(row))


def encode_cursor(created_at: datetime, row_id: UUID) -> str:
    raw = json.dumps([created_at.isoformat(), str(row_id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Raises a fault for anything that this server did not make."""
    try:
        moment, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise UserFault(FaultCode.INVALID, "This cursor was not made by this list.", ("after",)) from error


async def newest_first(
    session: AsyncSession,
    statement: Select[T],
    *,
    moment: InstrumentedAttribute[datetime],
    row_id: InstrumentedAttribute[UUID],
    position: Callable[[T], Position],
    page: PageRequest,
) -> Page[T]:
    """One page, newest first. Row comparison is leakproof, so the index is used under row-level security."""
    behind: tuple[Any, Any] = page.behind
    statement = statement.where(tuple_(moment, row_id) < behind)
    statement = statement.order_by(moment.desc(), row_id.desc()).limit(page.first + 1)
    rows = list((await session.execute(statement)).scalars())
    return page_of(rows, page, position)


def page_of(rows: Sequence[T], page: PageRequest, position: Callable[[T], Position]) -> Page[T]:
    """The page that was asked for, out of rows of which one more was read than it may hold."""
    return Page(rows[: page.first], position, len(rows) > page.first, page.after is not None)
