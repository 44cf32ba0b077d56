"""Models that take image files: the graph is cut at its decoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from export import pictures
from export.errors import CannotConvert
from predictor import Classifier, Decoding
from tests.export import models
from tests.export.conftest import ExportTo

TOLERANCE = 1e-5


def test_automl_form(tmp_path: Path, export_to: ExportTo) -> None:
    """A model in AutoML's form gives its labels, and its network sees bit for bit what it saw in TensorFlow."""
    source = models.save_bytes(
        models.network(), tmp_path / "model", models.decode_and_resize, labels=models.LABELS, key=True
    )
    export = export_to(source)
    assert export.info.labels == tuple(models.LABELS)
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.parity.max_score_difference < TOLERANCE
    assert not export.verification.says_little


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


def test_resized_picture_truncated_to_levels(tmp_path: Path, export_to: ExportTo) -> None:
    """A model that casts the resized picture to uint8, as Model Garden's do, sees the very same levels."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
        levels = tf.cast(tf.image.resize(pixels, [models.SIZE, models.SIZE]), tf.uint8)
        return tf.ensure_shape((tf.cast(levels, tf.float32) - 127.0) / 128.0, [models.SIZE, models.SIZE, 3])

    export = export_to(models.save_bytes(models.network(), tmp_path / "model", preprocess))
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.parity.max_score_difference < TOLERANCE


def save_with_tensorflow(folder: Path, scores: Callable[[Any, tf.Tensor], tf.Tensor]) -> tuple[Any, Path]:
    """A Keras model inside a `tf.Module`, written by `tf.saved_model.save`; `scores(model, files)` is its signature."""
    model = models.network()
    served = tf.Module()
    served.model = model
    spec = tf.TensorSpec([None], tf.string, name="image_bytes")
    call = tf.function(lambda files: {"scores": scores(model, files)}, input_signature=[spec])
    tf.saved_model.save(served, str(folder), signatures={"serving_default": call})
    return model, folder


def test_two_loops_in_a_row(tmp_path: Path, export_to: ExportTo) -> None:
    """One `map_fn` that decodes and a second that resizes become one straight line."""
    size = [models.SIZE, models.SIZE]

    def decode(data: tf.Tensor) -> tf.Tensor:
        return tf.image.resize(tf.io.decode_image(data, 3, expand_animations=False), [40, 50])

    def scores(model: Any, files: tf.Tensor) -> tf.Tensor:
        pixels = tf.map_fn(decode, files, fn_output_signature=tf.float32)
        small = tf.map_fn(lambda picture: tf.image.resize(picture, size), pixels)
        return model(tf.ensure_shape(small, [None, *size, 3]) / 255.0)

    _, folder = save_with_tensorflow(tmp_path / "model", scores)
    export = export_to(folder)
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.parity.max_score_difference < TOLERANCE


def test_scalar_input(tmp_path: Path, export_to: ExportTo) -> None:
    """A model that takes one file, without a batch and a loop, is cut all the same."""
    model = models.network()
    archive = models.keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda data: {"scores": model(models.decode_and_resize(data)[tf.newaxis])},
        input_signature=[tf.TensorSpec([], tf.string, name="image")],
    )
    archive.write_out(str(tmp_path / "model"), verbose=False)
    assert export_to(tmp_path / "model").verification.parity.identical_inputs == 1


def test_decoder_attributes(tmp_path: Path, export_to: ExportTo) -> None:
    """The decoder's JPEG transform and chroma upsampling are read off the graph, and decoding follows them."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE", fancy_upscaling=False)
        return tf.ensure_shape(tf.image.resize(pixels, [models.SIZE] * 2) / 255.0, [models.SIZE, models.SIZE, 3])

    export = export_to(models.save_bytes(models.network(), tmp_path / "model", preprocess))
    assert export.info.decoding == Decoding(jpeg_transform="accurate", jpeg_smooth_chroma=False)
    assert export.verification.parity.identical_inputs == 1


def _starts_with(data: tf.Tensor, start: bytes) -> tf.Tensor:
    return tf.equal(tf.strings.substr(data, 0, len(start)), start)


def decode_by_conditions(data: tf.Tensor) -> tf.Tensor:
    """What `tf.io.decode_image` put into the graph before TensorFlow 2.3."""

    def no_jpeg() -> tf.Tensor:
        return tf.cond(_starts_with(data, b"\x89PN"), lambda: tf.io.decode_png(data, channels=3), no_png)

    def no_png() -> tf.Tensor:
        return tf.cond(_starts_with(data, b"GIF"), lambda: tf.io.decode_gif(data), lambda: tf.io.decode_bmp(data))

    return tf.cond(_starts_with(data, b"\xff\xd8\xff"), lambda: tf.io.decode_jpeg(data, channels=3), no_jpeg)


def test_decoders_under_conditions(tmp_path: Path, export_to: ExportTo) -> None:
    """Several decoders under conditions of TensorFlow 2 are cut off where they join."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.ensure_shape(decode_by_conditions(data), [None, None, 3])
        return tf.ensure_shape(tf.image.resize(pixels, [models.SIZE] * 2) / 255.0, [models.SIZE, models.SIZE, 3])

    export = export_to(models.save_bytes(models.network(), tmp_path / "model", preprocess))
    assert export.info.preprocessing[0] == "DecodeJpeg, 3 channels, fast JPEG transform"
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.unreadable == ()


def test_decoders_under_tf1_conditions(tmp_path: Path, export_to: ExportTo) -> None:
    """So are decoders behind TensorFlow 1's Switch and Merge, inside a TensorFlow 1 loop."""
    graph = tf.Graph()
    tf.compat.v1.disable_control_flow_v2()
    try:
        with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
            files = tf.compat.v1.placeholder(tf.string, [None], "files")

            def preprocess(data: tf.Tensor) -> tf.Tensor:
                pixels = decode_by_conditions(data)
                pixels.set_shape([None, None, 3])
                return tf.compat.v1.image.resize_bilinear(pixels[tf.newaxis], [models.SIZE] * 2)[0]

            pixels = tf.map_fn(preprocess, files, dtype=tf.float32)
            weights = tf.compat.v1.get_variable(
                "weights", [3, 3, 3, 4], initializer=tf.random_normal_initializer(seed=1)
            )
            features = tf.nn.relu(tf.nn.conv2d(pixels / 255.0, weights, 2, "VALID"))
            scores = tf.nn.softmax(tf.reduce_mean(features, [1, 2]))
            session.run(tf.compat.v1.global_variables_initializer())
            tf.compat.v1.saved_model.simple_save(session, str(tmp_path / "model"), {"files": files}, {"scores": scores})
    finally:
        tf.compat.v1.enable_control_flow_v2()
    assert {"Merge", "Exit"} <= {node.op for node in graph.as_graph_def().node}
    export = export_to(tmp_path / "model")
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.parity.max_score_difference < TOLERANCE


DECODERS = {
    "gray": lambda data: tf.image.grayscale_to_rgb(tf.io.decode_jpeg(data, channels=1)),
    "as in the file": lambda data: tf.io.decode_jpeg(data, channels=0),
    "half the size": lambda data: tf.io.decode_jpeg(data, channels=3, ratio=2),
    "a quarter of the size": lambda data: tf.io.decode_jpeg(data, channels=3, ratio=4),
    "an eighth of the size": lambda data: tf.io.decode_jpeg(data, channels=3, ratio=8),
    "accurate transform": lambda data: tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"),
    "plain chroma": lambda data: tf.io.decode_jpeg(data, channels=3, fancy_upscaling=False),
}


def save_with_decoder(decode: Callable[[tf.Tensor], tf.Tensor], folder: Path) -> Path:
    """A model that decodes in a way of its own."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        resized = tf.image.resize(decode(data), [models.SIZE] * 2)
        return tf.ensure_shape(resized, [models.SIZE, models.SIZE, 3]) / 255.0

    return models.save_bytes(models.network(), folder, preprocess)


@pytest.mark.parametrize("name", DECODERS)
def test_decoders(name: str, tmp_path: Path, export_to: ExportTo) -> None:
    """What a decoder is told in the graph, the predictor does alike: the network sees the same bits."""
    parity = export_to(save_with_decoder(DECODERS[name], tmp_path / "model")).verification.parity
    assert parity.identical_inputs == 1
    assert parity.max_score_difference < TOLERANCE


def test_unsupported_decoder(tmp_path: Path, export_to: ExportTo) -> None:
    """A decoder of a part of the picture is refused with what it does, before anything is converted."""
    source = save_with_decoder(lambda data: tf.io.decode_and_crop_jpeg(data, [0, 0, 1, 1], channels=3), tmp_path / "m")
    with pytest.raises(CannotConvert, match=r"a part of the picture only.*supported"):
        export_to(source)


def test_variables_that_keras_wrote_twice(tmp_path: Path, export_to: ExportTo) -> None:
    """`tf.saved_model.save` of a Keras 3 model restores copies of the variables that the signature reads."""

    def scores(model: Any, files: tf.Tensor) -> tf.Tensor:
        return model(tf.map_fn(models.decode_and_resize, files, fn_output_signature=tf.float32))

    model, folder = save_with_tensorflow(tmp_path / "model", scores)
    classifier = Classifier.load(export_to(folder).path)
    data = pictures.made()[0].read()
    expected = model(models.decode_and_resize(tf.constant(data))[tf.newaxis])[0]
    np.testing.assert_allclose(classifier.scores(classifier.decode(data)), expected, atol=TOLERANCE)


def test_strings_that_are_no_pictures(tmp_path: Path, export_to: ExportTo) -> None:
    """A model whose strings meet no image decoder is refused, and the message says so."""

    class Served(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def serve(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
            length = tf.cast(tf.strings.length(text), tf.float32)
            return {"scores": tf.matmul(length[:, tf.newaxis], tf.ones([1, 3]))}

    served = Served()
    tf.saved_model.save(served, str(tmp_path / "model"), signatures={"serving_default": served.serve})
    with pytest.raises(CannotConvert, match="no image decoder was found"):
        export_to(tmp_path / "model")


def test_only_standard_operations(digits_model: Path) -> None:
    """The exported file holds no operation outside ONNX's own set, and its interface is the one agreed on."""
    import onnx

    model = onnx.load(str(digits_model))
    assert {node.domain for node in model.graph.node} == {""}
    assert [opset.domain for opset in model.opset_import] == [""]
    assert model.opset_import[0].version >= 18
    session = onnxruntime.InferenceSession(str(digits_model))
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [
        ("image", "tensor(uint8)", ["height", "width", 3])
    ]
    assert [(o.name, o.type, o.shape) for o in session.get_outputs()] == [("scores", "tensor(float)", [10])]
