"""A Keras 2 model that was trained with a legacy optimizer: `python -m tests.export.keras2 FOLDER PICTURES`.

A process of its own, because once tf_keras is imported TensorFlow can rebuild such an optimizer, and the exporter's
users have no tf_keras. Saves the model to FOLDER, and writes its scores for each file in PICTURES to standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from tests.export.models import LABELS, SIZE


def trained() -> Any:
    """A network after one step of training; the optimizer has slots for its weights."""
    tf_keras.utils.set_random_seed(2)
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            layers.Input([SIZE, SIZE, 3]),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalMaxPooling2D(),
            layers.Dropout(0.5),
            layers.Dense(len(LABELS), activation="softmax"),
        ]
    )
    model.compile(tf_keras.optimizers.legacy.Adam(0.1), "sparse_categorical_crossentropy")
    pictures = np.random.default_rng(1).uniform(0, 255, (10, SIZE, SIZE, 3))
    model.fit(pictures, np.arange(10) % len(LABELS), verbose=0)
    return model


def preprocess(data: tf.Tensor) -> tf.Tensor:
    pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
    return tf.ensure_shape(tf.image.resize(pixels, [SIZE, SIZE]), [SIZE, SIZE, 3])


def main(folder: Path, pictures: Path) -> None:
    model = trained()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serve(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": model(tf.map_fn(preprocess, image_bytes, fn_output_signature=tf.float32))}

    model.save(folder, save_format="tf", signatures={"serving_default": serve})
    scores = {path.name: serve(tf.constant([path.read_bytes()]))["scores"] for path in pictures.iterdir()}
    print(json.dumps({name: value.numpy()[0].tolist() for name, value in scores.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
