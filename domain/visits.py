"""Visits: how people came to a store, recorded as they come and shown to staff."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Visit, new_id
from db.queries.visits import see_visits
from db.rows import Rows
from domain.actors import Actor, Permission, require
from domain.pages import Page, PageRequest, newest_first
from domain.visit_sightings import TOUCH_FIELDS, Sighting, Touch


@dataclass(frozen=True, slots=True)
class Recorded:
    """A visit that is stored, and when it ends unless it is seen again."""

    visit_id: uuid.UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """Which visits: by the last touch, and by when they began (`until` is not in it)."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Fold:
    """All that has come of one visit, or of one that is to begin, in a moment: one arrival, however often told."""

    visit_id: uuid.UUID | None
    new_id: uuid.UUID
    touch: Touch
    sightings: int = 1

    def add(self, touch: Touch) -> None:
        self.sightings += 1
        if touch.replaces(self.touch):
            self.touch = touch


async def record(rows: Rows, *, tenant_id: uuid.UUID, sightings: Sequence[Sighting]) -> Sequence[Recorded]:
    """The visit of each sighting, by one statement. One that is unknown here, or has ended, is a new one.

    Sightings are checked before: so none of them can spoil the others.
    """
    places, folds = folded(sightings)
    columns: dict[str, Sequence[Any]] = {
        "visit_ids": [fold.visit_id for fold in folds],
        "new_ids": [fold.new_id for fold in folds],
        "sightings": [fold.sightings for fold in folds],
        **{name: [getattr(fold.touch, name) for fold in folds] for name in TOUCH_FIELDS},
    }
    seen = await see_visits(rows, tenant_id, columns)
    recorded = [
        Recorded(fold.visit_id if fold.visit_id in seen.visits and fold.visit_id else fold.new_id, seen.expires_at)
        for fold in folds
    ]
    return [recorded[place] for place in places]


def folded(sightings: Sequence[Sighting]) -> tuple[Sequence[int], Sequence[Fold]]:
    """What is to be written, each visit once, and the place in it of each sighting."""
    folds: list[Fold] = []
    known: dict[uuid.UUID, int] = {}
    places: list[int] = []
    for each in sightings:
        place = known.get(each.visit_id) if each.visit_id else None
        if place is None:
            place = len(folds)
            folds.append(Fold(each.visit_id, new_id(), each.touch))
            if each.visit_id:
                known[each.visit_id] = place
        else:
            folds[place].add(each.touch)
        places.append(place)
    return places, folds


async def list_visits(session: AsyncSession, *, actor: Actor, page: PageRequest, wanted: VisitFilter) -> Page[Visit]:
    """The tenant's visits, the latest begun first."""
    require(actor, Permission.VISITS_READ)
    return await newest_first(
        session,
        narrowed(select(Visit), wanted),
        moment=Visit.started_at,
        row_id=Visit.id,
        position=lambda visit: (visit.started_at, visit.id),
        page=page,
    )


async def count_visits(session: AsyncSession, *, actor: Actor, wanted: VisitFilter) -> int:
    require(actor, Permission.VISITS_READ)
    counting = narrowed(select(func.count()).select_from(Visit), wanted)
    return (await session.execute(counting)).scalar_one()


async def visits_by_id(session: AsyncSession, visit_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Visit]:
    """Visits by id, for a loader. Whoever shows one requires `visits:read` first."""
    rows = await session.execute(select(Visit).where(Visit.id.in_(visit_ids)))
    return {visit.id: visit for visit in rows.scalars()}


def narrowed(statement: Select[Any], wanted: VisitFilter) -> Select[Any]:
    """Source and medium are kept in lower case."""
    conditions = {
        Visit.last_source: wanted.source.strip().lower() if wanted.source is not None else None,
        Visit.last_medium: wanted.medium.strip().lower() if wanted.medium is not None else None,
        Visit.last_campaign: wanted.campaign,
    }
    for column, value in conditions.items():
        statement = statement if value is None else statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(Visit.started_at >= wanted.since)
    return statement if wanted.until is None else statement.where(Visit.started_at < wanted.until)
