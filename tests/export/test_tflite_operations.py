"""Every operation that is translated, alone, with random shapes, numbers and quantisation, beside LiteRT itself.

The differences have to be nothing: an upgrade of LiteRT or onnxruntime that changes a kernel is noticed here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from export.errors import CannotConvert
from export.tflite.file import Network
from export.tflite.graph import NotTranslated
from export.tflite.translation import translate
from tests.export.tflite_files import Array, Step, Tensor, constant, inputs, litert, translated, write

Random = np.random.Generator
Case = tuple[list[Tensor], list[Step]]
"""Tensors, and steps between them."""

EIGHT_BITS = (np.int8, np.uint8)
EXAMPLES = 8


def quantised(random: Random, shape: tuple[int, ...], dtype: Any, scale: float | None = None) -> Tensor:
    """A value of eight bits, its zero point anywhere, and at the ends now and then."""
    limits = np.iinfo(dtype)
    ends = random.random() < 0.2
    zero = int(random.choice([limits.min, limits.max]) if ends else random.integers(limits.min, limits.max + 1))
    return Tensor(shape, dtype, np.float32(10 ** random.uniform(-4, 0) if scale is None else scale), zero)


def picture(random: Random, most: int = 9, channels: int = 24) -> tuple[int, ...]:
    return (1, *map(int, random.integers(1, most, 2)), int(random.integers(1, channels)))


def numbers(random: Random, tensor: Tensor) -> Array:
    """Numbers of a tensor's type: all, or its ends alone; real ones as they come."""
    if tensor.dtype == np.float32:
        return random.uniform(-3, 3, tensor.shape).astype(np.float32)
    limits = np.iinfo(tensor.dtype)
    if random.random() < 0.2:
        return random.choice([limits.min, limits.max], tensor.shape).astype(tensor.dtype)
    return random.integers(limits.min, limits.max + 1, tensor.shape).astype(tensor.dtype)


def activation(random: Random) -> int:
    kinds = schema.ActivationFunctionType
    return int(random.choice([kinds.NONE, kinds.RELU, kinds.RELU6, kinds.RELU_N1_TO_1]))


def weights(random: Random, dtype: Any, shape: tuple[int, ...], axis: int) -> Tensor:
    """int8 with a scale for each channel or one, or uint8 with a zero point as TensorFlow 1 has it."""
    if dtype == np.uint8:
        numbers = random.integers(0, 256, shape).astype(np.uint8)
        return constant(numbers, 10 ** random.uniform(-4, -1), int(random.integers(0, 256)))
    several = shape[axis] if random.random() < 0.7 else 1
    scales = 10 ** random.uniform(-4, -1) * random.uniform(0.2, 2, several)
    return constant(random.integers(-127, 128, shape).astype(np.int8), scales, axis=axis)


def layer(random: Random, given: Tensor, kernel: Tensor, shape: tuple[int, ...], terms: int) -> list[Tensor]:
    """Input, weights, biases and output of a layer whose sums, of so many terms, mostly fit the output."""
    scales = np.asarray(kernel.scale, np.float32)
    most = int(terms * 2000)
    bias = constant(random.integers(-most, most, shape[-1]).astype(np.int32), given.scale * scales)
    wide = np.sqrt(terms) * 73 * 73 * given.scale * scales.mean() / 40
    return [given, kernel, bias, quantised(random, shape, given.dtype, wide * 10 ** random.uniform(-1, 0.5))]


def convolution(random: Random, *, depthwise: bool = False) -> Case:
    dtype, (_, height, width, channels) = random.choice(EIGHT_BITS), picture(random, 12)
    sides = [int(random.integers(1, min(3, side) + 1)) for side in (height, width)]
    stride, padding = int(random.integers(1, 3)), int(random.integers(0, 2))
    several = int(random.integers(1, 3))
    out = channels * several if depthwise else int(random.integers(1, 24))
    rows, columns = (
        -(-side // stride) if padding == schema.Padding.SAME else -(-(side - kernel + 1) // stride)
        for side, kernel in zip((height, width), sides)
    )
    given = quantised(random, (1, height, width, channels), dtype)
    options = {"padding": padding, "strideH": stride, "strideW": stride, "fusedActivationFunction": activation(random)}
    options |= {"dilationHFactor": 1, "dilationWFactor": 1}
    if depthwise:
        kernel = weights(random, dtype, (1, *sides, out), 3)
        tensors = layer(random, given, kernel, (1, rows, columns, out), sides[0] * sides[1])
        options["depthMultiplier"] = several
        return tensors, [Step("DEPTHWISE_CONV_2D", [0, 1, 2], [3], "DepthwiseConv2DOptions", options)]
    kernel = weights(random, dtype, (out, *sides, channels), 0)
    tensors = layer(random, given, kernel, (1, rows, columns, out), sides[0] * sides[1] * channels)
    return tensors, [Step("CONV_2D", [0, 1, 2], [3], "Conv2DOptions", options)]


def depthwise_convolution(random: Random) -> Case:
    return convolution(random, depthwise=True)


def fully_connected(random: Random) -> Case:
    """With and without biases, and with an input of two dimensions or four."""
    dtype, (taken, out) = random.choice(EIGHT_BITS), map(int, random.integers(1, 80, 2))
    given = quantised(random, (1, taken) if random.random() < 0.5 else (1, 1, 1, taken), dtype)
    tensors = layer(random, given, weights(random, dtype, (out, taken), 0), (1, out), taken)
    used = [0, 1, 2] if random.random() < 0.8 else [0, 1, -1]
    options = {"fusedActivationFunction": activation(random)}
    return tensors, [Step("FULLY_CONNECTED", used, [3], "FullyConnectedOptions", options)]


def of_two(
    name: str, options: str = "", *, decades: float = 0.7, same_scales: bool = False
) -> Callable[[Random], Case]:
    """An operation on two values, alike in shape or broadcast, one of them a constant now and then."""

    def case(random: Random) -> Case:
        dtype, shape = random.choice(EIGHT_BITS), picture(random)
        other = [shape, (1, 1, 1, shape[3]), (shape[3],)][int(random.integers(0, 3))]
        one = quantised(random, shape, dtype)
        two = quantised(random, other, dtype, one.scale * 10 ** random.uniform(-decades, decades))
        reach = one.scale * two.scale * 60 if name == "MUL" else one.scale + two.scale
        given = quantised(random, shape, dtype, reach * 10 ** random.uniform(-decades, 0.5))
        if same_scales:
            two.scale, two.zero = given.scale, given.zero = one.scale, one.zero
        if random.random() < 0.3:
            two.data = numbers(random, two)
        values = {} if same_scales else {"fusedActivationFunction": activation(random)}
        return [one, two, given], [Step(name, [0, 1], [2], options, values)]

    return case


def prelu(random: Random) -> Case:
    dtype, shape = random.choice(EIGHT_BITS), picture(random)
    slopes = quantised(random, (1, 1, shape[3]), dtype, 10 ** random.uniform(-3, -1))
    slopes.data = numbers(random, slopes)
    return [quantised(random, shape, dtype), slopes, quantised(random, shape, dtype)], [Step("PRELU", [0, 1], [2])]


def of_one(
    name: str, options: str = "", *, scale: float | None = None, dtypes: Any = EIGHT_BITS, **values: Any
) -> Callable[[Random], Case]:
    """An operation on one value; `scale` is that of the output where LiteRT insists on one."""

    def case(random: Random) -> Case:
        dtype, shape = random.choice(dtypes), picture(random)
        taken = quantised(random, shape, dtype, 10 ** random.uniform(-3, -0.5))
        given = quantised(random, shape, dtype, taken.scale * 10 ** random.uniform(-0.5, 0.5))
        if scale:
            middle = 0 if scale == 1 / 128 else -128
            given = Tensor(shape, dtype, scale, middle if dtype == np.int8 else middle + 128)
        return [taken, given], [Step(name, [0], [1], options, values)]

    return case


def requantise(random: Random) -> Case:
    """From any eight bits to any others."""
    shape = picture(random)
    taken, given = (quantised(random, shape, random.choice(EIGHT_BITS)) for _ in range(2))
    given.scale = np.float32(taken.scale * 10 ** random.uniform(-1, 1))
    return [taken, given], [Step("QUANTIZE", [0], [1])]


def quantise(random: Random) -> Case:
    """From real numbers, those halfway between two whole ones too."""
    shape = picture(random)
    steps = constant(random.integers(-9, 9, shape).astype(np.float32) / 2)
    given = quantised(random, shape, random.choice(EIGHT_BITS), 2.0 ** int(random.integers(-3, 2)))
    tensors = [Tensor(shape), steps, Tensor(shape), given]
    return tensors, [
        Step("MUL", [0, 1], [2], "MulOptions", {}),
        Step("QUANTIZE", [2], [3]),
    ]


def dequantise(random: Random) -> Case:
    shape = picture(random)
    return [quantised(random, shape, random.choice(EIGHT_BITS)), Tensor(shape)], [Step("DEQUANTIZE", [0], [1])]


def reduction(name: str) -> Callable[[Random], Case]:
    """Over one dimension or several, kept or not."""

    def case(random: Random) -> Case:
        dtype, shape = random.choice(EIGHT_BITS), picture(random, 16)
        axes = [[1, 2], [2, 1], [3], [1], [2], [1, 2, 3]][int(random.integers(0, 6))]
        kept = bool(random.integers(0, 2))
        left = [1 if axis in axes else size for axis, size in enumerate(shape) if kept or axis not in axes]
        taken = quantised(random, shape, dtype)
        given = quantised(random, tuple(left), dtype, taken.scale * 10 ** random.uniform(-1, 0.3))
        if name != "MEAN" or random.random() < 0.3:
            given.scale, given.zero = taken.scale, taken.zero
        step = Step(name, [0, 1], [2], "ReducerOptions", {"keepDims": kept})
        return [taken, constant(np.array(axes, np.int32)), given], [step]

    return case


def pool(name: str) -> Callable[[Random], Case]:
    """Windows of any size, the whole picture now and then."""

    def case(random: Random) -> Case:
        _, *sides, channels = picture(random, 14)
        whole = random.random() < 0.3
        window = sides if whole else [int(random.integers(1, side + 1)) for side in sides]
        padding = schema.Padding.VALID if whole else int(random.integers(0, 2))
        stride = int(random.integers(1, 3))
        places = [
            -(-side // stride) if padding == schema.Padding.SAME else -(-(side - covered + 1) // stride)
            for side, covered in zip(sides, window)
        ]
        taken = quantised(random, (1, *sides, channels), random.choice(EIGHT_BITS))
        given = Tensor((1, *places, channels), taken.dtype, taken.scale, taken.zero)
        options = {"padding": padding, "strideH": stride, "strideW": stride, "filterHeight": window[0]}
        options |= {"filterWidth": window[1], "fusedActivationFunction": activation(random)}
        return [taken, given], [Step(name, [0], [1], "Pool2DOptions", options)]

    return case


def softmax(random: Random) -> Case:
    dtype, classes = random.choice(EIGHT_BITS), int(random.integers(1, 1200))
    taken = quantised(random, (1, classes), dtype, 10 ** random.uniform(-3, 0))
    given = Tensor((1, classes), dtype, 1 / 256, -128 if dtype == np.int8 else 0)
    beta = 1.0 if random.random() < 0.7 else float(random.uniform(0.1, 3))
    return [taken, given], [Step("SOFTMAX", [0], [1], "SoftmaxOptions", {"beta": beta})]


def concatenation(random: Random) -> Case:
    """Of equal scales, and of uint8, as TensorFlow 1 wrote it, of unequal ones too."""
    dtype, count, (_, *sides, _) = random.choice(EIGHT_BITS), int(random.integers(1, 4)), picture(random)
    parts = [quantised(random, (1, *sides, int(random.integers(1, 9))), dtype) for _ in range(count)]
    given = quantised(random, (1, *sides, sum(part.shape[3] for part in parts)), dtype, parts[0].scale)
    if dtype == np.int8 or random.random() < 0.3:
        for part in parts:
            part.scale, part.zero = given.scale, given.zero
    step = Step("CONCATENATION", range(count), [count], "ConcatenationOptions", {"axis": int(random.choice([3, -1]))})
    return [*parts, given], [step]


def moved(taken: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What has the same numbers elsewhere."""
    return Tensor(shape, taken.dtype, taken.scale, taken.zero)


def padded(name: str) -> Callable[[Random], Case]:
    def case(random: Random) -> Case:
        taken = quantised(random, (1, *map(int, random.integers(3, 7, 3))), random.choice(EIGHT_BITS))
        sides = random.integers(0, 3, (4, 2)).astype(np.int32)
        sides[0] = 0
        given = moved(taken, tuple(int(side + pad.sum()) for side, pad in zip(taken.shape, sides)))
        if name == "PAD":
            return [taken, constant(sides), given], [Step("PAD", [0, 1], [2], "PadOptions")]
        if name == "MIRROR_PAD":
            mode = {"mode": int(random.integers(0, 2))}
            return [taken, constant(sides), given], [Step(name, [0, 1], [2], "MirrorPadOptions", mode)]
        value = moved(taken, (1,))
        value.data = numbers(random, value)
        return [taken, constant(sides), value, given], [Step("PADV2", [0, 1, 2], [3], "PadV2Options")]

    return case


def resize_nearest(random: Random) -> Case:
    taken = quantised(random, (1, *map(int, random.integers(1, 9, 2)), 3), random.choice(EIGHT_BITS))
    target = random.integers(1, 15, 2).astype(np.int32)
    kind = int(random.integers(0, 3))
    options = {"alignCorners": kind == 1, "halfPixelCenters": kind == 2}
    given = moved(taken, (1, *map(int, target), 3))
    step = Step("RESIZE_NEAREST_NEIGHBOR", [0, 1], [2], "ResizeNearestNeighborOptions", options)
    return [taken, constant(target), given], [step]


def transpose(random: Random) -> Case:
    taken = quantised(random, picture(random), random.choice(EIGHT_BITS))
    order = np.array([0, *(1 + random.permutation(3))], np.int32)
    given = moved(taken, tuple(taken.shape[axis] for axis in order))
    return [taken, constant(order), given], [Step("TRANSPOSE", [0, 1], [2], "TransposeOptions")]


def reshape(random: Random) -> Case:
    """The shape that it is given says less than the one that it has when it runs."""
    taken = quantised(random, picture(random), random.choice(EIGHT_BITS))
    shape = constant(np.array([1, -1], np.int32))
    given = moved(taken, (1, int(np.prod(taken.shape))))
    return [taken, shape, given], [Step("RESHAPE", [0, 1], [2], "ReshapeOptions")]


def strided_slice(random: Random) -> Case:
    taken = quantised(random, (1, *map(int, random.integers(2, 8, 3))), random.choice(EIGHT_BITS))
    begin = [int(random.integers(0, side)) for side in taken.shape]
    end = [int(random.integers(first + 1, side + 1)) for first, side in zip(begin, taken.shape)]
    strides = [1, *map(int, random.integers(1, 3, 3))]
    shape = np.zeros(taken.shape)[tuple(map(slice, begin, end, strides))].shape
    places = [constant(np.array(place, np.int32)) for place in (begin, end, strides)]
    step = Step("STRIDED_SLICE", [0, 1, 2, 3], [4], "StridedSliceOptions", {"offset": False})
    return [taken, *places, moved(taken, shape)], [step]


def split_and_packed(random: Random) -> Case:
    """Parts of the channels, one behind the other in a new dimension."""
    count, size = map(int, random.integers(1, 5, 2))
    taken = quantised(random, (1, 3, 4, count * size), random.choice(EIGHT_BITS))
    parts = [moved(taken, (1, 3, 4, size)) for _ in range(count)]
    given = moved(taken, (1, 3, count, 4, size))
    behind = range(2, 2 + count)
    split = Step("SPLIT", [1, 0], behind, "SplitOptions", {"numSplits": count})
    pack = Step("PACK", [*behind][::-1], [2 + count], "PackOptions", {"valuesCount": count, "axis": 2})
    return [taken, constant(np.int32(3)), *parts, given], [split, pack]


def shapes(random: Random) -> Case:
    """What modern Keras writes for Reshape: a shape made of SHAPE, STRIDED_SLICE and PACK while it runs."""
    taken = quantised(random, picture(random), random.choice(EIGHT_BITS))
    ends = [constant(np.array([place], np.int32)) for place in (0, 1, 1)]
    whole = Tensor((4,), np.int32), Tensor((), np.int32)
    rest = constant(np.int32(np.prod(taken.shape)))
    tensors = [taken, *ends, *whole, rest, Tensor((2,), np.int32), moved(taken, (1, int(rest.data or 0)))]
    return tensors, [
        Step("SHAPE", [0], [4], "ShapeOptions", {"outType": schema.TensorType.INT32}),
        Step("STRIDED_SLICE", [4, 1, 2, 3], [5], "StridedSliceOptions", {"shrinkAxisMask": 1}),
        Step("PACK", [5, 6], [7], "PackOptions", {"valuesCount": 2}),
        Step("RESHAPE", [0, 7], [8], "ReshapeOptions"),
    ]


CASES: dict[str, Callable[[Random], Case]] = {
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise_convolution,
    "FULLY_CONNECTED": fully_connected,
    "ADD": of_two("ADD", "AddOptions"),
    "ADD of very unlike scales": of_two("ADD", "AddOptions", decades=2.5),
    "SUB": of_two("SUB", "SubOptions"),
    "SUB of very unlike scales": of_two("SUB", "SubOptions", decades=2.5),
    "MUL": of_two("MUL", "MulOptions"),
    "MAXIMUM": of_two("MAXIMUM", "MaximumMinimumOptions", same_scales=True),
    "MINIMUM": of_two("MINIMUM", "MaximumMinimumOptions", same_scales=True),
    "PRELU": prelu,
    "LOGISTIC": of_one("LOGISTIC", scale=1 / 256),
    "TANH": of_one("TANH", scale=1 / 128),
    "HARD_SWISH": of_one("HARD_SWISH", "HardSwishOptions"),
    "RELU": of_one("RELU"),
    "RELU6": of_one("RELU6"),
    "RELU_N1_TO_1": of_one("RELU_N1_TO_1"),
    "LEAKY_RELU": of_one("LEAKY_RELU", "LeakyReluOptions", alpha=0.3),
    "ELU": of_one("ELU", dtypes=(np.int8,)),
    "GELU": of_one("GELU", "GeluOptions", approximate=True),
    "QUANTIZE": quantise,
    "QUANTIZE of whole numbers": requantise,
    "DEQUANTIZE": dequantise,
    "MEAN": reduction("MEAN"),
    "REDUCE_MAX": reduction("REDUCE_MAX"),
    "REDUCE_MIN": reduction("REDUCE_MIN"),
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "SOFTMAX": softmax,
    "CONCATENATION": concatenation,
    "PAD": padded("PAD"),
    "PADV2": padded("PADV2"),
    "MIRROR_PAD": padded("MIRROR_PAD"),
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest,
    "TRANSPOSE": transpose,
    "RESHAPE": reshape,
    "STRIDED_SLICE": strided_slice,
    "SPLIT and PACK": split_and_packed,
    "SHAPE": shapes,
}


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whole_numbers(name: str, seed: int) -> None:
    """Every number is LiteRT's, bit for bit, with onnxruntime's optimisations and without."""
    random = np.random.default_rng(seed)
    tensors, steps = CASES[name](random)
    file = write(tensors, steps)
    batches = [numbers(random, tensors[index]) for index in inputs(tensors, steps)]
    expected = litert(file, *batches)
    for optimised in (True, False):
        np.testing.assert_array_equal(translated(file, *batches, optimised=optimised), expected)


def real(tensor: Tensor) -> Tensor:
    """The same value without quantisation."""
    if tensor.scale is None:
        return tensor
    data = tensor.data
    if data is not None:
        shape = [-1 if axis == tensor.axis and np.size(tensor.scale) > 1 else 1 for axis in range(data.ndim)]
        data = ((data.astype(np.float32) - tensor.zero) * np.reshape(tensor.scale, shape)).astype(np.float32)
    return Tensor(tensor.shape, np.float32, data=data)


@pytest.mark.parametrize("name", [name for name in CASES if "QUANTIZE" not in name])
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_real_numbers(name: str, seed: int) -> None:
    """Between whole numbers there may be real ones: the same operations on them answer as LiteRT's do."""
    random = np.random.default_rng(seed)
    tensors, steps = CASES[name](random)
    tensors = [real(tensor) for tensor in tensors]
    file = write(tensors, steps)
    batches = [numbers(random, tensors[index]) for index in inputs(tensors, steps)]
    try:
        answer = translated(file, *batches)
    except NotTranslated:
        assert name in ("GELU", "POW")
        return
    expected = litert(file, *batches)
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=2e-6 * max(np.abs(expected).max(initial=0), 1))


DYNAMIC = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@pytest.mark.parametrize("name", DYNAMIC)
@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_rounded_weights(name: str, seed: int) -> None:
    """Real numbers that meet weights of eight bits are rounded as XNNPACK rounds them, and weighed exactly."""
    random = np.random.default_rng(seed)
    tensors, steps = CASES[name](random)
    given, kernel, bias, output = tensors
    kernel = weights(random, np.int8, kernel.shape, 3 if name.startswith("DEPTHWISE") else 0)
    if name.startswith("DEPTHWISE") and np.size(kernel.scale) == 1:
        kernel.scale = np.full(kernel.shape[3], kernel.scale)  # LiteRT takes no other
    file = write([real(given), kernel, real(bias), real(output)], steps)
    batch = numbers(random, real(given)) * np.float32(10 ** random.uniform(-2, 2))
    expected = litert(file, batch)
    np.testing.assert_allclose(translated(file, batch), expected, rtol=0, atol=2e-6 * max(np.abs(expected).max(), 1))


def test_every_input_is_used() -> None:
    """An input that a translation does not use ends it with a sentence, never silently."""
    network = Network.read(write(*softmax(np.random.default_rng(1))))
    (operation,) = network.operations
    network = replace(network, operations=(replace(operation, inputs=(0, 0)),))
    with pytest.raises(CannotConvert, match=r"Of SOFTMAX's 2 inputs \[1\] were not used"):
        translate(network, ["pixels"], "scores")


SATURATING = """
import sys
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.log_severity_level = 4
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
np.save(sys.argv[3], session.run(None, {"pixels": np.load(sys.argv[2])})[0])
"""


@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="qemu-x86_64 is not installed (Debian: qemu-user)")
@pytest.mark.parametrize("processor", ["Nehalem", "Haswell"])
def test_processors_without_vnni(processor: str, tmp_path: Path) -> None:
    """Where products are added in 16 bits, the largest numbers and weights add up as LiteRT adds them."""
    given, output = Tensor((1, 8, 8, 64), np.int8, 0.02, -128), Tensor((1, 6, 6, 32), np.int8, 400.0, 3)
    kernel = constant(np.full((32, 3, 3, 64), 127, np.int8), np.full(32, 0.5))
    bias = constant(np.zeros(32, np.int32), np.full(32, 0.02, np.float32) * np.float32(0.5))
    options = {"padding": schema.Padding.VALID, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    file = write([given, kernel, bias, output], [Step("CONV_2D", [0, 1, 2], [3], "Conv2DOptions", options)])
    batch = np.random.default_rng(1).integers(100, 128, given.shape).astype(np.int8)
    np.save(tmp_path / "pixels.npy", batch)
    onnx.save(translate(Network.read(file), ["pixels"], "scores"), tmp_path / "model.onnx")
    files = [str(tmp_path / name) for name in ("model.onnx", "pixels.npy", "scores.npy")]
    subprocess.run(
        ["qemu-x86_64", "-cpu", processor, sys.executable, "-c", SATURATING, *files], check=True, timeout=300
    )
    np.testing.assert_array_equal(np.load(files[2]), litert(file, batch))
