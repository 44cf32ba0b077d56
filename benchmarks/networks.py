"""Networks with random weights, saved twice: as tf2onnx takes them, and behind a decoder as Vertex AI exports them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

SIDE = 224
CLASSES = 1000
PATCH = 16
WIDTH, BLOCKS, HEADS = 768, 12, 12  # of ViT-B/16, whose weights take 346 MB


def mobilenet() -> keras.Model:
    """MobileNetV2: many small layers, 14 MB."""
    return keras.applications.MobileNetV2(weights=None)


def vision_transformer() -> keras.Model:
    """A vision transformer of ViT-B/16's size: few kinds of layers, 346 MB."""
    layers = keras.layers
    picture = layers.Input([SIDE, SIDE, 3])
    patches = layers.Conv2D(WIDTH, PATCH, PATCH)(picture)
    tokens = layers.Reshape([(SIDE // PATCH) ** 2, WIDTH])(patches)
    for _ in range(BLOCKS):
        normal = layers.LayerNormalization()(tokens)
        tokens = layers.Add()([tokens, layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(normal, normal)])
        normal = layers.LayerNormalization()(tokens)
        wide = layers.Dense(4 * WIDTH, activation="gelu")(normal)
        tokens = layers.Add()([tokens, layers.Dense(WIDTH)(wide)])
    pooled = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(tokens))
    return keras.Model(picture, layers.Dense(CLASSES, activation="softmax")(pooled))


NETWORKS: dict[str, Callable[[], keras.Model]] = {"mobilenet": mobilenet, "vision-transformer": vision_transformer}


def save(name: str, folder: Path) -> None:
    """Write the network to `folder`/pixels, and with image files as its input to `folder`/files."""
    keras.utils.set_random_seed(1)
    network = NETWORKS[name]()
    network.export(str(folder / "pixels"), verbose=False)
    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(
        "serving_default",
        lambda image_bytes: {"scores": network(tf.map_fn(_preprocessed, image_bytes, fn_output_signature=tf.float32))},
        input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")],
    )
    archive.write_out(str(folder / "files"), verbose=False)


def _preprocessed(data: tf.Tensor) -> tf.Tensor:
    pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
    return tf.ensure_shape(tf.image.resize(pixels, [SIDE, SIDE]), [SIDE, SIDE, 3]) / 127.5 - 1


if __name__ == "__main__":
    save(sys.argv[1], Path(sys.argv[2]))
