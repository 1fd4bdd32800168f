"""Pictures by Pillow, one at a time in a thread of its own: its decoders let go of the interpreter while they work."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, cast

from PIL import Image, ImageCms, ImageOps

from domain.image_headers import JPEG, PNG, WEBP
from domain.images import (
    WIDTHS,
    ImageFailure,
    ImageRefused,
    RenderedImage,
    Version,
    check_pixels,
    check_scans,
    checked_header,
    widths_of,
)

FORMATS = {PNG: "PNG", JPEG: "JPEG", WEBP: "WEBP"}
ORIENTATION = 0x0112
QUALITY = 80
SRGB: Any = cast("Any", ImageCms).createProfile("sRGB")

Image.MAX_IMAGE_PIXELS = None  # counted by us, from the header and before Pillow is asked: it would only warn


class PillowRenderer:
    """`at_once` pictures at a time; each takes up to 320 MB while it is made."""

    def __init__(self, at_once: int = 1) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="images")

    async def render(self, content: bytes, content_type: str) -> RenderedImage:
        return await asyncio.get_running_loop().run_in_executor(self._threads, render, content, content_type)

    def close(self) -> None:
        """For the end of the process; waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def render(content: bytes, content_type: str) -> RenderedImage:
    """Every width that the picture has enough pixels for, without whatever else the file held."""
    header = checked_header(content, content_type)
    if header.width is None or header.height is None:
        raise ImageRefused(ImageFailure.DAMAGED)
    check_scans(content, content_type)
    try:
        with Image.open(BytesIO(content), formats=[FORMATS[content_type]]) as opened:
            if opened.size != (header.width, header.height):
                raise ImageRefused(ImageFailure.DAMAGED)
            check_pixels(*opened.size)
            lies = opened.getexif().get(ORIENTATION, 1) in {5, 6, 7, 8}
            width, height = reversed(opened.size) if lies else opened.size
            shrink_while_decoding(opened, width)
            upright = as_srgb(ImageOps.exif_transpose(opened))
        return RenderedImage(width, height, versions_of(upright, width, height))
    except (OSError, ValueError, SyntaxError, ArithmeticError, KeyError, EOFError) as error:
        # What decoders raise about files that are broken off or made up.
        raise ImageRefused(ImageFailure.DAMAGED) from error


def shrink_while_decoding(opened: Image.Image, width: int) -> None:
    """A JPEG can be decoded at a half, a quarter or an eighth: as small as the widest version allows."""
    scale = width // WIDTHS[-1]
    if scale > 1:
        opened.draft("RGB", (opened.width // scale, opened.height // scale))


def as_srgb(picture: Image.Image) -> Image.Image:
    """Red, green and blue as browsers take them to be without a profile; transparency stays."""
    profile: bytes | None = picture.info.get("icc_profile")
    if picture.mode not in {"RGB", "RGBA", "CMYK"}:
        has_alpha = picture.mode in {"LA", "PA", "La", "RGBa"} or "transparency" in picture.info
        picture, profile = picture.convert("RGBA" if has_alpha else "RGB"), profile if picture.mode == "P" else None
    if profile:
        wanted = "RGBA" if picture.mode == "RGBA" else "RGB"
        try:
            converted = ImageCms.profileToProfile(
                picture, ImageCms.ImageCmsProfile(BytesIO(profile)), SRGB, outputMode=wanted
            )
            picture = converted or picture
        except ImageCms.PyCMSError:
            pass  # a profile that is broken, or of other colours: the numbers are taken as they are
    if picture.mode not in {"RGB", "RGBA"}:
        picture = picture.convert("RGB")
    return picture


def versions_of(picture: Image.Image, width: int, height: int) -> list[Version]:
    """From the widest to the narrowest, each made of the one before; told the other way round."""
    made: list[Version] = []
    for each in reversed(widths_of(width)):
        size = each, max(1, round(height * each / width))
        if picture.size != size:
            picture = cast("Any", picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        made.append(Version(each, as_webp(picture)))
    return made[::-1]


def as_webp(picture: Image.Image) -> bytes:
    """Nothing is passed on but the pixels: Pillow would copy EXIF, XMP and profile from `info`."""
    bare: dict[str, Any] = {"exif": b"", "xmp": b"", "icc_profile": b""}
    file = BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=4, **bare)
    return file.getvalue()
