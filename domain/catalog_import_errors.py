"""What was wrong with the rows of imports: kept as it is found, listed by row, written into a report."""

import re
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, column, func, insert, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import CatalogImport, CatalogImportError
from db.queries.positions import Position
from domain import csv_cells
from domain.catalog_csv import Layout, Problem
from domain.errors import FaultCode
from domain.jobs import Job
from domain.pages import Page, PageRequest

MOST_KEPT = 10_000
LONGEST_VALUE = 100
AGES_AGO = datetime(1970, 1, 1, tzinfo=UTC)
REPORT_HEADINGS = ("row", "line", "column", "code", "message", "value")
REPORT_SLICE = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A problem with the row that it is in."""

    row: int
    line: int
    problem: Problem


class ErrorsKey(NamedTuple):
    """One page of one import's errors, behind a row and a number."""

    import_id: uuid.UUID
    first: int
    row: int = 0
    number: int = 0


async def keep(session: AsyncSession, owner: CatalogImport, found: Sequence[Found]) -> None:
    """Add to what was found; behind the first ten thousand it is only counted."""
    layout = Layout.of(owner.headings)
    told = [(number, each, placed(each.problem, layout)) for number, each in enumerate(found, owner.errors + 1)]
    rows = [
        {
            "tenant_id": owner.tenant_id,
            "import_id": owner.id,
            "row": each.row,
            "number": number,
            "line": each.line,
            "column": layout.heading(problem.column) if problem.column else None,
            "code": problem.code.value,
            "message": problem.message,
            "value": shown(problem.value),
        }
        for number, each, problem in told
        if number <= MOST_KEPT
    ]
    owner.errors += len(found)
    if rows:
        await session.execute(insert(CatalogImportError), rows)


def placed(problem: Problem, layout: Layout) -> Problem:
    """Where the file has no column for what is wanted: that for the other language, or else said in words."""
    if problem.code is not FaultCode.REQUIRED or problem.column is None or layout.has(problem.column):
        return problem
    arabic = re.sub("_en$", "_ar", problem.column)
    if layout.has(arabic):
        return replace(problem, column=arabic)
    columns = " or ".join(dict.fromkeys((problem.column, arabic)))
    return replace(problem, message=f"{problem.message} The file has no column {columns}.")


def shown(value: str | None) -> str | None:
    """The beginning of a cell, as it can be stored and shown."""
    if value is None:
        return None
    lines = value[:LONGEST_VALUE].replace("\r\n", "\n")
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in lines)


def errors_key(import_id: uuid.UUID, page: PageRequest) -> ErrorsKey:
    """What `errors_of` loads by. A cursor is read here, so that a bad one spoils no other key's batch."""
    if page.after is None:
        return ErrorsKey(import_id, page.first)
    place = page.behind[1].int
    return ErrorsKey(import_id, page.first, place >> 32 & 0x7FFFFFFF, place & 0x7FFFFFFF)


def position(error: CatalogImportError) -> Position:
    return AGES_AGO, uuid.UUID(int=error.row << 32 | error.number)


async def errors_of(session: AsyncSession, keys: Sequence[ErrorsKey]) -> dict[ErrorsKey, Page[CatalogImportError]]:
    """A page of errors for each import, by their rows; for a loader."""
    rows = func.unnest(
        literal([key.import_id for key in keys], ARRAY(UUID(as_uuid=True))),
        *(literal([key[place] for key in keys], ARRAY(Integer)) for place in (1, 2, 3)),
    ).table_valued(
        column("import_id", UUID(as_uuid=True)),
        column("first", Integer),
        column("row", Integer),
        column("number", Integer),
        with_ordinality="place",
    )
    wanted = select(rows.render_derived()).cte("wanted")
    order = CatalogImportError.row, CatalogImportError.number
    behind = tuple_(*order) > tuple_(wanted.c.row, wanted.c.number)
    of_each = select(CatalogImportError).where(CatalogImportError.import_id == wanted.c.import_id, behind)
    of_each = of_each.order_by(*order).limit(wanted.c.first + 1).correlate(wanted)
    error = aliased(CatalogImportError, of_each.lateral("error"))
    statement = select(wanted.c.place, error).join(error, true()).order_by(wanted.c.place, error.row, error.number)
    found: dict[ErrorsKey, list[CatalogImportError]] = {key: [] for key in keys}
    for place, each in await session.execute(statement):
        found[keys[place - 1]].append(each)
    return {key: errors_page(key, errors) for key, errors in found.items()}


def errors_page(key: ErrorsKey, errors: Sequence[CatalogImportError]) -> Page[CatalogImportError]:
    return Page(errors[: key.first], position, len(errors) > key.first, (key.row, key.number) != (0, 0))


async def as_refusal(session: AsyncSession, owner: CatalogImport) -> dict[str, Any]:
    """Why a file that was to be applied as a whole is not, and the first row that is wrong."""
    key = ErrorsKey(owner.id, 1)
    first = (await errors_of(session, [key]))[key].rows[0]
    message = "Nothing was applied: the file was to be applied as a whole, and this row and perhaps others are wrong."
    return {"code": "ROWS_WRONG", "message": message, "line": first.line, "row": first.row}


async def report(job: Job, import_id: uuid.UUID) -> AsyncIterator[bytes]:
    """The errors as a CSV file, a piece at a time."""
    yield csv_cells.BEGINNING + csv_cells.lines([REPORT_HEADINGS])
    key = ErrorsKey(import_id, REPORT_SLICE)
    while True:
        async with job.read() as session:
            page = (await errors_of(session, [key]))[key]
        if not page.rows:
            return
        yield csv_cells.lines(
            [
                str(error.row),
                str(error.line),
                *(csv_cells.written(cell or "") for cell in (error.column, error.code, error.message, error.value)),
            ]
            for error in page.rows
        )
        key = key._replace(row=page.rows[-1].row, number=page.rows[-1].number)
