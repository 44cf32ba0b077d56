"""Small SavedModels of the kinds that people have, made by TensorFlow and Keras themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import onnx
import onnx.shape_inference
import tensorflow as tf

SIZE = 24  # pixels a side of what the networks see
LABELS = ["cat", "dog", "bird", "fish", "frog"]


def network(classes: int = len(LABELS), activation: str | None = "softmax", size: int = SIZE, channels: int = 3) -> Any:
    """An untrained convolutional network whose scores vary from picture to picture."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input([size, size, channels]),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(classes, activation=activation, kernel_initializer=keras.initializers.RandomNormal(0, 0.3)),
        ]
    )


def save_pixels(model: Any, folder: Path) -> Path:
    """A Keras 3 export that takes pixels."""
    model.export(str(folder), verbose=False)
    return folder


def save_signature(
    model: Any, folder: Path, serve: Callable[..., dict[str, tf.Tensor]], *inputs: tf.TensorSpec
) -> Path:
    """A SavedModel whose `serving_default` is a function of tensors."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", serve, input_signature=list(inputs))
    archive.write_out(str(folder), verbose=False)
    return folder


def largest_batch(path: Path) -> int:
    """The largest first dimension of a value of four dimensions in an ONNX file."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True).graph
    shapes = [value.type.tensor_type.shape.dim for value in graph.value_info]
    return max(shape[0].dim_value for shape in shapes if len(shape) == 4)


def save_bytes(
    model: Any,
    folder: Path,
    preprocess: Callable[[tf.Tensor], tf.Tensor],
    *,
    labels: list[str] | None = None,
    key: bool = False,
) -> Path:
    """A SavedModel that takes files: `preprocess` turns one file into one picture inside a `map_fn`."""
    inputs = [tf.TensorSpec([None], tf.string, name="image_bytes")]
    if key:
        inputs.append(tf.TensorSpec([None], tf.string, name="key"))

    def serve(image_bytes: tf.Tensor, *keys: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = model(tf.map_fn(preprocess, image_bytes, fn_output_signature=tf.float32), training=False)
        answer = {"scores": scores}
        if labels:
            answer["labels"] = tf.tile(tf.constant([labels]), [tf.shape(scores)[0], 1])
        if keys:
            answer["key"] = keys[0]
        return answer

    return save_signature(model, folder, serve, *inputs)


def decode_and_resize(data: tf.Tensor, size: int = SIZE) -> tf.Tensor:
    """Decode, resize, scale to 0..1."""
    pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
    return tf.ensure_shape(tf.image.resize(pixels, [size, size]), [size, size, 3]) / 255.0
