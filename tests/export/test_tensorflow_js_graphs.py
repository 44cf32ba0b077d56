"""Graph models of TensorFlow.js, rebuilt for TensorFlow."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from export.errors import CannotOpen, Damaged
from export.graph.saved_model import SavedModel
from export.importers.tensorflow_js import graph_model
from export.importers.tensorflow_js.document import Document
from export.importers.tensorflow_js.weights import read_groups, read_weights
from tests.export import tensorflow_js
from tests.export import tensorflow_js_files as files

SIZE = 16
SPEC = tf.TensorSpec([None, SIZE, SIZE, 3], tf.float32, "pixels")
BATCH = np.random.default_rng(3).uniform(-1, 1, [2, SIZE, SIZE, 3]).astype(np.float32)


def network(seed: int = 4) -> Any:
    """A network of every layer that TensorFlow fuses, with weights unlike those it begins training with."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input([SIZE, SIZE, 3]),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu6"),
            layers.Conv2D(8, 3, activation="leaky_relu"),
            layers.BatchNormalization(),
            layers.Conv2D(8, 1, activation="elu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="relu"),
            layers.Dense(5, activation="softmax"),
        ]
    )
    random = np.random.default_rng(seed)
    for weight in model.weights:
        is_scale = "variance" in weight.name or "gamma" in weight.name
        weight.assign(random.uniform(0.3, 0.9, weight.shape) if is_scale else random.normal(0, 0.3, weight.shape))
    return model


def converted(folder: Path, function: Callable[[Any], Any], **others: Any) -> Path:
    """A function of a batch of pictures as a graph model."""
    graph_def, inputs, outputs = files.frozen(function, SPEC)
    return files.write_graph(folder, graph_def, {"pixels": inputs[0]}, {"scores": outputs[0]}, **others)


def rebuilt(folder: Path, target: Path) -> SavedModel:
    """The model in a folder, read and opened as a SavedModel."""
    document = Document.read(folder / "model.json")
    groups = read_groups(document.path, document.manifest)
    graph_model.save(document, read_weights(document.path, groups), target)
    return SavedModel(target)


def answered(folder: Path, target: Path, batch: Any = BATCH) -> np.ndarray:
    """What the only output of the rebuilt model is for a batch."""
    with rebuilt(folder, target) as model:
        (signature,) = model.signatures.values()
        (given,), (output,) = signature.inputs, signature.outputs
        return model.call(signature, output, {given.name: batch})


def operations(folder: Path) -> set[str]:
    """The operations in a model.json."""
    return {node["op"] for node in json.loads((folder / "model.json").read_text())["modelTopology"]["node"]}


def test_fused_layers(tmp_path: Path) -> None:
    """Layers that TensorFlow fused with bias and activation answer as in TensorFlow and in TensorFlow.js."""
    model = network()
    folder = converted(tmp_path / "model", lambda pixels: model(pixels, training=False))
    assert {"_FusedConv2D", "_FusedMatMul"} <= operations(folder)
    actual = answered(folder, tmp_path / "saved")
    np.testing.assert_allclose(actual, model(BATCH, training=False), atol=1e-6)
    (witness,) = tensorflow_js.answer(folder, BATCH)
    np.testing.assert_allclose(actual.ravel(), witness, atol=1e-6)


@pytest.mark.parametrize("quantization", ["uint8", "uint16", "float16"])
def test_quantised_weights(quantization: str, tmp_path: Path) -> None:
    """Weights of 8 and 16 bits answer as TensorFlow.js does, which makes real numbers of them first."""
    model = network()
    folder = converted(tmp_path / "model", model, quantization=quantization)
    (witness,) = tensorflow_js.answer(folder, BATCH)
    np.testing.assert_allclose(answered(folder, tmp_path / "saved").ravel(), witness, atol=1e-6)


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    """A node of a graph in JSON."""
    return {"name": name, "op": op, "input": list(inputs), "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}


def placeholder(shape: list[int]) -> dict[str, Any]:
    dims = [{"size": str(size)} for size in shape]
    return node("pixels", "Placeholder", dtype={"type": "DT_FLOAT"}, shape={"shape": {"dim": dims}}) | {"input": []}


def constant(name: str, dtype: str = "DT_FLOAT") -> dict[str, Any]:
    return {"name": name, "op": "Const", "attr": {"dtype": {"type": dtype}, "value": {"tensor": {"dtype": dtype}}}}


def strings(*values: str) -> dict[str, Any]:
    return {"list": {"s": [base64.b64encode(value.encode()).decode() for value in values]}}


def write(folder: Path, nodes: list[dict[str, Any]], weights: Mapping[str, Any], **others: Any) -> Path:
    """A graph written by hand; without a signature."""
    stored = [files.quantized(name, np.asarray(value)) for name, value in weights.items()]
    return files.write(folder, {"node": nodes, "versions": {}}, stored, **others)


LEAK = np.float32([0.1, -0.3, 2.0])


def test_prelu_alone(tmp_path: Path) -> None:
    """TensorFlow.js's own operation Prelu is computed exactly."""
    prelu = {"name": "scores", "op": "Prelu", "input": ["pixels", "slopes"]}
    nodes = [placeholder([-1, SIZE, SIZE, 3]), constant("slopes"), prelu]
    folder = write(tmp_path / "model", nodes, {"slopes": LEAK})
    actual = answered(folder, tmp_path / "saved")
    np.testing.assert_array_equal(actual, np.where(BATCH < 0, BATCH * LEAK, BATCH))
    np.testing.assert_array_equal(actual.ravel(), tensorflow_js.answer(folder, BATCH)[0])


@pytest.mark.parametrize("op", ["_FusedConv2D", "FusedDepthwiseConv2dNative"])
@pytest.mark.parametrize("steps", [("BiasAdd", "Prelu"), ("BiasAdd",), ("BiasAdd", "Relu6"), ("BiasAdd", "LeakyRelu")])
def test_fused_convolution(op: str, steps: tuple[str, ...], tmp_path: Path) -> None:
    """A convolution with all that TensorFlow.js fuses into it answers as TensorFlow.js."""
    random = np.random.default_rng(8)
    shape = [3, 3, 3, 3] if op == "_FusedConv2D" else [3, 3, 3, 1]
    weights = {"kernel": random.normal(size=shape).astype(np.float32), "bias": np.float32([0.5, -1, 0])}
    if "Prelu" in steps:
        weights["slopes"] = LEAK
    attributes = {
        "fused_ops": strings(*steps),
        "num_args": {"i": str(len(weights) - 1)},
        "strides": {"list": {"i": ["1", "1", "1", "1"]}},
        "dilations": {"list": {"i": ["1", "2", "2", "1"]}},
        "padding": {"s": strings("SAME")["list"]["s"][0]},
        "data_format": {"s": strings("NHWC")["list"]["s"][0]},
        "leakyrelu_alpha": {"f": 0.3},
    }
    nodes = [placeholder([-1, SIZE, SIZE, 3]), *map(constant, weights)]
    folder = write(tmp_path / "model", [*nodes, node("scores", op, "pixels", *weights, **attributes)], weights)
    actual = answered(folder, tmp_path / "saved")
    convolve = tf.nn.convolution if op == "_FusedConv2D" else tf.nn.depthwise_conv2d
    strides = 1 if op == "_FusedConv2D" else [1, 1, 1, 1]
    summed = convolve(BATCH, weights["kernel"], strides, "SAME", dilations=[2, 2]) + weights["bias"]
    activate = {"Prelu": lambda x: tf.where(x < 0, x * LEAK, x), "LeakyRelu": lambda x: tf.nn.leaky_relu(x, 0.3)}
    expected = {**activate, "Relu6": tf.nn.relu6}.get(steps[-1], tf.identity)(summed)
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    if op == "_FusedConv2D" or steps[-1] != "LeakyRelu":  # of which TensorFlow.js makes NaN: it does not read the slope
        np.testing.assert_allclose(actual.ravel(), tensorflow_js.answer(folder, BATCH)[0], atol=1e-5)


def test_fused_as_nobody_does(tmp_path: Path) -> None:
    """A step that TensorFlow.js does not fuse is refused by name."""
    layer = node("scores", "_FusedMatMul", "pixels", "kernel", fused_ops=strings("Cosine"))
    nodes = [placeholder([-1, 3]), constant("kernel"), layer]
    folder = write(tmp_path / "model", nodes, {"kernel": np.ones([3, 2], np.float32)})
    with pytest.raises(CannotOpen, match="scores fuses Cosine into a layer"):
        rebuilt(folder, tmp_path / "saved")


@pytest.mark.parametrize("control_flow", ["functional", "switch"])
def test_condition_and_loop(control_flow: str, tmp_path: Path) -> None:
    """Loops and conditions, as functions or as TensorFlow 1's cycles, answer as TensorFlow does."""

    def function(pixels: Any) -> Any:
        scaled = tf.cond(tf.reduce_max(pixels) > 2.0, lambda: pixels / 255.0, lambda: pixels)
        return tf.while_loop(lambda step, _: step < 3, lambda step, value: (step + 1, value * 0.5), (0, scaled))[1]

    if control_flow == "switch":
        graph = tf.Graph()
        with graph.as_default():
            tf.compat.v1.disable_control_flow_v2()
            try:
                output = function(tf.compat.v1.placeholder(tf.float32, SPEC.shape, "pixels"))
            finally:
                tf.compat.v1.enable_control_flow_v2()
        folder = files.write_graph(tmp_path / "model", graph.as_graph_def(), {"pixels": "pixels:0"}, {"y": output.name})
        assert {"Switch", "Merge", "NextIteration"} <= operations(folder)
    else:
        folder = converted(tmp_path / "model", function)
        assert {"StatelessWhile", "StatelessIf"} & operations(folder)
    np.testing.assert_array_equal(answered(folder, tmp_path / "saved"), BATCH / 8)


def test_fused_layer_in_a_function(tmp_path: Path) -> None:
    """A layer that is fused inside a function's body is taken apart there too."""
    function = {
        "signature": {
            "name": "body",
            "inputArg": [{"name": "x", "type": "DT_FLOAT"}],
            "outputArg": [{"name": "y", "type": "DT_FLOAT"}],
        },
        "nodeDef": [
            constant("body/kernel"),
            constant("body/bias"),
            node(
                "dense",
                "_FusedMatMul",
                "x",
                "body/kernel:output:0",
                "body/bias:output:0",
                fused_ops=strings("BiasAdd", "Relu"),
                num_args={"i": "1"},
            ),
            node("twice", "Add", "dense:product:0", "dense:product:0"),
        ],
        "ret": {"y": "twice:z:0"},
    }
    branches = {name: {"func": {"name": "body"}} for name in ("then_branch", "else_branch")}
    types = {"Tin": {"list": {"type": ["DT_FLOAT"]}}, "Tout": {"list": {"type": ["DT_FLOAT"]}}}
    chosen = node("scores", "StatelessIf", "yes", "pixels", Tcond={"type": "DT_BOOL"}, **types, **branches)
    del chosen["attr"]["T"]
    topology = {
        "node": [placeholder([-1, 3]), constant("yes", "DT_BOOL"), chosen],
        "library": {"function": [function]},
    }
    kernel, bias = np.float32([[1, 2], [3, 4], [5, -6]]), np.float32([0.5, -1])
    weights = {"yes": np.bool_(True), "body/kernel": kernel, "body/bias": bias}
    stored = [files.quantized(name, np.asarray(value)) for name, value in weights.items()]
    folder = files.write(tmp_path / "model", topology, stored)
    batch = np.float32([[1, 2, 3], [-1, 0.5, 0]])
    expected = 2 * np.maximum(batch @ kernel + bias, 0)
    np.testing.assert_array_equal(answered(folder, tmp_path / "saved", batch), expected)


def test_types(tmp_path: Path) -> None:
    """Weights of every type come back as they were: TensorFlow.js keeps whole numbers of all sizes in 32 bits."""
    values = {
        "half": np.float16([1.5, -2]),
        "long": np.int64([[7, -3]]),
        "byte": np.uint8([0, 255]),
        "truth": np.bool_([True, False, True]),
        "wave": np.complex64([1 + 2j, -3j]),
        "word": np.array([["cat", "élan"], ["", "a\0b"]], object),
        "scalar": np.float32(0.1),
        "nothing": np.zeros([0, 3], np.int32),
    }
    graph = tf.Graph()
    with graph.as_default():
        for name, value in values.items():
            tf.constant(value, name=name)
    folder = files.write_graph(tmp_path / "model", graph.as_graph_def())
    document = Document.read(folder / "model.json")
    graph_def = graph_model.rebuild(
        document, read_weights(document.path, read_groups(document.path, document.manifest))
    )
    for made in graph_def.node:
        actual, expected = tf.make_ndarray(made.attr["value"].tensor), values[made.name]
        if expected.dtype == object:
            expected = np.vectorize(str.encode, otypes=[object])(expected)
        assert actual.dtype == expected.dtype, made.name
        np.testing.assert_array_equal(actual, expected)


def test_without_signature(tmp_path: Path) -> None:
    """Older converters name no inputs and outputs: then they are the placeholders, and what nothing reads."""
    model = network()
    graph_def, _, _ = files.frozen(model, SPEC)
    folder = files.write_graph(tmp_path / "model", graph_def)
    np.testing.assert_allclose(answered(folder, tmp_path / "saved"), model(BATCH), atol=1e-6)


def test_signature_in_metadata(tmp_path: Path) -> None:
    """Between the two, the signature stood in the user's metadata."""
    graph_def, inputs, outputs = files.frozen(lambda pixels: pixels * 2.0, SPEC)
    signature = {"inputs": {"a": {"name": inputs[0]}}, "outputs": {"b": {"name": outputs[0]}}}
    folder = files.write_graph(tmp_path / "model", graph_def, userDefinedMetadata={"signature": signature})
    with rebuilt(folder, tmp_path / "saved") as model:
        (found,) = model.signatures.values()
    assert [spec.key for spec in (*found.inputs, *found.outputs)] == ["a", "b"]
    assert found.inputs[0].shape == (None, SIZE, SIZE, 3)


def damage(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The model with its model.json changed."""
    content = json.loads((folder / "model.json").read_text())
    change(content)
    (folder / "model.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A graph with one weight."""
    nodes = [placeholder([-1, 3]), constant("weight"), node("scores", "Mul", "pixels", "weight")]
    return write(tmp_path / "model", nodes, {"weight": np.float32([1, 2, 3])})


def add(*made: dict[str, Any]) -> Callable[[Any], object]:
    return lambda model: model["modelTopology"]["node"].extend(made)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (add(node("x", "ReadFile")), "does not have: ReadFile"),
        (add(node("x", "MyOwnOp")), "does not have: MyOwnOp"),
        (add(node("x", "HashTableV2")), "looks words up in a table"),
        (add(constant("other")), "weight other is not in the weights"),
        (lambda model: model["modelTopology"]["node"].pop(1), "the weights weight are part of no network"),
        (add(constant("weight")), "two constants of the name 'weight'"),
        (add(node("x", "Mul", "gone", "weight")), "cannot load its graph"),
        (add({"name": 7}), "its graph cannot be read"),
        (
            lambda model: model["modelTopology"]["node"][1]["attr"]["dtype"].update(type="DT_INT32"),
            "the graph has int32",
        ),
        (
            lambda model: model.update(signature={"inputs": {"a": {"name": "no:0"}}}),
            "names 'no:0', which is not in its",
        ),
    ],
)
def test_unfit_graph(small: Path, change: Callable[[Any], object], message: str, tmp_path: Path) -> None:
    """A graph that does not fit its weights, or with operations that TensorFlow.js does not have, is refused."""
    with pytest.raises(CannotOpen, match=message):
        rebuilt(damage(small, change), tmp_path / "saved")


def test_devices(small: Path, tmp_path: Path) -> None:
    """Where a node ran, and beside which other, does not matter."""

    def place(model: dict[str, Any]) -> None:
        model["modelTopology"]["node"][2]["device"] = "/device:GPU:3"
        model["modelTopology"]["node"][2]["attr"]["_class"] = strings("loc:@gone")

    np.testing.assert_array_equal(
        answered(damage(small, place), tmp_path / "saved", np.float32([[1, 1, 1]])), [[1, 2, 3]]
    )


def test_initializer(small: Path, tmp_path: Path) -> None:
    """The weights of a graph that fills tables before the first call are not missed in the network's."""

    def add(model: dict[str, Any]) -> None:
        model["modelInitializer"] = {"node": [constant("words")]}
        entry, data = files.quantized("words", np.array(["a", "b"], object))
        model["weightsManifest"].append({"paths": ["words.bin"], "weights": [entry]})
        (small / "words.bin").write_bytes(data)

    np.testing.assert_array_equal(
        answered(damage(small, add), tmp_path / "saved", np.float32([[1, 1, 1]])), [[1, 2, 3]]
    )


def test_damaged_constant(small: Path, tmp_path: Path) -> None:
    """A weight whose shape is not what the graph says is refused."""

    def reshape(model: dict[str, Any]) -> None:
        tensor = model["modelTopology"]["node"][1]["attr"]["value"]["tensor"]
        tensor["tensorShape"] = {"dim": [{"size": "4"}]}

    with pytest.raises(Damaged, match=r"weight is of shape \[3\], where the graph has \(4,\)"):
        rebuilt(damage(small, reshape), tmp_path / "saved")
