"""What the worker does with pictures: versions of what was uploaded, and the end of what was deleted."""

import uuid
from typing import Any

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import MediaAsset
from domain.images import MOST_BYTES, ImageFailure, ImageRefused, RenderedImage
from domain.jobs import Job
from domain.media import VERSION_TYPE, upload_key, version_key, versions_prefix
from domain.object_store import IMMUTABLE, ObjectMissing, ObjectTooLarge


async def render(job: Job) -> None:
    """Make the versions of an upload and show it, or say why not. Done again, it writes the same objects again.

    Whatever the API has checked is checked again here, on the very bytes that the versions are made of.
    """
    asset = await asset_of(job)
    if asset is None or asset.status != "processing":
        return
    try:
        rendered = await rendered_upload(job, asset)
    except ImageRefused as refused:
        async with job.write() as session:
            await end_processing(session, asset, status="failed", failure=refused.failure.value)
            await job.conclude(session)
        return
    keys = [version_key(asset.tenant_id, asset.id, version.width) for version in rendered.versions]
    for key, version in zip(keys, rendered.versions, strict=True):
        await job.tools.objects.write(key, version.content, content_type=VERSION_TYPE, cache_control=IMMUTABLE)
    async with job.write() as session:
        is_wanted = await end_processing(session, asset, **as_ready(rendered))
        await job.conclude(session)
    if not is_wanted:  # deleted meanwhile; where this process is killed first, the sweep finds them
        await job.tools.objects.delete(keys)


async def rendered_upload(job: Job, asset: MediaAsset) -> RenderedImage:
    """Raises `ImageRefused`."""
    try:
        content = await job.tools.objects.read(upload_key(asset), most=MOST_BYTES)
    except ObjectMissing:
        raise ImageRefused(ImageFailure.UPLOAD_MISSING) from None
    except ObjectTooLarge:
        raise ImageRefused(ImageFailure.WRONG_SIZE) from None
    if len(content) != asset.size:
        raise ImageRefused(ImageFailure.WRONG_SIZE)
    return await job.tools.images.render(content, asset.content_type)


def as_ready(rendered: RenderedImage) -> dict[str, Any]:
    versions = " ".join(str(version.width) for version in rendered.versions)
    return {"status": "ready", "width": rendered.width, "height": rendered.height, "versions": versions}


async def end_processing(session: AsyncSession, asset: MediaAsset, **values: Any) -> bool:
    """False where somebody else was faster, or has deleted it."""
    processing = update(MediaAsset).where(MediaAsset.id == asset.id, MediaAsset.status == "processing")
    return (await session.execute(processing.values(**values).returning(MediaAsset.id))).first() is not None


async def give_up(session: AsyncSession, job: Job) -> None:
    """After the last try: staff see it at once, and not when the sweep comes by."""
    asset = await session.get(MediaAsset, (job.tenant_id, uuid.UUID(job.payload["asset_id"])))
    if asset is not None:
        await end_processing(session, asset, status="failed", failure=ImageFailure.GIVEN_UP.value)


async def remove(job: Job) -> None:
    """Delete the objects of a tombstone, and the tombstone once its link to upload has surely ended."""
    asset = await asset_of(job)
    if asset is None or asset.status != "deleted":
        return
    prefix = versions_prefix(asset.tenant_id, asset.id)
    keys = [each.key async for each in job.tools.objects.list(prefix)]
    await job.tools.objects.delete([upload_key(asset), *keys])
    ended = delete(MediaAsset).where(
        MediaAsset.id == asset.id, MediaAsset.status == "deleted", MediaAsset.upload_ends_at < func.now()
    )
    async with job.write() as session:
        await session.execute(ended)
        await job.conclude(session)


async def asset_of(job: Job) -> MediaAsset | None:
    async with job.read() as session:
        return await session.get(MediaAsset, (job.tenant_id, uuid.UUID(job.payload["asset_id"])))
