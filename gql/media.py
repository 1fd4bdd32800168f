"""Uploads of pictures in the API, for staff: expected, checked, made ready by the worker."""

from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from db.models import MediaAsset
from domain import media
from domain.actors import Permission
from domain.changes import Absent
from domain.media import NewMedia
from domain.pages import PageRequest
from domain.texts import LocalizedText as LocalizedTextValue
from gql.access import staff
from gql.connections import After, Connection, First
from gql.context import Info
from gql.ids import global_id, row_id
from gql.images import Image
from gql.maybe import CLEARS, given
from gql.node import Node
from gql.roots import Payload, mutation
from gql.scalars import LocalizedText, LocalizedTextInput, localized, written
from gql.uploads import UploadTarget, upload_target

MANAGE = staff(Permission.CATALOG_MANAGE)
ALT = "What it shows, for those who cannot see it, up to 500 characters in each language."


@strawberry.enum(description="How far an upload has come.")
class MediaStatus(Enum):
    AWAITING_UPLOAD = strawberry.enum_value(
        "awaiting_upload", description="The file is expected; after a day without `mediaComplete` it is forgotten."
    )
    PROCESSING = strawberry.enum_value("processing", description="The file is checked and made into versions.")
    READY = strawberry.enum_value("ready", description="It can be shown.")
    FAILED = strawberry.enum_value(
        "failed", description="Nothing can be made of the file: `failure` says why. Forgotten after a week."
    )


@strawberry.enum(description="Why nothing can be made of a file.")
class MediaFailure(Enum):
    UPLOAD_MISSING = strawberry.enum_value("upload_missing", description="The file is not there any more.")
    WRONG_SIZE = strawberry.enum_value("wrong_size", description="It has other than the bytes that were announced.")
    WRONG_TYPE = strawberry.enum_value(
        "wrong_type", description="It is no PNG, JPEG or WebP, or not the one that was announced, whatever its name is."
    )
    ANIMATED = strawberry.enum_value("animated", description="It moves.")
    TOO_MANY_PIXELS = strawberry.enum_value(
        "too_many_pixels", description="More than 40 million pixels, or a side of more than 12,000."
    )
    DAMAGED = strawberry.enum_value("damaged", description="It breaks off, or its content is not what it says.")
    GIVEN_UP = strawberry.enum_value("given_up", description="It took us too long. Upload it again.")


StatusFilter = Annotated[MediaStatus | None, strawberry.argument(description="Only those of this status.")]


@strawberry.type(description="A picture that staff have uploaded, or are about to. For staff alone.")
class Media(Node):
    stored: strawberry.Private[MediaAsset]

    @strawberry.field(description="Identifier: what items, variants, categories and the logo name.")
    def id(self) -> strawberry.ID:
        return global_id("media", self.stored.id)

    @strawberry.field(description="How far it has come; ask again until it is `READY` or `FAILED`.")
    def status(self) -> MediaStatus:
        return MediaStatus(self.stored.status)

    @strawberry.field(description="Why nothing could be made of it; null unless `FAILED`.")
    def failure(self) -> MediaFailure | None:
        return MediaFailure(self.stored.failure) if self.stored.failure else None

    @strawberry.field(description="As it was announced, such as `image/png`.")
    def content_type(self) -> str:
        return self.stored.content_type

    @strawberry.field(description="Bytes, likewise.")
    def size(self) -> int:
        return self.stored.size

    @strawberry.field(description="What it shows, for those who cannot see it; null if nothing was written.")
    def alt(self) -> LocalizedText | None:
        en, ar = self.stored.alt_en, self.stored.alt_ar
        return None if en is None and ar is None else localized(en, ar)

    @strawberry.field(description="What shoppers are shown; null unless `READY`.")
    def image(self) -> Image | None:
        return Image(stored=self.stored) if self.stored.status == "ready" else None

    @strawberry.field(description="When it was announced.")
    def created_at(self) -> datetime:
        return self.stored.created_at


@strawberry.type(description="Pictures, for staff.")
class MediaFields:
    @strawberry.field(
        description="Pictures that were uploaded or announced, newest first. Needs `catalog:read`: without it null and "
        "an error."
    )
    async def media(
        self, info: Info, first: First = 20, after: After = None, status: StatusFilter = None
    ) -> Connection[Media] | None:
        actor, wanted, request = info.context.actor, written(status), PageRequest(first, after)
        async with info.context.read() as session:
            page = await media.list_assets(session, actor=actor, page=request, status=wanted)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await media.count_assets(session, actor=actor, status=wanted)

        return Connection[Media].of(page, media_of, count)


@strawberry.input(description="A picture that is about to be uploaded.")
class MediaCreateInput:
    content_type: str = strawberry.field(description="`image/png`, `image/jpeg` or `image/webp`.")
    size: int = strawberry.field(description="Exact number of bytes, at most 20,971,520 (20 MiB).")
    alt: LocalizedTextInput | None = strawberry.field(default=None, description=ALT)


@strawberry.input(description="Which upload is done.")
class MediaCompleteInput:
    id: strawberry.ID = strawberry.field(description="The picture.")


@strawberry.input(description="Other words for a picture; left out, they stay as they are.")
class MediaUpdateInput:
    id: strawberry.ID = strawberry.field(description="The picture.")
    alt: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"{ALT} Replaces both languages. {CLEARS}"
    )


@strawberry.input(description="Which picture to delete.")
class MediaDeleteInput:
    id: strawberry.ID = strawberry.field(description="The picture.")


@strawberry.type(description="The picture that is expected, and where to send it.")
class MediaCreatePayload(Payload):
    media: Media | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    upload: UploadTarget | None = strawberry.field(default=None, description="Where to send the file.")


@strawberry.type(description="The picture that was changed.")
class MediaPayload(Payload):
    media: Media | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The picture that was deleted.")
class MediaDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Its identifier, which names nothing any more; null when `userErrors` says why."
    )


@strawberry.type
class MediaMutation:
    @mutation(
        MediaCreatePayload,
        access=MANAGE,
        description="Announce a picture: PUT its file to `upload`, then call `mediaComplete`. SVG and GIF are refused.",
    )
    async def media_create(self, info: Info, input: MediaCreateInput) -> MediaCreatePayload | None:
        announced = NewMedia(input.content_type, input.size, alt_value(input.alt))
        async with info.context.write() as session:
            made = await media.create(session, actor=info.context.actor, given=announced)
        upload = await media.offer_upload(info.context.services.objects, made)
        return MediaCreatePayload(media=media_of(made), upload=upload_target(upload))

    @mutation(
        MediaPayload,
        access=MANAGE,
        description="Say that the file was uploaded. It is looked at, and `PROCESSING` or `FAILED` then; `NOT_READY` "
        "where nothing has arrived. Said again, it answers how far the picture has come.",
    )
    async def media_complete(self, info: Info, input: MediaCompleteInput) -> MediaPayload | None:
        asset_id, actor = row_id("media", input.id, "id"), info.context.actor
        async with info.context.read() as session:
            expected = await media.expected_upload(session, actor=actor, asset_id=asset_id)
        failure = await media.inspect(info.context.services.objects, expected)
        async with info.context.write() as session:
            completed = await media.complete(session, actor=actor, asset_id=asset_id, failure=failure)
        return MediaPayload(media=media_of(completed))

    @mutation(MediaPayload, access=MANAGE, description="Describe a picture in other words, wherever it is shown.")
    async def media_update(self, info: Info, input: MediaUpdateInput) -> MediaPayload | None:
        asset_id, sent = row_id("media", input.id, "id"), given(input.alt)
        alt = sent if isinstance(sent, Absent) else alt_value(sent)
        async with info.context.write() as session:
            changed = await media.update_alt(session, actor=info.context.actor, asset_id=asset_id, alt=alt)
        return MediaPayload(media=media_of(changed))

    @mutation(
        MediaDeletePayload,
        access=MANAGE,
        description="Delete a picture for good. `IN_USE` while an item, a variant, a category or the store shows it.",
    )
    async def media_delete(self, info: Info, input: MediaDeleteInput) -> MediaDeletePayload | None:
        asset_id = row_id("media", input.id, "id")
        async with info.context.write() as session:
            await media.delete(session, actor=info.context.actor, asset_id=asset_id)
        return MediaDeletePayload(deleted_id=input.id)


async def find_media(info: Info, asset_id: UUID) -> Node | None:
    """For staff alone."""
    row = await info.context.loaders.of(media.assets_by_id).load(asset_id)
    return media_of(row) if row and media.is_visible(info.context.actor) else None


def media_of(row: MediaAsset) -> Media:
    return Media(stored=row)


def alt_value(sent: LocalizedTextInput | None) -> LocalizedTextValue:
    return sent.value() if sent else LocalizedTextValue(None, None)
