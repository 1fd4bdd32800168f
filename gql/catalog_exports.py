"""Exports of the catalogue as CSV files, in the back office."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from db.models import CatalogExport as CatalogExportRow
from domain import catalog_exports
from domain.actors import Permission
from domain.catalog_exports import Wanted
from domain.pages import PageRequest
from gql.access import staff
from gql.catalog import CatalogItemKind, CatalogItemStatus
from gql.connections import After, Connection, First
from gql.context import Info
from gql.ids import global_id, known_id
from gql.roots import Payload, mutation
from gql.scalars import written

MANAGE = staff(Permission.CATALOG_MANAGE)
NEEDS = "Needs `catalog:manage`: without it null and an error."


@strawberry.enum(description="How far an export is.")
class CatalogExportStatus(Enum):
    QUEUED = strawberry.enum_value("queued", description="The worker is writing it, or will.")
    DONE = strawberry.enum_value("done", description="The file is there.")
    FAILED = strawberry.enum_value("failed", description="A fault of ours: there is no file. Ask for another one.")
    EXPIRED = strawberry.enum_value("expired", description="The file was taken away after seven days.")


@strawberry.type(description="A CSV file of items and variants, of the shape that an import reads.")
class CatalogExport:
    stored: strawberry.Private[CatalogExportRow]

    @strawberry.field(description="Identifier.")
    def id(self) -> strawberry.ID:
        return global_id("export", self.stored.id)

    @strawberry.field(description="How far it is.")
    def status(self) -> CatalogExportStatus:
        return CatalogExportStatus(self.stored.status)

    @strawberry.field(description="Only items of this status; null for all.")
    def item_status(self) -> CatalogItemStatus | None:
        return CatalogItemStatus(self.stored.item_status) if self.stored.item_status else None

    @strawberry.field(description="Only items of this kind; null for all.")
    def kind(self) -> CatalogItemKind | None:
        return CatalogItemKind(self.stored.item_kind) if self.stored.item_kind else None

    @strawberry.field(description="Slug of a category: only items in it or in one below it; null for all.")
    def category(self) -> str | None:
        return self.stored.category

    @strawberry.field(description="Variants in the file; 0 until it is there.")
    def rows(self) -> int:
        return self.stored.rows

    @strawberry.field(description="Bytes of the file; null until it is there.")
    def size(self) -> int | None:
        return self.stored.size

    @strawberry.field(
        description="Where the file can be had, for ten minutes from now: ask again for another link. Null while it is "
        "not there."
    )
    async def download_url(self, info: Info) -> str | None:
        return await catalog_exports.signed_download(info.context.services.objects, found=self.stored)

    @strawberry.field(description="When it was asked for.")
    def created_at(self) -> datetime:
        return self.stored.created_at

    @strawberry.field(description="When it was written; null until then.")
    def ended_at(self) -> datetime | None:
        return self.stored.ended_at


Id = Annotated[strawberry.ID, strawberry.argument(description="Identifier.")]


@strawberry.type
class CatalogExportFields:
    @strawberry.field(description=f"Exports of the catalogue, the newest first. {NEEDS}")
    async def catalog_exports(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[CatalogExport] | None:
        actor, request = info.context.actor, PageRequest(first, after)
        async with info.context.read() as session:
            page = await catalog_exports.list_exports(session, actor=actor, page=request)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await catalog_exports.count_exports(session, actor=actor)

        return Connection[CatalogExport].of(page, export_of, count)

    @strawberry.field(description=f"One export; null if the tenant has none with this identifier. {NEEDS}")
    async def catalog_export(self, info: Info, id: Id) -> CatalogExport | None:
        export_id = known_id("export", id)
        if export_id is None:
            return None
        async with info.context.read() as session:
            found = await catalog_exports.find_export(session, actor=info.context.actor, export_id=export_id)
        return export_of(found) if found else None


@strawberry.input(description="Which items to write into a file; without any of these, all.")
class CatalogExportCreateInput:
    status: CatalogItemStatus | None = strawberry.field(default=None, description="Only items of this status.")
    kind: CatalogItemKind | None = strawberry.field(default=None, description="Only items of this kind.")
    category: str | None = strawberry.field(
        default=None, description="Slug of a category: only items in it or in one below it. No such category, no items."
    )


@strawberry.type(description="The export that was asked for.")
class CatalogExportPayload(Payload):
    export: CatalogExport | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class CatalogExportMutation:
    @mutation(
        CatalogExportPayload,
        access=MANAGE,
        description="Have the worker write the catalogue into a CSV file, which is kept for seven days. A row is a "
        "variant; images are not in it. Imported again it changes nothing. `LIMIT_REACHED` where five are waiting.",
    )
    async def catalog_export_create(self, info: Info, input: CatalogExportCreateInput) -> CatalogExportPayload | None:
        wanted = Wanted(written(input.status), written(input.kind), input.category)
        async with info.context.write() as session:
            made = await catalog_exports.create(session, actor=info.context.actor, wanted=wanted)
        return CatalogExportPayload(export=export_of(made))


def export_of(row: CatalogExportRow) -> CatalogExport:
    return CatalogExport(stored=row)
