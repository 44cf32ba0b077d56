"""Whole `.tflite` networks of the kinds that people have, written by hand or converted, beside LiteRT itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from export.errors import CannotConvert
from tests.export import models, photographs
from tests.export.comparison import check_scores, resized
from tests.export.conftest import ExportTo
from tests.export.test_tflite import litert
from tests.export.tflite_files import Array, Step, Tensor, constant, write

SIZE = 32
CLASSES = 6

pytestmark = pytest.mark.filterwarnings("ignore:Statistics for quantized inputs were expected")


def levels(data: bytes) -> Any:
    return tf.round(resized(data, (SIZE, SIZE)))


def weights(random: np.random.Generator, *shape: int) -> Tensor:
    """uint8 weights with a zero point, as TensorFlow 1's training with quantisation left them."""
    return constant(np.clip(random.normal(121, 40, shape), 0, 255).astype(np.uint8), 0.012, 121)


def tensorflow1(folder: Path) -> Path:
    """A residual block, a branch of another scale, an average pool, a 1 x 1 convolution as last layer, a softmax."""
    random = np.random.default_rng(4)

    def bias(count: int, scale: float) -> Tensor:
        return constant(random.integers(-3000, 3000, count).astype(np.int32), scale)

    def value(shape: tuple[int, ...], scale: float, zero: int) -> Tensor:
        return Tensor(shape, np.uint8, scale, zero)

    half = (1, SIZE // 2, SIZE // 2)
    tensors = [
        value((1, SIZE, SIZE, 3), 1 / 128, 128),
        weights(random, 16, 3, 3, 3), bias(16, 0.012 / 128), value((*half, 16), 6 / 255, 0),
        weights(random, 1, 3, 3, 16), bias(16, 0.012 * 6 / 255), value((*half, 16), 6 / 255, 0),
        weights(random, 16, 1, 1, 16), bias(16, 0.012 * 6 / 255), value((*half, 16), 0.037, 131),
        value((*half, 16), 0.041, 97),
        value((*half, 16), 6 / 255, 0),
        value((*half, 32), 0.039, 101),
        value((1, 1, 1, 32), 0.039, 101),
        weights(random, CLASSES, 1, 1, 32), bias(CLASSES, 0.012 * 0.039), value((1, 1, 1, CLASSES), 0.11, 60),
        constant(np.array([1, CLASSES], np.int32)), value((1, CLASSES), 0.11, 60), value((1, CLASSES), 1 / 256, 0),
    ]  # fmt: skip
    same = {"padding": schema.Padding.SAME, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    relu6 = {"fusedActivationFunction": schema.ActivationFunctionType.RELU6}
    depthwise = same | relu6 | {"depthMultiplier": 1}
    pool = {"strideH": 1, "strideW": 1, "filterHeight": SIZE // 2, "filterWidth": SIZE // 2, "padding": 1}
    largest = {"strideH": 1, "strideW": 1, "filterHeight": 3, "filterWidth": 3, "padding": schema.Padding.SAME}
    steps = [
        Step("CONV_2D", [0, 1, 2], [3], "Conv2DOptions", same | relu6 | {"strideH": 2, "strideW": 2}),
        Step("DEPTHWISE_CONV_2D", [3, 4, 5], [6], "DepthwiseConv2DOptions", depthwise),
        Step("CONV_2D", [6, 7, 8], [9], "Conv2DOptions", same),
        Step("ADD", [3, 9], [10], "AddOptions", {}),
        Step("MAX_POOL_2D", [3], [11], "Pool2DOptions", largest),
        Step("CONCATENATION", [10, 11], [12], "ConcatenationOptions", {"axis": 3}),
        Step("AVERAGE_POOL_2D", [12], [13], "Pool2DOptions", pool),
        Step("CONV_2D", [13, 14, 15], [16], "Conv2DOptions", same),
        Step("RESHAPE", [16, 17], [18], "ReshapeOptions", {"newShape": [1, CLASSES]}),
        Step("SOFTMAX", [18], [19], "SoftmaxOptions", {"beta": 1.0}),
    ]
    path = folder / "model.tflite"
    path.write_bytes(write(tensors, steps))
    return path


def test_tensorflow1(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A network as TensorFlow 1 quantised it is answered bit for bit."""
    path = tensorflow1(tmp_path)
    export = export_to(path, images=photos)
    check_scores(export, photos, lambda data: litert(path, levels(data)), atol=0)
    assert not export.verification.says_little
    assert export.info.activation == "softmax"


def keras_network() -> Any:
    """Swish, squeeze and excite, a residual, parts of channels, pools, padding, on real photographs' statistics."""
    keras.utils.set_random_seed(7)
    layers = keras.layers
    pixels = layers.Input([SIZE, SIZE, 3])
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="swish")(pixels)
    y = layers.DepthwiseConv2D(3, padding="same", activation="hard_swish")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    y = layers.Multiply()([y, layers.Conv2D(16, 1, activation="sigmoid")(gate)])
    x = layers.Add()([x, layers.Conv2D(16, 1)(y)])
    x = layers.Concatenate()([x, layers.AveragePooling2D(3, 1, padding="same")(x)])
    x = layers.PReLU(keras.initializers.Constant(0.3), shared_axes=[1, 2])(layers.ZeroPadding2D(1)(x))
    x = layers.Subtract()([x, layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(32, 1)(x))])
    x = layers.BatchNormalization(momentum=0)(layers.Conv2D(24, 3, strides=2)(x))
    wide = keras.initializers.RandomNormal(0, 1)
    scores = layers.Dense(CLASSES, activation="softmax", kernel_initializer=wide)(layers.GlobalMaxPooling2D()(x))
    model = keras.Model(pixels, scores)
    # What comes out of the last convolution is made to vary from picture to picture.
    model(photographs.patches(40, SIZE, seed=1)[0] / 127.5 - 1, training=True)
    return model


def convert(model: Any, path: Path, kind: str, interface: Any = None) -> Path:
    """The model as a file: `float`, `float16`, `dynamic`, `int8` or `int16`, its input and output of a type."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    sets = tf.lite.OpsSet
    if kind != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind.startswith("int"):
        wide = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [sets.TFLITE_BUILTINS_INT8 if kind == "int8" else wide]
        pixels = photographs.patches(40, SIZE, seed=1)[0].astype(np.float32)
        converter.representative_dataset = lambda: ([patch[np.newaxis] / 127.5 - 1] for patch in pixels)
    if interface:
        converter.inference_input_type = converter.inference_output_type = interface
    path.write_bytes(converter.convert())
    return path


def scaled(data: bytes) -> Array:
    return np.asarray(resized(data, (SIZE, SIZE)) / 127.5 - 1.0)


@pytest.mark.parametrize("interface", [tf.uint8, tf.int8, None], ids=["uint8", "int8", "float32"])
def test_modern_layers(interface: Any, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A network of what Keras has today is answered bit for bit, with whole numbers at its borders or real ones."""
    path = convert(keras_network(), tmp_path / "model.tflite", "int8", interface)
    export = export_to(path, images=photos, **({} if interface else {"scale": "-1..1"}))
    assert export.verification.parity.max_score_difference == 0
    if interface:  # real pixels divided here may differ from the file's in their last bit, and be rounded otherwise
        shift = 128 if interface == tf.int8 else 0
        check_scores(export, photos, lambda data: litert(path, levels(data) - shift), atol=0)
    assert not export.verification.says_little


def test_dynamic_range(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A network whose weights alone are rounded answers as LiteRT does, as near as LiteRT answers itself."""
    path = convert(keras_network(), tmp_path / "model.tflite", "dynamic")
    export = export_to(path, images=photos, scale="-1..1")
    check_scores(export, photos, lambda data: litert(path, scaled(data)), atol=0.01)
    assert "rounded anew for each picture" in export.subject.reference_model.likeness
    assert export.verification.spread > 0


def test_half_precision(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """Weights of 16 bits are made real numbers again, and stay half as large in the file."""
    path = convert(keras_network(), tmp_path / "model.tflite", "float16")
    export = export_to(path, images=photos, scale="-1..1")
    check_scores(export, photos, lambda data: litert(path, scaled(data)))
    assert export.size < 2 * path.stat().st_size


def test_wide_numbers(tmp_path: Path, export_to: ExportTo) -> None:
    """Whole numbers of 16 bits are refused, and what to convert instead is said."""
    path = convert(models.network(size=SIZE), tmp_path / "model.tflite", "int16")
    with pytest.raises(CannotConvert, match=r"whole numbers of 16 bits.*TFLITE_BUILTINS_INT8"):
        export_to(path, scale="-1..1")


def test_untranslated_operation(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """What is not translated is named, converted by tf2onnx, and held against what LiteRT's own kernels say."""
    layers = [
        keras.layers.Input([SIZE, SIZE, 3]),
        keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
        keras.layers.Conv2D(8, 3, padding="same", dilation_rate=2),
        models.network(classes=CLASSES, size=SIZE, channels=8),
    ]
    path = convert(keras.Sequential(layers), tmp_path / "model.tflite", "int8", tf.uint8)
    export = export_to(path, images=photos)
    assert "SPACE_TO_BATCH_ND is converted by tf2onnx" in export.subject.reference_model.likeness
    assert 0 < export.verification.spread < 0.2
    assert all(comparison.is_equal(0) for comparison in export.verification.comparisons)


def test_biases_behind_four_dimensions(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """tf2onnx's own conversion of a layer drops its biases where the input is a picture; here they stay."""
    random = np.random.default_rng(2)
    kernel = constant(random.normal(0, 1, (3, 12)).astype(np.float32))
    tensors = [
        Tensor((1, 2, 2, 3)), kernel, constant(np.array([-4, 3, 1], np.float32)), Tensor((1, 3)), Tensor((1, 3)),
    ]  # fmt: skip
    layer = Step("FULLY_CONNECTED", [0, 1, 2], [3], "FullyConnectedOptions", {})
    path = tmp_path / "model.tflite"
    path.write_bytes(write(tensors, [layer, Step("SOFTMAX", [3], [4], "SoftmaxOptions", {"beta": 0.5})]))
    export = export_to(path, images=photos, scale="-1..1")
    check_scores(export, photos, lambda data: litert(path, resized(data, (2, 2)) / 127.5 - 1.0))
