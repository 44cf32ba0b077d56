"""SavedModels with signatures of any form, written by `tf.saved_model.save`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tests.export import models

FILES = tf.TensorSpec([None], tf.string, name="image_bytes")
PIXELS = tf.TensorSpec([None, models.SIZE, models.SIZE, 3], tf.float32, name="pixels")

Signature = tuple[Callable[..., dict[str, tf.Tensor]], list[tf.TensorSpec]]
"""What a signature gives for its inputs, and what they are."""


def save(folder: Path, signatures: Mapping[str, Signature], **held: Any) -> Path:
    """A `tf.Module` with these signatures; `held` are the models, tables and constants that they use."""
    served = tf.Module()
    for name, value in held.items():
        setattr(served, name, value)
    functions = {name: tf.function(call, input_signature=specs) for name, (call, specs) in signatures.items()}
    tf.saved_model.save(served, str(folder), signatures=functions)
    return folder


def decoded(files: tf.Tensor) -> tf.Tensor:
    """Files as what the network sees."""
    return tf.map_fn(models.decode_and_resize, files, fn_output_signature=tf.float32)


def save_default(folder: Path, answer: Callable[[tf.Tensor], dict[str, tf.Tensor]], **held: Any) -> Path:
    """A model that takes files, and gives what `answer` makes of the logits of a network."""
    network = models.network(activation=None)

    def call(files: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(network(decoded(files), training=False))

    return save(folder, {"serving_default": (call, [FILES])}, network=network, **held)
