"""Recording visits: one statement for as many as have come together, all of one tenant."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, inspect, literal_column, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.models.visits import TOUCH_COLUMNS, Visit
from db.rows import Rows, Statement

LIFETIME = "interval '30 days'"
"""Behind the last sight of it."""

PARAMETERS = TOUCH_COLUMNS[:5]
IS_NEW = f"""
CASE WHEN coalesce({", ".join(f"given.{name}" for name in PARAMETERS)}) IS NOT NULL
     THEN ({", ".join(f"given.{name}" for name in PARAMETERS)})
          IS DISTINCT FROM ({", ".join(f"visits.last_{name}" for name in PARAMETERS)})
     ELSE coalesce(given.referrer <> visits.last_referrer, given.referrer IS NOT NULL) END"""
"""`domain.visit_sightings.Touch.replaces`, asked of the visit that is stored."""

# Visits are locked in the order of their ids, so that no two processes wait for each other. A row that another one has
# changed meanwhile is looked at again as it is then, by `held` and by the UPDATE: no sight of it is lost.
SEE_VISITS = Statement(
    f"""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::int[], {", ".join(f"${5 + n}::text[]" for n in range(7))})
    AS given (visit_id, new_id, sightings, {", ".join(TOUCH_COLUMNS)})),
held AS MATERIALIZED (
    SELECT visits.id, given.*, {IS_NEW} AS is_new
    FROM given JOIN visits ON visits.tenant_id = $1 AND visits.id = given.visit_id
    WHERE visits.last_seen_at > now() - {LIFETIME}
    ORDER BY visits.id FOR NO KEY UPDATE OF visits),
seen AS (
    UPDATE visits SET last_seen_at = now(), sightings = visits.sightings + held.sightings,
        last_touch_at = CASE WHEN held.is_new THEN now() ELSE visits.last_touch_at END,
        {", ".join(f"last_{n} = CASE WHEN held.is_new THEN held.{n} ELSE visits.last_{n} END" for n in TOUCH_COLUMNS)}
    FROM held WHERE visits.tenant_id = $1 AND visits.id = held.id
    RETURNING visits.id),
begun AS (
    INSERT INTO visits (tenant_id, id, sightings, {", ".join(f"first_{n}, last_{n}" for n in TOUCH_COLUMNS)})
    SELECT $1, given.new_id, given.sightings, {", ".join(f"given.{n}, given.{n}" for n in TOUCH_COLUMNS)}
    FROM given WHERE NOT EXISTS (SELECT FROM seen WHERE seen.id = given.visit_id))
SELECT now() + {LIFETIME} AS expires_at, ARRAY(SELECT id FROM seen) AS seen
""",
    ("tenant_id", "visit_ids", "new_ids", "sightings", *TOUCH_COLUMNS),
)
FORGET_VISITS = text("SELECT forget_visits(:most_of_one, :most)")


@dataclass(frozen=True, slots=True)
class Seen:
    """Which of the visits asked for were there, and when all of the recorded ones end unless they are seen again."""

    visits: Collection[uuid.UUID]
    expires_at: datetime


async def see_visits(rows: Rows, tenant_id: uuid.UUID, columns: Mapping[str, Sequence[Any]]) -> Seen:
    """`columns` holds a list for each parameter of `SEE_VISITS`; each visit is named once. The others begin."""
    (found,) = await rows.fetch(SEE_VISITS, {"tenant_id": tenant_id, **columns})
    return Seen(frozenset(found["seen"]), found["expires_at"])


def is_alive() -> ColumnElement[bool]:
    return Visit.last_seen_at > func.now() - literal_column(LIFETIME)


def last_touch() -> ColumnElement[Any]:
    """The last touch as JSON, for what is to remember it."""
    parts: list[ColumnElement[Any]] = [literal_column("'at'"), inspect(Visit).columns["last_touch_at"]]
    for name in TOUCH_COLUMNS:
        parts += [literal_column(f"'{name}'"), inspect(Visit).columns[f"last_{name}"]]
    return func.jsonb_strip_nulls(func.jsonb_build_object(*parts))


def living(
    tenant_id: ColumnElement[uuid.UUID] | InstrumentedAttribute[uuid.UUID], visit_id: ColumnElement[uuid.UUID]
) -> ColumnElement[bool]:
    """Joins the visit that a conversion names; without any where it is unknown, another tenant's, or has ended."""
    return and_(Visit.tenant_id == tenant_id, Visit.id == visit_id, is_alive())


async def forget_old_visits(session: AsyncSession, *, most_of_one: int, most: int) -> None:
    """Delete visits that ended more than 13 months ago and led to nothing, those of all tenants."""
    await session.execute(FORGET_VISITS, {"most_of_one": most_of_one, "most": most})
