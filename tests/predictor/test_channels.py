"""Gray, RGB or as in the file, and JPEGs at a part of their size, compared with TensorFlow itself."""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from predictor import BadImage, Decoding, Limits
from predictor.image import decode
from tests.predictor.comparison import PROPERTY, Reference, check, ours
from tests.predictor.pictures import (
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
    png_16_bit,
    values,
)

CHANNELS: list[Any] = [0, 1, 3]
SUBSAMPLINGS = ["444", "422", "420", "440", "411"]

# The pictures of ../shared/images that only one of the two reads with 0 channels or 1, with the reason.
MORE_LENIENT = {("odd/hopper_rle8.bmp", 0): "TensorFlow does not read run-length encoding"}


@pytest.mark.parametrize("channels", [0, 1])
@pytest.mark.parametrize("name", SHARED_PICTURES or ["odd/hopper.jpg"])
def test_shared_picture(name: str, channels: Any, shared: Path, reference: Reference) -> None:
    """Every photograph and every odd picture is refused by both or decoded alike, gray and as in the file."""
    data = (shared / "images" / name).read_bytes()
    actual, expected = ours(data, Decoding(channels=channels)), reference(data, channels)
    if (name, channels) in MORE_LENIENT:
        assert (actual is None, expected is None) == (False, True)
    else:
        check(actual, expected)


@pytest.mark.parametrize("channels", [0, 1])
@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("size", SIZES)
def test_lossless_format(size: tuple[int, int], name: str, channels: Any, reference: Reference) -> None:
    """A PNG, GIF, BMP or WebP gives TensorFlow's pixels, gray and as in the file, or is refused by both."""
    data = lossless(size)[name]
    check(ours(data, Decoding(channels=channels)), reference(data, channels))


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("transform", METHODS)
@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("name", JPEGS)
def test_jpeg_options(name: str, ratio: Any, smooth: bool, transform: Any, channels: Any, reference: Reference) -> None:
    """A JPEG gives TensorFlow's pixels with every combination of its options."""
    options = {"ratio": ratio, "fancy_upscaling": smooth, "dct_method": METHODS[transform]}
    actual = ours(JPEGS[name], Decoding(transform, smooth, ratio, channels))
    check(actual, reference(JPEGS[name], channels, **options))


@PROPERTY
@given(data=st.data())
def test_any_jpeg(data: st.DataObject, reference: Reference) -> None:
    """A JPEG of any size and layout gives TensorFlow's pixels at every ratio, in colour and gray."""
    height, width = data.draw(st.tuples(st.integers(1, 70), st.integers(1, 70)))
    pixels = values(height, width, 3)
    layout = data.draw(st.sampled_from(SUBSAMPLINGS))
    file = simplejpeg.encode_jpeg(pixels, data.draw(st.integers(1, 100)), "RGB", layout)
    decoding = Decoding(jpeg_ratio=data.draw(st.sampled_from(RATIOS)), channels=data.draw(st.sampled_from(CHANNELS)))
    check(ours(file, decoding), reference(file, decoding.channels, ratio=decoding.jpeg_ratio))


@PROPERTY
@given(st.integers(1, 70_000), st.integers(1, 70_000), st.integers(1, 4096))
def test_largest_ratio(height: int, width: int, least: int) -> None:
    """The ratio of a reduced JPEG is the largest that leaves the least size, or 1."""
    ratio = Decoding(jpeg_least=least).of_jpeg(height, width).jpeg_ratio
    left = {other: min(-(-height // other), -(-width // other)) for other in RATIOS}
    assert ratio == 1 or left[ratio] >= least
    assert all(left[other] < least for other in RATIOS if other > ratio)


@pytest.mark.parametrize(("least", "ratio"), [(400, 1), (150, 2), (149, 2), (75, 4), (38, 8), (1, 8)])
def test_reduced_jpeg(least: int, ratio: int, reference: Reference) -> None:
    """A reduced JPEG has the pixels of TensorFlow's ratio; other formats stay whole."""
    file = encode(picture("RGB", (300, 400)), "JPEG")
    check(ours(file, Decoding(jpeg_least=least)), reference(file, ratio=ratio))
    png = encode(picture("RGB", (300, 400)), "PNG")
    check(ours(png, Decoding(jpeg_least=least)), reference(png))


@pytest.mark.parametrize("layout", SUBSAMPLINGS)
@pytest.mark.parametrize("transform", METHODS)
@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("ratio", RATIOS)
def test_tiny_jpeg(ratio: Any, smooth: bool, transform: Any, layout: str, reference: Reference) -> None:
    """A JPEG of a few pixels, of which several scales have the same size, gives TensorFlow's pixels too.

    Only without smooth chroma and with the accurate transform it may be a few levels off.
    """
    few_levels = 2 if (transform, smooth) == ("accurate", False) and ratio > 1 else 0
    for height, width in itertools.product(range(1, 6), repeat=2):
        data = simplejpeg.encode_jpeg(values(height, width, 3), colorsubsampling=layout)
        actual = ours(data, Decoding(transform, smooth, ratio))
        expected = reference(data, ratio=ratio, fancy_upscaling=smooth, dct_method=METHODS[transform])
        assert actual is not None
        assert expected is not None
        assert actual.shape == expected.shape
        assert np.abs(actual.astype(int) - expected).max() <= few_levels


def test_tiny_jpeg_without_its_end(reference: Reference) -> None:
    """A JPEG of a few pixels that ends early is refused at every ratio."""
    data = encode(picture("RGB", (4, 4)), "JPEG")[:-10]
    assert reference(data, ratio=2) is None
    with pytest.raises(BadImage, match="cut off before its end"):
        decode(data, Decoding(jpeg_ratio=2), Limits())


@pytest.mark.parametrize("channels", CHANNELS)
def test_tiny_gray_jpeg(channels: Any, reference: Reference) -> None:
    """A gray JPEG of a few pixels has the channels that are asked for at a part of its size too."""
    data = encode(picture("L", (4, 5)), "JPEG")
    check(ours(data, Decoding(jpeg_ratio=4, channels=channels)), reference(data, channels, ratio=4))


@pytest.mark.parametrize("name", LOSSLESS)
def test_ratio_of_other_formats(name: str, reference: Reference) -> None:
    """The ratio of JPEGs says nothing to other formats."""
    check(ours(LOSSLESS[name], Decoding(jpeg_ratio=4)), ours(LOSSLESS[name]))
    if name.startswith("png"):
        check(ours(LOSSLESS[name], Decoding(jpeg_ratio=4)), reference(LOSSLESS[name], ratio=4))


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk after its header."""
    return png[:33] + chunk(kind, body) + png[33:]


def colours(bits: int, seed: int) -> bytes:
    """A PNG of 8 or 16 bits with any colours, some of them gray."""
    samples = np.random.default_rng(seed).integers(0, 1 << bits, (16, 64, 3))
    samples[::4, :, 1:] = samples[::4, :, :1]
    rows = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", 64, 16, bits, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("gamma", [None, 0, 15, 16, 45_455, 94_999, 95_000, 95_237, 95_239, 100_000, 105_000, 105_001])
def test_gamma(gamma: int | None, bits: int, reference: Reference) -> None:
    """A PNG with a gamma becomes gray in linear light, unless the gamma is near 1 or senseless."""
    data = colours(bits, 0)
    data = data if gamma is None else with_chunk(data, b"gAMA", struct.pack(">I", gamma))
    check(ours(data, Decoding(channels=1)), reference(data, 1))


@PROPERTY
@given(bits=st.sampled_from([8, 16]), seed=st.integers(0, 1000), gamma=st.integers(1, 1_000_000))
def test_any_gamma(bits: int, seed: int, gamma: int, reference: Reference) -> None:
    """A PNG of any colours with any gamma becomes TensorFlow's gray."""
    data = with_chunk(colours(bits, seed), b"gAMA", struct.pack(">I", gamma))
    check(ours(data, Decoding(channels=1)), reference(data, 1))


@pytest.mark.parametrize("name", ["png P", "png RGB", "png RGBA", "png 16 bits RGB", "png 16 bits RGBA", "png L"])
def test_srgb(name: str, reference: Reference) -> None:
    """A PNG that says that it is sRGB has that gamma, whatever gamma it says besides."""
    plain = LOSSLESS[name]
    other = struct.pack(">I", 55_556)
    for data in (plain, with_chunk(plain, b"gAMA", other)):
        data = with_chunk(data, b"sRGB", b"\0")
        check(ours(data, Decoding(channels=1)), reference(data, 1))
    assert np.array_equal(ours(plain, Decoding(channels=1)), ours(data, Decoding(channels=1))) == (name == "png L")


@pytest.mark.parametrize("gamma", [None, 55_556])
@pytest.mark.parametrize("intent", [0, 1, 2])
@pytest.mark.parametrize("name", ["odd/pil_sample_rgb.jpg", "odd/icc_profile_big.jpg"])
def test_colour_profile(name: str, intent: int, gamma: int | None, shared: Path, reference: Reference) -> None:
    """A PNG with Hewlett-Packard's profile of sRGB has its gamma, in both its versions; other profiles have none."""
    with Image.open(shared / "images" / name) as photo:
        profile = bytearray(photo.info["icc_profile"])
    profile[64:68] = struct.pack(">I", intent)
    data = encode(picture("RGB"), "PNG", icc_profile=bytes(profile))
    if gamma is not None:
        data = with_chunk(data, b"gAMA", struct.pack(">I", gamma))
    check(ours(data, Decoding(channels=1)), reference(data, 1))


@pytest.mark.parametrize("format_", ["GIF", "BMP", "WEBP"])
def test_gray_refused(format_: str) -> None:
    """A format of which TensorFlow makes no gray is refused, and the message says why."""
    expected = f"The model takes gray pictures, and TensorFlow makes none of a {format_}."
    with pytest.raises(BadImage) as caught:
        decode(encode(picture("RGB"), format_), Decoding(channels=1), Limits())
    assert caught.value.reason == expected


def test_gray_refused_of_four_inks() -> None:
    """A JPEG in four inks is not made gray, and the message says why."""
    with pytest.raises(BadImage, match="TensorFlow makes none of a JPEG in four inks"):
        decode(JPEGS["CMYK"], Decoding(channels=1), Limits())


def test_misplaced_png_header(reference: Reference) -> None:
    """A PNG whose header comes after another chunk is damaged, as for TensorFlow."""
    data = LOSSLESS["png RGB"]
    spoiled = data[:8] + chunk(b"gAMA", struct.pack(">I", 50_000)) + data[8:]
    assert reference(spoiled) is None
    with pytest.raises(BadImage, match="its header does not come first"):
        decode(spoiled, Decoding(), Limits())


@pytest.mark.parametrize("channels", [0, 1])
@settings(PROPERTY, max_examples=400)
@given(name=st.sampled_from(sorted(LOSSLESS)), data=st.data())
def test_spoiled(name: str, channels: Any, data: st.DataObject, reference: Reference) -> None:
    """A PNG, GIF, BMP or WebP with one wrong byte gives TensorFlow's pixels whenever both accept it."""
    file = LOSSLESS[name]
    position = data.draw(st.integers(0, len(file) - 1))
    spoiled = file[:position] + data.draw(st.binary(min_size=1, max_size=1)) + file[position + 1 :]
    actual, expected = ours(spoiled, Decoding(channels=channels)), reference(spoiled, channels)
    if actual is not None and expected is not None:
        check(actual, expected)


@pytest.mark.parametrize("name", [*JPEGS, *LOSSLESS])
@pytest.mark.parametrize("channels", CHANNELS)
def test_pixels_are_contiguous(name: str, channels: Any) -> None:
    """However many channels, the pixels are uint8 [height, width, channels] in one piece, as onnxruntime takes them."""
    pixels = ours((JPEGS | LOSSLESS)[name], Decoding(channels=channels))
    if pixels is not None:
        assert pixels.dtype == np.uint8
        assert pixels.shape[:2] == SIZES[0]
        assert pixels.flags.c_contiguous


@PROPERTY
@given(data=st.data())
def test_gif_frames(data: st.DataObject, reference: Reference) -> None:
    """A GIF whose frames do not fill its screen gives TensorFlow's canvas, as large as its largest frame."""
    side = st.integers(1, 12)
    place = st.integers(0, 6)
    frames = data.draw(st.lists(st.tuples(place, place, side, side), min_size=1, max_size=3))
    file = gif(data.draw(st.tuples(side, side)), frames)
    check(ours(file), reference(file))


def gif(screen: tuple[int, int], frames: list[tuple[int, int, int, int]]) -> bytes:
    """A GIF with frames of noise at these places: left, top, width, height."""
    blocks = []
    for seed, (left, top, width, height) in enumerate(frames):
        noise = np.random.default_rng(seed).integers(1, 255, (height, width), np.uint8)
        file = encode(Image.fromarray(noise), "GIF", optimize=False)
        start = file.index(b",", 13 + 3 * 256)
        blocks.append(b"," + struct.pack("<HHHH", left, top, width, height) + file[start + 9 : -1])
    return file[:6] + struct.pack("<HH", *screen) + file[10 : 13 + 3 * 256] + b"".join(blocks) + b";"


def test_gif_with_giant_later_frame() -> None:
    """A GIF of which a later frame is giant is refused, as TensorFlow's canvas would be giant."""
    file = gif((4, 4), [(0, 0, 4, 4)])[:-1] + b"," + struct.pack("<HHHH", 0, 0, 65_535, 65_535) + b"\0\x08\0;"
    with pytest.raises(BadImage, match="at most 67,108,864 in all"):
        decode(file, Decoding(), Limits())


@pytest.mark.parametrize("bits", [8, 16])
def test_sixteen_bits_gray(bits: int, reference: Reference) -> None:
    """Colours of 16 bits are weighed with all their bits before the lower ones are dropped."""
    data = png_16_bit(2, 3, (64, 64)) if bits == 16 else encode(picture("RGB", (64, 64)), "PNG")
    check(ours(data, Decoding(channels=1)), reference(data, 1))
