"""Files as people upload them, good ones and ones that lie, and the requests of a back office that uploads."""

import struct
import zlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Self

import httpx
from PIL import Image
from PIL.Image import Exif
from sqlalchemy import text

from bootstrap import Parts
from db.models import new_id
from gql.ids import global_id
from tests.support.api import Api, Reply
from tests.support.factories import Shop
from tests.support.mail import Post

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
MEDIA = "id status failure contentType size alt { en ar } createdAt image { id width height alt { en ar } url }"
ERRORS = "userErrors { code field message }"
CREATE = f"""
mutation($input: MediaCreateInput!) {{ mediaCreate(input: $input) {{
    media {{ {MEDIA} }} upload {{ url headers {{ name value }} expiresAt }} {ERRORS} }} }}
"""
COMPLETE = (
    f"mutation($input: MediaCompleteInput!) {{ mediaComplete(input: $input) {{ media {{ {MEDIA} }} {ERRORS} }} }}"
)
UPDATE = f"mutation($input: MediaUpdateInput!) {{ mediaUpdate(input: $input) {{ media {{ {MEDIA} }} {ERRORS} }} }}"
DELETE = f"mutation($input: MediaDeleteInput!) {{ mediaDelete(input: $input) {{ deletedId {ERRORS} }} }}"
INSERT = """
INSERT INTO media_assets (tenant_id, id, status, content_type, size, upload_ends_at, width, height, versions)
VALUES (:tenant, :id, :status, 'image/png', 1, now(), 1000, 500, '320 640 1000')
"""
MAKER, ORIENTATION, GPS = 0x010F, 0x0112, 0x8825


async def made(parts: Parts, shop: Shop, count: int, status: str = "ready") -> list[str]:
    """Pictures that are ready, as far as the database knows."""
    rows = [new_id() for _ in range(count)]
    async with parts.database.write(shop.actor.scope) as session:
        for row in rows:
            await session.execute(text(INSERT), {"tenant": shop.tenant.id, "id": row, "status": status})
    return [str(global_id("media", row)) for row in rows]


def picture(
    width: int = 40,
    height: int = 30,
    *,
    kind: str = PNG,
    exif: Exif | None = None,
    colour: str = "teal",
    **options: Any,
) -> bytes:
    """A good file of one colour."""
    file = BytesIO()
    given = options | ({"exif": exif} if exif else {})
    Image.new("RGB", (width, height), colour).save(file, kind.removeprefix("image/").upper(), **given)
    return file.getvalue()


def taken_with_a_phone(width: int, height: int) -> bytes:
    """A JPEG that lies on its side and says so, and says where and with what it was taken."""
    exif = Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "Camera of Noura"
    exif.get_ifd(GPS).update({1: "N", 2: (29.0, 22.0, 11.0), 3: "E", 4: (47.0, 58.0, 42.0)})
    return picture(width, height, kind=JPEG, exif=exif, comment=b"taken at home")


def moving(kind: str) -> bytes:
    return picture(kind=kind, save_all=True, append_images=[Image.new("RGB", (40, 30), "red")])


def claiming(width: int, height: int) -> bytes:
    """A PNG of few bytes that claims so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1_000))), (b"IEND", b""))
    framed = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@dataclass(frozen=True, slots=True)
class Darkroom:
    """Uploads of one shop in somebody's hands; the worker's part is done when a test asks for it."""

    api: Api
    shop: Shop
    token: str | None
    post: Post

    @classmethod
    def of(cls, api: Api, shop: Shop, post: Post) -> Self:
        return cls(api, shop, shop.token, post)

    def as_someone(self, token: str | None) -> Self:
        return replace(self, token=token)

    async def send(self, document: str, **given: Any) -> Reply:
        return await self.api.execute(document, {"input": given}, token=self.token, tenant=self.shop.slug)

    async def announce(self, content: bytes, kind: str = PNG, **given: Any) -> dict[str, Any]:
        """The payload of `mediaCreate`."""
        made = await self.send(CREATE, **({"contentType": kind, "size": len(content)} | given))
        return made.payload("mediaCreate")

    async def put(self, upload: dict[str, Any], content: bytes, **headers: str) -> int:
        """The storage's answer to the file."""
        given = {each["name"]: each["value"] for each in upload["headers"]}
        async with httpx.AsyncClient(timeout=30) as client:
            return (await client.put(upload["url"], content=content, headers=given | headers)).status_code

    async def uploaded(self, content: bytes, kind: str = PNG, **given: Any) -> str:
        """The identifier of a picture whose file has arrived."""
        announced = await self.announce(content, kind, **given)
        assert await self.put(announced["upload"], content) == 200
        return announced["media"]["id"]

    async def complete(self, media_id: str) -> dict[str, Any]:
        return (await self.send(COMPLETE, id=media_id)).payload("mediaComplete")["media"]

    async def develop(self, content: bytes, kind: str = PNG, **given: Any) -> dict[str, Any]:
        """What became of an upload after the worker had its turn."""
        media_id = await self.uploaded(content, kind, **given)
        await self.complete(media_id)
        await self.post.deliver()
        return await self.look(media_id) or {}

    async def ready(self, content: bytes | None = None, kind: str = PNG, **given: Any) -> str:
        """The identifier of a picture that can be shown."""
        media = await self.develop(content or picture(), kind, **given)
        assert media["status"] == "READY", media
        return media["id"]

    async def look(self, media_id: str) -> dict[str, Any] | None:
        document = f'{{ node(id: "{media_id}") {{ ... on Media {{ {MEDIA} }} }} }}'
        return (await self.api.execute(document, token=self.token, tenant=self.shop.slug)).data["node"]


async def got(url: str) -> httpx.Response:
    """What a shopper's browser gets."""
    async with httpx.AsyncClient() as client:
        return await client.get(url)
