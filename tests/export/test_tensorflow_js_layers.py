"""Layers models of TensorFlow.js, written by TensorFlow.js itself or as its converter writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from export.errors import CannotOpen, Damaged, ExportError
from export.importers.tensorflow_js import building, layers_model
from export.importers.tensorflow_js.document import Document
from export.importers.tensorflow_js.importer import TensorFlowJsImporter
from export.importers.tensorflow_js.weights import read_groups, read_weights
from tests.export import tensorflow_js
from tests.export import tensorflow_js_files as files

SIZE = 24
BATCH = np.random.default_rng(3).uniform(-1, 1, [2, SIZE, SIZE, 3]).astype(np.float32)


def built(folder: Path) -> Any:
    """The model in a folder as a keras.Model."""
    document = Document.read(folder / "model.json")
    return layers_model.model(document, read_weights(document.path, read_groups(document.path, document.manifest)))


def test_every_layer(tmp_path: Path) -> None:
    """A model that TensorFlow.js built and saved, with every layer for pictures, answers as there."""
    (witness,) = tensorflow_js.write(tmp_path, "every_layer.cjs", BATCH)
    np.testing.assert_allclose(np.ravel(built(tmp_path)(BATCH)), witness, atol=1e-6)


def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    """A layer as Keras 2 writes it."""
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def convolution(name: str = "conv", **config: Any) -> dict[str, Any]:
    usual = {"filters": 2, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "use_bias": True}
    return layer("Conv2D", name, **{**usual, **config})


FIRST = {"batch_input_shape": [None, SIZE, SIZE, 3], "dtype": "float32"}
RANDOM = np.random.default_rng(5)
WEIGHTS = {
    "conv/kernel": RANDOM.normal(size=[3, 3, 3, 2]).astype(np.float32),
    "conv/bias": RANDOM.normal(size=[2]).astype(np.float32),
    "dense/kernel": RANDOM.normal(size=[2, 4]).astype(np.float32),
    "dense/bias": RANDOM.normal(size=[4]).astype(np.float32),
}


def chain(*behind: dict[str, Any], **first: Any) -> dict[str, Any]:
    """A Sequential as the converter writes it: a convolution, what is given, and a dense layer."""
    end = [layer("GlobalAveragePooling2D", "pool"), layer("Dense", "dense", units=4, activation="softmax")]
    model = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [convolution(**FIRST, **first), *behind, *end]},
    }
    return {"keras_version": "2.4.0", "backend": "tensorflow", "model_config": model, "training_config": {"loss": "x"}}


def write(folder: Path, topology: dict[str, Any], quantization: str | None = None, **weights: np.ndarray) -> Path:
    stored = [files.quantized(name, value, quantization) for name, value in {**WEIGHTS, **weights}.items()]
    return files.write(folder, topology, stored, format="layers-model", generatedBy="keras v2.4.0", shard_bytes=64)


@pytest.mark.parametrize("quantization", [None, "uint8", "uint16", "float16"])
def test_converted(quantization: str | None, tmp_path: Path) -> None:
    """A model as the converter writes it, its weights in many files and in every type, answers as TensorFlow.js."""
    folder = write(tmp_path / "model", chain(), quantization)
    assert len(list(folder.glob("*.bin"))) > 1
    (witness,) = tensorflow_js.answer(folder, BATCH)
    np.testing.assert_allclose(np.ravel(built(folder)(BATCH)), witness, atol=1e-6)


def test_hard_sigmoid(tmp_path: Path) -> None:
    """The hard sigmoid is Keras 2's and TensorFlow.js's, not that of Keras 3."""
    folder = write(tmp_path / "model", chain(activation="hard_sigmoid"))
    (witness,) = tensorflow_js.answer(folder, BATCH)
    np.testing.assert_allclose(np.ravel(built(folder)(BATCH)), witness, atol=1e-6)


def test_unknown_side(tmp_path: Path) -> None:
    """A side that TensorFlow.js leaves open when it reshapes, null, is found."""
    folder = write(tmp_path / "model", chain(layer("Reshape", "reshape", target_shape=[11, None, 2])))
    expected = built(write(tmp_path / "plain", chain()))(BATCH)
    np.testing.assert_allclose(built(folder)(BATCH), expected, atol=1e-6)


def test_names_of_weights(tmp_path: Path) -> None:
    """Weights that carry a cell's or a network's name besides their layer's are found, as in TensorFlow.js."""
    folder = write(tmp_path / "model", chain())
    content = json.loads((folder / "model.json").read_text())
    names = {"conv/kernel": "conv/cell/kernel", "dense/bias": "sequential/dense/bias"}
    for entry in content["weightsManifest"][0]["weights"]:
        entry["name"] = names.get(entry["name"], entry["name"])
    (folder / "model.json").write_text(json.dumps(content))
    expected = built(write(tmp_path / "plain", chain()))(BATCH)
    np.testing.assert_array_equal(built(folder)(BATCH), expected)


def test_optimizer(tmp_path: Path) -> None:
    """The state of an optimizer is read over."""
    folder = write(tmp_path / "model", chain(), **{"optimizer/step": np.float32([7])})
    content = json.loads((folder / "model.json").read_text())
    content["weightsManifest"][0]["weights"][-1]["group"] = "optimizer"
    (folder / "model.json").write_text(json.dumps(content))
    expected = built(write(tmp_path / "plain", chain()))(BATCH)
    np.testing.assert_array_equal(built(folder)(BATCH), expected)


def test_functional(tmp_path: Path) -> None:
    """A graph of layers in Keras 2's form, with a layer that is called twice, answers as TensorFlow.js."""

    def node(name: str, *inputs: list[Any]) -> dict[str, Any]:
        return {"name": name, "inbound_nodes": [[[*given, {}]] for given in inputs]}

    layers = [
        layer("InputLayer", "image", **FIRST, sparse=False) | node("image"),
        convolution(filters=3, padding="same") | node("conv", ["image", 0, 0], ["conv", 0, 0]),
        layer("GlobalMaxPooling2D", "pool") | node("pool", ["conv", 1, 0]),
        layer("Dense", "dense", units=4, activation="softmax") | node("dense", ["pool", 0, 0]),
    ]
    config = {"name": "m", "layers": layers, "input_layers": [["image", 0, 0]], "output_layers": [["dense", 0, 0]]}
    shapes = {"conv/kernel": [3, 3, 3, 3], "conv/bias": [3], "dense/kernel": [3, 4]}
    weights = {name: RANDOM.normal(size=shape).astype(np.float32) / 3 for name, shape in shapes.items()}
    folder = write(tmp_path / "model", {"class_name": "Model", "config": config}, **weights)
    (witness,) = tensorflow_js.answer(folder, BATCH)
    np.testing.assert_allclose(np.ravel(built(folder)(BATCH)), witness, atol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras with NumPy 2
def test_keras_3(tmp_path: Path) -> None:
    """What the converter makes of a model of Keras 3, which TensorFlow.js itself does not load, answers as Keras."""
    layers = keras.layers
    pixels = layers.Input([SIZE, SIZE, 3])
    base = keras.Sequential([layers.Input([SIZE, SIZE, 3]), layers.Conv2D(4, 3, activation="relu")])
    left = base(pixels, training=False)
    both = layers.Add()([left, layers.Conv2D(4, 3, padding="same")(left)])
    scores = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(layers.Dropout(0.2)(both)))
    model = keras.Model(pixels, scores)
    topology = {"keras_version": keras.__version__, "model_config": json.loads(model.to_json())}
    stored = [files.quantized(weight.path, weight.numpy()) for weight in model.weights]
    folder = files.write(tmp_path / "model", topology, stored, format="layers-model")
    np.testing.assert_allclose(built(folder)(BATCH), model(BATCH), atol=1e-6)


def rename(old: str, new: str) -> Callable[[dict[str, Any]], object]:
    def change(content: dict[str, Any]) -> None:
        (entry,) = (entry for entry in content["weightsManifest"][0]["weights"] if entry["name"] == old)
        entry["name"] = new

    return change


def configure(index: int, **options: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["modelTopology"]["model_config"]["config"]["layers"][index]["config"].update(options)


@pytest.mark.parametrize(
    ("behind", "message"),
    [
        (
            layer("Resizing", "resizing", height=8, width=8),
            r"'resizing' \(Resizing\) is not the same in TensorFlow\.js",
        ),
        (layer("UpSampling2D", "up", size=[2, 2], interpolation="bilinear"), r"'up' \(UpSampling2D\) is not the same"),
        (layer("Lambda", "mine", function="x"), r"'mine' \(Lambda\): it is of a kind that is not built here"),
        (layer("CustomAttention", "mine"), r"'mine' \(CustomAttention\): it is of a kind that is not built"),
        (layer("Cropping2D", "crop", cropping=[[20, 20], [20, 20]]), "Keras cannot build it"),
        ({"class_name": "ReLU"}, "config"),
    ],
)
def test_unknown_layers(behind: dict[str, Any], message: str, tmp_path: Path) -> None:
    """, by somebody's own code, or that do not fit are refused by name."""
    with pytest.raises(CannotOpen, match=message):
        built(write(tmp_path / "model", chain(behind)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename("conv/bias", "other/bias"), r"its weight conv/bias is not in the weightsManifest"),
        (configure(0, use_bias=False), "the weights conv/bias are part of no layer"),
        (configure(-1, units=5), r"'dense/kernel' has the shape \[2, 4\]"),
        (lambda content: content.update(modelTopology={"class_name": "Dense", "config": {"name": "d"}}), "is a Dense"),
        (lambda content: content.update(modelTopology={"layers": []}), "neither a graph nor layers"),
    ],
)
def test_unfit_weights(change: Callable[[Any], object], message: str, tmp_path: Path) -> None:
    """Layers and weights that do not fit together are refused, each by name."""
    folder = write(tmp_path / "model", chain())
    content = json.loads((folder / "model.json").read_text())
    change(content)
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(Damaged, match=message):
        built(folder)


def test_saved_model(tmp_path: Path) -> None:
    """The SavedModel that is made of it answers as the layers do, and takes pictures in a batch of any size."""
    folder = write(tmp_path / "model", chain())
    document = Document.read(folder / "model.json")
    weights = read_weights(document.path, read_groups(document.path, document.manifest))
    layers_model.save(document, weights, tmp_path / "saved")
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    (answer,) = served(tf.constant(BATCH)).values()
    np.testing.assert_allclose(answer, built(folder)(BATCH), atol=1e-6)


DAMAGES = (None, True, 0, -1, 1e9, 2**70, "", "x", "DT_FLOAT", [], [1], {}, [[]], {"class_name": "Dense", "config": {}})


@pytest.mark.parametrize("seed", range(40))
def test_any_damage(seed: int, tmp_path: Path) -> None:
    """A model.json in which anything is something else is built or refused by a sentence."""
    random = Random(seed)
    folder = write(tmp_path / "model", chain(layer("Reshape", "reshape", target_shape=[11, None, 2])))
    content = json.loads((folder / "model.json").read_text())
    inside, key = random.choice(list(places(content)))
    inside[key] = random.choice(DAMAGES)
    (folder / "model.json").write_text(json.dumps(content))
    with suppress(ExportError):
        TensorFlowJsImporter().check(folder / "model.json")
        building.save(folder / "model.json", tmp_path / "saved")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON: what it is in, and its key or number there."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])
