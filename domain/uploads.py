"""Files that clients send straight to the object storage: what is agreed on beforehand, and signed into the link.

Each kind, such as pictures, has its own folder below `{tenant_id}/uploads/`, and rows of its own that say which uploads
are expected.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.errors import FaultCode, Faults
from domain.object_store import ObjectStore, PresignedUpload, key_of

LINK_TIME = timedelta(minutes=15)
LINK_SURELY_ENDED = timedelta(minutes=30)
"""From the moment that the row is written; the link is signed a little later."""


@dataclass(frozen=True, slots=True)
class UploadKind:
    """One kind of file: its folder, the types it may have, and its most bytes."""

    folder: str
    content_types: Sequence[str]
    most_bytes: int

    def key(self, tenant_id: uuid.UUID, upload_id: uuid.UUID) -> str:
        return key_of(tenant_id, "uploads", self.folder, str(upload_id))


def check_upload(kind: UploadKind, *, content_type: str, size: int) -> None:
    """Raises everything that is wrong with what a client is about to send."""
    faults = Faults()
    if content_type not in kind.content_types:
        faults.add(FaultCode.INVALID, f"The type is one of {', '.join(kind.content_types)}.", "contentType")
    if not 1 <= size <= kind.most_bytes:
        faults.add(FaultCode.INVALID, f"A file has 1 to {kind.most_bytes:,} bytes.", "size")
    faults.raise_any()


async def offer(
    objects: ObjectStore, kind: UploadKind, *, tenant_id: uuid.UUID, upload_id: uuid.UUID, content_type: str, size: int
) -> PresignedUpload:
    """The link for an upload that is expected. Asked outside of transactions."""
    key = kind.key(tenant_id, upload_id)
    return await objects.presign_upload(key, content_type=content_type, size=size, expires_in=LINK_TIME)
