"""Decoding is bounded by what was sent: counted in lines, scans, chunks and the like, not in seconds."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from predictor import BadImage, Decoding, ImageTooLarge, Limits, Resizing
from predictor.bmp.runs import most_escapes
from predictor.gif.blocks import most_pieces
from predictor.image import Pixels, decode
from predictor.jpeg.scans import ARITHMETIC_PASSES, PASSES
from predictor.jpeg.segments import most_segments
from predictor.png.chunks import most_chunks
from predictor.resizing import check_resizing
from tests.hostile import bmp, gif, jpeg, png, webp
from tests.predictor.comparison import Reference, check, ours
from tests.predictor.operations import lines_run
from tests.predictor.pictures import JPEGS, LOSSLESS, encode, picture, values, with_adobe_marker

GRAY, UPRIGHT = Decoding(channels=1), Decoding(orientation="apply")
PILLOW, PILLOW_UPRIGHT = Decoding(decoder="pillow"), Decoding(decoder="pillow", orientation="apply")
LINES = 3_000  # that decoding may run whatever the file is; an ordinary small one runs some hundreds
MOST_LINES = 400_000  # for half a megabyte: a fifth of a second

Make = Callable[[int], bytes]


def lines(data: bytes, decoding: Decoding) -> int:
    """How many lines of Python are run for a file, whether it is decoded or refused."""

    def attempt() -> None:
        with suppress(BadImage):
            decode(data, decoding, Limits(max_bytes=len(data)))

    attempt()  # imports, and what is kept from the first time on
    return lines_run(attempt)


# What grows with bytes.

# So many bytes of what can be repeated in a file.
REPEATED: dict[str, Make] = {
    "JPEG, 0xFF": jpeg.marker_run,
    "JPEG, stuffed 0xFF": jpeg.stuffed_run,
    "JPEG, restarts": jpeg.restarts,
    "JPEG, comments": lambda size: jpeg.many_segments(size // 4),
    "JPEG, comments that are accepted": lambda size: jpeg.many_segments(size // 4096, body=bytes(4092)),
    "JPEG, Adobe's": lambda size: jpeg.many_segments(size // 16, 0xEE, b"Adobe" + bytes(7)),
    "JPEG, XMP": lambda size: jpeg.many_segments(size // 40, 0xE1, b"http://ns.adobe.com/xap/1.0/\0"),
    "JPEG, EXIF": lambda size: jpeg.many_segments(size // 10, 0xE1, b"Exif\0\0"),
    "JPEG, scans": lambda size: jpeg.many_scans(64, 64, size // 14),
    "PNG, chunks": lambda size: png.many_chunks(size // 12),
    "PNG, chunks that are accepted": lambda size: png.many_chunks(size // 256, body=bytes(244)),
    "PNG, chunks of pixels": lambda size: png.many_chunks(size // 12, b"IDAT"),
    "PNG, texts": lambda size: png.many_chunks(size // 16, b"tEXt", b"a\0bc"),
    "PNG, packed texts": lambda size: png.text_bomb(size // 1050, b"zTXt"),
    "PNG, packed profiles": lambda size: png.text_bomb(size // 1050, b"iCCP"),
    "PNG, frames": lambda size: png.animation(size // 65),
    "PNG, palettes": lambda size: png.many_chunks(size // 15, b"PLTE", bytes(3)),
    "PNG, EXIF": lambda size: png.many_chunks(1, b"eXIf", jpeg.exif_entries(size)),
    "GIF, frames": lambda size: gif.many_frames(size // 15),
    "GIF, pieces before": lambda size: gif.many_pieces(size // 2, before=True),
    "GIF, pieces after": lambda size: gif.many_pieces(size // 2, before=False),
    "GIF, extensions": lambda size: gif.many_extensions(size // 8),
    "GIF, zeros": lambda size: gif.screen() + bytes(size) + gif.frame(),
    "BMP, moves": lambda size: bmp.moves(64, 64, size // 4),
    "WebP, chunks": lambda size: webp.many_chunks(size // 8, 0x0C),
    "WebP, frames": lambda size: webp.many_frames(size // 50),
}


@pytest.mark.parametrize("decoding", [GRAY, UPRIGHT, PILLOW_UPRIGHT], ids=["gray", "upright", "Pillow"])
@pytest.mark.parametrize("name", REPEATED)
def test_repeated_parts(name: str, decoding: Decoding) -> None:
    """Twice as many of a part that may be repeated take no more than twice as much, and little for each kilobyte."""
    small, large = (REPEATED[name](size) for size in (250_000, 500_000))
    few, many = lines(small, decoding), lines(large, decoding)
    assert many <= 2 * few + LINES
    assert many <= MOST_LINES


# What grows with pixels.

SHAPES = ((1, 60_000), (60_000, 1))
KINDS: dict[str, Callable[[int, int], bytes]] = {
    **{
        f"PNG {colours} of {bits} bits": lambda width, height, bits=bits, colours=colours: png.picture(
            width, height, bits, colours
        )
        for colours in png.SAMPLES
        for bits in (8, 16)
        if (colours, bits) != (png.PALETTE, 16)
    },
    "PNG interlaced": png.interlaced,
    "BMP": bmp.plain,
    "BMP in runs": bmp.long_runs,
    "GIF": lambda width, height: encode(Image.new("P", (width, height), 3), "GIF"),
    "JPEG": lambda width, height: encode(Image.new("RGB", (width, height), (9, 99, 199)), "JPEG"),
    "JPEG in inks": lambda width, height: encode(Image.new("CMYK", (width, height), (9, 9, 9, 9)), "JPEG"),
    "JPEG in scans": lambda width, height: jpeg.many_scans(width, height, 5),
}


@pytest.mark.parametrize("decoding", [Decoding(), GRAY, Decoding(channels=0), PILLOW, UPRIGHT], ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_narrow_pictures(kind: str, decoding: Decoding) -> None:
    """A picture of one column, or of one row, takes Python no more than a square one: nothing goes row by row."""
    if kind == "BMP in runs" and decoding.channels != 1:
        pytest.skip("its rows are stored one by one, and too many are refused")
    square = lines(KINDS[kind](250, 240), decoding)
    assert square < LINES
    for width, height in SHAPES:
        assert lines(KINDS[kind](width, height), decoding) <= square + LINES // 2


@pytest.mark.parametrize("band", [1, 100])
@pytest.mark.parametrize("name", LOSSLESS)
def test_bands(name: str, band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large pictures are converted some rows at a time, which gives the pixels that all rows at once give."""
    decodings = [Decoding(), GRAY, Decoding(channels=0), PILLOW, Decoding(decoder="pillow", channels=1)]
    expected = [ours(LOSSLESS[name], decoding) for decoding in decodings]
    monkeypatch.setattr("predictor.bands.BAND", band)
    monkeypatch.setattr("predictor.png.gray._BLOCK", band)
    for decoding, pixels in zip(decodings, expected):
        check(ours(LOSSLESS[name], decoding), pixels)


@pytest.mark.parametrize("marker", [b"Adobe\0\x64\0\0\0\0\0", b""])
def test_bands_of_inks(marker: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inks are mixed some pixels at a time, which gives the pixels that all at once give."""
    data = with_adobe_marker(JPEGS["CMYK"], marker)
    expected = ours(data)
    monkeypatch.setattr("predictor.jpeg.decoder._BLOCK", 100)
    check(ours(data), expected)


# Scans of a JPEG.

SCRIPTS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "progressive with restarts": {"progressive": True, "restart_marker_blocks": 1},
    "every component by itself": {"progressive": True, "subsampling": "4:4:4", "keep_rgb": True},
}


@pytest.mark.parametrize("size", [(1, 1), (8, 9), (17, 300), (600, 800)])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_scans_of_encoders(script: str, mode: str, size: tuple[int, int], reference: Reference) -> None:
    """What libjpeg-turbo writes is decoded, whatever the size, also when its progressive script is the longest."""
    options = {name: value for name, value in SCRIPTS[script].items() if mode == "RGB" or name[0] != "k"}
    data = encode(picture(mode, size), "JPEG", **options)
    expected = reference(data)
    assert expected is not None
    if mode == "CMYK" and "subsampling" not in options:
        assert ours(data) is not None
    else:
        check(ours(data), expected)


def of_scans(count: int) -> dict[str, tuple[bytes, int]]:
    """JPEGs with so many scans of each component, and how many are accepted."""
    more = count - 1  # after the first one
    return {
        "gray": (jpeg.many_scans(40, 24, more), PASSES),
        "colours": (jpeg.many_scans(40, 24, 3 * more, jpeg.COLOURS), PASSES),
        "sequential": (jpeg.many_plain_scans(40, 24, 3 * count), PASSES),
        "arithmetic": (jpeg.many_scans(40, 24, more, process=jpeg.PROGRESSIVE_ARITHMETIC), ARITHMETIC_PASSES),
        "arithmetic, sequential": (jpeg.many_plain_scans(40, 24, 3 * count, jpeg.ARITHMETIC), ARITHMETIC_PASSES),
    }


@pytest.mark.parametrize("decoding", [Decoding(), GRAY, PILLOW, Decoding(jpeg_ratio=8)], ids=repr)
@pytest.mark.parametrize("kind", of_scans(1))
def test_most_scans(kind: str, decoding: Decoding, reference: Reference) -> None:
    """As many scans as are accepted are decoded as TensorFlow does, and one more is refused with a sentence."""
    _, most = of_scans(1)[kind]
    data = of_scans(most)[kind][0]
    pixels = ours(data, decoding)
    assert pixels is not None
    if decoding == Decoding():
        check(pixels, reference(data))
    with pytest.raises(ImageTooLarge, match=f"pass over its picture more than {most} times; save it anew"):
        decode(of_scans(most + 1)[kind][0], decoding, Limits())


def test_scans_of_small_components() -> None:
    """Scans of a component count by its blocks: half of them in both directions, a quarter of a pass."""
    halved = ((1, 0x22), (2, 0x11), (3, 0x11))
    blocks = [12, 3, 3]  # of 32 by 24 pixels
    passes = PASSES * sum(blocks)
    rounds = passes // sum(blocks) - 1
    assert ours(jpeg.many_scans(32, 24, 3 * rounds, halved)) is not None
    with pytest.raises(ImageTooLarge, match="pass over its picture"):
        decode(jpeg.many_scans(32, 24, 3 * rounds + 1, halved), Decoding(), Limits())


def test_scans_without_an_end(reference: Reference) -> None:
    """A JPEG in several scans that ends before its end is cut off, as for TensorFlow."""
    data = jpeg.many_scans(40, 24, 3)[:-2]
    assert reference(data) is None
    with pytest.raises(BadImage, match="cut off before its end"):
        decode(data, Decoding(), Limits())


# Parts of a file.


def test_most_segments() -> None:
    """As many segments as a JPEG may have are passed over, and one more is refused."""
    fixed = 5  # frame, tables, the scan and the end
    most = next(count for count in range(1000) if most_segments(len(jpeg.many_segments(count))) < count + fixed + 1)
    assert ours(jpeg.many_segments(most - 1)) is not None
    with pytest.raises(ImageTooLarge, match="in more segments than its bytes need"):
        decode(jpeg.many_segments(most + fixed), Decoding(), Limits())


@pytest.mark.parametrize("decoding", [Decoding(), PILLOW], ids=repr)
def test_most_chunks(decoding: Decoding) -> None:
    """As many chunks as a PNG may have are passed over, and more are refused."""
    most = most_chunks(len(png.many_chunks(9_990)))
    assert ours(png.many_chunks(most - 10), decoding) is not None
    with pytest.raises(ImageTooLarge, match="in more chunks than its bytes need"):
        decode(png.many_chunks(most + 100), decoding, Limits())


def test_chunks_of_a_byte(reference: Reference) -> None:
    """A PNG whose pixels come in chunks of a byte is decoded: such files are among the format's own tests."""
    data = png.tiny_chunks(50, 60)
    check(ours(data), reference(data))


def test_most_bytes_of_pixels(reference: Reference) -> None:
    """The data of a PNG's pixels may be a little longer than the pixels: compressing makes them shorter."""
    data = png.empty_blocks(100, 100, 11_000)
    check(ours(data), reference(data))
    with pytest.raises(ImageTooLarge, match="longer than its pixels"):
        decode(png.empty_blocks(100, 100, 50_000), Decoding(), Limits())


@pytest.mark.parametrize("level", [0, 9])
@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (33, 65)])
@pytest.mark.parametrize("bits", [8, 16])
def test_bytes_of_encoders(bits: int, size: tuple[int, int], level: int) -> None:
    """A PNG whose pixels cannot be compressed, or are stored as they are, is decoded, whatever its shape."""
    width, height = size
    noise = np.random.default_rng(1).bytes(height * (3 * width * bits // 8))
    row = len(noise) // height
    raw = b"".join(b"\0" + noise[start : start + row] for start in range(0, len(noise), row))
    data = png.file(png.header(width, height, bits), pixels=[zlib.compress(raw, level)])
    assert ours(data) is not None
    assert ours(png.interlaced(width, height)) is not None


def test_pixels_in_two_places() -> None:
    """Of a PNG whose pixels go on behind another chunk only those before it count, as for Pillow."""
    data = png.tiny_chunks(50, 60, 9)
    parts = data.split(b"IDAT")
    assert len(parts) > 4
    cut = data.index(b"IDAT", data.index(b"IDAT") + 1) - 4
    with pytest.raises(BadImage, match="truncated"):
        decode(data[:cut] + png.chunk(b"tEXt", b"a\0b") + data[cut:], Decoding(), Limits())


@pytest.mark.parametrize("decoding", [Decoding(), PILLOW], ids=repr)
@pytest.mark.parametrize("before", [True, False])
def test_most_pieces(before: bool, decoding: Decoding) -> None:
    """As many pieces as a GIF may be in are passed over, and more are refused where they must be looked at."""
    most = most_pieces(len(gif.many_pieces(20_000, before=before)))
    assert ours(gif.many_pieces(most - 10, before=before), decoding) is not None
    data = gif.many_pieces(most + 400, before=before)
    if decoding == PILLOW and not before:
        assert ours(data, decoding) is not None
    else:
        with pytest.raises(ImageTooLarge, match="in more pieces than its bytes need"):
            decode(data, decoding, Limits())


def test_most_escapes() -> None:
    """As many escapes from runs as a BMP may have are decoded, and more are refused."""
    height = most_escapes(1, 1020)
    assert ours(bmp.short_rows(1, height - 10)) is not None
    with pytest.raises(ImageTooLarge, match="run lengths"):
        decode(bmp.short_rows(1, height + 10), Decoding(), Limits())


def test_most_runs() -> None:
    """Many runs of a pixel are decoded where the pixels are few, and refused where they are not."""
    assert ours(bmp.short_runs(128, 120)) is not None
    with pytest.raises(ImageTooLarge, match="run lengths"):
        decode(bmp.short_runs(1000, 100), Decoding(), Limits())


@pytest.mark.parametrize("bits", [4, 8])
def test_all_colours(bits: int) -> None:
    """A BMP in runs that does not count its colours has all that its bits can number."""
    data = bmp.long_runs(300, 7, bits)
    uncounted = data[:46] + bytes(4) + data[50:]
    expected = ours(data)
    assert expected is not None
    check(ours(uncounted), expected)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("make", [bmp.short_rows, bmp.long_runs])
def test_runs_as_pillow_decodes_them(make: Callable[..., bytes], bits: int) -> None:
    """Run lengths of four and eight bits give the pixels that Pillow's own decoder gives."""
    for width, height in ((3, 5), (40, 7), (300, 30), (1000, 9)):
        data = make(width, height, bits)
        with Image.open(io.BytesIO(data)) as image:
            check(ours(data, PILLOW), np.asarray(image.convert("RGB")))


def test_any_runs() -> None:
    """Random runs, moves and stored pixels give the pixels that Pillow's own decoder gives, or are refused by both."""
    random = np.random.default_rng(5)
    decoded = 0
    for _ in range(400):
        codes = b"".join(bytes(random.choice([0, 1, 2, 3, 4, 9, 60], 2).astype(np.uint8)) for _ in range(60))
        bits = int(random.choice([4, 8]))
        data = bmp.bmp(13, 6, bits, 1 if bits == 8 else 2, codes + b"\x0d\x05\0\0" * 6, colours=1 << bits)
        try:
            with Image.open(io.BytesIO(data)) as image:
                expected: Pixels | None = np.asarray(image.convert("RGB"))
        except (ValueError, OSError):
            expected = None
        check(ours(data, PILLOW), expected)
        decoded += expected is not None
    assert decoded > 100


def test_more_colours_than_bits() -> None:
    """A BMP that claims more colours than its bits can tell apart is decoded by those that they can."""
    check(ours(bmp.plain(8, 8, colours=65_536), PILLOW), ours(bmp.plain(8, 8), PILLOW))


# Codes of a WebP.


@pytest.mark.parametrize(
    ("method", "size"), [(0, (1, 1)), (6, (64, 64)), (6, (120, 90)), (4, (204, 204)), (0, (400, 600))]
)
@pytest.mark.parametrize("kind", ["photo", "drawing", "flat", "transparent"])
def test_codes_of_encoders(kind: str, method: int, size: tuple[int, int], reference: Reference) -> None:
    """What libwebp writes without loss is decoded, however hard it tried."""
    image = {
        "photo": lambda: picture("RGB", size),
        "drawing": lambda: picture("RGB", size).quantize(7).convert("RGB"),
        "flat": lambda: Image.new("RGB", size[::-1], (9, 99, 199)),
        "transparent": lambda: picture("RGBA", size),
    }[kind]()
    data = encode(image, "WEBP", lossless=True, method=method, exact=True)
    check(ours(data, Decoding(channels=0)), np.asarray(image))
    if kind != "transparent":
        check(ours(data), reference(data))
    lossy = encode(image, "WEBP", method=method)
    assert ours(lossy) is not None


def test_most_sets_of_codes(reference: Reference) -> None:
    """As many sets of codes as a lossless WebP may have are decoded, and more are refused."""
    most = 64 + 128 * 128 // 1000
    data = webp.many_codes(128, 128, 2, most)
    check(ours(data), reference(data))
    with pytest.raises(ImageTooLarge, match="more codes than its pixels need"):
        decode(webp.many_codes(128, 128, 2, most + 1), Decoding(), Limits())


@pytest.mark.parametrize("make", [webp.many_tiles, lambda width, height: webp.many_codes(width, height, 2, 9)])
def test_most_tiles(make: Callable[[int, int], bytes], reference: Reference) -> None:
    """As many tiles as a lossless WebP may have are decoded, and more are refused before they are looked at."""
    data = make(300, 300)
    check(ours(data), reference(data))
    with pytest.raises(ImageTooLarge, match="more tiles than its pixels need"):
        decode(make(600, 600), Decoding(), Limits())
    assert lines(make(600, 600), Decoding()) < LINES


def test_codes_of_animations() -> None:
    """The first frame of an animation is what Pillow shows first, with transparency and away from the corner, too."""
    frames = [Image.fromarray(values(90, 120, 4)) for _ in range(2)]
    frames[0].paste((0, 0, 0, 0), (0, 0, 120, 21))
    for lossless in (True, False):
        data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=lossless, minimize_size=True)
        with Image.open(io.BytesIO(data)) as image:
            assert image.n_frames == 2  # type: ignore[attr-defined]
            check(ours(data, Decoding(channels=0)), np.asarray(image))


def test_codes_of_frames() -> None:
    """The codes of an animation's frames are counted like those of a picture."""
    hostile = webp.many_tiles(600, 600)[12:]
    sides = struct.pack("<I", 599)[:3] * 2
    frame = webp.chunk(b"ANMF", bytes(6) + sides + b"\x01\0\0\0" + hostile)
    extended = webp.chunk(b"VP8X", b"\x02\0\0\0" + sides)
    with pytest.raises(ImageTooLarge, match="more tiles than its pixels need"):
        decode(webp.riff(extended, webp.chunk(b"ANIM", bytes(6)), frame), Decoding(), Limits())


def test_codes_of_transparency() -> None:
    """The same holds for transparency that is stored without loss beside a picture that is not."""
    plain = Image.fromarray(values(600, 600, 4))
    data = encode(plain, "WEBP", quality=50)
    place = data.index(b"ALPH") + 8
    hostile = webp.many_tiles(600, 600)[20 + 5 :]
    spoiled = data[:place] + b"\x01" + hostile + data[place + 1 + len(hostile) :]
    assert data[place] & 3 == 1
    with pytest.raises(ImageTooLarge, match="more tiles than its pixels need"):
        decode(spoiled, Decoding(), Limits())


# Texts and what cameras say.


@pytest.mark.parametrize("decoding", [Decoding(), GRAY, UPRIGHT, PILLOW_UPRIGHT], ids=repr)
@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_texts_are_not_inflated(name: bytes, decoding: Decoding, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of texts and profiles that inflate to a megabyte each, at most one is looked at."""
    inflated: list[int] = []
    real = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", lambda *arguments: inflated.append(1) or real(*arguments))
    assert ours(png.text_bomb(50, name), decoding) is not None
    assert len(inflated) <= 1


def test_no_components() -> None:
    """The smallest JPEG, which has no components, is damaged in every way of decoding."""
    data = b"\xff\xd8\xff\xc0\0\x08\x08\0\x08\0\x08\0\xff\xda\0\x02\0\xff\xd9"
    for decoding in (Decoding(), GRAY, Decoding(channels=0), PILLOW):
        with pytest.raises(BadImage, match="does not say which colours"):
            decode(data, decoding, Limits())


def test_components_of_other_counts(reference: Reference) -> None:
    """A JPEG that says it has more colours than it describes, or fewer, is damaged, as for TensorFlow."""
    data = bytearray(JPEGS["gray"])
    place = data.index(b"\xff\xc0") + 9
    for count in (0, 2, 3, 4, 5, 255):
        data[place] = count
        assert reference(bytes(data)) is None
        with pytest.raises(BadImage):
            decode(bytes(data), Decoding(), Limits())


def test_resizing_of_tall_pictures() -> None:
    """Pillow's way of resizing takes memory for each row: a picture of too many is refused before it is resized."""
    pixels = np.zeros((1001, 1, 3), np.uint8)
    check_resizing(pixels[:1000], Resizing("pillow-bilinear", 10, 100), Limits(max_pixels=100_000))
    with pytest.raises(ImageTooLarge, match=r"1,001 rows; at most 1,000 can be resized"):
        check_resizing(pixels, Resizing("pillow-bilinear", 10, 100), Limits(max_pixels=100_000))
