"""What a picture may be, and what is made of it. `integrations` implements the making."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from domain.image_headers import JPEG, PNG, WEBP, ImageHeader, jpeg_scans, read_header

CONTENT_TYPES = (PNG, JPEG, WEBP)
MOST_BYTES = 20 * 2**20
LONGEST_SIDE = 12_000
MOST_PIXELS = 40_000_000
"""About 160 MB while it is decoded, and the same again while it is made smaller."""
MOST_SCANS = 100
"""Of a JPEG; cameras and programs write a dozen. One goes over 36 million pixels in 20 ms, and takes 61 bytes."""
WIDTHS = (320, 640, 1280, 2048)


class ImageFailure(Enum):
    """Why nothing can be made of a file."""

    UPLOAD_MISSING = "upload_missing"
    WRONG_SIZE = "wrong_size"
    WRONG_TYPE = "wrong_type"
    ANIMATED = "animated"
    TOO_MANY_PIXELS = "too_many_pixels"
    DAMAGED = "damaged"
    GIVEN_UP = "given_up"


class ImageRefused(Exception):
    """The file is no picture of ours."""

    def __init__(self, failure: ImageFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Version:
    """A picture as WebP, as wide as this, with nothing but its pixels in it."""

    width: int
    content: bytes


@dataclass(frozen=True, slots=True)
class RenderedImage:
    """Width and height of the original, upright, and what was made of it, the narrowest first."""

    width: int
    height: int
    versions: Sequence[Version]


class ImageRenderer(Protocol):
    """Makes the versions of a picture, a few at a time and outside the event loop."""

    async def render(self, content: bytes, content_type: str) -> RenderedImage:
        """Raises `ImageRefused`; before anything is decoded if there are too many pixels."""
        ...


def checked_header(head: bytes, content_type: str) -> ImageHeader:
    """What the first bytes say, if that is a picture of the type it was announced as. Raises `ImageRefused`."""
    header = read_header(head)
    if header is None or header.content_type != content_type:
        raise ImageRefused(ImageFailure.WRONG_TYPE)
    if header.moves:
        raise ImageRefused(ImageFailure.ANIMATED)
    if header.width is not None and header.height is not None:
        check_pixels(header.width, header.height)
    return header


def check_pixels(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ImageRefused(ImageFailure.DAMAGED)
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise ImageRefused(ImageFailure.TOO_MANY_PIXELS)


def check_scans(content: bytes, content_type: str) -> None:
    if content_type == JPEG and jpeg_scans(content, most=MOST_SCANS) > MOST_SCANS:
        raise ImageRefused(ImageFailure.DAMAGED)


def widths_of(width: int) -> tuple[int, ...]:
    """The widths that are made of a picture: never more than it has."""
    return (*(each for each in WIDTHS if each < width), min(width, WIDTHS[-1])) if width < WIDTHS[-1] else WIDTHS


def width_for(wanted: int | None, made: Sequence[int]) -> int:
    """The smallest of some widths that is enough; the largest where none is, or none is wanted."""
    enough = (each for each in made if wanted is not None and each >= wanted)
    return next(enough, made[-1])
