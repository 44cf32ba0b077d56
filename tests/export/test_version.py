"""The version of an exported model: it follows from what decides answers, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tensorflow as tf
from onnx import TensorProto, helper, numpy_helper

from export.network import network
from export.preprocessing.pixel_layout import Layout
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.scale import SCALES
from export.version import DIGITS, version
from predictor import Decoding, ModelInfo, Provenance, Resizing, runtime
from tests.conftest import DIGITS as EXAMPLE
from tests.export.conftest import ExportTo

SOURCE = Provenance("pets", "f" * 64, "serving_default", "image_bytes", "scores")
INFO = ModelInfo("pets", "", ("cat", "dog"), "softmax", Decoding(), ("divide by 255",), SOURCE)
RECIPE = Preprocessing(
    Layout.of("image", tf.float32, (None, 32, 32, 3)), 32, 32, "tf-bilinear", "stretch", "ignore", SCALES["0..1"], "rgb"
)


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ("dog", "cat")},
        {"activation": "none"},
        {"decoding": Decoding("accurate")},
        {"decoding": Decoding(jpeg_least=64)},
        {"resizing": Resizing("pillow-lanczos", 32, 32)},
        {"source": replace(SOURCE, fingerprint="e" * 64)},
        {"source": replace(SOURCE, signature="classify")},
        {"source": replace(SOURCE, output="probabilities")},
    ],
)
def test_what_decides(changes: dict[str, Any]) -> None:
    """Whatever changes an answer changes the version."""
    assert version(replace(INFO, **changes), None) != version(INFO, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": SCALES["-1..1"]},
        {"order": "bgr"},
        {"fit": "crop"},
        {"resize": "tf-nearest"},
        {"orientation": "apply"},
        {"height": 31},
    ],
)
def test_recipe(changes: dict[str, Any]) -> None:
    """So does each step of the preprocessing that was put in front of a model that takes pixels."""
    assert version(INFO, replace(RECIPE, **changes)) != version(INFO, RECIPE)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "animals"},
        {"version": "0"},
        {"tools": {"numpy": "1"}},
        {"preprocessing": ()},
        {"drawing": "white-on-black"},
    ],
)
def test_what_does_not(changes: dict[str, Any]) -> None:
    """What answers do not depend on changes nothing: the same model has one version on any machine."""
    assert version(replace(INFO, **changes), RECIPE) == version(INFO, RECIPE)
    assert len(version(INFO, RECIPE)) == DIGITS


def test_constants_an_ulp_off(export_to: ExportTo, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor whose kernels fold other last bits into the constants gives the same version."""
    convert = network.to_onnx

    def elsewhere(*arguments: Any) -> onnx.ModelProto:
        model = convert(*arguments)
        for constant in model.graph.initializer:
            if constant.data_type == TensorProto.FLOAT:
                values = np.nextafter(numpy_helper.to_array(constant), np.float32(np.inf))
                constant.CopyFrom(numpy_helper.from_array(values, constant.name))
        return model

    monkeypatch.setattr(network, "to_onnx", elsewhere)
    exported = export_to(EXAMPLE, tolerance=0.01)
    assert exported.path.read_bytes() != digits_model.read_bytes()
    assert exported.info.version == onnx_version(digits_model)


def onnx_version(path: Path) -> str:
    (entry,) = onnx.load(path).metadata_props
    return ModelInfo.from_json(entry.value).version


def quantized(weights: list[int], scale: float) -> onnx.ModelProto:
    """A network with one dequantised constant."""
    return helper.make_model(
        helper.make_graph(
            [helper.make_node("DequantizeLinear", ["weights", "scale"], ["scores"])],
            "quantized",
            [],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [2])],
            [
                numpy_helper.from_array(np.array(weights, np.int8), "weights"),
                numpy_helper.from_array(np.array(scale, np.float32), "scale"),
            ],
        )
    )


def test_quantized() -> None:
    """A quantised network is known by its whole numbers and their scales, which may be an ulp off."""
    scale = 0.0123
    first = version(INFO, None, quantized([1, 2], scale))
    assert first != version(INFO, None)
    assert first != version(INFO, None, quantized([1, 3], scale))
    assert first != version(INFO, None, quantized([1, 2], 2 * scale))
    assert first == version(INFO, None, quantized([1, 2], float(np.nextafter(np.float32(scale), np.float32(1)))))


def test_tools(export_to: ExportTo) -> None:
    """The file names what it was made with, and what it was verified with."""
    tools = export_to(EXAMPLE).info.tools
    assert tools.items() >= runtime.versions().items()
    assert tools["tensorflow"] == tf.__version__
