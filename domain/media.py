"""Pictures of a tenant: expected, uploaded, checked, made into versions by the worker, and only then shown."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItemImage, CatalogVariant, Category, MediaAsset, Tenant
from domain.actors import Actor, Permission, require
from domain.changes import Absent
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.image_headers import WEBP
from domain.images import CONTENT_TYPES, MOST_BYTES, ImageFailure, ImageRefused, checked_header, width_for
from domain.object_store import ObjectMissing, ObjectStore, PresignedUpload, key_of
from domain.outbox import enqueue_job
from domain.pages import Page, PageRequest, newest_first
from domain.texts import LocalizedText, cleaned
from domain.uploads import LINK_SURELY_ENDED, UploadKind, check_upload, offer

T = TypeVar("T")

PICTURES = UploadKind("media", CONTENT_TYPES, MOST_BYTES)
VERSION_TYPE = WEBP
RENDER, REMOVE = "job.media_render", "job.media_remove"
MOST_EXPECTED = 500
HEAD_BYTES = 2**18
"""As much as the API looks at; a JPEG may say its size further behind, which the worker reads then."""
LONGEST_ALT = 500


@dataclass(frozen=True, slots=True)
class NewMedia:
    """What a client says of a file that it is about to send."""

    content_type: str
    size: int
    alt: LocalizedText


async def create(session: AsyncSession, *, actor: Actor, given: NewMedia) -> MediaAsset:
    """Expect an upload. Faults: INVALID type or size, TOO_LONG alt text, LIMIT_REACHED by uploads that never came."""
    require(actor, Permission.CATALOG_MANAGE)
    faults, alt = Faults(), given.alt
    with faults.collecting():
        check_upload(PICTURES, content_type=given.content_type, size=given.size)
    with faults.collecting():
        alt = checked_alt(given.alt)
    faults.raise_any()
    expected = select(func.count()).select_from(MediaAsset).where(MediaAsset.status == "awaiting_upload")
    if (await session.execute(expected)).scalar_one() >= MOST_EXPECTED:
        message = f"{MOST_EXPECTED} uploads are expected already: finish or delete some of them."
        raise UserFault(FaultCode.LIMIT_REACHED, message)
    asset = MediaAsset(
        tenant_id=actor.tenant,
        content_type=given.content_type,
        size=given.size,
        upload_ends_at=func.now() + LINK_SURELY_ENDED,
        alt_en=alt.en,
        alt_ar=alt.ar,
    )
    session.add(asset)
    await session.flush()
    await session.refresh(asset)
    return asset


async def offer_upload(objects: ObjectStore, asset: MediaAsset) -> PresignedUpload:
    """The link by which the file is sent: once the row is committed, and outside of transactions."""
    return await offer(
        objects,
        PICTURES,
        tenant_id=asset.tenant_id,
        upload_id=asset.id,
        content_type=asset.content_type,
        size=asset.size,
    )


async def expected_upload(session: AsyncSession, *, actor: Actor, asset_id: uuid.UUID) -> MediaAsset:
    """The asset that an upload is to be checked for, whatever became of it. Fault: NOT_FOUND."""
    require(actor, Permission.CATALOG_MANAGE)
    asset = await session.get(MediaAsset, (actor.tenant, asset_id))
    if asset is None or asset.status == "deleted":
        raise not_found("image", "id")
    return asset


async def inspect(objects: ObjectStore, asset: MediaAsset) -> ImageFailure | None:
    """What is wrong with the uploaded file as far as its beginning tells; outside of transactions.

    Fault: NOT_READY where nothing was uploaded. It can be uploaded again until the link ends, so the worker asks again.
    """
    if asset.status != "awaiting_upload":
        return None
    key = upload_key(asset)
    try:
        head = await objects.read_range(key, start=0, length=HEAD_BYTES)
        stored = await objects.stat(key)
        if stored is None or stored.size != asset.size:
            return ImageFailure.WRONG_SIZE
        checked_header(head, asset.content_type)
    except ObjectMissing:
        message = "Nothing was uploaded for this image: send the file first, to the address that mediaCreate gave."
        raise UserFault(FaultCode.NOT_READY, message, ("id",)) from None
    except ImageRefused as refused:
        return refused.failure
    return None


async def complete(
    session: AsyncSession, *, actor: Actor, asset_id: uuid.UUID, failure: ImageFailure | None
) -> MediaAsset:
    """Hand a checked upload to the worker, or record why not; once: afterwards it stays as it is. Fault: NOT_FOUND."""
    require(actor, Permission.CATALOG_MANAGE)
    asset = await session.get(MediaAsset, (actor.tenant, asset_id), with_for_update={"key_share": True})
    if asset is None or asset.status == "deleted":
        raise not_found("image", "id")
    if asset.status == "awaiting_upload":
        asset.status, asset.failure = ("failed", failure.value) if failure else ("processing", None)
        if failure is None:
            enqueue_job(session, tenant_id=asset.tenant_id, kind=RENDER, asset_id=asset.id)
        await session.flush()
        await session.refresh(asset)
    return asset


async def update_alt(
    session: AsyncSession, *, actor: Actor, asset_id: uuid.UUID, alt: LocalizedText | Absent
) -> MediaAsset:
    """Faults: NOT_FOUND, TOO_LONG."""
    require(actor, Permission.CATALOG_MANAGE)
    checked = alt if isinstance(alt, Absent) else checked_alt(alt)
    asset = await session.get(MediaAsset, (actor.tenant, asset_id), with_for_update={"key_share": True})
    if asset is None or asset.status == "deleted":
        raise not_found("image", "id")
    if not isinstance(checked, Absent):
        asset.alt_en, asset.alt_ar = checked.en, checked.ar
    await session.flush()
    await session.refresh(asset)
    return asset


async def delete(session: AsyncSession, *, actor: Actor, asset_id: uuid.UUID) -> None:
    """Nobody gets it any more; the worker deletes its objects. Faults: NOT_FOUND; IN_USE where it is shown.

    Whoever is about to show it holds the row (`media_placements.attachable`): this waits for them, and then sees it.
    """
    require(actor, Permission.CATALOG_MANAGE)
    asset = await session.get(MediaAsset, (actor.tenant, asset_id), with_for_update=True)
    if asset is None or asset.status == "deleted":
        raise not_found("image", "id")
    if (await session.execute(select(is_shown(asset_id)))).scalar_one():
        message = "An item, a variant, a category or the store itself shows this image: take it away there first."
        raise UserFault(FaultCode.IN_USE, message, ("id",))
    bury(session, asset)
    await session.flush()


def bury(session: AsyncSession, asset: MediaAsset) -> None:
    """From now on a tombstone. Its objects go after this is committed, so that no shown picture ever lacks its own."""
    asset.status, asset.failure = "deleted", None
    enqueue_job(session, tenant_id=asset.tenant_id, kind=REMOVE, asset_id=asset.id)


def is_shown(asset_id: uuid.UUID) -> ColumnElement[bool]:
    """Whether anything refers to it."""
    return (
        exists().where(CatalogItemImage.asset_id == asset_id)
        | exists().where(CatalogVariant.image_id == asset_id)
        | exists().where(Category.image_id == asset_id)
        | exists().where(Tenant.logo_id == asset_id)
    )


async def list_assets(
    session: AsyncSession, *, actor: Actor, page: PageRequest, status: str | None
) -> Page[MediaAsset]:
    """The tenant's pictures, the newest first, whatever became of them."""
    require(actor, Permission.CATALOG_READ)
    return await newest_first(
        session,
        kept(select(MediaAsset), status),
        moment=MediaAsset.created_at,
        row_id=MediaAsset.id,
        position=lambda asset: (asset.created_at, asset.id),
        page=page,
    )


async def count_assets(session: AsyncSession, *, actor: Actor, status: str | None) -> int:
    require(actor, Permission.CATALOG_READ)
    return (await session.execute(kept(select(func.count()).select_from(MediaAsset), status))).scalar_one()


def kept(statement: Select[T], status: str | None) -> Select[T]:
    return statement.where(MediaAsset.status != "deleted" if status is None else MediaAsset.status == status)


async def assets_by_id(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, MediaAsset]:
    """Pictures in whatever state but deleted, for a loader: for staff alone."""
    rows = await session.execute(select(MediaAsset).where(MediaAsset.id.in_(asset_ids), MediaAsset.status != "deleted"))
    return {asset.id: asset for asset in rows.scalars()}


def is_visible(actor: Actor) -> bool:
    """Uploads and their states are the business of staff."""
    return actor.may(Permission.CATALOG_READ)


async def images_by_id(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, MediaAsset]:
    """Pictures that are ready to be shown, for a loader."""
    rows = await session.execute(select(MediaAsset).where(MediaAsset.id.in_(asset_ids), MediaAsset.status == "ready"))
    return {asset.id: asset for asset in rows.scalars()}


def checked_alt(alt: LocalizedText) -> LocalizedText:
    """Raises TOO_LONG and INVALID of both languages at once."""
    faults, checked = Faults(), dict[str, str | None]()
    for language, text in (("en", alt.en), ("ar", alt.ar)):
        with faults.collecting():
            checked[language] = cleaned(text, "alt", language, limit=LONGEST_ALT)
    faults.raise_any()
    return LocalizedText(checked["en"], checked["ar"])


def upload_key(asset: MediaAsset) -> str:
    return PICTURES.key(asset.tenant_id, asset.id)


def versions_prefix(tenant_id: uuid.UUID, asset_id: uuid.UUID) -> str:
    return key_of(tenant_id, "media", str(asset_id), "")


def version_key(tenant_id: uuid.UUID, asset_id: uuid.UUID, width: int) -> str:
    """Names that never get other content: caches keep them for a year."""
    return f"{versions_prefix(tenant_id, asset_id)}{width}.webp"


def widths_made(asset: MediaAsset) -> list[int]:
    return [int(each) for each in (asset.versions or "").split()]


def version_path(tenant_id: uuid.UUID, asset: MediaAsset, wanted: int | None) -> str:
    """Where below the media URL the version is that is at least as wide as wanted, or the widest."""
    return version_key(tenant_id, asset.id, width_for(wanted, widths_made(asset)))
