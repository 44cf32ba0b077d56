"""A `.tflite` file as a pipeline: its recipe's preprocessing and its network are converted apart and joined."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import tensorflow as tf
from onnx import helper

from export.kinds.original import Bounds, Original
from export.kinds.pipeline import Pipeline
from export.kinds.tflite import PIXELS, SCORES, TfliteModel
from export.network import network
from export.options import Options
from export.preprocessing.candidates import Preparation
from export.preprocessing.recipe import Recipe
from export.preprocessing.recover import recover
from export.progress import Report
from predictor import Source


def tflite_pipeline(model: TfliteModel, name: str, options: Options, report: Report) -> Pipeline:
    """The pipeline of a `.tflite` file."""
    recovered = recover(model, options, report)
    recipe = recovered.recipe
    return Pipeline(
        name=name,
        source=Source(name, model.fingerprint(), "", model.input["name"], model.output["name"]),
        signatures=(),
        decoding=recipe.decoding,
        resizing=recipe.resizing,
        recipe=recipe,
        steps=recipe.in_words(),
        evidence=recovered.evidence,
        activation=model.activation,
        original=LiteRtOriginal(model, recipe),
        own_labels=lambda classes: None,
        step=float(model.output["quantization"][0]),
        convert=lambda: _joined(recipe, model.conversion.model),
    )


class LiteRtOriginal(Original):
    """A `.tflite` file behind its recipe, run by LiteRT."""

    def __init__(self, model: TfliteModel, recipe: Recipe) -> None:
        self._model = model
        self._prepare = Preparation({"": recipe})

    @property
    def likeness(self) -> str:
        """For whole numbers, how like they are."""
        conversion = self._model.conversion
        if conversion.inexact:
            return f"near LiteRT's, not bit for bit: {conversion.inexact} is converted by tf2onnx"
        return "bit for bit LiteRT's default on x86" if conversion.is_quantised else ""

    def values(self, data: bytes) -> npt.NDArray[Any]:
        """What LiteRT gives, as one list."""
        return self._model.values(self.network_input(data))

    def network_input(self, data: bytes) -> npt.NDArray[Any]:
        """What the model is fed."""
        return self._prepare(data)[""]

    def bounds(self, data: bytes) -> Bounds | None:
        """For whole numbers that are not exact: what LiteRT's three kernel sets say, and a step more."""
        if not self._model.conversion.inexact:
            return None
        values = self._model.values_of_all_kernels(self.network_input(data))
        scores = [self.ending.apply(each).astype(np.float64) for each in values]
        return self._model.ancestry.widened(
            np.minimum.reduce(scores), np.maximum.reduce(scores), from_logits=self.ending.is_activation
        )


def _joined(recipe: Recipe, converted: onnx.ModelProto) -> onnx.ModelProto:
    """The recipe's preprocessing and the network behind it, as `network.convert` would give them."""
    graph = tf.Graph()
    with graph.as_default():
        pixels = recipe.finished(recipe.resized(recipe.placeholder()))
    model = network.to_onnx(graph.as_graph_def(), {pixels.name: network.NETWORK_INPUT})
    nodes = [helper.make_node("Identity", [network.NETWORK_INPUT], [PIXELS]), *converted.graph.node]
    nodes.append(helper.make_node("Identity", [SCORES], [network.BATCH_SCORES]))
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(converted.graph.initializer)
    scores = converted.graph.output[0]
    scores.name = network.BATCH_SCORES
    model.graph.output.append(scores)
    return model
