"""Files of other formats: the refusal says what they are, and what to do with them."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from predictor import BadImage, Decoding, Limits, UnsupportedImage
from predictor.image import decode
from tests.predictor.comparison import Reference
from tests.predictor.pictures import JPEGS, encode, picture

UNKNOWN = "This is not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."
TEXT = "This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."
HEIC = "This is HEIC, as iPhones make it; convert it to JPEG."
AVIF = "This is AVIF; convert it to JPEG."
RAW = "This is a camera's raw file; convert it to JPEG."
TIFF = "This is TIFF, or a camera's raw file; convert it to JPEG."
VIDEO = "This is a video; send single frames of it as JPEG."
ARCHIVE = "This is an archive (ZIP or the like); unpack it, and send the images in it."
COMPRESSED = "This is a compressed file (gzip or the like); unpack it, and send the images in it."
SVG = "This is SVG; save it as PNG."
HTML = "This is an HTML page; send the image file itself."
JSON = "This is JSON; send the image file itself."
BASE64 = "This is an image in base64; send its bytes as they are."
PNM = "This is PNM (PBM, PGM or PPM); convert it to JPEG."
ENCODED = base64.b64encode(JPEGS["baseline"])


def box(*brands: bytes) -> bytes:
    """How a file in ISO's base media format begins."""
    body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I", 4 + len(body)) + body + bytes(100)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.jpg", JPEGS["baseline"])
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.jpg"))
    return file.getvalue()


FILES: dict[str, tuple[bytes, str]] = {
    "HEIC": (box(b"heic", b"mif1", b"heic"), HEIC),
    "HEIC of several pictures": (box(b"msf1", b"heis"), HEIC),
    "HEIF": (box(b"mif1", b"mif1", b"heix"), HEIC),
    "AVIF": (box(b"avif", b"mif1", b"miaf"), AVIF),
    "animated AVIF": (box(b"avis", b"avif"), AVIF),
    "AVIF by its other brands": (box(b"mif1", b"miaf", b"avif"), AVIF),
    "AVIF of Pillow": (encode(picture("RGB"), "AVIF"), AVIF),
    "MP4": (box(b"isom", b"mp42"), VIDEO),
    "QuickTime": (box(b"qt  "), VIDEO),
    "WebM": (b"\x1a\x45\xdf\xa3" + bytes(50), VIDEO),
    "AVI": (b"RIFF\0\1\0\0AVI LIST", VIDEO),
    "TIFF": (encode(picture("RGB"), "TIFF"), TIFF),
    "TIFF of the other order": (b"MM\0*" + bytes(50), TIFF),
    "CR2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(50), RAW),
    "CR3": (box(b"crx ", b"isom"), RAW),
    "RAF": (b"FUJIFILMCCD-RAW 0201", RAW),
    "ORF": (b"IIRO\x08\0\0\0", RAW),
    "JPEG 2000": (encode(picture("RGB"), "JPEG2000"), "This is JPEG 2000; convert it to JPEG."),
    "JPEG XL": (b"\xff\x0a" + bytes(20), "This is JPEG XL; convert it to JPEG."),
    "JPEG XL in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n", "This is JPEG XL; convert it to JPEG."),
    "ICO": (encode(picture("RGB"), "ICO"), "This is an icon (ICO); save it as PNG."),
    "PSD": (b"8BPS\0\1" + bytes(20), "This is a Photoshop document (PSD); convert it to JPEG."),
    "PPM": (encode(picture("RGB"), "PPM"), "This is PNM (PBM, PGM or PPM); convert it to JPEG."),
    "PGM in letters": (
        b"P2\n# made by hand\n2 2\n255\n1 2 3 4\n",
        "This is PNM (PBM, PGM or PPM); convert it to JPEG.",
    ),
    "DICOM": (bytes(128) + b"DICM\2\0", "This is a medical image (DICOM); convert it to JPEG."),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "This is PDF or PostScript; save a page of it as PNG."),
    "PDF without bytes": (b"%PDF-1.7\n", "This is PDF or PostScript; save a page of it as PNG."),
    "ZIP": (zipped(), ARCHIVE),
    "tar": (tarred(), ARCHIVE),
    "gzip": (b"\x1f\x8b\x08\0" + zlib.compress(b""), COMPRESSED),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", SVG),
    "SVG as XML": (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a drawing -->\n<svg/>", SVG),
    "HTML": (b"\n <!DOCTYPE html><html><title>404</title>", HTML),
    "HTML without its type": (b"<HTML><body>Not found", HTML),
    "XML": (b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", "This is XML; send the image file itself."),
    "JSON": (json.dumps({"error": {"code": 404}}).encode(), JSON),
    "JSON list": (b"[1, 2]", JSON),
    "base64": (ENCODED, BASE64),
    "data URL": (b"data:image/jpeg;base64," + ENCODED, BASE64),
    "text": (b"This is a text.", TEXT),
    "text like a BMP": (b"BMW drives a car on the road, and nothing more.", TEXT),
    "text of other letters": ("Łódź, 北京, Ωmega".encode(), TEXT),
    "text cut in a letter": ("ł".encode() * 2000, TEXT),
    "text in UTF-16": ("milk, eggs".encode("utf-16"), TEXT),
    "the start of a JPEG": (b"\xff\xd8", UNKNOWN),
    "zeros": (bytes(1000), UNKNOWN),
    "a byte": (b"\x80", UNKNOWN),
    "TGA": (encode(picture("RGB"), "TGA"), UNKNOWN),
}


@pytest.mark.parametrize("decoder", ["tensorflow", "pillow"])
@pytest.mark.parametrize("name", FILES)
def test_other_format(name: str, decoder: str, reference: Reference) -> None:
    """A file of another format is refused by its name, with what to do; TensorFlow refuses it, too."""
    data, sentence = FILES[name]
    assert reference(data) is None
    with pytest.raises(UnsupportedImage) as caught:
        decode(data, Decoding(decoder=decoder), Limits())  # type: ignore[arg-type]
    assert caught.value.reason == sentence


SHARED = {
    "hopper.avif": AVIF,
    "hopper.ico": "This is an icon (ICO); save it as PNG.",
    "hopper.tif": TIFF,
    "hopper_gray_4bpp.tif": TIFF,
    "test-card-lossless.jp2": "This is JPEG 2000; convert it to JPEG.",
    "hopper.spider": UNKNOWN,
}


@pytest.mark.parametrize("name", SHARED)
def test_shared_file(name: str, shared: Path) -> None:
    """The same for files that others made."""
    with pytest.raises(UnsupportedImage, match=re.escape(SHARED[name])):
        decode((shared / "images" / "odd" / name).read_bytes(), Decoding(), Limits())


STARTS = [
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBPVP8 ",
    b"\xff\xd8\xff",
    b"BM" + bytes(12) + b"\x28\0\0\0",
]


@pytest.mark.parametrize("start", STARTS)
def test_start_alone(start: bytes) -> None:
    """A file that is only the start of an accepted format is damaged, not of another one."""
    with pytest.raises(BadImage, match=r"damaged|cut off") as caught:
        decode(start, Decoding(), Limits())
    assert not isinstance(caught.value, UnsupportedImage)
