"""How a camera was held, read without Pillow's reader and compared with it."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from predictor import Decoding, Limits
from predictor.exif import orientation
from predictor.image import decode
from tests.hostile import jpeg, png
from tests.predictor.comparison import PROPERTY, check
from tests.predictor.pictures import encode, picture

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 99: 1}
FORMATS = {3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 11: "f", 12: "d", 13: "L", 16: "Q"}
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'


def exif(entries: list[tuple[int, int, int]], order: str = "<", values: int = 1) -> bytes:
    """EXIF of one directory with these entries, each a tag, a type and a value."""
    start = 8 + 2 + 12 * len(entries) + 4
    directory, rest = b"", b""
    for tag, kind, value in entries:
        one = struct.pack(order + FORMATS[kind], value) if kind in FORMATS else bytes([value & 255]) * SIZES[kind]
        if kind in (5, 10):
            one = struct.pack(order + "LL", 2 * value & 0xFFFFFFFF, 2)
        stored = one * values
        if len(stored) > 4:
            place, rest = start + len(rest), rest + stored
            stored = struct.pack(order + "L", place)
        directory += struct.pack(order + "HHL", tag, kind, values) + stored.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    return head + struct.pack(order + "H", len(entries)) + directory + bytes(4) + rest


def pillows(data: bytes, xmp: bytes | None) -> int | None:
    """The orientation that Pillow turns a picture by; None where its reader gives up."""
    image = Image.new("L", (1, 1))
    image.info["exif"] = data
    if xmp:
        image.info["xmp"] = xmp
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value: Any = image.getexif().get(0x0112, 1)
        except Exception:
            return None
    return int(value) if not isinstance(value, (bytes, str, tuple)) and value in range(1, 9) else 1


TAGS = st.sampled_from([0x0112, 0x0112, 0x010F, 0x011A, 0x8769])


@PROPERTY
@given(
    entries=st.lists(st.tuples(TAGS, st.sampled_from(sorted(SIZES)), st.integers(0, 9)), max_size=4),
    order=st.sampled_from("<>"),
    values=st.sampled_from([1, 1, 1, 2, 0]),
    xmp=st.sampled_from([None, XMP % 6]),
)
def test_as_pillow_reads_it(entries: list[tuple[int, int, int]], order: str, values: int, xmp: bytes | None) -> None:
    """Entries of any type and order mean what they mean to Pillow, and XMP counts where there is none."""
    data = exif(entries, order, values)
    expected = pillows(data, xmp)
    if expected is not None:
        assert orientation(data, xmp) == expected


@PROPERTY
@given(data=st.data())
def test_spoiled(data: st.DataObject) -> None:
    """EXIF with a wrong byte, or cut off, means what it means to Pillow where that reads it, and never fails."""
    whole = b"Exif\0\0" + exif([(0x010F, 2, 65), (0x0112, 3, 6), (0x011A, 5, 72)])
    place = data.draw(st.integers(6, len(whole) - 1))
    spoiled = whole[:place] + data.draw(st.binary(max_size=1)) + whole[place + 1 :]
    actual, expected = orientation(spoiled, None), pillows(spoiled, None)
    assert actual in range(1, 9)
    if expected is not None and place < 42:  # the values of others do not count here, which may make Pillow stop
        assert actual == expected or len(spoiled) < len(whole)


def text(name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk."""
    whole = encode(picture("RGB"), "PNG")
    return whole[:33] + png.chunk(name, body) + whole[33:]


HEXADECIMAL = b"\nexif\n      %d\n" % len(exif([(0x0112, 3, 6)])) + exif([(0x0112, 3, 6)]).hex().encode()
PNGS = {
    "eXIf": text(b"eXIf", exif([(0x0112, 3, 6)])),
    "ImageMagick's": text(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(HEXADECIMAL)),
    "XMP": text(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP % 6),
    "packed XMP": text(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP % 6)),
    "behind the pixels": encode(picture("RGB"), "PNG")[:-12]
    + png.chunk(b"eXIf", exif([(0x0112, 3, 6)]))
    + png.chunk(b"IEND", b""),
}


@pytest.mark.parametrize("decoder", ["tensorflow", "pillow"])
@pytest.mark.parametrize("name", PNGS)
def test_png(name: str, decoder: Any) -> None:
    """A PNG is turned by EXIF or XMP wherever Pillow finds them."""
    plain = decode(encode(picture("RGB"), "PNG"), Decoding(decoder=decoder), Limits())
    with Image.open(io.BytesIO(PNGS[name])) as image:
        image.load()
        assert image.getexif()[0x0112] == 6
    turned = decode(PNGS[name], Decoding(decoder=decoder, orientation="apply"), Limits())
    assert turned.shape[:2] == plain.shape[1::-1]


def segments(*bodies: bytes) -> bytes:
    before, after = jpeg.plain(16, 8)
    return before + b"".join(jpeg.segment(0xE1, body) for body in bodies) + after


SIX = exif([(0x0112, 3, 6)])
JPEGS = {
    "EXIF": segments(b"Exif\0\0" + exif([(0x0112, 3, 6)])),
    "EXIF in two segments": segments(
        b"Exif\0\0" + exif([(0x0112, 3, 6)])[:20], b"Exif\0\0" + exif([(0x0112, 3, 6)])[20:]
    ),
    "XMP": segments(b"http://ns.adobe.com/xap/1.0/\0" + XMP % 6),
    "two XMPs": segments(*(b"http://ns.adobe.com/xap/1.0/\0" + XMP % value for value in (3, 6))),
    "EXIF before XMP": segments(b"http://ns.adobe.com/xap/1.0/\0" + XMP % 3, b"Exif\0\0" + exif([(0x0112, 4, 6)])),
}


@pytest.mark.parametrize("decoder", ["tensorflow", "pillow"])
@pytest.mark.parametrize("name", JPEGS)
def test_jpeg(name: str, decoder: Any) -> None:
    """A JPEG is turned by EXIF, joined of its segments, or else by the last XMP, as Pillow does."""
    with Image.open(io.BytesIO(JPEGS[name])) as image:
        assert image.getexif()[0x0112] == 6
    turned = decode(JPEGS[name], Decoding(decoder=decoder, orientation="apply"), Limits())
    assert turned.shape == (16, 8, 3)
    check(
        decode(JPEGS[name], Decoding(decoder=decoder), Limits()),
        decode(segments(), Decoding(decoder=decoder), Limits()),
    )
