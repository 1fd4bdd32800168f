"""Reading the file of an import: its rows go into the database as they are, a batch in each transaction.

How far that has come is written in the same transaction. Whoever goes on begins there, and a worker that was too slow
finds that another one has come further.
"""

import asyncio
import hashlib
import itertools
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogImport, CatalogImportRow
from domain import catalog_csv, catalog_imports, csv_files
from domain.catalog_csv import MOST_BYTES, MOST_ROWS, Layout
from domain.csv_files import FileRefused, Place, Record
from domain.jobs import Job
from domain.object_store import ObjectMissing

BATCH = 500
SECONDS = 5.0
"""How long a job goes on before it lets others' jobs come first."""


async def read_file(job: Job, import_id: uuid.UUID) -> None:
    """Read on for a while. Ends with the job continued, or with the import refused."""
    ends_at = time.monotonic() + SECONDS
    try:
        async with as_utf8(job, import_id) as text:
            await begin(job, import_id, text)
            while await read_batch(job, import_id, text.file) and time.monotonic() < ends_at:
                pass
    except FileRefused as refusal:
        await refuse(job, import_id, refusal)


@dataclass(frozen=True, slots=True)
class Text:
    """A file as UTF-8; what its encoding was, and by what it is known again."""

    file: BinaryIO
    encoding: str
    digest: str


@asynccontextmanager
async def as_utf8(job: Job, import_id: uuid.UUID) -> AsyncGenerator[Text]:
    """The file on this machine's disk. Raises `FileRefused`."""
    with tempfile.TemporaryFile() as original, tempfile.TemporaryFile() as text:
        try:
            digest = await fetch(job, import_id, original)
        except ObjectMissing:
            raise FileRefused("NO_FILE", "The file is not there (any more).") from None
        encoding = await asyncio.to_thread(csv_files.to_utf8, original, text)
        yield Text(text, encoding, digest)


async def fetch(job: Job, import_id: uuid.UUID, target: BinaryIO) -> str:
    """Returns the digest. Whoever has the signed request may still replace the file: its length is looked at again."""
    written, digest = 0, hashlib.sha256()
    async for chunk in job.tools.objects.stream(catalog_imports.file_key(job.tenant_id, import_id)):
        written += target.write(chunk)
        digest.update(chunk)
        if written > MOST_BYTES:
            raise FileRefused("TOO_LARGE", f"A file has at most {MOST_BYTES} bytes.")
    target.seek(0)
    return digest.hexdigest()


async def begin(job: Job, import_id: uuid.UUID, text: Text) -> None:
    """Read the headings, unless that was done before: then it must be the same file. Raises `FileRefused`."""
    async with job.write() as session:
        found = await held(session, job.tenant_id, import_id)
        if found is None:
            return
        if found.encoding is not None and found.digest != text.digest:
            raise FileRefused("CHANGED", "The file was replaced while it was being read: make a new import.")
        if found.encoding is not None:
            return
        found.delimiter, record = csv_files.beginning_of(text.file, catalog_csv.known_headings)
        found.headings = list(Layout.of(record.cells).headings)
        found.encoding = "utf-8" if text.encoding == "utf-8-sig" else text.encoding.replace("cp", "windows-")
        found.digest = text.digest
        move(found, record.following)


async def read_batch(job: Job, import_id: uuid.UUID, file: BinaryIO) -> bool:
    """Put some more rows into the database; whether there are others. Raises `FileRefused`."""
    async with job.write() as session:
        found = await held(session, job.tenant_id, import_id)
        if found is None or found.is_read:
            return False
        place = Place(found.read_bytes, found.read_lines, found.read_rows)
        batch = list(itertools.islice(csv_files.records(file, place, found.delimiter or ","), BATCH))
        layout = Layout.of(found.headings)
        staged = [Staged.of(layout, record) for record in batch if not record.is_blank]
        if found.rows + len(staged) > MOST_ROWS:
            raise FileRefused("TOO_MANY_ROWS", f"A file has at most {MOST_ROWS} rows.", batch[-1].line, batch[-1].row)
        await stage(session, found, staged)
        if batch:
            move(found, batch[-1].following)
        if len(batch) < BATCH:
            finish(found)
        return not found.is_read


@dataclass(frozen=True, slots=True)
class Staged:
    """A row on its way into the database."""

    row: int
    line: int
    item_key: str
    sku: str | None
    slug: str | None
    cells: dict[str, str]

    @classmethod
    def of(cls, layout: Layout, record: Record) -> "Staged":
        cells = catalog_csv.cells_of(layout, record.cells)
        row = catalog_csv.understood(cells)
        sku, slug = row.values.get("sku"), row.values.get("slug")
        # A row that does not say which item it is of is one by itself; a space begins no key that somebody typed.
        key = catalog_csv.key_of(row.values) or f" row:{record.row}"
        return cls(record.row, record.line, key, as_text(sku), as_text(slug), storable_cells(cells))


def as_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def storable_cells(cells: dict[str, str]) -> dict[str, str]:
    """Postgres stores no NUL; another control character is refused in its place when the row is checked."""
    return {name: cell.replace("\0", "\x01") for name, cell in cells.items()}


async def stage(session: AsyncSession, found: CatalogImport, staged: Sequence[Staged]) -> None:
    """Insert the rows, each with the number of its item: that of the rows before it with the same key, or the next."""
    if not staged:
        return
    keys = {each.item_key for each in staged}
    of_import = CatalogImportRow.import_id == found.id
    known = select(CatalogImportRow.item_key, CatalogImportRow.item).where(
        of_import, CatalogImportRow.item_key.in_(keys)
    )
    items = dict((await session.execute(known.distinct())).all())
    for each in staged:
        if each.item_key not in items:
            found.items += 1
            items[each.item_key] = found.items
    owner = {"tenant_id": found.tenant_id, "import_id": found.id}
    rows: list[dict[str, Any]] = [asdict(each) | owner | {"item": items[each.item_key]} for each in staged]
    await session.execute(insert(CatalogImportRow), rows)
    found.rows += len(staged)


def finish(found: CatalogImport) -> None:
    if found.rows == 0:
        raise FileRefused("EMPTY", "There are no rows below the headings.")
    found.is_read, found.status = True, catalog_imports.status_when_read(found)


def move(found: CatalogImport, place: Place) -> None:
    found.read_bytes, found.read_lines, found.read_rows = place.offset, place.lines, place.rows


async def refuse(job: Job, import_id: uuid.UUID, refusal: FileRefused) -> None:
    """The file as a whole cannot be used: nothing of it was applied."""
    async with job.write() as session:
        await catalog_imports.take_turn(session, job.tenant_id)
        found = await held(session, job.tenant_id, import_id)
        if found is None:
            return
        where = {"line": refusal.line, "row": refusal.row}
        found.refusal = {"code": refusal.code, "message": refusal.message, **where}
        await catalog_imports.end(session, found, "refused")


async def held(session: AsyncSession, tenant_id: uuid.UUID, import_id: uuid.UUID) -> CatalogImport | None:
    """The import, kept from being changed by others until this transaction ends, while it is being read."""
    found = await session.get(CatalogImport, (tenant_id, import_id), with_for_update=True)
    return found if found is not None and found.status == "reading" else None
