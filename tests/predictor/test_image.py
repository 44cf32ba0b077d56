"""Decoding, compared with TensorFlow itself: refused by both, or bit for bit the same pixels."""

from __future__ import annotations

import itertools
import resource
import struct
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor import BadImage, Decoding, ImageTooLarge, Limits, UnsupportedImage
from predictor.image import Pixels, decode
from tests.predictor.comparison import PROPERTY, Reference, check, ours
from tests.predictor.pictures import (
    ADOBE_MARKERS,
    JPEGS,
    LOSSLESS,
    METHODS,
    RATIOS,
    SHARED_PICTURES,
    SIZES,
    chunk,
    encode,
    lossless,
    picture,
    with_adobe_marker,
)

# The pictures of ../shared/images that only one of the two reads, with the reason.
MORE_LENIENT = {
    "odd/hopper_rle8.bmp": "TensorFlow does not read run-length encoding",
    "odd/iss634.webp": "TensorFlow gives an animated WebP four channels only",
    "odd/transparent.webp": "TensorFlow gives a WebP with alpha four channels only",
}

JPEG_KINDS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restart": {"restart_marker_blocks": 2},
    "optimized": {"optimize": True, "quality": 30},
}
FEW_LEVELS = 5  # at Pillow's own quality, 75; more at higher ones, where the two transforms differ more


# What both read.


@pytest.mark.parametrize("name", SHARED_PICTURES or ["odd/hopper.jpg"])
def test_shared_picture(name: str, shared: Path, reference: Reference) -> None:
    """Every photograph and every odd picture is refused by both or decoded alike, with the declared exceptions."""
    data = (shared / "images" / name).read_bytes()
    actual, expected = ours(data), reference(data)
    if name in MORE_LENIENT:
        assert (actual is None, expected is None) == (False, True)
    else:
        check(actual, expected)


@pytest.mark.parametrize("kind", JPEG_KINDS)
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", SIZES)
def test_colour_jpeg(size: tuple[int, int], subsampling: str, kind: str, reference: Reference) -> None:
    """A colour JPEG of any usual layout gives TensorFlow's pixels."""
    data = encode(picture("RGB", size), "JPEG", subsampling=subsampling, **JPEG_KINDS[kind])
    check(ours(data), reference(data))


@pytest.mark.parametrize("kind", JPEG_KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_gray_jpeg(size: tuple[int, int], kind: str, reference: Reference) -> None:
    """A gray JPEG gives TensorFlow's pixels, three channels alike."""
    data = encode(picture("L", size), "JPEG", **JPEG_KINDS[kind])
    check(ours(data), reference(data))


@pytest.mark.parametrize("marker", ADOBE_MARKERS)
@pytest.mark.parametrize("size", SIZES)
def test_four_inks(size: tuple[int, int], marker: str, reference: Reference) -> None:
    """A JPEG in four inks gives TensorFlow's pixels, whether an Adobe marker says that they are inverted or not."""
    data = encode(picture("CMYK", size), "JPEG", subsampling="4:4:4")
    data = with_adobe_marker(data, ADOBE_MARKERS[marker])
    check(ours(data), reference(data))


@pytest.mark.parametrize("name", JPEGS)
def test_odd_jpeg(name: str, reference: Reference) -> None:
    """A JPEG that is stored as RGB, holds a thumbnail or says that it is rotated gives TensorFlow's pixels."""
    check(ours(JPEGS[name]), reference(JPEGS[name]))


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("size", SIZES)
def test_lossless_format(size: tuple[int, int], name: str, reference: Reference) -> None:
    """A PNG, GIF, BMP or WebP of any kind that TensorFlow reads gives TensorFlow's pixels."""
    data = lossless(size)[name]
    expected = reference(data)
    assert expected is not None
    check(ours(data), expected)


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize(("transform", "method"), [("fast", "INTEGER_FAST"), ("accurate", "INTEGER_ACCURATE")])
@pytest.mark.parametrize("smooth", [True, False])
def test_jpeg_options(smooth: bool, transform: Any, method: str, name: str, reference: Reference) -> None:
    """Each inverse DCT, with and without smooth chroma, gives the pixels of TensorFlow's options of that meaning."""
    expected = reference(JPEGS[name], dct_method=method, fancy_upscaling=smooth)
    assert expected is not None
    check(ours(JPEGS[name], Decoding(jpeg_transform=transform, jpeg_smooth_chroma=smooth)), expected)


def test_jpeg_options_matter() -> None:
    """The options of a JPEG make different pixels, so that agreeing with TensorFlow on each says something."""
    every = [Decoding(transform, smooth) for transform in ("fast", "accurate") for smooth in (True, False)]
    assert len({decode(JPEGS["baseline"], decoding, Limits()).tobytes() for decoding in every}) == 4


@pytest.mark.parametrize("marker", ["CMYK", "YCCK", "none"])
@pytest.mark.parametrize("subsampling", ["4:2:2", "4:2:0"])
@pytest.mark.parametrize("kind", JPEG_KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_four_inks_with_less_chroma(
    size: tuple[int, int], kind: str, subsampling: str, marker: str, reference: Reference
) -> None:
    """Inks of which some have fewer samples, which simplejpeg does not know, give TensorFlow's pixels, but for YCCK."""
    data = encode(picture("CMYK", size), "JPEG", subsampling=subsampling, **JPEG_KINDS[kind])
    data = with_adobe_marker(data, ADOBE_MARKERS[marker])
    if marker == "YCCK":
        check_levels(ours(data), reference(data))
    else:
        check(ours(data), reference(data))


@pytest.mark.parametrize("transform", METHODS)
@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("subsampling", ["4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", SIZES)
def test_options_of_inks_with_less_chroma(
    size: tuple[int, int], subsampling: str, ratio: Any, smooth: bool, transform: Any, reference: Reference
) -> None:
    """Such inks give TensorFlow's pixels with every option, but for the accurate transform without smooth chroma."""
    data = encode(picture("CMYK", size), "JPEG", subsampling=subsampling)
    actual = ours(data, Decoding(transform, smooth, ratio))
    expected = reference(data, ratio=ratio, fancy_upscaling=smooth, dct_method=METHODS[transform])
    if transform == "accurate" and not smooth:
        check_levels(actual, expected)
    else:
        check(actual, expected)


def check_levels(actual: Pixels | None, expected: Pixels | None) -> None:
    """Both are the same picture, but for a few levels."""
    assert actual is not None
    assert expected is not None
    assert actual.shape == expected.shape
    assert np.abs(actual.astype(int) - expected).max() <= FEW_LEVELS


@pytest.mark.parametrize("name", [*JPEGS, *LOSSLESS])
def test_pixels_are_contiguous(name: str) -> None:
    """Whatever the format, the pixels are uint8 [height, width, 3] in one piece, as onnxruntime takes them."""
    pixels = decode((JPEGS | LOSSLESS)[name], Decoding(), Limits())
    assert pixels.dtype == np.uint8
    assert pixels.shape == (*SIZES[0], 3)
    assert pixels.flags.c_contiguous


# What only one of the two reads.


@pytest.mark.parametrize(
    ("mode", "format_", "options"),
    [("RGBA", "WEBP", {"lossless": True, "exact": True}), ("1", "BMP", {})],
    ids=["WebP with alpha", "BMP of one bit"],
)
def test_more_lenient(mode: str, format_: str, options: dict[str, Any], reference: Reference) -> None:
    """A picture that TensorFlow does not read, although nothing is wrong with it, is decoded; alpha is dropped."""
    image = picture(mode)
    data = encode(image, format_, **options)
    assert reference(data) is None
    check(ours(data), np.asarray(image.convert("RGB")))


def test_text_bomb(reference: Reference) -> None:
    """A PNG with a text that inflates to megabytes gives TensorFlow's pixels: its text is not looked at."""
    data = encode(picture("RGB"), "PNG")
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2 << 20)))
    check(ours(data[:33] + text + data[33:]), reference(data))


# Damaged files.


@PROPERTY
@given(name=st.sampled_from(sorted(JPEGS)), data=st.data())
def test_junk_between_markers(name: str, data: st.DataObject, reference: Reference) -> None:
    """Stray bytes between the segments of a JPEG's header change nothing, as in TensorFlow."""
    jpeg = JPEGS[name]
    junk = st.binary(max_size=30).map(lambda stray: stray.replace(b"\xff", b""))
    pieces = [piece + data.draw(junk) for piece in header_pieces(jpeg)]
    spoiled = b"".join(pieces) + jpeg[sum(map(len, header_pieces(jpeg))) :]
    check(ours(spoiled), ours(jpeg))
    check(ours(spoiled), reference(spoiled))


@pytest.mark.parametrize("name", JPEGS)
def test_temporary_marker(name: str, reference: Reference) -> None:
    """A marker TEM, which has no length, is passed over as in TensorFlow, wherever a segment may begin."""
    ends = itertools.accumulate(map(len, header_pieces(JPEGS[name])))
    for end in ends:
        data = JPEGS[name][:end] + b"\xff\x01" + JPEGS[name][end:]
        check(ours(data), ours(JPEGS[name]))
        check(ours(data), reference(data))


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 9])
def test_length_of_transparency(length: int, reference: Reference) -> None:
    """The extension that makes a colour of a GIF transparent counts where TensorFlow counts it, whatever its length."""
    data = LOSSLESS["gif P transparent"]
    start = data.index(b"!\xf9\x04")
    control = data[start + 3 : start + 7].ljust(length, b"\0")[:length]
    spoiled = data[:start] + b"!\xf9" + bytes([length]) * bool(length) + control + data[start + 7 :]
    actual, expected = ours(spoiled), reference(spoiled)
    if actual is not None and expected is not None:
        check(actual, expected)


def header_pieces(jpeg: bytes) -> list[bytes]:
    """The segments before the first scan; the first one with the start of the image, which must stay together."""
    ends = [2]
    while jpeg[ends[-1] + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", jpeg, ends[-1] + 2)
        ends.append(ends[-1] + 2 + length)
    return [jpeg[start:end] for start, end in itertools.pairwise([0, *ends[1:]])]


@PROPERTY
@given(name=st.sampled_from(sorted(JPEGS)), data=st.data())
def test_cut_jpeg(name: str, data: st.DataObject, reference: Reference) -> None:
    """A JPEG that is cut off anywhere is refused, as TensorFlow refuses it.

    Where only the last byte is missing, TensorFlow decodes some files.
    """
    jpeg = JPEGS[name]
    cut = jpeg[: data.draw(st.integers(0, len(jpeg) - 1))]
    assert ours(cut) is None
    assert len(cut) == len(jpeg) - 1 or reference(cut) is None


@settings(PROPERTY, max_examples=1000)
@given(name=st.sampled_from(sorted(JPEGS)), data=st.data())
def test_spoiled_jpeg(name: str, data: st.DataObject, reference: Reference) -> None:
    """A JPEG with one wrong byte gives TensorFlow's pixels whenever both accept it.

    The bytes that say which colours have fewer samples are spared: what else they may say is for Pillow, a bit off.
    """
    check_spoiled(JPEGS[name], data, reference, spared=chroma_layout(JPEGS[name]))


@settings(PROPERTY, max_examples=500)
@given(name=st.sampled_from(sorted(LOSSLESS)), data=st.data())
def test_spoiled_lossless_format(name: str, data: st.DataObject, reference: Reference) -> None:
    """A PNG, GIF, BMP or WebP with one wrong byte gives TensorFlow's pixels whenever both accept it."""
    check_spoiled(LOSSLESS[name], data, reference)


def chroma_layout(jpeg: bytes) -> list[int]:
    """Where the sampling factors of the colours stand."""
    frame = next(piece for piece in header_pieces(jpeg) if piece[1] in (0xC0, 0xC2))
    return [jpeg.index(frame) + 11 + 3 * colour for colour in range(frame[9])]


def check_spoiled(file: bytes, data: st.DataObject, reference: Reference, spared: Collection[int] = ()) -> None:
    position = data.draw(st.integers(0, len(file) - 1).filter(lambda position: position not in spared))
    spoiled = file[:position] + data.draw(st.binary(min_size=1, max_size=1)) + file[position + 1 :]
    actual, expected = ours(spoiled), reference(spoiled)
    if actual is not None and expected is not None:
        check(actual, expected)


@PROPERTY
@given(name=st.sampled_from(sorted(LOSSLESS)), data=st.data())
def test_cut_lossless_format(name: str, data: st.DataObject) -> None:
    """A PNG, GIF, BMP or WebP that is cut off is refused, unless nothing of its picture is missing."""
    file = LOSSLESS[name]
    cut = ours(file[: data.draw(st.integers(0, len(file) - 1))])
    if cut is not None:
        check(cut, ours(file))


def test_cut_png() -> None:
    """A PNG that ends early is damaged, and the message says so."""
    data = encode(picture("RGB"), "PNG")
    with pytest.raises(BadImage, match="truncated"):
        decode(data[: len(data) // 2], Decoding(), Limits())


def test_wrong_checksum_of_header() -> None:
    """A PNG whose header does not have the checksum that it says is damaged, not of an unknown format."""
    data = encode(picture("RGB"), "PNG")
    spoiled = data[:29] + bytes(4) + data[33:]
    with pytest.raises(BadImage, match=r"The image is damaged: its header cannot be read\.") as caught:
        decode(spoiled, Decoding(), Limits())
    assert not isinstance(caught.value, UnsupportedImage)


def test_colour_without_samples(reference: Reference) -> None:
    """A JPEG that gives one of its colours no samples is damaged, and the message says so."""
    data = bytearray(JPEGS["baseline"])
    data[chroma_layout(JPEGS["baseline"])[1]] = 0x10
    assert reference(bytes(data)) is None
    with pytest.raises(BadImage, match="one of its colours has no samples"):
        decode(bytes(data), Decoding(), Limits())


@pytest.mark.parametrize("side", [3, 5])
def test_jpeg_without_size(side: int, reference: Reference) -> None:
    """A JPEG with a height or a width of 0 is damaged, and the message says so."""
    frame = JPEGS["baseline"].index(b"\xff\xc0") + 2
    data = JPEGS["baseline"][: frame + side] + bytes(2) + JPEGS["baseline"][frame + side + 2 :]
    assert reference(data) is None
    with pytest.raises(BadImage, match="does not say how large its picture is"):
        decode(data, Decoding(), Limits())


def test_cut_jpeg_message() -> None:
    """A JPEG that ends early is cut off, and the message says so."""
    with pytest.raises(BadImage, match="cut off"):
        decode(JPEGS["baseline"][:-100], Decoding(), Limits())


# What is not a picture, or too much of one.


def test_empty() -> None:
    """A file without bytes is empty, not of an unknown format."""
    with pytest.raises(BadImage, match=r"The file is empty\.") as caught:
        decode(b"", Decoding(), Limits())
    assert not isinstance(caught.value, UnsupportedImage)


def test_too_many_bytes() -> None:
    """A file over the limit of bytes is refused, and the message names both numbers."""
    data = JPEGS["baseline"]
    with pytest.raises(ImageTooLarge) as caught:
        decode(data, Decoding(), Limits(max_bytes=1000))
    assert caught.value.reason == f"The file has {len(data):,} bytes; at most 1,000 are accepted."


def test_as_many_bytes_as_allowed() -> None:
    """A file of exactly the limit of bytes is decoded."""
    data = JPEGS["baseline"]
    assert decode(data, Decoding(), Limits(max_bytes=len(data))).shape == (*SIZES[0], 3)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_too_many_pixels(format_: str) -> None:
    """A picture over the limit of pixels is refused in every format, and the message names both sizes."""
    with pytest.raises(ImageTooLarge) as caught:
        decode(encode(picture("RGB"), format_), Decoding(), Limits(max_pixels=37 * 53 - 1))
    assert caught.value.reason == "The picture has 53 x 37 pixels; at most 1,960 in all are accepted."


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_as_many_pixels_as_allowed(format_: str) -> None:
    """A picture of exactly the limit of pixels is decoded."""
    data = encode(picture("RGB"), format_)
    assert decode(data, Decoding(), Limits(max_pixels=37 * 53)).shape == (37, 53, 3)


def giant(format_: str) -> bytes:
    """A small file whose header claims a picture of hundreds of millions of pixels."""
    data = encode(picture("RGB"), format_)
    if format_ == "PNG":
        return data[:8] + chunk(b"IHDR", struct.pack(">II", 30_000, 30_000) + data[24:29]) + data[33:]
    if format_ == "JPEG":
        start = data.index(b"\xff\xc0") + 5
        return data[:start] + struct.pack(">HH", 65_500, 65_500) + data[start + 4 :]
    start, size = {
        "GIF": (6, struct.pack("<HH", 65_535, 65_535)),
        "BMP": (18, struct.pack("<ii", 30_000, 30_000)),
        "WEBP": (26, struct.pack("<HH", 16_383, 16_383)),
    }[format_]
    return data[:start] + size + data[start + len(size) :]


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_giant_picture(format_: str) -> None:
    """A header that claims a giant picture is refused before memory is taken for it, with the limit in the message."""
    data = giant(format_)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageTooLarge, match="at most 67,108,864 in all"):
        decode(data, Decoding(), Limits())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # KiB
    assert grown < 50 * 1024


def test_gif_with_frame_far_out() -> None:
    """A GIF whose first frame lies far outside its screen is refused: Pillow makes a screen that reaches there."""
    data = encode(picture("L", (4, 4)), "GIF", optimize=False)
    start = data.index(b",", 13 + 3 * 256) + 1
    data = data[:start] + struct.pack("<HH", 2000, 1000) + data[start + 4 :]
    with pytest.raises(ImageTooLarge):
        decode(data, Decoding(), Limits(max_pixels=2_000_000))
    assert decode(data, Decoding(), Limits(max_pixels=2_100_000)).shape == (4, 4, 3)


def test_gif_with_giant_frame() -> None:
    """A GIF on a small screen whose frame is giant, and is to be cleared afterwards, is refused."""
    control = b"!\xf9\x04\x08\0\0\0\0"  # disposal: restore to background
    frame = b"," + struct.pack("<HHHH", 0, 0, 65_535, 65_535) + b"\0"
    screen = b"GIF89a" + struct.pack("<HH", 32, 32) + b"\xf0\0\0" + bytes(6)
    with pytest.raises(ImageTooLarge, match="at most 67,108,864 in all"):
        decode(screen + control + frame + b"\x08\0;", Decoding(), Limits())
