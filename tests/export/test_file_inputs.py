"""Inputs for image files in all the shapes that models have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.export import models, signatures
from tests.export.conftest import ExportTo
from tests.export.reference import Reference, assert_exact


@pytest.mark.parametrize("shape", [[], [1], [None], [None, 1]], ids=str)
def test_shapes_of_inputs(shape: list[int | None], tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """One file goes in alone, or as the only one of a batch, also of one with a second dimension as Keras has it."""
    network = models.network()

    def serve(files: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": network(signatures.decoded(tf.reshape(files, [-1])))}

    spec = tf.TensorSpec(shape, tf.string, name="image_bytes")
    folder = signatures.save(tmp_path / "model", {"serving_default": (serve, [spec])}, network=network)
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)

    def scores(data: bytes) -> np.ndarray:
        return reference(image_bytes=tf.constant(data, shape=[size or 1 for size in shape]))["scores"]

    assert_exact(export, few_pictures, scores)
