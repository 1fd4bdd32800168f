"""Mission S5: what is made of a picture, and what is refused before a decoder sees it."""

import time
import tracemalloc
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from domain.image_headers import read_header
from domain.images import WIDTHS, ImageFailure, ImageRefused, width_for, widths_of
from integrations.images import PillowRenderer, render
from tests.support.pictures import JPEG, PNG, WEBP, claiming, picture, taken_with_a_phone

GOOD = {kind: picture(60, 40, kind=kind) for kind in (PNG, JPEG, WEBP)}


def sizes(content: bytes, kind: str) -> list[tuple[int, int]]:
    return [Image.open(BytesIO(version.content)).size for version in render(content, kind).versions]


@pytest.mark.parametrize(
    ("width", "height", "wanted"),
    [
        (1, 1, [(1, 1)]),
        (319, 100, [(319, 100)]),
        (320, 160, [(320, 160)]),
        (700, 350, [(320, 160), (640, 320), (700, 350)]),
        (2048, 1024, [(320, 160), (640, 320), (1280, 640), (2048, 1024)]),
        (4096, 2, [(320, 1), (640, 1), (1280, 1), (2048, 1)]),
    ],
)
def test_versions_are_never_wider_than_the_picture(width: int, height: int, wanted: list[tuple[int, int]]) -> None:
    assert sizes(picture(width, height), PNG) == wanted


def test_a_large_photograph_is_turned_and_made_smaller() -> None:
    made = render(taken_with_a_phone(5000, 4200), JPEG)
    assert (made.width, made.height) == (4200, 5000)
    last = Image.open(BytesIO(made.versions[-1].content))
    assert (last.width, round(last.height / 10)) == (2048, 244)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_a_png_is_taken(mode: str) -> None:
    file = BytesIO()
    Image.new(mode, (400, 20)).save(file, "PNG")
    assert len(render(file.getvalue(), PNG).versions) == 2


def test_transparency_stays() -> None:
    file = BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(file, "PNG")
    assert Image.open(BytesIO(render(file.getvalue(), PNG).versions[0].content)).mode == "RGBA"


def test_a_cmyk_photograph_is_taken() -> None:
    file = BytesIO()
    Image.new("CMYK", (400, 20)).save(file, "JPEG")
    assert len(render(file.getvalue(), JPEG).versions) == 2


@pytest.mark.parametrize("content", [claiming(20_000, 20_000), claiming(12_001, 1), claiming(2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_without_decoding(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """No decoder is asked, and no memory taken: 20,000 by 20,000 pixels would be 1.6 GB."""

    def loaded(_self: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", loaded)
    monkeypatch.setattr(Image, "open", loaded)
    tracemalloc.start()
    try:
        with pytest.raises(ImageRefused) as refused:
            render(content, PNG)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.failure is ImageFailure.TOO_MANY_PIXELS
    assert peak < 2**20


def of_many_scans(number: int, width: int = 40) -> bytes:
    """A progressive JPEG of which the last scan, a few bytes that refine every pixel, comes again and again."""
    content = picture(width, 30, kind=JPEG, progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * number + content[-2:]


def test_a_jpeg_that_is_decoded_over_and_over_is_refused_before_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each scan goes over every pixel: a file of 20 MiB has room for hours of it, and nobody else gets a picture."""
    assert render(of_many_scans(20), JPEG).width == 40
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(ImageRefused) as refused:
        render(of_many_scans(200), JPEG)
    assert refused.value.failure is ImageFailure.DAMAGED


def test_scans_are_counted_in_the_picture_itself() -> None:
    """Neither in a preview that a camera put before it, nor in a film that a phone put behind it."""
    content = picture(kind=JPEG)
    preview = b"\xff\xe1" + (202).to_bytes(2) + 100 * b"\xff\xda"
    assert len(render(content[:2] + preview + content[2:] + 1_000 * b"\xff\xda", JPEG).versions) == 1


@given(kind=st.sampled_from(sorted(GOOD)), cut=st.integers(0, 60), noise=st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_beginning_is_too_strange_to_be_read(kind: str, cut: int, noise: bytes) -> None:
    """A header is read or refused; nothing else is raised, whatever follows."""
    content = GOOD[kind][:cut] + noise
    read_header(content)
    with suppress(ImageRefused):
        render(content, kind)


@given(wanted=st.none() | st.integers(-10, 5_000), width=st.integers(1, 12_000))
def test_the_version_for_a_width(wanted: int | None, width: int) -> None:
    made = widths_of(width)
    assert list(made) == sorted(set(made))
    assert max(made) == min(width, WIDTHS[-1])
    chosen = width_for(wanted, made)
    assert chosen >= min(made[-1] if wanted is None else wanted, made[-1])
    assert not [each for each in made if wanted is not None and wanted <= each < chosen]


def test_a_header_of_many_small_pieces_takes_no_time() -> None:
    """As many empty chunks as a file may have."""
    content = GOOD[PNG][:33] + 1_700_000 * (bytes(4) + b"tEXt" + bytes(4))
    started = time.process_time()
    assert read_header(content) is not None
    assert time.process_time() - started < 5


async def test_the_loop_goes_on_while_a_picture_is_made() -> None:
    renderer = PillowRenderer()
    try:
        made = await renderer.render(picture(1500, 1500), PNG)
    finally:
        renderer.close()
    assert [version.width for version in made.versions] == [320, 640, 1280, 1500]
