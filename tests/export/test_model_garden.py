"""Vertex Model Garden's exports: one loop that decodes, another that crops, resizes and normalises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from tests.export import models, signatures
from tests.export.conftest import ExportTo
from tests.export.reference import Reference, assert_exact

MEAN = (123.675, 116.28, 103.53)
STDDEV = (58.395, 57.12, 57.375)
PICTURE = tf.TensorSpec([models.SIZE, models.SIZE, 3], tf.float32)


@dataclass(frozen=True)
class Served:
    """How a version of the exporter in TensorFlow's Model Garden preprocesses and answers."""

    crops: bool = True
    truncates: bool = False
    multilabel: bool = False

    def preprocess(self, pixels: tf.Tensor) -> tf.Tensor:
        """For one picture, float32 [height, width, 3]."""
        if self.crops:
            pixels = center_crop(pixels)
        pixels = tf.image.resize(pixels, PICTURE.shape[:2], tf.image.ResizeMethod.BILINEAR)
        if self.truncates:
            pixels = tf.cast(tf.cast(pixels, tf.uint8), tf.float32)
        pixels = tf.reshape(pixels, PICTURE.shape)
        pixels -= tf.constant(MEAN, shape=[1, 1, 3])
        return pixels / tf.constant(STDDEV, shape=[1, 1, 3])

    def logits(self, model: Any, images: tf.Tensor) -> tf.Tensor:
        """For decoded pictures, uint8 [N, height, width, 3]."""
        images = tf.cast(images, tf.float32)
        return model(tf.map_fn(self.preprocess, images, fn_output_signature=PICTURE), training=False)

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """The outputs `probs` and `scores`."""
        return tf.sigmoid(logits) if self.multilabel else tf.nn.softmax(logits)


def center_crop(pixels: tf.Tensor) -> tf.Tensor:
    """The middle square, 0.875 of the shorter side long."""
    size = tf.cast(tf.shape(pixels)[:2], tf.float32)
    crop = 0.875 * tf.math.minimum(size[0], size[1])
    offset = tf.cast((size - crop) / 2.0, tf.int32)
    crop = tf.cast(crop, tf.int32)
    return pixels[offset[0] : offset[0] + crop, offset[1] : offset[1] + crop, :]


def decode(data: tf.Tensor) -> tf.Tensor:
    pixels = tf.io.decode_image(data, channels=3)
    pixels.set_shape([None, None, 3])
    return pixels


def decode_all(files: tf.Tensor, one: Callable[[tf.Tensor], tf.Tensor] = decode) -> tf.Tensor:
    return tf.map_fn(one, files, fn_output_signature=tf.TensorSpec([None, None, 3], tf.uint8), parallel_iterations=32)


def save(
    folder: Path, serve: Callable[[Any, tf.Tensor], dict[str, tf.Tensor]], spec: tf.TensorSpec, model: Any = None
) -> Path:
    """A model whose signature is `serve(model, input)`."""
    model = model or models.network(activation=None)
    return signatures.save(folder, {"serving_default": (lambda value: serve(model, value), [spec])}, model=model)


@pytest.mark.parametrize("served", [Served(), Served(crops=False), Served(truncates=True)], ids=str)
def test_image_bytes(served: Served, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Files go through both loops, and of `logits` and `probs` the probabilities are exported as they are."""

    def serve(model: Any, files: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = served.logits(model, decode_all(files))
        return {"logits": logits, "probs": served.probabilities(logits)}

    folder = save(tmp_path / "model", serve, signatures.FILES)
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(export, few_pictures, lambda data: reference(image_bytes=tf.constant([data]))["probs"])
    assert export.info.source.output == "probs"
    assert export.info.activation == "softmax"


@pytest.mark.parametrize("multilabel", [False, True])
def test_automl_format(multilabel: bool, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """The same in AutoML's format gives its labels, which a captured constant holds, and softmax or sigmoid scores."""
    served = Served(multilabel=multilabel)
    model, labels = models.network(activation=None), tf.constant(models.LABELS)

    def serve(files: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = served.probabilities(served.logits(model, decode_all(files)))
        tiled = tf.tile(labels[tf.newaxis], [tf.shape(files)[0], 1])
        return {"scores": scores, "labels": tiled, "key": tf.identity(key)}

    inputs = [signatures.FILES, tf.TensorSpec([None], tf.string, "key")]
    folder = signatures.save(tmp_path / "model", {"serving_default": (serve, inputs)}, model=model, labels=labels)
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(
        export, few_pictures, lambda data: reference(image_bytes=tf.constant([data]), key=tf.constant(["1"]))["scores"]
    )
    assert export.info.labels == tuple(models.LABELS)
    assert export.info.activation == ("sigmoid" if multilabel else "softmax")


def test_image_tensor(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Decoded pictures of any size are fed as they are, because the graph resizes them itself."""
    served = Served()
    spec = tf.TensorSpec([None, None, None, 3], tf.uint8, name="image_tensor")
    folder = save(
        tmp_path / "model", lambda model, images: {"probs": tf.nn.softmax(served.logits(model, images))}, spec
    )
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(
        export, few_pictures, lambda data: reference(image_tensor=decode(tf.constant(data))[tf.newaxis])["probs"]
    )


def parse_one(example: tf.Tensor) -> tf.Tensor:
    """As Model Garden does: each example by itself, in the loop that decodes."""
    features = {"image/encoded": tf.io.FixedLenFeature((), tf.string)}
    return decode(tf.io.parse_single_example(example, features)["image/encoded"])


def examples_one_by_one(examples: tf.Tensor) -> tf.Tensor:
    return decode_all(examples, parse_one)


def examples_at_once(examples: tf.Tensor) -> tf.Tensor:
    """As estimators do, with features beside the picture that nothing reads."""
    features = {
        "a/label": tf.io.FixedLenFeature((), tf.int64, default_value=0),
        "image/encoded": tf.io.FixedLenFeature((), tf.string),
        "weights": tf.io.VarLenFeature(tf.float32),
    }
    return decode_all(tf.io.parse_example(examples, features)["image/encoded"])


def examples_of_tensorflow1(examples: tf.Tensor) -> tf.Tensor:
    """By the operation that TensorFlow 1 wrote."""
    parsed = tf.raw_ops.ParseExample(
        serialized=examples,
        names=[],
        sparse_keys=["weights"],
        sparse_types=[tf.float32],
        dense_keys=["a/label", "image/encoded"],
        dense_defaults=[tf.constant(0, tf.int64), tf.constant([], tf.string)],
        dense_shapes=[[], []],
    )
    return decode_all(parsed.dense_values[1])


def example(data: bytes) -> tf.Tensor:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[data]))
    features = tf.train.Features(feature={"image/encoded": feature})
    return tf.constant([tf.train.Example(features=features).SerializeToString()])


@pytest.mark.parametrize("parse", [examples_one_by_one, examples_at_once, examples_of_tensorflow1])
def test_tf_example(
    parse: Callable[[tf.Tensor], tf.Tensor], tmp_path: Path, few_pictures: Path, export_to: ExportTo
) -> None:
    """A picture is taken out of the `tf.train.Example` that the model parses."""
    served = Served()
    folder = save(
        tmp_path / "model",
        lambda model, examples: {"probs": tf.nn.softmax(served.logits(model, parse(examples)))},
        tf.TensorSpec([None], tf.string, name="tf_example"),
    )
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(export, few_pictures, lambda data: reference(tf_example=example(data))["probs"])


def vision_transformer() -> Any:
    """Patches, a class token, positions, two blocks of attention and exact GELU, logits."""
    keras.utils.set_random_seed(5)
    layers, patch, width = keras.layers, 8, 16
    picture = layers.Input(PICTURE.shape)
    tokens = layers.Reshape([-1, width])(layers.Conv2D(width, patch, strides=patch)(picture))
    tokens = ClassToken()(tokens)
    for _ in range(2):
        normed = layers.LayerNormalization(epsilon=1e-6)(tokens)
        tokens += layers.MultiHeadAttention(2, width // 2)(normed, normed)
        hidden = layers.Dense(4 * width)(layers.LayerNormalization(epsilon=1e-6)(tokens))
        tokens += layers.Dense(width)(keras.ops.gelu(hidden, approximate=False))
    first = layers.LayerNormalization(epsilon=1e-6)(tokens)[:, 0]
    return keras.Model(picture, layers.Dense(len(models.LABELS))(first))


class ClassToken(keras.layers.Layer):
    """Puts a learned token before all others, and adds a learned position to each."""

    def build(self, shape: tuple[int, ...]) -> None:
        """Make token and positions for tokens [N, tokens, width]."""
        self.token = self.add_weight(shape=[1, 1, shape[2]], initializer="random_normal")
        self.positions = self.add_weight(shape=[1, shape[1] + 1, shape[2]], initializer="random_normal")

    def call(self, tokens: Any) -> Any:
        """Tokens [N, tokens, width] with one more in front."""
        first = keras.ops.broadcast_to(self.token, [keras.ops.shape(tokens)[0], 1, tokens.shape[2]])
        return keras.ops.concatenate([first, tokens], axis=1) + self.positions


def test_vision_transformer(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """A network of patches and attention is converted as a convolutional one is."""
    served = Served(crops=False)
    folder = save(
        tmp_path / "model",
        lambda model, files: {"probs": tf.nn.softmax(served.logits(model, decode_all(files)))},
        signatures.FILES,
        vision_transformer(),
    )
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(export, few_pictures, lambda data: reference(image_bytes=tf.constant([data]))["probs"])
