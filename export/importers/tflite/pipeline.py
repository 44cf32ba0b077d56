"""A `.tflite` file as a pipeline: its recipe's preprocessing and its network are converted apart and joined."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import tensorflow as tf
from onnx import helper

from export.importers.pipeline import Pipeline
from export.importers.reference_model import Bounds, ReferenceModel
from export.importers.tflite.model import PIXELS, SCORES, TfliteModel
from export.network import network
from export.options import DEFAULT_TOLERANCE, Options
from export.preprocessing.candidates import Preparation
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.recover import recover
from export.progress import Report
from predictor import Provenance


def tflite_pipeline(model: TfliteModel, name: str, options: Options, report: Report) -> Pipeline:
    """The pipeline of a `.tflite` file."""
    recovered = recover(model, options, report)
    preprocessing = recovered.preprocessing
    return Pipeline(
        name=name,
        source=Provenance(name, model.fingerprint(), "", model.input["name"], model.output["name"]),
        signatures=(),
        decoding=preprocessing.decoding,
        resizing=preprocessing.resizing,
        preprocessing=preprocessing,
        steps=preprocessing.in_words(),
        findings=recovered.findings,
        activation=model.activation,
        reference_model=LiteRtReferenceModel(model, preprocessing),
        own_labels=lambda classes: None,
        step=model.step,
        convert=lambda: _joined(preprocessing, model.conversion.model),
        network=model,
        may_be_features=True,
        assumed=recovered.assumed,
    )


class LiteRtReferenceModel(ReferenceModel):
    """A `.tflite` file behind its recipe, run by LiteRT."""

    def __init__(self, model: TfliteModel, preprocessing: Preprocessing) -> None:
        self._model = model
        self._prepare = Preparation({"": preprocessing})

    @property
    def likeness(self) -> str:
        """How like the file is to a network of whole numbers."""
        if hindrance := self._model.conversion.hindrance:
            return f"near LiteRT's, not bit for bit: {hindrance} is converted by tf2onnx"
        if self._model.network.is_dynamic:
            return "rounded anew for each picture, as by LiteRT; its own scores hang on the last bits of the pixels"
        return "bit for bit those of LiteRT's default on x86" if self._model.network.is_quantised else ""

    def values(self, data: bytes) -> npt.NDArray[Any]:
        """The output of LiteRT, as one list."""
        return self._model.values(self.network_input(data))

    def network_input(self, data: bytes) -> npt.NDArray[Any]:
        """The input of the model."""
        return self._prepare(data)[""]

    def bounds(self, data: bytes) -> Bounds | None:
        """Where LiteRT has no single answer: around what it answers by default, by how far its other answers lie apart.

        A translated network is bit for bit equal, and has none.
        """
        if not (self._model.conversion.hindrance or self._model.network.is_dynamic):
            return None
        batch = self.network_input(data)
        scores = self.output_activation.apply(self._model.values(batch)).astype(np.float64)
        others = [self.output_activation.apply(each).astype(np.float64) for each in self._model.own_answers(batch)]
        if self._model.network.is_dynamic:
            apart = np.max(np.abs(np.stack(others) - scores))
            return scores - 2 * apart - DEFAULT_TOLERANCE, scores + 2 * apart + DEFAULT_TOLERANCE
        all_scores = np.stack([scores, *others])
        least, greatest = self._model.ancestry.widened(
            all_scores.min(axis=0), all_scores.max(axis=0), from_logits=self.output_activation.is_activation
        )
        return least - DEFAULT_TOLERANCE, greatest + DEFAULT_TOLERANCE


def _joined(preprocessing: Preprocessing, converted: onnx.ModelProto) -> onnx.ModelProto:
    """The recipe's preprocessing and the network behind it, as `network.convert` would give them."""
    graph = tf.Graph()
    with graph.as_default():
        pixels = preprocessing.finished(preprocessing.resized(preprocessing.placeholder()))
    model = network.to_onnx(graph.as_graph_def(), {pixels.name: network.NETWORK_INPUT})
    nodes = [helper.make_node("Identity", [network.NETWORK_INPUT], [PIXELS]), *converted.graph.node]
    nodes.append(helper.make_node("Identity", [SCORES], [network.BATCH_SCORES]))
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(converted.graph.initializer)
    scores = converted.graph.output[0]
    scores.name = network.BATCH_SCORES
    model.graph.output.append(scores)
    return model
