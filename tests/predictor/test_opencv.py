"""Decoding as OpenCV does, compared with OpenCV itself."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from predictor import Decoding, Limits
from predictor.image import decode
from tests.predictor import test_exif
from tests.predictor.pictures import JPEGS, LOSSLESS

# OpenCV reads GIFs since 4.11, and does with their transparency, and with the gray of animated PNGs, as it likes since.
DIFFERENT = {name for name in LOSSLESS if name.startswith("gif") or "animated" in name}
FILES = {name: data for name, data in (JPEGS | LOSSLESS).items() if name not in DIFFERENT}


def opencvs(data: bytes, channels: int) -> npt.NDArray[np.uint8] | None:
    """What `cv2.imread` makes of a file, in the order RGB; None for what it refuses."""
    flags = cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        return None
    return np.asarray(pixels[..., ::-1] if channels == 3 else pixels[..., np.newaxis], np.uint8)


def check(data: bytes, channels: int) -> None:
    decoding = Decoding("accurate", channels=channels, decoder="opencv", orientation="apply")  # type: ignore[arg-type]
    expected = opencvs(data, channels)
    assert expected is not None
    np.testing.assert_array_equal(decode(data, decoding, Limits()), expected, strict=True)


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("name", FILES)
def test_as_opencv(name: str, channels: int) -> None:
    """Every file is decoded to the colours, and to the gray, that imread makes of it: JPEGs in four inks too."""
    check(FILES[name], channels)


@pytest.mark.parametrize("name", test_exif.JPEGS)
def test_orientation(name: str) -> None:
    """A JPEG is turned as OpenCV turns it, which does not know all that Pillow knows."""
    check(test_exif.JPEGS[name], 3)


@pytest.mark.parametrize("name", test_exif.PNGS)
def test_png_stays(name: str) -> None:
    """A PNG is not turned, whatever it says."""
    plain = Decoding("accurate", decoder="opencv")
    turned = Decoding("accurate", decoder="opencv", orientation="apply")
    data = test_exif.PNGS[name]
    np.testing.assert_array_equal(decode(data, turned, Limits()), decode(data, plain, Limits()), strict=True)


@pytest.mark.parametrize("channels", [0])
def test_own_channels(channels: int) -> None:
    """A document that wants OpenCV to keep a file's own channels is refused."""
    with pytest.raises(ValueError, match="it wants opencv to decode to 0 channels"):
        Decoding(decoder="opencv", channels=channels)  # type: ignore[arg-type]
