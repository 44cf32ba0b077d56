"""Steps between file and network are told in words, and signatures always in the same order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from export.graph import description
from export.options import Options
from tests.export import models
from tests.export.running import inspected

SIZE = (24, 24)

STEPS = {
    "crop": lambda pixels: pixels[:, 2:-2, 2:-2],
    "channels apart": lambda pixels: tf.stack(tf.unstack(pixels, axis=-1), axis=-1),
    "BGR": lambda pixels: tf.reverse(pixels, [-1]),
    "pad": lambda pixels: tf.pad(pixels, [[0, 0], [1, 1], [1, 1], [0, 0]]),
    "computed": lambda pixels: pixels / (tf.reduce_max(pixels) + 1.0),
    "limits": lambda pixels: tf.maximum(tf.minimum(tf.round(pixels), 250.0), 3.0),
    "root": lambda pixels: tf.sqrt(tf.square(pixels)),
}


@pytest.mark.parametrize("name", STEPS)
def test_in_words(name: str, tmp_path: Path) -> None:
    """No operation before the network is told by the name that only TensorFlow's developers know."""

    def preprocess(file: tf.Tensor) -> tf.Tensor:
        return tf.image.resize(STEPS[name](tf.cast(tf.io.decode_jpeg(file, channels=3), tf.float32)[None]), SIZE)[0]

    source = models.save_bytes(models.network(), tmp_path / "model", preprocess)
    decoder, *steps = inspected(source, Options()).pipeline.steps
    assert decoder.startswith("Decode")
    assert len(steps) > 1
    assert [step for step in steps if re.search(r"[a-z][A-Z]", step)] == []


def test_operations_are_tensorflows() -> None:
    """Every operation that has words is one of TensorFlow's, by its right name."""
    assert [name for name in description.OPERATIONS if op_def_registry.get(name) is None] == []


def test_order_of_signatures(tmp_path: Path) -> None:
    """Signatures are listed by name, in whichever order a model holds them."""

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, *SIZE, 3])])
        def answer(self, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"scores": tf.nn.softmax(tf.reduce_mean(pixels, axis=[1, 2]) @ tf.eye(3, 2))}

    model = Model()
    names = ["zebra", "serving_default", "ant"]
    tf.saved_model.save(model, str(tmp_path / "model"), dict.fromkeys(names, model.answer))
    found = inspected(tmp_path / "model", Options.from_command_line(scale="0..1")).pipeline.signatures
    assert [line.partition(":")[0] for line in found] == sorted(names)
