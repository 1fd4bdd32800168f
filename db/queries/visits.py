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
CASE WHEN coalesce({", ".join(f"excluded.last_{name}" for name in PARAMETERS)}) IS NOT NULL
     THEN ({", ".join(f"excluded.last_{name}" for name in PARAMETERS)})
          IS DISTINCT FROM ({", ".join(f"visits.last_{name}" for name in PARAMETERS)})
     ELSE coalesce(excluded.last_referrer <> visits.last_referrer, excluded.last_referrer IS NOT NULL) END"""
"""`domain.visit_sightings.Touch.replaces`, asked of the visit that is stored."""
LATEST = f"last_{{name}} = CASE WHEN {IS_NEW} THEN excluded.last_{{name}} ELSE visits.last_{{name}} END"

# Visits are locked in the order of their ids, so that no two processes wait for each other. A row that another one has
# changed meanwhile is looked at again as it is then, by `held` and by the upsert: no sight of it is lost. Both find a
# visit by its key whatever the planner thinks of the table: a join that it once planned over an empty one would go on
# reading all of it.
SEE_VISITS = Statement(
    f"""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::int[], {", ".join(f"${5 + n}::text[]" for n in range(7))})
    AS given (visit_id, new_id, sightings, {", ".join(TOUCH_COLUMNS)})),
held AS MATERIALIZED (
    SELECT asked.visit_id AS id
    FROM (SELECT visit_id FROM given WHERE visit_id IS NOT NULL ORDER BY visit_id) AS asked
    CROSS JOIN LATERAL (
        SELECT FROM visits WHERE visits.tenant_id = $1 AND visits.id = asked.visit_id
        AND visits.last_seen_at > now() - {LIFETIME} LIMIT 1 FOR NO KEY UPDATE) AS living),
stored AS (
    INSERT INTO visits (tenant_id, id, sightings, {", ".join(f"first_{n}, last_{n}" for n in TOUCH_COLUMNS)})
    SELECT $1, CASE WHEN given.visit_id = ANY (ARRAY(SELECT id FROM held)) THEN given.visit_id ELSE given.new_id END,
        given.sightings, {", ".join(f"given.{n}, given.{n}" for n in TOUCH_COLUMNS)}
    FROM given
    ON CONFLICT (tenant_id, id) DO UPDATE SET last_seen_at = now(),
        sightings = visits.sightings + excluded.sightings,
        last_touch_at = CASE WHEN {IS_NEW} THEN now() ELSE visits.last_touch_at END,
        {", ".join(LATEST.format(name=name) for name in TOUCH_COLUMNS)})
SELECT now() + {LIFETIME} AS expires_at, ARRAY(SELECT id FROM held) AS seen
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
