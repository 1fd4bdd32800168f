"""Where a client sends a file, whatever kind of file it is."""

from datetime import datetime

import strawberry

from domain.object_store import PresignedUpload
from gql.cost import usually


@strawberry.type(description="A header of an HTTP request.")
class HttpHeader:
    name: str = strawberry.field(description="Such as `Content-Type`.")
    value: str = strawberry.field(description="What to send under it.")


@strawberry.type(
    description="One PUT to the storage. It is signed for this address, type and exact length: anything else is "
    "answered by 403. A browser adds `Content-Length` by itself."
)
class UploadTarget:
    url: str = strawberry.field(
        description="Where the file goes, as the body of a PUT. Whoever has it may send the file: give it to nobody."
    )
    headers: list[HttpHeader] = strawberry.field(description="Send all of these.", directives=[usually(1)])
    expires_at: datetime = strawberry.field(description="When the address ends; until then it can be used again.")


def upload_target(upload: PresignedUpload) -> UploadTarget:
    headers = [HttpHeader(name=name, value=value) for name, value in upload.headers.items()]
    return UploadTarget(url=upload.url, headers=headers, expires_at=upload.expires_at)
