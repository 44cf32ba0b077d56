"""The version of an exported model: the same on every machine for what answers alike, another for what does not.

It follows from what decides answers, not from the graph's bytes: constants that TensorFlow folds differ in their last
bit from processor to processor, and a backfill would take one model for two.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from export.preprocessing.preprocessing import Preprocessing
from predictor import Decoding, ModelInfo, Resizing

GRAPHS = 1
"""Raised whenever the exporter writes other graphs than before, which may answer otherwise, for the same model."""

DIGITS = 12
_SCALE_DIGITS = 4  # of the scales of a quantised network; those after them may depend on the processor
_WHOLE = (TensorProto.INT8, TensorProto.UINT8)


def version(info: ModelInfo, preprocessing: Preprocessing | None, quantized: onnx.ModelProto | None = None) -> str:
    """Hex digits of the SHA-256 of all that decides what a file answers.

    info: its own version and name count for nothing. recipe: of a model that takes pixels. quantized: the finished
    model, where its network was quantised by samples.
    """
    source = info.source
    decides = {
        "graphs": GRAPHS,
        "source": [source.fingerprint, source.signature, source.input, source.output],
        "labels": info.labels,
        "activation": info.activation,
        "decoding": _without_defaults(info.decoding),
        "resizing": _without_nothing(info.resizing) if info.resizing else None,
        "recipe": _decisive(preprocessing) if preprocessing else None,
        "quantized": _digest(quantized) if quantized else None,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _without_defaults(decoding: Decoding) -> dict[str, Any]:
    """The fields that are not as they are by default, so that a new field changes no version of files without it."""
    defaults = asdict(Decoding())
    return {name: value for name, value in asdict(decoding).items() if value != defaults[name]}


def _without_nothing(resizing: Resizing) -> dict[str, Any]:
    """The same for `shorter`, which came later than the other fields."""
    values = asdict(resizing)
    return values if resizing.shorter else {name: values[name] for name in values if name != "shorter"}


def _decisive(preprocessing: Preprocessing) -> list[Any]:
    size = [preprocessing.height, preprocessing.width, preprocessing.batch]
    side = [preprocessing.shorter] if preprocessing.shorter else []
    said = [
        str(preprocessing.layout),
        size,
        preprocessing.resize,
        preprocessing.fit,
        preprocessing.orientation,
        preprocessing.order,
        preprocessing.scale.steps,
    ]
    return said + side


def _digest(model: onnx.ModelProto) -> str:
    """Of the whole numbers that the network was rounded to, and of their scales."""
    digest = hashlib.sha256()
    scales = {node.input[1] for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")}
    for constant in sorted(model.graph.initializer, key=lambda constant: constant.name):
        if constant.data_type in _WHOLE:
            digest.update(numpy_helper.to_array(constant).tobytes())
        elif constant.name in scales:
            for scale in np.ravel(numpy_helper.to_array(constant)):
                digest.update(f"{scale:.{_SCALE_DIGITS}g} ".encode())
    return digest.hexdigest()
