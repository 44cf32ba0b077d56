"""What is passed on of the errors that libraries raise."""

from __future__ import annotations

import pytest
import tensorflow as tf

from export.errors import first_line


@pytest.fixture
def decoder() -> tf.Graph:
    """A graph that decodes a file, imported as a SavedModel's is."""
    made, imported = tf.Graph(), tf.Graph()
    with made.as_default():
        tf.io.decode_jpeg(tf.compat.v1.placeholder(tf.string, [], "file"), name="picture")
    with imported.as_default():
        tf.import_graph_def(made.as_graph_def(), name="")
    return imported


def test_reason_of_tensorflow(decoder: tf.Graph) -> None:
    """Of TensorFlow's error in a graph the sentence that says why is passed on, not the node's name."""
    with (
        tf.compat.v1.Session(graph=decoder) as session,
        pytest.raises(tf.errors.InvalidArgumentError) as caught,
    ):
        session.run("picture:0", {"file:0": b"no picture"})
    assert first_line(caught.value).startswith("Unknown image file format.")
