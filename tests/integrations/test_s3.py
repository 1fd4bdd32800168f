"""Mission S5, P5: the object storage. Real S3 protocol, spoken by the embedded part.

Where rclone differs from S3: an expired link is answered by 400 instead of 403, and it forgets types and Cache-Control
of objects when it ends.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from bootstrap import Parts
from db.models import new_id
from domain.object_store import ObjectMissing, ObjectTooLarge, key_of
from integrations.s3 import PART_BYTES, S3ObjectStore

MINUTE = timedelta(minutes=1)


@pytest.fixture
def objects(parts: Parts) -> S3ObjectStore:
    return parts.objects


@pytest.fixture
def key() -> str:
    return key_of(new_id(), "uploads", "picture")


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for each in given:
        yield each


async def test_a_link_to_upload_is_good_for_one_length_type_and_key(objects: S3ObjectStore, key: str) -> None:
    upload = await objects.presign_upload(key, content_type="image/png", size=3, expires_in=MINUTE)
    assert timedelta(seconds=55) < upload.expires_at - datetime.now(UTC) < timedelta(seconds=65)
    other_key = upload.url.replace(key, key_of(new_id(), "uploads", "picture"))
    async with httpx.AsyncClient() as client:

        async def put(content: bytes, url: str = upload.url, kind: str = "image/png") -> int:
            return (await client.put(url, content=content, headers={"Content-Type": kind})).status_code

        refused = [
            await put(b"abcd"),
            await put(b"ab"),
            await put(b"abc", kind="text/html"),
            await put(b"abc", other_key),
        ]
        assert refused == [403, 403, 403, 403]
        assert await objects.stat(key) is None
        assert (await client.put(upload.url, content=b"abc", headers=upload.headers)).status_code == 200
        assert (await client.get(upload.url)).status_code == 403
    found = await objects.stat(key)
    assert found is not None
    assert (found.key, found.size) == (key, 3)


async def test_a_link_ends(objects: S3ObjectStore, key: str) -> None:
    upload = await objects.presign_upload(key, content_type="image/png", size=3, expires_in=timedelta(seconds=1))
    await asyncio.sleep(2.1)
    async with httpx.AsyncClient() as client:
        assert (await client.put(upload.url, content=b"abc", headers=upload.headers)).status_code in {400, 403}
    assert await objects.stat(key) is None


async def test_reading(objects: S3ObjectStore, key: str) -> None:
    await objects.write(key, b"0123456789", content_type="text/plain")
    assert await objects.read(key, most=10) == b"0123456789"
    with pytest.raises(ObjectTooLarge):
        await objects.read(key, most=9)
    assert await objects.read_range(key, start=2, length=3) == b"234"
    assert await objects.read_range(key, start=8, length=30) == b"89"
    assert await objects.read_range(key, start=10, length=3) == b""
    assert [chunk async for chunk in objects.stream(key, chunk_bytes=4)] == [b"0123", b"4567", b"89"]


async def test_what_is_not_there(objects: S3ObjectStore, key: str) -> None:
    assert await objects.stat(key) is None
    with pytest.raises(ObjectMissing):
        await objects.read(key, most=10)
    with pytest.raises(ObjectMissing):
        await objects.read_range(key, start=0, length=1)
    with pytest.raises(ObjectMissing):
        await anext(objects.stream(key))
    await objects.delete([key])


async def test_a_download_is_saved_under_its_name(objects: S3ObjectStore, key: str) -> None:
    await objects.write(key, b"abc", content_type="text/csv")
    url = await objects.presign_download(key, file_name='طلبات "2026".csv', expires_in=MINUTE)
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
        assert (await client.get(url.replace(key, key_of(new_id(), "x")))).status_code == 403
    assert (answer.status_code, answer.content) == (200, b"abc")
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.count('"') == 2
    assert unquote(disposition.partition("UTF-8''")[2]) == 'طلبات "2026".csv'


@pytest.mark.parametrize("size", [0, 5, PART_BYTES, 2 * PART_BYTES + 1])
async def test_a_stream_becomes_one_object(objects: S3ObjectStore, key: str, size: int) -> None:
    content = bytes(size)
    chunks = [content[at : at + 3_000_000] for at in range(0, size, 3_000_000)]
    assert await objects.write_stream(key, pieces(*chunks), content_type="text/csv") == size
    assert await objects.read(key, most=size) == content


async def test_a_stream_that_breaks_off_leaves_nothing(objects: S3ObjectStore, key: str) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(PART_BYTES)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await objects.write_stream(key, breaking(), content_type="text/csv")
    assert await objects.stat(key) is None


async def test_listing_and_deleting(objects: S3ObjectStore) -> None:
    tenant, other = new_id(), new_id()
    mine = [key_of(tenant, "media", name) for name in ("a", "b", "c")]
    for key in [*mine, key_of(other, "media", "a")]:
        await objects.write(key, b"x", content_type="text/plain")
    assert [each.key async for each in objects.list(f"{tenant}/")] == mine
    await objects.delete([mine[0], mine[2], key_of(tenant, "nothing")])
    assert [(each.key, each.size) async for each in objects.list(f"{tenant}/")] == [(mine[1], 1)]
    assert [each.key async for each in objects.list(f"{other}/")] == [key_of(other, "media", "a")]


async def test_links_lead_where_clients_reach_the_bucket() -> None:
    """Mission S5: AWS is asked in the bucket's region, at the bucket's own host; another S3 where it is said to be."""
    at_aws = S3ObjectStore("sadu-files", "me-south-1", access_key="key", secret_key="secret")
    elsewhere = S3ObjectStore("sadu", "us-east-1", "http://s3:9000", "https://files.example.com", "key", "secret")
    upload = await at_aws.presign_upload("t/a", content_type="image/png", size=3, expires_in=MINUTE)
    link = await elsewhere.presign_download("t/a", file_name="a.csv", expires_in=MINUTE)
    assert upload.url.startswith("https://sadu-files.s3.me-south-1.amazonaws.com/t/a?")
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost" in upload.url
    assert urlsplit(link)[:3] == ("https", "files.example.com", "/sadu/t/a")
    for store in (at_aws, elsewhere):
        await store.close()
