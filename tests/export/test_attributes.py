"""Attributes of operations before the network: followed, or refused by name where they say something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from export.errors import CannotConvert
from export.graph import attributes, description
from export.graph.dataflow import Node
from export.graph.trace import DECODERS
from tests.export import models, signatures, tensorflow1
from tests.export.conftest import ExportTo
from tests.export.reference import Reference, assert_exact
from tests.export.signatures import FILES
from tests.export.test_decoders import save

NETWORK = models.network()


def node(op: str, name: str = "", value: Any = None) -> Node:
    """An operation with every attribute that has a default at it, and one at another value."""
    definition = tf.compat.v1.NodeDef(name="here", op=op)
    for attribute in op_def_registry.get(op).attr:
        if attribute.HasField("default_value"):
            definition.attr[attribute.name].CopyFrom(attribute.default_value)
    if name:
        definition.attr[name].CopyFrom(value)
    return Node("here", definition)


def other_value(attribute: Any) -> Any:
    """A value of an attribute that is not its default, allowed or not."""
    value = tf.compat.v1.AttrValue()
    default = attribute.default_value
    if attribute.type == "bool":
        value.b = not default.b
    elif attribute.type == "int":
        value.i = default.i + 5
    elif attribute.type == "float":
        value.f = default.f / 2 + 0.25
    elif attribute.type == "type":
        value.type = tf.uint16.as_datatype_enum
    elif attribute.type == "string":
        value.s = default.s + b"x"
    elif attribute.type == "shape":
        value.shape.dim.add(size=7)
    elif attribute.type == "list(type)":
        value.list.type.append(tf.uint16.as_datatype_enum)
    elif attribute.type == "list(string)":
        value.list.s.append(b"x")
    elif attribute.type == "list(int)":
        value.list.i.append(5)
    else:
        assert attribute.type == "list(shape)"
        value.list.shape.add()
    return value


PAIRS = [(op, attribute) for op in attributes.HANDLED for attribute in op_def_registry.get(op).attr]


def test_every_attribute() -> None:
    """Of each operation type each attribute in TensorFlow's registry is handled, or refused at another value."""
    passed = []
    for op, attribute in PAIRS:
        try:
            attributes.check([node(op, attribute.name, other_value(attribute))])
            passed.append((op, attribute.name))
        except CannotConvert as error:
            assert f"{op} is told {attribute.name} = " in str(error)  # noqa: PT017
    assert passed == [(op, each.name) for op, each in PAIRS if each.name in attributes.HANDLED[op]]


@pytest.mark.parametrize("op", sorted(DECODERS - {"DecodeAndCropJpeg"}))
def test_every_value_of_decoders(op: str) -> None:
    """What a decoder is told changes how the predictor decodes, or is refused; only that of animations does neither."""
    usual = description.decoding(node(op))
    unchanged = []
    for attribute in op_def_registry.get(op).attr:
        try:
            how = description.decoding(node(op, attribute.name, other_value(attribute)))
        except CannotConvert:
            continue
        if how == usual:
            unchanged.append(attribute.name)
    assert unchanged == (["expand_animations"] if op == "DecodeImage" else [])


def test_handled_attributes_exist() -> None:
    """The table names attributes as TensorFlow does."""
    for op, names in attributes.HANDLED.items():
        assert names <= {attribute.name for attribute in op_def_registry.get(op).attr}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"try_recover_truncated": True}, "DecodeJpeg is told try_recover_truncated = true"),
        ({"acceptable_fraction": 0.5}, r"DecodeJpeg is told acceptable_fraction = 0\.5"),
    ],
)
def test_truncated(option: dict[str, Any], said: str, tmp_path: Path, export_to: ExportTo) -> None:
    """A decoder that takes half a file is refused: the exported model would refuse that file."""
    source = save(lambda data: tf.io.decode_jpeg(data, channels=3, **option), tmp_path / "model")
    with pytest.raises(CannotConvert, match=said):
        export_to(source)


def test_truncated_under_a_condition(tmp_path: Path, export_to: ExportTo) -> None:
    """Of several decoders under conditions each is looked at."""

    def decode(data: tf.Tensor) -> tf.Tensor:
        def png() -> tf.Tensor:
            return tf.io.decode_png(data, channels=1)

        return tf.cond(tf.strings.substr(data, 0, 1) == b"\xff", lambda: tf.io.decode_jpeg(data, channels=3), png)

    with pytest.raises(CannotConvert, match="makes 1 channels where another makes 3"):
        export_to(save(decode, tmp_path / "model"))


CHANGES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "DecodeCompressed": lambda data: tf.io.decode_compressed(data, "ZLIB"),
    "Substr": lambda data: tf.strings.substr(data, 3, 1 << 30),
    "StringStrip": tf.strings.strip,
}


@pytest.mark.parametrize("op", CHANGES)
def test_changed_files(op: str, tmp_path: Path, export_to: ExportTo) -> None:
    """What else is done to a file before it is decoded is refused by name."""
    source = save(lambda data: tf.io.decode_jpeg(CHANGES[op](data), channels=3), tmp_path / "model")
    with pytest.raises(CannotConvert, match=rf"The graph changes the file before it decodes it, by {op} \("):
        export_to(source)


def test_base64_by_choice(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """A model that takes base64 or the file itself, by how it begins, is followed."""

    def decode(data: tf.Tensor) -> tf.Tensor:
        is_file = tf.strings.substr(data, 0, 1) == b"\xff"
        return tf.io.decode_jpeg(tf.where(is_file, data, data), channels=3)

    folder = save(decode, tmp_path / "model")
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(export, few_pictures, lambda data: reference(image_bytes=tf.constant([data]))["scores"])


def crop(**options: Any) -> Callable[[tf.Tensor], tf.Tensor]:
    """The middle of the picture and more than there is below it."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.cast(tf.io.decode_image(data, 3, expand_animations=False), tf.float32)[tf.newaxis]
        box = tf.constant([[0.3, 0.2, 1.4, 0.9]])
        cropped = tf.image.crop_and_resize(pixels, box, [0], [models.SIZE] * 2, **options)[0]
        return tf.ensure_shape(cropped, [models.SIZE, models.SIZE, 3]) / 255.0

    return preprocess


@pytest.mark.parametrize("options", [{}, {"extrapolation_value": 99.0}])
def test_crop_and_resize(options: dict[str, Any], tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """CropAndResize is converted with its attributes."""
    folder = models.save_bytes(NETWORK, tmp_path / "model", crop(**options))
    export = export_to(folder, images=few_pictures)
    assert export.verification.parity.max_score_difference < 1e-4


def test_nearest_crop(tmp_path: Path, export_to: ExportTo) -> None:
    """A CropAndResize that is not exact in ONNX is refused by name, not by what pictures happen to show."""
    with pytest.raises(CannotConvert, match=r'CropAndResize is told method = "nearest"'):
        export_to(models.save_bytes(NETWORK, tmp_path / "model", crop(method="nearest")))


def test_cast_that_truncates(tmp_path: Path, export_to: ExportTo) -> None:
    """An attribute of an operation behind the decoder is refused too."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.image.resize(tf.io.decode_jpeg(data, 3), [models.SIZE] * 2)
        half = tf.raw_ops.Cast(x=pixels, DstT=tf.bfloat16, Truncate=True)
        return tf.ensure_shape(tf.cast(half, tf.float32), [models.SIZE, models.SIZE, 3]) / 255.0

    with pytest.raises(CannotConvert, match="Cast is told Truncate = true"):
        export_to(models.save_bytes(NETWORK, tmp_path / "model", preprocess))


def test_glimpse(tmp_path: Path, export_to: ExportTo) -> None:
    """An operation on pictures that is not understood is named."""

    def call(files: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = signatures.decoded(files)
        cut = tf.image.extract_glimpse(pixels, [models.SIZE] * 2, tf.zeros([tf.shape(files)[0], 2]), noise="zero")
        return {"scores": NETWORK(tf.ensure_shape(cut, [None, models.SIZE, models.SIZE, 3]))}

    folder = signatures.save(tmp_path / "model", {"serving_default": (call, [FILES])}, network=NETWORK)
    with pytest.raises(CannotConvert, match="ONNX does not have: ExtractGlimpse"):
        export_to(folder)


def test_decoders_of_version_1(tmp_path: Path, export_to: ExportTo, few_pictures: Path) -> None:
    """The decoders that TensorFlow 1 chose among by conditions decode alike, and pass."""
    export_to(save(tensorflow1.decode_by_conditions, tmp_path / "model"), images=few_pictures)
