"""One bucket of S3, or of what speaks like it, by boto3, which blocks, in threads.

Two clients where two addresses lead to the bucket: links that others get are signed for the one that they can reach.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any
from urllib.parse import quote

from boto3.session import Session  # pyright: ignore[reportMissingTypeStubs] - boto3 has no types
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from domain.object_store import ObjectMissing, ObjectsKept, ObjectTooLarge, PresignedUpload, StoredObject

PART_BYTES = 8 * 2**20
"""S3 takes parts of at least 5 MiB, and 10,000 of them."""
MOST_DELETED_AT_ONCE = 1_000
MISSING = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class S3ObjectStore:
    """Connects when first used. Without keys boto3 finds the credentials of the machine, such as a task's role."""

    bucket: str
    region: str
    endpoint_url: str | None = None
    """None is AWS itself."""
    public_url: str | None = None
    """Where those reach the endpoint who are given links, if not by the same address."""
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    _making: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    async def presign_upload(self, key: str, *, content_type: str, size: int, expires_in: timedelta) -> PresignedUpload:
        given = {"Key": key, "ContentType": content_type, "ContentLength": size}
        expires_at = datetime.now(UTC) + expires_in  # before signing: never later than the truth
        url = await self._presign("put_object", given, expires_in)
        return PresignedUpload(url, {"Content-Type": content_type}, expires_at)

    async def presign_download(self, key: str, *, file_name: str, expires_in: timedelta) -> str:
        given = {"Key": key, "ResponseContentDisposition": attachment(file_name)}
        return await self._presign("get_object", given, expires_in)

    async def stat(self, key: str) -> StoredObject | None:
        try:
            found = await self._ask("head_object", Key=key)
        except ObjectMissing:
            return None
        return StoredObject(key, found["ContentLength"], found["ETag"].strip('"'), found["LastModified"])

    async def read(self, key: str, *, most: int) -> bytes:
        found = await self._ask("get_object", Key=key)
        try:
            content: bytes = await asyncio.to_thread(found["Body"].read, most + 1)
        finally:
            found["Body"].close()
        if len(content) > most:
            raise ObjectTooLarge
        return content

    async def read_range(self, key: str, *, start: int, length: int) -> bytes:
        try:
            found = await self._ask("get_object", Key=key, Range=f"bytes={start}-{start + length - 1}")
        except ClientError as error:
            if reason(error) == "InvalidRange":  # it ends before `start`
                return b""
            raise
        try:
            return await asyncio.to_thread(found["Body"].read, length)
        finally:
            found["Body"].close()

    async def stream(self, key: str, *, chunk_bytes: int = 2**18) -> AsyncIterator[bytes]:
        found = await self._ask("get_object", Key=key)
        try:
            while chunk := await asyncio.to_thread(found["Body"].read, chunk_bytes):
                yield chunk
        finally:
            found["Body"].close()

    async def write(self, key: str, content: bytes, *, content_type: str, cache_control: str | None = None) -> None:
        headers = {"CacheControl": cache_control} if cache_control else {}
        await self._ask("put_object", Key=key, Body=content, ContentType=content_type, **headers)

    async def write_stream(self, key: str, chunks: AsyncIterable[bytes], *, content_type: str) -> int:
        begun = await self._ask("create_multipart_upload", Key=key, ContentType=content_type)
        upload = {"Key": key, "UploadId": begun["UploadId"]}
        parts: list[dict[str, Any]] = []
        written = 0
        try:
            async for part in in_parts(chunks):
                number = len(parts) + 1
                put = await self._ask("upload_part", **upload, PartNumber=number, Body=part)
                parts.append({"PartNumber": number, "ETag": put["ETag"]})
                written += len(part)
            await self._ask("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})
        except BaseException:
            # Where the process is killed instead, the bucket's rule about unfinished uploads clears them away.
            await asyncio.shield(self._ask("abort_multipart_upload", **upload))
            raise
        return written

    async def delete(self, keys: Sequence[str]) -> None:
        for begin in range(0, len(keys), MOST_DELETED_AT_ONCE):
            some = [{"Key": key} for key in keys[begin : begin + MOST_DELETED_AT_ONCE]]
            told = await self._ask("delete_objects", Delete={"Objects": some, "Quiet": True})
            if told.get("Errors"):
                raise ObjectsKept

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        behind: dict[str, str] = {}
        while True:
            page = await self._ask("list_objects_v2", Prefix=prefix, **behind)
            for each in page.get("Contents", ()):
                yield StoredObject(each["Key"], each["Size"], each["ETag"].strip('"'), each["LastModified"])
            if not page.get("IsTruncated"):
                return
            behind = {"ContinuationToken": page["NextContinuationToken"]}

    async def close(self) -> None:
        """As often as one likes: whatever is asked after it connects anew."""
        for name in ("_client", "_signing_client"):
            client = self.__dict__.pop(name, None)
            if client is not None:
                await asyncio.to_thread(client.close)

    async def _ask(self, operation: str, **given: Any) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            return getattr(self._made("_client"), operation)(Bucket=self.bucket, **given)

        try:
            return await asyncio.to_thread(ask)
        except ClientError as error:
            if reason(error) in MISSING:
                raise ObjectMissing from None
            raise

    async def _presign(self, operation: str, given: dict[str, Any], expires_in: timedelta) -> str:
        def sign() -> str:
            return self._made("_signing_client").generate_presigned_url(
                operation, Params={"Bucket": self.bucket, **given}, ExpiresIn=int(expires_in.total_seconds())
            )

        return await asyncio.to_thread(sign)

    def _made(self, client: str) -> Any:
        """Of several threads that want a client first, one makes it."""
        with self._making:
            return getattr(self, client)

    @cached_property
    def _client(self) -> Any:
        """boto3's clients are made of JSON at run time, and safe in threads."""
        return self._connect(self.endpoint_url)

    @cached_property
    def _signing_client(self) -> Any:
        return self._connect(self.public_url or self.endpoint_url)

    def _connect(self, endpoint_url: str | None) -> Any:
        session: Any = Session()
        return session.client(
            "s3",
            region_name=self.region,
            endpoint_url=endpoint_url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                signature_version="s3v4",
                # At AWS the bucket's own host, in its region: links to the general one are answered by a redirect.
                s3={"addressing_style": "path" if endpoint_url else "virtual"},
                # A checksum that boto3 adds by itself would be signed, and asked of whoever uploads.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=3,
                read_timeout=20,
                max_pool_connections=32,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )


async def in_parts(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of the size that S3 wants; one empty piece if there are none."""
    waiting = bytearray()
    is_first = True
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PART_BYTES:
            yield bytes(waiting[:PART_BYTES])
            del waiting[:PART_BYTES]
            is_first = False
    if waiting or is_first:
        yield bytes(waiting)


def attachment(file_name: str) -> str:
    """The header that has a browser save the file under a name (RFC 6266), whatever characters it is made of."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "-_. ") else "_" for each in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def reason(error: ClientError) -> str:
    """S3's name for what is wrong."""
    response: dict[str, Any] = vars(error)["response"]
    return response.get("Error", {}).get("Code", "")
