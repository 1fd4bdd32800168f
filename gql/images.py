"""A picture as everybody may see it."""

from typing import Annotated

import strawberry

from db.models import MediaAsset
from domain import media
from gql.context import Info
from gql.ids import global_id
from gql.publicity import PUBLIC
from gql.scalars import LocalizedText, localized

Width = Annotated[
    int | None,
    strawberry.argument(description="Pixels that it will be shown in: the address is of the next wider version."),
]


@strawberry.type(description="A picture that is ready to be shown, in versions of 320 to 2,048 pixels' width.")
class Image:
    stored: strawberry.Private[MediaAsset]

    @strawberry.field(description="Identifier; the same as that of its `Media`.", directives=[PUBLIC])
    def id(self) -> strawberry.ID:
        return global_id("media", self.stored.id)

    @strawberry.field(
        description="What it shows, for those who cannot see it; null if nothing was written.", directives=[PUBLIC]
    )
    def alt(self) -> LocalizedText | None:
        en, ar = self.stored.alt_en, self.stored.alt_ar
        return None if en is None and ar is None else localized(en, ar)

    @strawberry.field(description="Pixels of the picture that was uploaded, upright.", directives=[PUBLIC])
    def width(self) -> int:
        return self.stored.width or 0

    @strawberry.field(description="As `width`: the two tell the shape of every version.", directives=[PUBLIC])
    def height(self) -> int:
        return self.stored.height or 0

    @strawberry.field(
        description="Address of a WebP, good for as long as the picture exists: of the narrowest version that is at "
        "least `width` pixels wide, or of the widest. No version is wider than the picture itself.",
        directives=[PUBLIC],
    )
    def url(self, info: Info, width: Width = None) -> str:
        path = media.version_path(info.context.tenant.id, self.stored, width)
        return f"{info.context.services.media_url}/{path}"


def image_or_none(row: MediaAsset | None) -> Image | None:
    return Image(stored=row) if row else None
