"""A TensorFlow graph, cut where it has resized the picture, as a `.tflite` file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from export.errors import CannotApproximate, CannotConvert, ExportError, first_line
from export.formats.tflite import cut
from export.formats.tflite.cut import Cut
from export.formats.tflite.network import INPUT, SCORES, Batch, PixelNetwork, decoded
from export.graph.flatten import IMAGE, FlatGraph, Subgraph
from export.graph.running import GraphRunner
from export.importers.pipeline import Pipeline
from export.network.output_activation import OutputActivation


class GraphNetwork(PixelNetwork):
    """A `PixelNetwork` made by TensorFlow's own converter."""

    def __init__(self, pipeline: Pipeline, flat: FlatGraph) -> None:
        """Raises CannotConvert where the graph resizes pictures in a way that cannot be left to a phone."""
        self._pipeline = pipeline
        self._flat = flat
        self._cut = cut.find(flat, lambda data: decoded(pipeline, data))
        self._resizing = GraphRunner(Subgraph(flat.graph_def, f"{IMAGE}:0", (self._cut.tensor,)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """As the graph resizes to."""
        height, width, channels = self._cut.shape[-3:]
        return height, width, channels

    @property
    def dtype(self) -> npt.DTypeLike:
        """As the graph resizes to."""
        dtype: npt.DTypeLike = self._cut.dtype.as_numpy_dtype
        return dtype

    def pixels(self, data: bytes) -> Batch:
        """Decoded by the predictor, resized by the graph."""
        (values,) = self._resizing.run(decoded(self._pipeline, data))
        return self._cut.levels(values)

    def exact(self, outputs: int, output_activation: OutputActivation) -> bytes:
        """In float32."""
        try:
            return _converted(self._converter(outputs, output_activation))
        except Exception as error:  # TensorFlow's converter raises many types
            raise CannotConvert(f"TensorFlow cannot convert the network to .tflite: {first_line(error)}") from error

    def rounded(
        self, outputs: int, output_activation: OutputActivation, kind: str, samples: Callable[[], Iterator[Batch]]
    ) -> bytes:
        """By TensorFlow's converter; the range of values between the layers is found on the samples."""
        converter = self._converter(outputs, output_activation)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        else:
            converter.representative_dataset = lambda: ([batch] for batch in samples())
        try:
            return _converted(converter)
        except ExportError:
            raise
        except Exception as error:
            raise CannotApproximate(f"TensorFlow cannot round the network to {kind}: {first_line(error)}") from error

    def _converter(self, outputs: int, output_activation: OutputActivation) -> Any:
        graph_def = _behind(self._flat, self._cut)

        def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
            given = {self._cut.tensor: self._cut.values(image)}
            (values,) = tf.graph_util.import_graph_def(graph_def, given, [self._flat.scores], name="")
            first = tf.reshape(values, [-1])[:outputs]  # of several equal pictures in the batch
            return {SCORES: tf.reshape(_ended(tf.cast(first, tf.float32), output_activation), [1, -1])}

        signature = [tf.TensorSpec([1, *self.shape], self._cut.dtype, name=INPUT)]
        function = tf.compat.v1.wrap_function(answer, signature)
        return tf.lite.TFLiteConverter.from_concrete_functions([function], function)


def _behind(flat: FlatGraph, at: Cut) -> Any:
    """The graph from the cut to the scores, a GraphDef."""
    inputs = {node.name: [cut.node_of(name) for name in node.input] for node in flat.graph_def.node}
    name = cut.node_of(at.tensor)
    needed = cut.leading_to(inputs, cut.node_of(flat.scores), name) - {name}
    graph_def = tf.compat.v1.GraphDef()
    graph_def.CopyFrom(flat.graph_def)
    del graph_def.node[:]
    graph_def.node.extend(node for node in flat.graph_def.node if node.name in needed)
    return graph_def


def _ended(values: tf.Tensor, output_activation: OutputActivation) -> tf.Tensor:
    """The scores, [classes], as `OutputActivation.apply` makes them."""
    if output_activation is OutputActivation.SOFTMAX:
        return tf.nn.softmax(values)
    if output_activation in (OutputActivation.SIGMOID, OutputActivation.TWO_CLASSES_FROM_LOGIT):
        values = tf.sigmoid(values)
    if output_activation in (OutputActivation.TWO_CLASSES, OutputActivation.TWO_CLASSES_FROM_LOGIT):
        values = tf.concat([1 - values, values], 0)
    return values


def _converted(converter: Any) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's about itself
        return bytes(converter.convert())
