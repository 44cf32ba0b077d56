"""The format of a file by its first bytes, and the advice for one that is not accepted."""

from __future__ import annotations

import codecs
import re
from typing import Literal, get_args

from predictor.bmp.file import looks_like_bmp
from predictor.errors import UnsupportedImage
from predictor.jpeg.header import STARTS

Format = Literal["JPEG", "PNG", "GIF", "BMP", "WEBP"]
"""The accepted formats, by Pillow's names."""

FORMATS: tuple[Format, ...] = get_args(Format)

_LOOKED_AT = 1024  # bytes
_STARTS: tuple[tuple[re.Pattern[bytes], Format], ...] = (
    (re.compile(re.escape(STARTS)), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WEBP"),
)

_CONVERT = "convert it to JPEG"
_RENDER = "save it as PNG"
_UNPACK = "unpack it, and send the images in it"
_FRAMES = "send single frames of it as JPEG"
_SEND = "send the image file itself"

# What people send besides, and what they can do instead; the first that fits counts.
_OTHERS = tuple(
    (re.compile(start, re.DOTALL), name, advice)
    for start, name, advice in (
        (rb"....ftyp(?:avi[fs]|(?:mif1|msf1).{4,40}avi[fs])", "AVIF", _CONVERT),
        (rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", "HEIC, as iPhones make it", _CONVERT),
        (rb"....ftypcrx |II\*\0....CR|II(?:RO|RS|U\0)|MMOR|.{6}HEAPCCDR", "a camera's raw file", _CONVERT),
        (rb"FUJIFILMCCD-RAW|FOVb|\0MRM", "a camera's raw file", _CONVERT),
        (rb"....ftyp|\x1a\x45\xdf\xa3|RIFF....AVI |\0\0\x01[\xb3\xba]|FLV\x01|\x30\x26\xb2\x75", "a video", _FRAMES),
        (rb"RIFF....WAVE|ID3|fLaC|OggS", "a sound", _SEND),
        (rb"II[*+]\0|MM\0[*+]", "TIFF, or a camera's raw file", _CONVERT),
        (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000", _CONVERT),
        (rb"\0\0\0\x0cJXL |\xff\x0a", "JPEG XL", _CONVERT),
        (rb"\0\0\x01\0", "an icon (ICO)", _RENDER),
        (rb"8BPS", "a Photoshop document (PSD)", _CONVERT),
        (rb"gimp xcf", "a GIMP document (XCF)", _CONVERT),
        (rb"P[1-6]\s(?:#[^\n]*\n)?\s*\d", "PNM (PBM, PGM or PPM)", _CONVERT),
        (rb"\x76\x2f\x31\x01|#\?RADIANCE", "an image of high dynamic range (EXR or HDR)", _CONVERT),
        (rb".{128}DICM", "a medical image (DICOM)", _CONVERT),
        (rb"%PDF-|%!PS", "PDF or PostScript", "save a page of it as PNG"),
        (rb"PK\x03\x04|PK\x05\x06|Rar!\x1a\x07|7z\xbc\xaf|.{257}ustar", "an archive (ZIP or the like)", _UNPACK),
        (rb"\x1f\x8b|BZh|\xfd7zXZ\0|\x28\xb5\x2f\xfd", "a compressed file (gzip or the like)", _UNPACK),
    )
)

# The same for texts, in small letters and without what is blank before them.
_TEXTS = tuple(
    (re.compile(start, re.DOTALL), name, advice)
    for start, name, advice in (
        (rb"data:image/|/9j/|ivborw0kggo|r0lgod|uklgr", "an image in base64", "send its bytes as they are"),
        (rb"<(?:.*<)?svg", "SVG", _RENDER),
        (rb"<(?:.*<)?(?:!doctype html|html|head|body)", "an HTML page", _SEND),
        (rb"<", "XML", _SEND),
        (rb"[{[]", "JSON", _SEND),
    )
)
_BLANK = b"\xef\xbb\xbf \t\r\n"  # with the mark that UTF-8 may begin with
_UTF16_STARTS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def recognise(data: bytes) -> Format:
    """The format of an image file; UnsupportedImage says what another file is, and what to do with it."""
    start = data[:_LOOKED_AT]
    for pattern, format_ in _STARTS:
        if pattern.match(start):
            return format_
    if looks_like_bmp(start):
        return "BMP"
    raise UnsupportedImage(_refusal(start))


def _refusal(start: bytes) -> str:
    is_text = _is_text(start)
    text = start.lstrip(_BLANK).lower() if is_text else b""
    for kinds, first in ((_OTHERS, start), (_TEXTS, text)):
        for pattern, name, advice in kinds:
            if pattern.match(first):
                return f"This is {name}; {advice}."
    return f"This is {'text, ' if is_text else ''}not an image in one of the formats {', '.join(FORMATS)}."


def _is_text(start: bytes) -> bool:
    if start.startswith(_UTF16_STARTS):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # whose last letter may be cut
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(start)
