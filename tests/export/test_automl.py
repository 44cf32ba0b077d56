"""Vertex AutoML's own exports: a TensorFlow 1 graph, its weights constants, with labels and a key beside the scores."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from tests.export import models, tensorflow1
from tests.export.conftest import ExportTo
from tests.export.reference import Reference, assert_exact


@pytest.fixture(scope="module")
def automl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What AutoML leaves in a bucket."""
    folder = tmp_path_factory.mktemp("automl") / "flowers"
    with tensorflow1.session() as session:
        files = tf.compat.v1.placeholder(tf.string, [None], "image_bytes")
        key = tf.compat.v1.placeholder(tf.string, [None], "key")
        pictures = tf.map_fn(tensorflow1.pixels, files, dtype=tf.float32)
        scores = tf.nn.softmax(tensorflow1.network(pictures, tensorflow1.constant))
        labels = tf.tile(tf.constant([models.LABELS]), [tf.shape(files)[0], 1])
        outputs = {"scores": scores, "labels": labels, "key": tf.identity(key)}
        return tensorflow1.save(session, folder, {"image_bytes": files, "key": key}, outputs)


def test_automl(automl: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Its saved_model.pb alone gives labels, and scores as TensorFlow's, bit for bit before the network."""
    assert [path.name for path in automl.rglob("*") if path.is_file()] == ["saved_model.pb"]
    export = export_to(automl, images=few_pictures)
    reference = Reference(automl)
    assert_exact(
        export, few_pictures, lambda data: reference(image_bytes=tf.constant([data]), key=tf.constant(["1"]))["scores"]
    )
    assert export.info.labels == tuple(models.LABELS)
    assert export.info.source.input == "image_bytes"
