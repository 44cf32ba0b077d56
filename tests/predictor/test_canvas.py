"""Pictures on a canvas, compared with what a real Chromium drew."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from predictor import Decoding, Limits, ModelInfo, Provenance, Resizing
from predictor.metadata import CanvasMethod
from predictor.resizing import read
from tests.predictor.chromium_canvas import DRAWN, SIZE, pictures
from tests.predictor.pictures import encode

LARGEST_MEAN, LARGEST = 0.01, 8  # levels


def differences(method: CanvasMethod, least: int) -> dict[str, np.ndarray]:
    """For each picture how far ours is from Chromium's, in levels."""
    decoding = Decoding("accurate", decoder="chromium", orientation="apply", jpeg_least=least)
    drawn = np.load(DRAWN)[method.removeprefix("chromium-")].astype(int)
    ours = {
        name: read(data, decoding, Resizing(method, SIZE, SIZE, "crop"), Limits()) for name, data in pictures().items()
    }
    assert len(ours) == len(drawn) == 40
    return {name: np.abs(pixels - expected) for (name, pixels), expected in zip(ours.items(), drawn)}


@pytest.mark.parametrize(("method", "least"), [("chromium-image", SIZE), ("chromium-frame", 0)])
def test_as_chromium(method: CanvasMethod, least: int) -> None:
    """Files and frames, of every format, size and orientation, are drawn within a hundredth of a level of Chromium."""
    found = differences(method, least)
    assert np.mean([each.mean() for each in found.values()]) <= LARGEST_MEAN
    assert {name: each.max() for name, each in found.items() if each.max() > LARGEST} == {}
    assert sum(each.max() == 0 for each in found.values()) >= 25


def test_levels_matter() -> None:
    """A file that is drawn as if it were a frame is another picture: the test above would see it."""
    image = np.load(DRAWN)
    assert np.abs(image["image"].astype(int) - image["frame"]).mean() > 10 * LARGEST_MEAN


@pytest.mark.parametrize("alpha", [1, 2, 77, 128, 254, 255])
def test_white_stays_white(alpha: int) -> None:
    """White that is partly transparent comes back as white: no level is lost on the way through its alpha."""
    data = encode(Image.new("RGBA", (40, 30), (255, 255, 255, alpha)), "PNG")
    decoding, resizing = Decoding("accurate", decoder="chromium"), Resizing("chromium-image", 16, 16, "crop")
    assert (read(data, decoding, resizing, Limits()) == 255).all()


def test_tall_picture() -> None:
    """A line of a single pixel's width is drawn in time and memory that its own pixels need."""
    data = encode(Image.new("RGB", (1, 60_000), (10, 20, 30)), "PNG")
    decoding, resizing = Decoding("accurate", decoder="chromium"), Resizing("chromium-image", 224, 224, "crop")
    pixels = read(data, decoding, resizing, Limits())
    assert pixels.shape == (224, 224, 3)
    assert (pixels == (10, 20, 30)).all()


@pytest.mark.parametrize(
    ("decoding", "resizing"),
    [
        (Decoding(decoder="chromium"), None),
        (Decoding(decoder="chromium"), Resizing("pillow-box", 8, 8)),
        (Decoding(), Resizing("chromium-image", 8, 8, "crop")),
    ],
)
def test_halves_of_a_canvas(decoding: Decoding, resizing: Resizing | None) -> None:
    """A document in which only the decoder or only the resizing is Chromium's is refused."""
    source = Provenance("a", "f" * 64, "", "", "")
    with pytest.raises(ValueError, match="one is Chromium's and the other is not"):
        ModelInfo("a", "0", ("b",), "softmax", decoding, (), source, resizing=resizing)


@pytest.mark.parametrize(("height", "fit"), [(9, "crop"), (8, "stretch"), (8, "pad")])
def test_other_canvas(height: int, fit: str) -> None:
    """A canvas that is no square, or is filled in another way, is refused."""
    with pytest.raises(ValueError, match="a canvas that is no square or does not crop"):
        Resizing("chromium-image", height, 8, fit)  # type: ignore[arg-type]
