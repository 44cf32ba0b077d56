"""SavedModels as TensorFlow 1 wrote them: one graph, loops of Enter and Exit, variables that are no resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.export.models import LABELS, SIZE

v1 = tf.compat.v1
Weight = Callable[[str, list[int]], tf.Tensor]


@contextmanager
def session() -> Iterator[tf.compat.v1.Session]:
    """A session on a new graph, built as TensorFlow 1 builds it."""
    v1.disable_control_flow_v2()
    v1.disable_resource_variables()
    try:
        with tf.Graph().as_default() as graph, v1.Session(graph=graph) as opened:
            yield opened
    finally:
        v1.enable_resource_variables()
        v1.enable_control_flow_v2()


def save(
    opened: tf.compat.v1.Session,
    folder: Path,
    inputs: Mapping[str, tf.Tensor],
    outputs: Mapping[str, tf.Tensor],
    *,
    signature: str = "serving_default",
) -> Path:
    """Save the graph with its variables as they are."""
    builder = v1.saved_model.Builder(str(folder))
    definition = v1.saved_model.predict_signature_def(dict(inputs), dict(outputs))
    with opened.graph.as_default():
        builder.add_meta_graph_and_variables(
            opened, [tf.saved_model.SERVING], {signature: definition}, main_op=v1.tables_initializer()
        )
    builder.save()
    return folder


def pixels(data: tf.Tensor, decode: Callable[[tf.Tensor], tf.Tensor] | None = None) -> tf.Tensor:
    """One file's pixels, decoded, resized as TensorFlow 1 does by default, 0 to 255."""
    decoded = decode(data) if decode else tf.io.decode_jpeg(data, channels=3)
    decoded.set_shape([None, None, 3])
    return v1.image.resize_bilinear(decoded[tf.newaxis], [SIZE, SIZE])[0]


def _starts_with(data: tf.Tensor, start: bytes) -> tf.Tensor:
    return tf.equal(tf.strings.substr(data, 0, len(start)), start)


def decode_by_conditions(data: tf.Tensor) -> tf.Tensor:
    """What `tf.image.decode_image` put into the graph before TensorFlow 2.3, checks and all."""

    def png() -> tf.Tensor:
        return tf.io.decode_png(data, channels=3)

    def gif() -> tf.Tensor:
        channels = tf.Assert(tf.not_equal(3, 1), ["Channels must be in (None, 0, 3) when decoding GIF images"])
        with tf.control_dependencies([channels]):
            return tf.io.decode_gif(data)

    def bmp() -> tf.Tensor:
        is_bmp = _starts_with(data, b"BM")
        with tf.control_dependencies([tf.Assert(is_bmp, ["Unable to decode bytes as JPEG, PNG, GIF, or BMP"])]):
            return tf.io.decode_bmp(data)

    def jpeg() -> tf.Tensor:
        with tf.control_dependencies([tf.Assert(tf.not_equal(3, 4), ["Channels must be in (None, 0, 1, 3)"])]):
            return tf.io.decode_jpeg(data, channels=3)

    def not_jpeg() -> tf.Tensor:
        return tf.cond(_starts_with(data, b"GIF"), gif, bmp)

    def not_png() -> tf.Tensor:
        return tf.cond(_starts_with(data, b"\xff\xd8\xff"), jpeg, not_jpeg)

    return tf.cond(_starts_with(data, b"\x89PN"), png, not_png)


def network(pictures: tf.Tensor, weight: Weight, classes: int = len(LABELS)) -> tf.Tensor:
    """The logits of a small network; `weight(name, shape)` makes its constants or variables."""
    features = tf.nn.relu(tf.nn.conv2d(pictures / 127.5 - 1.0, weight("conv", [3, 3, 3, 8]), 2, "VALID"))
    pooled = tf.reduce_max(features, [1, 2])
    return tf.matmul(pooled, weight("dense", [8, classes])) + weight("bias", [classes])


def constant(name: str, shape: list[int]) -> tf.Tensor:
    """A weight as frozen graphs hold it."""
    return tf.constant(_values(name, shape), name=name)


def variable(name: str, shape: list[int]) -> tf.Tensor:
    """A weight as training leaves it."""
    return v1.get_variable(name, initializer=_values(name, shape))


def sharded_variable(name: str, shape: list[int]) -> tf.Tensor:
    """A weight in two variables, each a slice of it."""
    values = _values(name, shape)

    def initializer(shape: list[int], dtype: tf.DType, partition_info: Any) -> tf.Tensor:
        start = partition_info.var_offset
        return tf.constant(values[tuple(slice(first, first + size) for first, size in zip(start, shape))])

    partitioner = v1.fixed_size_partitioner(2, axis=len(shape) - 1)
    return tf.convert_to_tensor(v1.get_variable(name, shape, initializer=initializer, partitioner=partitioner))


def _values(name: str, shape: list[int]) -> np.ndarray:
    generator = np.random.default_rng([len(name), *shape])
    return generator.normal(0, 0.3, shape).astype(np.float32)
