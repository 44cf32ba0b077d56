"""TensorFlow 1 models that take image files: base64, decoders under conditions, variables in shards."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from predictor import Classifier
from tests.export import tensorflow1
from tests.export.conftest import ExportTo
from tests.export.reference import TOLERANCE, Reference, assert_exact

Decode = Callable[[tf.Tensor], tf.Tensor]


def save(folder: Path, decode: Decode, weight: tensorflow1.Weight = tensorflow1.constant) -> tuple[Path, tf.Graph]:
    """A classifier whose loop decodes each file with `decode`; its graph too."""
    with tensorflow1.session() as session:
        files = tf.compat.v1.placeholder(tf.string, [None], "files")
        pictures = tf.map_fn(lambda data: tensorflow1.pixels(data, decode), files, dtype=tf.float32)
        scores = tf.nn.softmax(tensorflow1.network(pictures, weight))
        session.run(tf.compat.v1.global_variables_initializer())
        return tensorflow1.save(session, folder, {"files": files}, {"scores": scores}), session.graph


def operations(graph: tf.Graph) -> set[str]:
    return {node.op for node in graph.as_graph_def().node}


def test_tf1_base64_map_loop(shared: Path, export_to: ExportTo) -> None:
    """A TensorFlow 1 loop behind base64 answers as TensorFlow did when ../shared was made."""
    folder = shared / "models" / "tf1_base64_map_loop" / "saved_model"
    expected = json.loads((shared / "models" / "expected.json").read_text())["tf1_base64_map_loop"]["scores"]
    export = export_to(folder, images=shared / "images" / "photos")
    classifier = Classifier.load(export.path)
    for name, scores in expected.items():
        data = (shared / "images" / "photos" / name).read_bytes()
        np.testing.assert_allclose(classifier.scores(classifier.decode(data)), scores, atol=TOLERANCE)
    assert export.verification.parity.identical_inputs == 1


def decode_web_safe(data: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(tf.io.decode_base64(data), channels=3, expand_animations=False)


def test_base64(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Files that the model wants in web-safe base64 go into the exported one as they are."""
    folder, _ = save(tmp_path / "model", decode_web_safe)
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)

    def scores(data: bytes) -> np.ndarray:
        return reference(files=tf.constant([base64.urlsafe_b64encode(data).rstrip(b"=")]))["scores"]

    assert_exact(export, few_pictures, scores)


def test_decoders_under_switches(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Decoders behind Switch and Merge, inside a loop of Enter and Exit, are cut off where they join."""
    folder, graph = save(tmp_path / "model", tensorflow1.decode_by_conditions)
    assert {"Switch", "Merge", "Exit", "DecodeGif"} <= operations(graph)
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(export, few_pictures, lambda data: reference(files=tf.constant([data]))["scores"])
    assert export.info.preprocessing[0] == "DecodeJpeg, 3 channels, fast JPEG transform"


@pytest.mark.parametrize("weight", [tensorflow1.variable, tensorflow1.sharded_variable])
def test_variables(weight: tensorflow1.Weight, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Variables of TensorFlow 1, whole or each in two shards, are read from variables/."""
    folder, graph = save(tmp_path / "model", lambda data: tf.io.decode_image(data, 3, expand_animations=False), weight)
    assert "VariableV2" in operations(graph)
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(export, few_pictures, lambda data: reference(files=tf.constant([data]))["scores"])


def test_scalar_input(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """A model that takes one file, without a batch and a loop, is cut all the same."""
    with tensorflow1.session() as session:
        file = tf.compat.v1.placeholder(tf.string, [], "file")
        pixels = tensorflow1.pixels(file, lambda data: tf.image.decode_image(data, 3, expand_animations=False))
        scores = tf.nn.softmax(tensorflow1.network(pixels[tf.newaxis], tensorflow1.constant))
        tensorflow1.save(session, tmp_path / "model", {"file": file}, {"scores": scores})
    export = export_to(tmp_path / "model", images=few_pictures)
    reference = Reference(tmp_path / "model")
    assert_exact(export, few_pictures, lambda data: reference(file=tf.constant(data))["scores"])
