"""Teachable Machine's SavedModel: a graph of TensorFlow 1, variables in shards, numbered labels beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from predictor import Classifier
from tests.export.conftest import ExportTo

SIZE = 32
v1 = tf.compat.v1


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """What Teachable Machine's download unpacks to: model.savedmodel/ and labels.txt."""
    folder = tmp_path / "converted_savedmodel"
    graph = tf.Graph()
    with graph.as_default(), v1.Session(config=v1.ConfigProto(device_count={"CPU": 2})) as session:
        v1.set_random_seed(5)
        pixels = v1.placeholder(tf.float32, [None, SIZE, SIZE, 3], "sequential_1_input")
        with tf.device("/cpu:0"):
            kernel = v1.get_variable("kernel", [3, 3, 3, 8], initializer=v1.random_normal_initializer(0, 0.5))
        with tf.device("/cpu:1"):
            weights = v1.get_variable("weights", [8, 2], initializer=v1.random_normal_initializer(0, 3))
        features = tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(pixels, kernel, 2, "VALID")), [1, 2])
        scores = tf.nn.softmax(features @ weights, name="sequential_3")
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder / "model.savedmodel"))
        signature = v1.saved_model.predict_signature_def({"sequential_1_input": pixels}, {"sequential_3": scores})
        builder.add_meta_graph_and_variables(
            session,
            [v1.saved_model.SERVING],
            {"serving_default": signature},
            clear_devices=True,
            saver=v1.train.Saver(sharded=True),
        )
        builder.save()
    (folder / "labels.txt").write_text("0 Healthy\n1 Not well\n")
    return folder


def test_saved_model(download: Path, photos: Path, export_to: ExportTo) -> None:
    """The download answers as the code that Teachable Machine shows beside it, run by TensorFlow."""
    assert len(list(download.glob("*/variables/variables.data-*-of-00002"))) == 2
    export = export_to(download, preset="teachable-machine", images=photos)
    assert export.info.labels == ("Healthy", "Not well")
    original = tf.saved_model.load(str(download / "model.savedmodel")).signatures["serving_default"]
    classifier = Classifier.load(export.path)
    for photo in photos.iterdir():
        image = ImageOps.fit(Image.open(photo).convert("RGB"), (SIZE, SIZE), Image.Resampling.LANCZOS)
        batch = (np.asarray(image).astype(np.float32) / 127.5 - 1)[np.newaxis]
        expected = original(tf.constant(batch))["sequential_3"][0]
        scores = classifier.scores(classifier.decode(photo.read_bytes()))
        np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert export.verification.parity.identical_inputs == 1
