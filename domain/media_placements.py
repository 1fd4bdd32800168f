"""Where pictures are shown: on items in an order, on variants, categories, and as the store's logo.

Only a picture that is ready can be put anywhere, and one that is shown cannot be deleted: so whatever refers to a
picture refers to one that shoppers can be shown.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogItemImage, MediaAsset
from domain.errors import FaultCode, Faults, UserFault, not_found

MOST_IMAGES_OF_ITEM = 50


async def attachable(session: AsyncSession, image_ids: Sequence[uuid.UUID], *field: str, several: bool = True) -> None:
    """Make sure that pictures can be shown, and keep them from being deleted until this transaction ends.

    Faults: NOT_FOUND; NOT_READY while the worker has not made it, and for good where it could not.
    """
    wanted = select(MediaAsset.id, MediaAsset.status).where(MediaAsset.id.in_(image_ids)).order_by(MediaAsset.id)
    rows = await session.execute(wanted.with_for_update(read=True))
    found = {row.id: row.status for row in rows}
    faults = Faults()
    for place, image_id in enumerate(image_ids):
        path = (*field, str(place)) if several else field
        status = found.get(image_id, "deleted")
        if status == "deleted":
            faults.found.append(not_found("image", *path))
        elif status != "ready":
            faults.add(FaultCode.NOT_READY, "This image is not ready: wait for it, or see why it failed.", *path)
    faults.raise_any()


async def attachable_or_none(session: AsyncSession, image_id: uuid.UUID | None, *field: str) -> uuid.UUID | None:
    """As `attachable`, for one picture or none."""
    if image_id is not None:
        await attachable(session, [image_id], *field, several=False)
    return image_id


async def place_images(session: AsyncSession, item: CatalogItem, image_ids: Sequence[uuid.UUID]) -> None:
    """Show exactly these pictures on an item, in this order; under the item's lock.

    Faults: NOT_FOUND, NOT_READY, TOO_LONG; INVALID for one that is named twice.
    """
    if len(image_ids) > MOST_IMAGES_OF_ITEM:
        raise UserFault(FaultCode.TOO_LONG, f"An item has at most {MOST_IMAGES_OF_ITEM} images.", ("imageIds",))
    if len(set(image_ids)) < len(image_ids):
        raise UserFault(FaultCode.INVALID, "An image stands on an item once.", ("imageIds",))
    await attachable(session, image_ids, "imageIds")
    current = select(CatalogItemImage).where(CatalogItemImage.item_id == item.id)
    placed = {image.asset_id: image for image in (await session.execute(current)).scalars()}
    for image_id in placed.keys() - set(image_ids):
        await session.delete(placed[image_id])
    for position, image_id in enumerate(image_ids):
        if image_id in placed:
            placed[image_id].position = position
        else:
            image = CatalogItemImage(tenant_id=item.tenant_id, item_id=item.id, asset_id=image_id, position=position)
            session.add(image)
    await session.flush()


async def images_of(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[MediaAsset]]:
    """The pictures of items, in their order; for a loader."""
    found: dict[uuid.UUID, list[MediaAsset]] = {item_id: [] for item_id in item_ids}
    for item_id, asset in await session.execute(of_items(item_ids)):
        found[item_id].append(asset)
    return found


async def first_image_of(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[MediaAsset]]:
    """The first picture of items, if they have any; for a loader."""
    found: dict[uuid.UUID, list[MediaAsset]] = {item_id: [] for item_id in item_ids}
    for item_id, asset in await session.execute(of_items(item_ids).ext(distinct_on(CatalogItemImage.item_id))):
        found[item_id].append(asset)
    return found


def of_items(item_ids: Sequence[uuid.UUID]) -> Select[uuid.UUID, MediaAsset]:
    return (
        select(CatalogItemImage.item_id, MediaAsset)
        .join(MediaAsset, MediaAsset.id == CatalogItemImage.asset_id)
        .where(CatalogItemImage.item_id.in_(item_ids), MediaAsset.status == "ready")
        .order_by(CatalogItemImage.item_id, CatalogItemImage.position, CatalogItemImage.asset_id)
    )
