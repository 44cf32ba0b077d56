"""OpenCV's resizes and its preset, compared with OpenCV itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import tensorflow as tf

from export.network import network
from export.options import OPENCV_RESIZES
from export.preprocessing import opencv
from export.preprocessing.fit import fitted
from predictor.classifier import open_session
from tests.export import models
from tests.export.comparison import check_scores
from tests.export.conftest import ExportTo

METHODS = {"cv2-linear": cv2.INTER_LINEAR, "cv2-area": cv2.INTER_AREA, "cv2-nearest": cv2.INTER_NEAREST}
SHAPES = [(24, 24, 3), (30, 17, 1), (64, 48, 3), (96, 96, 3)]  # height, width, channels
SIZES = 50  # of pictures, for each of these


def in_onnx(shape: tuple[int, int, int], resize: str, fit: str = "stretch") -> onnxruntime.InferenceSession:
    """A graph that resizes pictures of any size to this shape, as it stands in an exported file."""
    height, width, channels = shape
    graph = tf.Graph()
    with graph.as_default():
        picture = tf.compat.v1.placeholder(tf.uint8, [None, None, channels], "image")
        resized = fitted(picture[tf.newaxis], height, width, resize, fit, 32 if fit == "shorter-side" else 0)
    model = network.to_onnx(graph.as_graph_def(), {resized.name: "resized"})
    for side, name in zip(model.graph.input[0].type.tensor_type.shape.dim, ("rows", "columns")):
        side.dim_param = name
    return open_session(model.SerializeToString())


def pictures(height: int, width: int, channels: int) -> list[npt.NDArray[np.uint8]]:
    """Noise of random sizes, and of those that have a way of their own: equal, whole factors, a side that grows."""
    random = np.random.default_rng([height, width])
    sides = [tuple(random.integers(1, 500, 2)) for _ in range(SIZES)]
    special = [(height, width), (2 * height, 2 * width), (3 * height, 2 * width), (4 * height, 4 * width), (1, 1)]
    special += [(height, 3 * width), (height - 1, 3 * width), (49, 49), (500, 1)]
    return [random.integers(0, 256, (*size, channels), np.uint8) for size in (*sides, *special)]


@pytest.mark.parametrize("resize", OPENCV_RESIZES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_resize(shape: tuple[int, int, int], resize: str) -> None:
    """The graph, and what the original is shown, are bit for bit cv2.resize, for two hundred random sizes in all."""
    height, width, _ = shape
    session, size = in_onnx(shape, resize), np.array([height, width], np.int32)
    for number, image in enumerate(pictures(*shape)):
        expected = cv2.resize(image, (width, height), interpolation=METHODS[resize]).reshape(shape)
        (resized,) = session.run(None, {"image": image})
        np.testing.assert_array_equal(resized[0], expected, err_msg=str(image.shape))
        if number % 5 == 0:
            np.testing.assert_array_equal(opencv.METHODS[resize](image[np.newaxis], size)[0], expected)


def test_shorter_side() -> None:
    """The shorter side is resized and the middle taken, here by OpenCV, as people write it."""
    session = in_onnx((24, 20, 3), "cv2-linear", "shorter-side")
    for image in pictures(24, 20, 3):
        short, long = sorted(image.shape[:2])
        rows, columns = (32 if side == short else int(32 * long / short) for side in image.shape[:2])
        whole = cv2.resize(image, (columns, rows))
        top, left = round((rows - 24) / 2), round((columns - 20) / 2)
        (resized,) = session.run(None, {"image": image})
        np.testing.assert_array_equal(resized[0], whole[top : top + 24, left : left + 20])


@pytest.mark.parametrize("fit", ["shorter-side", "pad-to-aspect-ratio"])
def test_line(fit: str) -> None:
    """A line that would become a picture of gigabytes on its way makes the run fail at once."""
    with pytest.raises(Exception, match=r"INVALID_ARGUMENT|out of data bounds|indices"):
        in_onnx((24, 24, 3), "cv2-linear", fit).run(None, {"image": np.zeros((1, 60_000, 3), np.uint8)})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    model = models.network()
    return models.save_pixels(model, tmp_path_factory.mktemp("opencv") / "model"), model


@pytest.mark.parametrize("resize", OPENCV_RESIZES)
def test_preset(resize: str, source: tuple[Path, Any], photos: Path, export_to: ExportTo) -> None:
    """The preset is imread, resize and blue first, as a training script with OpenCV has them."""
    path, model = source
    export = export_to(path, preset="opencv", scale="0..1", resize=resize, images=photos)

    def scores(data: bytes) -> Any:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        small = cv2.resize(image, (models.SIZE, models.SIZE), interpolation=METHODS[resize])
        return model(small[np.newaxis].astype(np.float32) / 255)

    check_scores(export, photos, scores)
    assert export.verification.parity.identical_inputs == 1
    assert export.info.requires == {"opencv-decoder": "0.2.0"}
