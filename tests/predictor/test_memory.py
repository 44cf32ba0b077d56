"""What a picture takes, and what is said when it is not there."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from predictor import Classifier
from predictor.memory import BYTES_A_PIXEL, check_memory
from tests.hostile import jpeg as jpegs
from tests.hostile import png as pngs
from tests.predictor.pictures import encode, picture, png_16_bit

ROOT = Path(__file__).parents[2]

WIDTH, HEIGHT = 1600, 1200
PIXELS = WIDTH * HEIGHT * 3  # bytes
REST = 100_000  # bytes: everything else, whatever the picture's size


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def test_one_copy_of_the_pixels(digits_model: Path) -> None:
    """From the bytes of a JPEG to its labels, Python and NumPy hold its pixels once and little else."""
    classifier, data = Classifier.load(digits_model), jpeg()
    classifier.classify(data)
    tracemalloc.start()
    try:
        classifier.classify(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert PIXELS <= most <= PIXELS + REST


SIDES = {"square": (1000, 900), "tall": (1, 900_000), "wide": (900_000, 1)}
SLACK = 1.5  # bytes a pixel: what does not grow with the picture


def kinds() -> dict[str, bytes]:
    """Pictures of every kind and shape that decoding takes much memory for."""
    side = SIDES["square"]
    files = {
        f"png-{colours}-{bits}-{name}": pngs.picture(*sides, bits, colours)
        for name, sides in SIDES.items()
        for colours in pngs.SAMPLES
        for bits in (8, 16)
        if (colours, bits) != (pngs.PALETTE, 16)
    }
    rgb = picture("RGB", side)
    return files | {
        "png-16-noise": png_16_bit(6, 4, side),
        "webp-lossy": encode(rgb, "WEBP", method=0),
        "webp-lossless": encode(rgb, "WEBP", lossless=True, method=0),
        "webp-transparent": encode(rgb.convert("RGBA"), "WEBP", method=0),
        "gif": encode(rgb.quantize(99), "GIF", transparency=5),
        "bmp": encode(rgb, "BMP"),
        "bmp-indexed": encode(rgb.quantize(99), "BMP"),
        "jpeg-in-inks": encode(picture("CMYK", side), "JPEG", subsampling="4:4:4", progressive=True),
        "jpeg-in-fewer-inks": encode(picture("CMYK", side), "JPEG", subsampling="4:2:0"),
        "jpeg-in-scans": jpegs.many_scans(*side, 3, jpegs.COLOURS),
    }


def test_bytes_a_pixel(tmp_path: Path) -> None:
    """No format, shape, number of channels or decoder takes more bytes a pixel than are promised."""
    for name, data in kinds().items():
        for channels, decoder in itertools.product((0, 1, 3), ("tensorflow", "pillow")):
            if (channels, decoder) == (0, "pillow"):
                continue
            if channels != 1 or decoder == "pillow" or name[:4] == "png-" or name == "jpeg-in-scans":
                (tmp_path / f"{name}.{channels}.{decoder}").write_bytes(data)
    command = [sys.executable, "-m", "tests.predictor.peaks", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    peaks = json.loads(done.stdout)
    assert len(peaks) == len(list(tmp_path.iterdir()))
    assert {name: peak for name, peak in peaks.items() if peak > BYTES_A_PIXEL + SLACK} == {}
    assert max(peaks.values()) > 10  # that something was measured


STARVED = {
    "PNG": (encode(picture("RGB", (600, 500)), "PNG"), {}),
    "PNG of 16 bits": (png_16_bit(2, 3, (600, 500)), {"channels": 1}),
    "GIF": (encode(picture("P", (600, 500)), "GIF"), {}),
    "BMP": (encode(picture("RGB", (600, 500)), "BMP"), {}),
    "WebP": (encode(picture("RGB", (600, 500)), "WEBP", method=0), {}),
    "WebP without loss": (encode(picture("RGB", (600, 500)), "WEBP", lossless=True, method=0), {}),
    "JPEG": (encode(picture("RGB", (600, 500)), "JPEG"), {}),
    "JPEG in scans": (encode(picture("RGB", (600, 500)), "JPEG", progressive=True), {}),
    "JPEG in inks": (encode(picture("CMYK", (600, 500)), "JPEG", subsampling="4:2:0"), {}),
    "JPEG by Pillow": (encode(picture("RGB", (600, 500)), "JPEG", progressive=True), {"decoder": "pillow"}),
}


@pytest.mark.parametrize("name", STARVED)
def test_not_enough_memory(name: str, digits_model: Path, tmp_path: Path) -> None:
    """However little memory there is, a picture is labelled or MemoryError says so: it is never said to be damaged."""
    data, decoding = STARVED[name]
    path = tmp_path / "picture"
    path.write_bytes(data)
    command = [sys.executable, "-m", "tests.predictor.starved", str(digits_model), str(path), json.dumps(decoding)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout.splitlines()[-1])) == {"MemoryError", "labelled"}


@pytest.mark.parametrize(
    "message",
    [
        "Insufficient memory (case 4)",
        "bad allocation",
        "std::bad_alloc",
        "out of memory error when reading image file",
        "Failed to allocate memory for requested buffer of size 4096",
        "Unable to allocate 3.00 MiB for an array",
    ],
)
def test_words_for_it(message: str) -> None:
    """What libjpeg, onnxruntime, Pillow and NumPy say of memory that is not there is understood."""
    with pytest.raises(MemoryError, match="not enough memory now"):
        check_memory(ValueError(message))


def test_other_words() -> None:
    """Other errors are left as they are."""
    check_memory(ValueError("Premature end of JPEG file"))
