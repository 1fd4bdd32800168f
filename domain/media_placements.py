"""Where pictures are shown: on items in an order, on variants, categories, and as the store's logo.

Only a picture that is ready can be put anywhere, and one that is shown cannot be deleted: so whatever refers to a
picture refers to one that shoppers can be shown.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence

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
    check_attachable(await held(session, image_ids), image_ids, *field, several=several)


async def held(session: AsyncSession, image_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The status of each picture that there is, kept from being deleted until this transaction ends."""
    if not image_ids:
        return {}
    wanted = select(MediaAsset.id, MediaAsset.status).where(MediaAsset.id.in_(image_ids)).order_by(MediaAsset.id)
    return {row.id: row.status for row in await session.execute(wanted.with_for_update(read=True))}


def check_attachable(
    statuses: Mapping[uuid.UUID, str], image_ids: Sequence[uuid.UUID], *field: str, several: bool = True
) -> None:
    """Raises everything that is wrong with pictures, by what is known of them: as `attachable`."""
    faults = Faults()
    for place, image_id in enumerate(image_ids):
        path = (*field, str(place)) if several else field
        status = statuses.get(image_id, "deleted")
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
    check_list(image_ids)
    await attachable(session, image_ids, "imageIds")
    await place_all(session, [(item, image_ids)])


def check_list(image_ids: Sequence[uuid.UUID]) -> None:
    if len(image_ids) > MOST_IMAGES_OF_ITEM:
        raise UserFault(FaultCode.TOO_LONG, f"An item has at most {MOST_IMAGES_OF_ITEM} images.", ("imageIds",))
    if len(set(image_ids)) < len(image_ids):
        raise UserFault(FaultCode.INVALID, "An image stands on an item once.", ("imageIds",))


async def place_all(session: AsyncSession, wanted: Sequence[tuple[CatalogItem, Sequence[uuid.UUID]]]) -> None:
    """Show on each of several items the pictures that were checked for it."""
    if not wanted:
        return
    current = select(CatalogItemImage).where(CatalogItemImage.item_id.in_([item.id for item, _ in wanted]))
    placed = {(image.item_id, image.asset_id): image for image in (await session.execute(current)).scalars()}
    for item, image_ids in wanted:
        for position, image_id in enumerate(image_ids):
            image = placed.pop((item.id, image_id), None)
            if image is None:
                image = CatalogItemImage(tenant_id=item.tenant_id, item_id=item.id, asset_id=image_id)
                session.add(image)
            image.position = position
    for image in placed.values():
        await session.delete(image)
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
