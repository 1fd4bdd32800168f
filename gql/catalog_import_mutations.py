"""What staff do with imports of the catalogue."""

import strawberry

from domain import catalog_imports
from domain.actors import Permission
from domain.catalog_imports import Start
from gql.access import staff
from gql.catalog_imports import CatalogImport, import_of
from gql.context import Info
from gql.ids import row_id
from gql.roots import Payload, mutation
from gql.uploads import UploadTarget, upload_target

MANAGE = staff(Permission.CATALOG_MANAGE)


@strawberry.input(description="A file to come.")
class CatalogImportCreateInput:
    file_name: str = strawberry.field(description="What it is called, up to 200 characters; shown to staff alone.")
    size: int = strawberry.field(description="Its bytes, at most 20,971,520; exactly so many must be uploaded.")


@strawberry.input(description="How to run an import.")
class CatalogImportStartInput:
    id: strawberry.ID = strawberry.field(description="The import, whose file was uploaded.")
    dry_run: bool = strawberry.field(
        description="True checks every row and changes nothing; the same import can be started again to be applied."
    )
    all_or_nothing: bool = strawberry.field(
        default=False,
        description="True checks every row first and applies nothing if any is wrong. What changes in the shop while "
        "it is being applied can still leave single items out. False leaves out items with a wrong row.",
    )


@strawberry.input(description="Which import to stop.")
class CatalogImportCancelInput:
    id: strawberry.ID = strawberry.field(description="The import.")


@strawberry.type(description="The import that was made, and how to send its file.")
class CatalogImportCreatePayload(Payload):
    import_: CatalogImport | None = strawberry.field(
        default=None, name="import", description="Null when `userErrors` says why."
    )
    upload: UploadTarget | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The import that was started or stopped.")
class CatalogImportPayload(Payload):
    import_: CatalogImport | None = strawberry.field(
        default=None, name="import", description="Null when `userErrors` says why."
    )


@strawberry.type
class CatalogImportMutation:
    @mutation(
        CatalogImportCreatePayload,
        access=MANAGE,
        description="Announce a CSV file: UTF-8, UTF-16 or Windows-1256, with commas, semicolons or tabs, at most "
        "20 MiB and 50,000 rows. A row is a variant; rows of one item share `item`; one without "
        "`item`, `slug` and `external_reference` is of the item that has its `sku`. `LIMIT_REACHED` where 20 are open.",
    )
    async def catalog_import_create(
        self, info: Info, input: CatalogImportCreateInput
    ) -> CatalogImportCreatePayload | None:
        async with info.context.write() as session:
            made = await catalog_imports.create(
                session, actor=info.context.actor, file_name=input.file_name, size=input.size
            )
        upload = await catalog_imports.offer_upload(info.context.services.objects, made)
        return CatalogImportCreatePayload(import_=import_of(made), upload=upload_target(upload))

    @mutation(
        CatalogImportPayload,
        access=MANAGE,
        description="Have the worker check the file, or apply it; behind the tenant's other imports. `REQUIRED` where "
        "the file has not arrived, `ILLEGAL_TRANSITION` where it was started already.",
    )
    async def catalog_import_start(self, info: Info, input: CatalogImportStartInput) -> CatalogImportPayload | None:
        import_id, actor = row_id("import", input.id, "id"), info.context.actor
        size = await catalog_imports.stored_size(info.context.services.objects, actor=actor, import_id=import_id)
        wanted = Start(is_dry_run=input.dry_run, is_all_or_nothing=input.all_or_nothing, stored_size=size)
        async with info.context.write() as session:
            started = await catalog_imports.start(session, actor=actor, import_id=import_id, wanted=wanted)
        return CatalogImportPayload(import_=import_of(started))

    @mutation(
        CatalogImportPayload,
        access=MANAGE,
        description="Stop an import behind the items that are just being written; what was applied stays.",
    )
    async def catalog_import_cancel(self, info: Info, input: CatalogImportCancelInput) -> CatalogImportPayload | None:
        import_id = row_id("import", input.id, "id")
        async with info.context.write() as session:
            cancelled = await catalog_imports.cancel(session, actor=info.context.actor, import_id=import_id)
        return CatalogImportPayload(import_=import_of(cancelled))
