"""Mission S5: pictures uploaded straight to the storage, checked, made into versions, and only then shown."""

import asyncio
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image
from sqlalchemy import select, text

from bootstrap import Parts
from db.models import MediaAsset, OutboxMessage
from domain.images import MOST_BYTES
from gql.ids import split_id
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.mail import Post
from tests.support.pictures import (
    COMPLETE,
    CREATE,
    DELETE,
    JPEG,
    PNG,
    UPDATE,
    WEBP,
    Darkroom,
    claiming,
    got,
    moving,
    picture,
    taken_with_a_phone,
)


@pytest.fixture
def darkroom(api: Api, shop: Shop, post: Post) -> Darkroom:
    return Darkroom.of(api, shop, post)


async def objects_of(parts: Parts, shop: Shop) -> list[str]:
    """Keys of everything that the tenant has in the storage, without the tenant."""
    found = parts.objects.list(f"{shop.tenant.id}/")
    return [each.key.partition("/")[2] async for each in found]


async def test_a_picture_is_uploaded_made_and_shown(darkroom: Darkroom, parts: Parts, shop: Shop) -> None:
    """Mission S5."""
    content = picture(700, 350)
    announced = await darkroom.announce(content, alt={"en": "A cushion", "ar": "وسادة"})
    media_id = announced["media"]["id"]
    assert (announced["media"]["status"], announced["media"]["image"]) == ("AWAITING_UPLOAD", None)
    assert f"/{shop.tenant.id}/uploads/media/" in announced["upload"]["url"]
    assert await darkroom.put(announced["upload"], content) == 200
    processing = await darkroom.complete(media_id)
    assert (processing["status"], processing["image"]) == ("PROCESSING", None)
    await darkroom.post.deliver()
    ready = await darkroom.look(media_id)
    assert ready is not None
    assert (ready["status"], ready["failure"], ready["size"]) == ("READY", None, len(content))
    image = ready["image"]
    assert (image["width"], image["height"]) == (700, 350)
    assert image["alt"] == {"en": "A cushion", "ar": "وسادة"}
    shown = await got(image["url"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    assert "immutable" in shown.headers["cache-control"]
    assert Image.open(BytesIO(shown.content)).size == (700, 350)
    asset = split_id(media_id)
    assert asset is not None
    made = [f"media/{asset[1]}/{width}.webp" for width in (320, 640, 700)]
    assert await objects_of(parts, shop) == [*made, f"uploads/media/{asset[1]}"]


@pytest.mark.parametrize("kind", [PNG, JPEG, WEBP])
async def test_three_types_are_taken(darkroom: Darkroom, kind: str) -> None:
    assert (await darkroom.develop(picture(kind=kind), kind))["status"] == "READY"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"contentType": "image/svg+xml", "size": 10}, "contentType"),
        ({"contentType": "image/gif", "size": 10}, "contentType"),
        ({"contentType": "IMAGE/PNG", "size": 10}, "contentType"),
        ({"contentType": PNG, "size": 0}, "size"),
        ({"contentType": PNG, "size": -1}, "size"),
        ({"contentType": PNG, "size": MOST_BYTES + 1}, "size"),
    ],
)
async def test_what_is_no_picture_is_not_even_announced(
    darkroom: Darkroom, given: dict[str, object], field: str
) -> None:
    assert (await darkroom.send(CREATE, **given)).faults("mediaCreate") == [("INVALID", [field])]


async def test_everything_wrong_is_told_at_once(darkroom: Darkroom) -> None:
    given = {"contentType": "text/html", "size": 0, "alt": {"en": 501 * "x", "ar": 501 * "x"}}
    assert (await darkroom.send(CREATE, **given)).faults("mediaCreate") == [
        ("INVALID", ["contentType"]),
        ("INVALID", ["size"]),
        ("TOO_LONG", ["alt", "en"]),
        ("TOO_LONG", ["alt", "ar"]),
    ]


async def test_the_signature_bounds_the_upload(darkroom: Darkroom, factory: Factory, parts: Parts, shop: Shop) -> None:
    """Mission S5: another length, another type, another tenant's key."""
    content, other = picture(), await factory.shop()
    upload = (await darkroom.announce(content))["upload"]
    theirs = upload | {"url": upload["url"].replace(str(shop.tenant.id), str(other.tenant.id))}
    assert await darkroom.put(upload, content + b"x") == 403
    assert await darkroom.put(upload, content[:-1]) == 403
    assert await darkroom.put(upload, content, **{"Content-Type": "text/html"}) == 403
    assert await darkroom.put(theirs, content) == 403
    assert await objects_of(parts, shop) == []
    assert await objects_of(parts, other) == []


LIES = {
    "a page": (PNG, b"<html><script>alert(1)</script></html>", "WRONG_TYPE"),
    "a page behind the signature of a PNG": (PNG, b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>", "WRONG_TYPE"),
    "a drawing": (PNG, b'<svg xmlns="http://www.w3.org/2000/svg"/>', "WRONG_TYPE"),
    "a GIF": (PNG, b"GIF89a" + bytes(100), "WRONG_TYPE"),
    "a JPEG as a PNG": (PNG, picture(kind=JPEG), "WRONG_TYPE"),
    "a moving PNG": (PNG, moving(PNG), "ANIMATED"),
    "a moving WebP": (WEBP, moving(WEBP), "ANIMATED"),
    "400 million pixels": (PNG, claiming(20_000, 20_000), "TOO_MANY_PIXELS"),
    "a long strip": (PNG, claiming(12_001, 1), "TOO_MANY_PIXELS"),
    "no pixels": (PNG, claiming(0, 10), "DAMAGED"),
    "a WebP that breaks off": (WEBP, picture(kind=WEBP)[:20], "WRONG_TYPE"),
}
"""What the API sees by the first bytes."""


@pytest.mark.parametrize("lie", LIES)
async def test_a_file_that_lies_is_refused_when_it_arrives(
    darkroom: Darkroom, parts: Parts, shop: Shop, lie: str
) -> None:
    """Mission S5: a clear answer at once, nothing for the worker, nothing made."""
    kind, content, failure = LIES[lie]
    media_id = await darkroom.uploaded(content, kind)
    refused = await darkroom.complete(media_id)
    assert (refused["status"], refused["failure"], refused["image"]) == ("FAILED", failure, None)
    async with parts.database.read(shop.actor.scope) as session:
        assert (await session.execute(select(OutboxMessage.id))).first() is None
    assert not [key for key in await objects_of(parts, shop) if key.startswith("media/")]
    assert await darkroom.complete(media_id) == refused


DAMAGED = {
    "a PNG that breaks off": (PNG, picture(300, 300)[:200]),
    "a JPEG that breaks off": (JPEG, picture(300, 300, kind=JPEG)[:700]),
    "a JPEG without a frame": (JPEG, b"\xff\xd8\xff\xe0\x00\x04ab" + 50 * b"\xff\xfe\x00\x04ab"),
    "a PNG with too few pixels": (PNG, claiming(300, 300)),
    "a WebP that breaks off": (WEBP, picture(300, 300, kind=WEBP)[:40]),
}


@pytest.mark.parametrize("damage", DAMAGED)
async def test_a_damaged_file_is_refused_by_the_worker(
    darkroom: Darkroom, parts: Parts, shop: Shop, damage: str
) -> None:
    kind, content = DAMAGED[damage]
    media = await darkroom.develop(content, kind)
    assert (media["status"], media["failure"], media["image"]) == ("FAILED", "DAMAGED", None)
    assert not [key for key in await objects_of(parts, shop) if key.startswith("media/")]


async def test_nothing_but_pixels_is_shown(darkroom: Darkroom) -> None:
    """Mission S5: no place, no camera, no comment; and upright."""
    content = taken_with_a_phone(800, 400)
    assert b"Camera of Noura" in content
    image = (await darkroom.develop(content, JPEG))["image"]
    assert (image["width"], image["height"]) == (400, 800)
    shown = (await got(image["url"])).content
    opened = Image.open(BytesIO(shown))
    assert opened.size == (400, 800)
    assert dict(opened.getexif()) == {}
    assert not opened.info.keys() & {"exif", "xmp", "icc_profile", "comment"}
    assert not [word for word in (b"Camera", b"home", b"EXIF", b"XMP ") if word in shown]


async def test_a_polyglot_is_shown_without_its_other_half(darkroom: Darkroom) -> None:
    """A good picture with a page behind it: what is shown is made anew of its pixels."""
    image = (await darkroom.develop(picture() + b"<script>alert(1)</script>"))["image"]
    assert b"<script>" not in (await got(image["url"])).content


async def test_originals_stay_private(darkroom: Darkroom, parts: Parts) -> None:
    upload = (await darkroom.announce(picture()))["upload"]
    assert await darkroom.put(upload, picture()) == 200
    assert (await got(upload["url"].partition("?")[0])).status_code in {400, 403}
    path = urlsplit(str(upload["url"])).path.removeprefix("/sadu")
    assert (await got(f"{parts.settings.media_url}{path}")).status_code == 404


async def test_completing_before_the_file_is_there(darkroom: Darkroom) -> None:
    content = picture()
    announced = await darkroom.announce(content)
    media_id = announced["media"]["id"]
    assert (await darkroom.send(COMPLETE, id=media_id)).faults("mediaComplete") == [("NOT_READY", ["id"])]
    assert await darkroom.put(announced["upload"], content) == 200
    assert (await darkroom.complete(media_id))["status"] == "PROCESSING"


async def test_completing_twice_and_at_once_is_completing_once(darkroom: Darkroom, parts: Parts, shop: Shop) -> None:
    media_id = await darkroom.uploaded(picture())
    answers = await asyncio.gather(*(darkroom.complete(media_id) for _ in range(5)))
    assert {answer["status"] for answer in answers} == {"PROCESSING"}
    async with parts.database.read(shop.actor.scope) as session:
        assert len((await session.execute(select(OutboxMessage.id))).all()) == 1
    await darkroom.post.deliver()
    assert (await darkroom.complete(media_id))["status"] == "READY"


async def test_what_is_uploaded_again_later_is_checked_again(darkroom: Darkroom) -> None:
    """The link is good for its time: other bytes of the same length and type, after the API has looked."""
    content = picture(300, 300)
    announced = await darkroom.announce(content)
    assert await darkroom.put(announced["upload"], content) == 200
    await darkroom.complete(announced["media"]["id"])
    assert await darkroom.put(announced["upload"], (b"<html>" + bytes(len(content)))[: len(content)]) == 200
    await darkroom.post.deliver()
    failed = await darkroom.look(announced["media"]["id"])
    assert failed is not None
    assert (failed["status"], failed["failure"]) == ("FAILED", "WRONG_TYPE")


async def test_another_length_than_was_announced_is_refused_by_the_worker(
    darkroom: Darkroom, parts: Parts, shop: Shop
) -> None:
    """As where a storage does not hold uploads to the length that was signed."""
    media_id = await darkroom.uploaded(picture())
    await darkroom.complete(media_id)
    [key] = await objects_of(parts, shop)
    await parts.objects.write(f"{shop.tenant.id}/{key}", picture(50, 50), content_type=PNG)
    await darkroom.post.deliver()
    failed = await darkroom.look(media_id)
    assert failed is not None
    assert (failed["status"], failed["failure"]) == ("FAILED", "WRONG_SIZE")


async def test_another_tenants_pictures_are_not_there(darkroom: Darkroom, factory: Factory) -> None:
    mine, other = await darkroom.ready(), await factory.shop()
    stranger = Darkroom.of(darkroom.api, other, darkroom.post)
    assert await stranger.look(mine) is None
    for document, field in ((COMPLETE, "mediaComplete"), (DELETE, "mediaDelete"), (UPDATE, "mediaUpdate")):
        given = {"alt": None} if field == "mediaUpdate" else {}
        assert (await stranger.send(document, id=mine, **given)).faults(field) == [("NOT_FOUND", ["id"])]
    assert (await darkroom.look(mine) or {})["status"] == "READY"
    assert await darkroom.as_someone(None).look(mine) is None


async def test_alt_texts_change(darkroom: Darkroom) -> None:
    media_id = await darkroom.ready(alt={"en": "Before"})
    changed = (await darkroom.send(UPDATE, id=media_id, alt={"ar": "بعد"})).payload("mediaUpdate")["media"]
    assert changed["image"]["alt"] == {"en": None, "ar": "بعد"}
    same = (await darkroom.send(UPDATE, id=media_id)).payload("mediaUpdate")["media"]
    assert same["alt"] == {"en": None, "ar": "بعد"}
    cleared = (await darkroom.send(UPDATE, id=media_id, alt=None)).payload("mediaUpdate")["media"]
    assert cleared["alt"] is None


async def test_a_deleted_picture_takes_its_objects_along(darkroom: Darkroom, parts: Parts, shop: Shop) -> None:
    media_id = await darkroom.ready()
    assert (await darkroom.send(DELETE, id=media_id)).payload("mediaDelete")["deletedId"] == media_id
    assert await darkroom.look(media_id) is None
    assert (await darkroom.send(DELETE, id=media_id)).faults("mediaDelete") == [("NOT_FOUND", ["id"])]
    await darkroom.post.deliver()
    assert await objects_of(parts, shop) == []
    async with parts.database.read(shop.actor.scope) as session:
        assert list((await session.execute(select(MediaAsset.status))).scalars()) == ["deleted"], "the link still lives"


async def test_what_is_deleted_while_it_is_made_leaves_nothing(darkroom: Darkroom, parts: Parts, shop: Shop) -> None:
    media_id = await darkroom.uploaded(picture())
    await darkroom.complete(media_id)
    (await darkroom.send(DELETE, id=media_id)).payload("mediaDelete")
    await darkroom.post.deliver()
    assert await objects_of(parts, shop) == []


async def test_a_picture_that_is_given_up_is_told_so_at_once(darkroom: Darkroom, parts: Parts, shop: Shop) -> None:
    """As when it takes the worker down with it, time and again."""
    media_id = await darkroom.uploaded(picture())
    await darkroom.complete(media_id)
    async with parts.database.write(shop.actor.scope) as session:
        await session.execute(text("UPDATE outbox SET attempts = 8"))
    await darkroom.post.deliver()
    failed = await darkroom.look(media_id)
    assert failed is not None
    assert (failed["status"], failed["failure"]) == ("FAILED", "GIVEN_UP")


async def test_staff_list_what_they_have_uploaded(darkroom: Darkroom, shop: Shop) -> None:
    ready, failed = await darkroom.ready(), (await darkroom.develop(b"<html>"))["id"]
    gone = await darkroom.ready()
    (await darkroom.send(DELETE, id=gone)).payload("mediaDelete")

    async def listed(arguments: str) -> list[str]:
        document = f"{{ tenant {{ media{arguments} {{ nodes {{ id }} totalCount }} }} }}"
        found = (await darkroom.api.execute(document, token=shop.token, tenant=shop.slug)).data["tenant"]["media"]
        assert found["totalCount"] == len(found["nodes"])
        return [node["id"] for node in found["nodes"]]

    assert await listed("") == [failed, ready]
    assert await listed("(status: READY)") == [ready]


async def test_a_tenant_cannot_announce_without_end(darkroom: Darkroom, parts: Parts, shop: Shop) -> None:
    rows = """INSERT INTO media_assets (tenant_id, id, content_type, size, upload_ends_at)
              SELECT :tenant, gen_random_uuid(), 'image/png', 1, now() FROM generate_series(1, 500)"""
    async with parts.database.write(shop.actor.scope) as session:
        await session.execute(text(rows), {"tenant": shop.tenant.id})
    given = {"contentType": PNG, "size": 10}
    assert (await darkroom.send(CREATE, **given)).faults("mediaCreate") == [("LIMIT_REACHED", None)]
