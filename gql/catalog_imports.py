"""Imports of the catalogue from CSV files, in the back office."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from db.models import CatalogImport as CatalogImportRow
from db.models import CatalogImportError as CatalogImportErrorRow
from domain import catalog_import_errors, catalog_imports
from domain.catalog_csv import Layout
from domain.pages import PageRequest
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import usually
from gql.errors import UserErrorCode
from gql.ids import global_id, known_id

NEEDS = "Needs `catalog:manage`: without it null and an error."


@strawberry.enum(description="How far an import is.")
class CatalogImportStatus(Enum):
    CREATED = strawberry.enum_value("created", description="It waits for its file, and to be started.")
    QUEUED = strawberry.enum_value("queued", description="It waits for another import of this tenant to end.")
    READING = strawberry.enum_value("reading", description="The file is being read.")
    CHECKING = strawberry.enum_value("checking", description="Every row is being checked; nothing is changed.")
    APPLYING = strawberry.enum_value("applying", description="Items are being made and changed.")
    CHECKED = strawberry.enum_value("checked", description="The dry run is over. It can be started to be applied.")
    APPLIED = strawberry.enum_value("applied", description="It is over; items with wrong rows were left out.")
    REFUSED = strawberry.enum_value("refused", description="Nothing was changed: `refusal` says why.")
    CANCELLED = strawberry.enum_value("cancelled", description="Stopped. What was applied before that stays.")
    FAILED = strawberry.enum_value("failed", description="A fault of ours stopped it. What was applied stays.")
    EXPIRED = strawberry.enum_value("expired", description="It was not started within seven days.")


@strawberry.enum(description="Why a file as a whole was refused.")
class CatalogImportRefusalCode(Enum):
    NO_FILE = strawberry.enum_value("NO_FILE", description="The file was not uploaded, or is gone.")
    CHANGED = strawberry.enum_value("CHANGED", description="It was uploaded again while it was being read.")
    EMPTY = strawberry.enum_value("EMPTY", description="There are no rows in it.")
    NOT_CSV = strawberry.enum_value("NOT_CSV", description="It is something else, such as a spreadsheet or an image.")
    ENCODING = strawberry.enum_value("ENCODING", description="Its letters are broken.")
    HEADINGS = strawberry.enum_value("HEADINGS", description="Headings are missing, or there twice.")
    MALFORMED = strawberry.enum_value("MALFORMED", description="From some line on quotation marks make no sense.")
    TOO_LONG = strawberry.enum_value("TOO_LONG", description="A cell or a line is far longer than any may be.")
    TOO_LARGE = strawberry.enum_value("TOO_LARGE", description="It has more than 20 MiB.")
    TOO_MANY_ROWS = strawberry.enum_value("TOO_MANY_ROWS", description="It has more than 50,000 rows.")
    ROWS_WRONG = strawberry.enum_value(
        "ROWS_WRONG", description="It was to be applied as a whole, and some of its rows are wrong: see `errors`."
    )


@strawberry.type(description="Why a file as a whole was refused, and where.")
class CatalogImportRefusal:
    code: CatalogImportRefusalCode = strawberry.field(description="Stable reason.")
    message: str = strawberry.field(description="A sentence for whoever made the file.")
    line: int | None = strawberry.field(description="Line of the file, from 1; null if it is not about one.")
    row: int | None = strawberry.field(description="The row's number in a spreadsheet; null if it is not about one.")


@strawberry.type(description="What became of the rows; an item with a wrong row is left out with all its rows.")
class CatalogImportCounts:
    rows: int = strawberry.field(description="Rows of the file that say something, without the headings.")
    created: int = strawberry.field(description="Rows that made, or would make, a variant.")
    updated: int = strawberry.field(description="Rows that changed, or would change, a variant or its item.")
    unchanged: int = strawberry.field(description="Rows that say what is so already.")
    failed: int = strawberry.field(description="Rows of items of which a row is wrong.")
    errors: int = strawberry.field(description="What is wrong, all in all. `errors` tells the first 10,000 of them.")


@strawberry.type(description="What is wrong with a row.")
class CatalogImportError:
    line: int = strawberry.field(description="Line of the file in which the row begins, from 1, as a text editor.")
    row: int = strawberry.field(description="The row's number in a spreadsheet; the headings are the first row.")
    column: str | None = strawberry.field(description="The heading in the file; null if it is about the whole row.")
    code: UserErrorCode = strawberry.field(description="Stable reason.")
    message: str = strawberry.field(description="A sentence for whoever made the file.")
    value: str | None = strawberry.field(description="What the cell says, at most 100 characters.")


@strawberry.type(description="A CSV file with items and variants, and what became of it.")
class CatalogImport:
    stored: strawberry.Private[CatalogImportRow]

    @strawberry.field(description="Identifier.")
    def id(self) -> strawberry.ID:
        return global_id("import", self.stored.id)

    @strawberry.field(description="What the file was called.")
    def file_name(self) -> str:
        return self.stored.file_name

    @strawberry.field(description="How far it is.")
    def status(self) -> CatalogImportStatus:
        return CatalogImportStatus(self.stored.status)

    @strawberry.field(description="The last start was a dry run: nothing is changed. True until it is started.")
    def is_dry_run(self) -> bool:
        return self.stored.is_dry_run

    @strawberry.field(description="With any wrong row nothing is applied.")
    def is_all_or_nothing(self) -> bool:
        return self.stored.is_all_or_nothing

    @strawberry.field(description="Per cent of the work that is done, 0 to 100.")
    def progress(self) -> int:
        return catalog_imports.progress(self.stored)

    @strawberry.field(description="What became of the rows so far.")
    def counts(self) -> CatalogImportCounts:
        stored = self.stored
        return CatalogImportCounts(
            rows=stored.rows,
            created=stored.created,
            updated=stored.updated,
            unchanged=stored.unchanged,
            failed=stored.failed,
            errors=stored.errors,
        )

    @strawberry.field(
        description="Encoding of the file, such as `utf-8` or `windows-1256`; null until its headings were read."
    )
    def encoding(self) -> str | None:
        return self.stored.encoding

    @strawberry.field(description="Headings of columns that are not read: are they misspelt?", directives=[usually(3)])
    def unknown_columns(self) -> list[str]:
        return Layout.of(self.stored.headings).unknown() if self.stored.headings else []

    @strawberry.field(description="Why the file as a whole was refused; null if it was not.")
    def refusal(self) -> CatalogImportRefusal | None:
        told = self.stored.refusal
        if told is None:
            return None
        code = CatalogImportRefusalCode(told["code"])
        return CatalogImportRefusal(code=code, message=told["message"], line=told["line"], row=told["row"])

    @strawberry.field(
        description="What is wrong with its rows, by row; all of it once the rows were checked. Kept for seven days."
    )
    async def errors(self, info: Info, first: First = 20, after: After = None) -> Connection[CatalogImportError]:
        key = catalog_import_errors.errors_key(self.stored.id, PageRequest(first, after))
        page = await info.context.loaders.of(catalog_import_errors.errors_of).load(key)

        async def count(info: Info) -> int:  # noqa: ARG001 - a connection's way of counting
            return min(self.stored.errors, catalog_import_errors.MOST_KEPT)

        return Connection[CatalogImportError].of(page or catalog_import_errors.errors_page(key, []), error_of, count)

    @strawberry.field(
        description="Where the errors are to be had as a CSV file, for ten minutes from now; null while it is being "
        "checked or applied, without any error, and after seven days."
    )
    async def report_url(self, info: Info) -> str | None:
        return await catalog_imports.signed_report(info.context.services.objects, found=self.stored)

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.stored.created_at

    @strawberry.field(description="When its turn came last; null if it has not come.")
    def started_at(self) -> datetime | None:
        return self.stored.started_at

    @strawberry.field(description="When it was over; null until then.")
    def ended_at(self) -> datetime | None:
        return self.stored.ended_at


Id = Annotated[strawberry.ID, strawberry.argument(description="Identifier.")]


@strawberry.type
class CatalogImportFields:
    @strawberry.field(description=f"Imports of the catalogue, the newest first. {NEEDS}")
    async def catalog_imports(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[CatalogImport] | None:
        actor, request = info.context.actor, PageRequest(first, after)
        async with info.context.read() as session:
            page = await catalog_imports.list_imports(session, actor=actor, page=request)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await catalog_imports.count_imports(session, actor=actor)

        return Connection[CatalogImport].of(page, import_of, count)

    @strawberry.field(description=f"One import; null if the tenant has none with this identifier. {NEEDS}")
    async def catalog_import(self, info: Info, id: Id) -> CatalogImport | None:
        import_id = known_id("import", id)
        if import_id is None:
            return None
        async with info.context.read() as session:
            found = await catalog_imports.find_import(session, actor=info.context.actor, import_id=import_id)
        return import_of(found) if found else None


def import_of(row: CatalogImportRow) -> CatalogImport:
    return CatalogImport(stored=row)


def error_of(row: CatalogImportErrorRow) -> CatalogImportError:
    return CatalogImportError(
        line=row.line,
        row=row.row,
        column=row.column,
        code=UserErrorCode(row.code),
        message=row.message,
        value=row.value,
    )
