"""What the first bytes of a picture say: its format, its size in pixels, whether it moves. Nothing is decoded.

Asked before any decoder sees a file, since some allocate what the header claims. Only PNG, JPEG and WebP are known.
"""

import re
from dataclasses import dataclass

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
STARTS_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""Of a JPEG, where no pixels stand; they have a zero behind each such byte of their own."""
STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The claims of a file. A size of None stands further behind in the file than what was looked at."""

    content_type: str
    width: int | None = None
    height: int | None = None
    moves: bool = False


def read_header(head: bytes) -> ImageHeader | None:
    """None for whatever is none of the three, or breaks off inside its header."""
    if head.startswith(PNG_SIGNATURE):
        return png_header(head)
    if head.startswith(b"\xff\xd8\xff"):
        return jpeg_header(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return webp_header(head)
    return None


def png_header(head: bytes) -> ImageHeader | None:
    """IHDR comes first; `acTL`, which makes a PNG move, before the first pixels."""
    if head[12:16] != b"IHDR" or len(head) < 33:
        return None
    moves, at = False, 33
    while (kind := head[at + 4 : at + 8]) and kind != b"IDAT":
        moves = moves or kind == b"acTL"
        at += 12 + int.from_bytes(head[at : at + 4])
    return ImageHeader(PNG, int.from_bytes(head[16:20]), int.from_bytes(head[20:24]), moves)


def jpeg_header(head: bytes) -> ImageHeader | None:
    """Segments up to the start of a frame, behind what a camera may have written of itself."""
    at = 2
    while at + 4 <= len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in STANDALONE:
            at += 2
        elif marker in STARTS_OF_FRAME:
            height, width = int.from_bytes(head[at + 5 : at + 7]), int.from_bytes(head[at + 7 : at + 9])
            return ImageHeader(JPEG, width, height) if at + 9 <= len(head) else ImageHeader(JPEG)
        elif marker in {0xD9, 0xDA}:  # the end, or pixels, before any frame
            return None
        else:
            at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return ImageHeader(JPEG)


def jpeg_scans(content: bytes, *, most: int) -> int:
    """How often a decoder goes over the pixels: counted up to the end of the picture, or to one more than `most`."""
    scans, at = 0, 2
    while scans <= most and (found := MARKER.search(content, at)):
        kind, at = content[found.start() + 1], found.end()
        if kind == 0xD9:  # the end; what is behind is no picture
            break
        if kind != 0xD8:
            scans += kind == 0xDA
            at += int.from_bytes(content[at : at + 2])
    return scans


def webp_header(head: bytes) -> ImageHeader | None:
    """Three kinds of first chunk: extended, lossless, lossy."""
    if len(head) < 30:
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
        return ImageHeader(WEBP, width, height, moves=bool(head[20] & 0x02))
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return ImageHeader(WEBP, 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        return ImageHeader(WEBP, width, height)
    return None
