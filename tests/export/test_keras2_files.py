"""HDF5 files of Keras 2, beside what Keras 2 itself answers when it loads them."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from export.importers.keras.keras2 import file
from export.source.source import open_source
from predictor import Classifier
from tests.export.comparison import check_scores, resized
from tests.export.conftest import ExportTo

tf_keras = pytest.importorskip("tf_keras")

from tests.export import keras2_models as models  # noqa: E402 (it takes tf_keras)

pytestmark = pytest.mark.filterwarnings("ignore")  # of Keras 2, which is no longer kept

SIZE = models.SIZE
Config = dict[str, Any]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three photographs, [3, SIZE, SIZE, 3]."""
    from tests.export import photographs

    names = ("coffee.png", "china.jpg", "rocket.jpg")
    return tf.concat([resized(photographs.find(name).read_bytes(), (SIZE, SIZE)) for name in names], 0)


def saved(model: Any, path: Path, batch: Any) -> Any:
    """Save a model with weights of its own to a path; the model as Keras 2 loads it from there."""
    models.with_weights(model, batch).save(path, save_format="h5")
    return tf_keras.models.load_model(path, compile=False)


def opened(path: Path) -> Callable[[Any], Any]:
    """What the exporter makes of a file, as a function of pixels."""
    folder = path.parent / "opened"
    file.save(path, folder)
    function = tf.saved_model.load(str(folder)).signatures["serving_default"]
    (name,) = function.structured_input_signature[1]
    return lambda pixels: function(**{name: pixels})["output_0"].numpy()


def check_equal(path: Path, original: Any, batch: Any) -> None:
    """Both answer alike, and not the same for every picture."""
    expected = original(batch, training=False).numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(opened(path)(batch), expected, atol=1e-6)


@pytest.mark.parametrize("kind", models.KINDS)
def test_kind(kind: str, batch: Any, tmp_path: Path) -> None:
    """A file answers as Keras 2 does, whatever its layers and however they are put together."""
    if kind == "channels_first":
        batch = tf.transpose(batch, [0, 3, 1, 2])
    check_equal(tmp_path / "m.h5", saved(models.KINDS[kind](), tmp_path / "m.h5", batch), batch)


@pytest.mark.parametrize("kind", ["partly_frozen", "shared", "preprocessing"])
def test_archive(kind: str, batch: Any, tmp_path: Path) -> None:
    """A .keras archive as TensorFlow 2.12 to 2.15 saves it answers as Keras 2 does."""
    models.with_weights(models.KINDS[kind](), batch).save(tmp_path / "m.keras")
    check_equal(tmp_path / "m.keras", tf_keras.models.load_model(tmp_path / "m.keras", compile=False), batch)


def test_archive_of_networks(batch: Any, tmp_path: Path) -> None:
    """So does one of a network in a network, with the names of groups that TensorFlow 2.12 used."""
    original = models.with_weights(models.teachable_machine(), batch)
    original.save(tmp_path / "new.keras")
    with zipfile.ZipFile(tmp_path / "new.keras") as new, zipfile.ZipFile(tmp_path / "m.keras", "w") as old:
        for name in ("metadata.json", "config.json"):
            old.writestr(name, new.read(name))
        weights = io.BytesIO(new.read("model.weights.h5"))
        with h5py.File(weights, "r+") as h5:
            groups: list[str] = []
            h5.visit(groups.append)
            for group in sorted((name for name in groups if name.endswith("layers")), reverse=True):
                h5.move(group, f"{group[: -len('layers')]}_layer_checkpoint_dependencies")
        old.writestr("model.weights.h5", weights.getvalue())
    check_equal(tmp_path / "m.keras", original, batch)


def every_layer(config: Config) -> list[Config]:
    """The dictionaries of all layers in a model's configuration, those of networks inside too."""
    found = [config]
    for layer in config["config"].get("layers", []):
        found += every_layer(layer)
    return found


def first_layer_says_the_shape(model: Config) -> None:
    """Keras 2.0 to 2.3 and TensorFlow to 2.1 saved no InputLayer of a Sequential."""
    for layer in every_layer(model):
        if layer["class_name"] == "Sequential":
            first, *others = layer["config"]["layers"]
            if first["class_name"] == "InputLayer":
                layer["config"]["layers"] = others
                if "layers" not in others[0]["config"]:
                    others[0]["config"]["batch_input_shape"] = first["config"]["batch_input_shape"]


def sequential_is_a_list(model: Config) -> None:
    """Keras 2.0 to 2.2.2 saved a Sequential as the list of its layers, without its name."""
    first_layer_says_the_shape(model)
    for layer in reversed(every_layer(model)):
        if layer["class_name"] == "Sequential":
            layer["config"] = layer["config"]["layers"]


def old_class_names(model: Config) -> None:
    """Up to TensorFlow 2.3 the class was Model; TensorFlow 1.14 had two batch normalisations."""
    for layer in every_layer(model):
        names = {"Functional": "Model", "BatchNormalization": "BatchNormalizationV1"}
        layer["class_name"] = names.get(layer["class_name"], layer["class_name"])


def tracked_axis(model: Config) -> None:
    """TensorFlow 1.14 saved the axis as the list that it tracked; Keras's own Keras a number."""
    norms = [layer for layer in every_layer(model) if layer["class_name"] == "BatchNormalization"]
    norms[0]["config"]["axis"] = {"class_name": "ListWrapper", "config": [3]}
    norms[1]["config"]["axis"] = 3
    norms[2]["config"]["axis"] = -1


def initialisers_with_a_type(model: Config) -> None:
    """TensorFlow 1.13 to 2.1 gave every initialiser a type, and 1.x had VarianceScaling in place of names."""
    scaling = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None, "dtype": "float32"}
    for layer in every_layer(model):
        for key in layer["config"]:
            if key.endswith("_initializer"):
                layer["config"][key] = {"class_name": "VarianceScaling", "config": dict(scaling)}


def policies(model: Config) -> None:
    """TensorFlow 2.1 to 2.3 saved policies with their loss scale; Keras 2.0 to 2.2 saved no type at all."""
    for number, layer in enumerate(every_layer(model)):
        if "dtype" in layer["config"] and layer["class_name"] != "InputLayer":
            policy = {"class_name": "PolicyV1", "config": {"name": "float32", "loss_scale": None}}
            layer["config"]["dtype"] = policy
            if number % 2:
                del layer["config"]["dtype"]


def first_options(model: Config) -> None:
    """Keras 2.0 to 2.2 saved with a Dense how many values it takes; TensorFlow 1.x whether a norm is fused."""
    for layer in every_layer(model):
        if layer["class_name"] == "Dense":
            layer["config"]["input_dim"] = 24
        if layer["class_name"] == "BatchNormalization":
            layer["config"] |= {"fused": True, "renorm": False, "virtual_batch_size": None, "adjustment": None}


def depthwise_options(model: Config) -> None:
    """Keras 2.2 and TensorFlow 1.x saved a depthwise convolution's filters; TensorFlow from 2.3 its groups."""
    layers = [layer for layer in every_layer(model) if layer["class_name"] == "DepthwiseConv2D"]
    layers[0]["config"] |= {"filters": None}
    layers[1]["config"] |= {"groups": 1}


OLDER = (
    *(first_layer_says_the_shape, sequential_is_a_list, old_class_names, tracked_axis, initialisers_with_a_type),
    *(policies, first_options, depthwise_options),
)


@pytest.fixture(scope="module")
def nested(batch: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Teachable Machine's model, a network in a network in a network, and what Keras 2 loads."""
    path = tmp_path_factory.mktemp("nested") / "keras_model.h5"
    return path, saved(models.teachable_machine(), path, batch)


def edited(source: Path, path: Path, edit: Callable[[Config], None]) -> None:
    """A copy of a file whose configuration was changed."""
    path.write_bytes(source.read_bytes())
    with h5py.File(path, "r+") as h5:
        model = json.loads(h5.attrs["model_config"])
        edit(model)
        h5.attrs["model_config"] = json.dumps(model)


@pytest.mark.parametrize("edit", OLDER, ids=lambda edit: edit.__name__)
def test_older_form(edit: Callable[[Config], None], nested: tuple[Path, Any], batch: Any, tmp_path: Path) -> None:
    """A configuration as older versions wrote it says the same."""
    path, original = nested
    before = copy.deepcopy(json.loads(h5py.File(path).attrs["model_config"]))
    edited(path, tmp_path / "m.h5", edit)
    assert json.loads(h5py.File(tmp_path / "m.h5").attrs["model_config"]) != before
    check_equal(tmp_path / "m.h5", original, batch)


def test_bytes(nested: tuple[Path, Any], batch: Any, tmp_path: Path) -> None:
    """The configuration may be bytes, as h5py 2 wrote it, and names of weights may be cut into several attributes."""
    path, original = nested
    (tmp_path / "m.h5").write_bytes(path.read_bytes())
    with h5py.File(tmp_path / "m.h5", "r+") as h5:
        for attrs in (h5.attrs, h5["model_weights"].attrs):
            for name in ("model_config", "keras_version", "backend"):
                if name in attrs:
                    attrs[name] = np.bytes_(attrs[name].encode())
        group = next(group for group in h5["model_weights"].values() if len(group.attrs["weight_names"]) > 20)
        names = group.attrs["weight_names"]
        del group.attrs["weight_names"]
        for number, part in enumerate(np.array_split(np.array(names, "S"), 3)):
            group.attrs[f"weight_names{number}"] = part
    check_equal(tmp_path / "m.h5", original, batch)


def test_graph_operations(batch: Any, tmp_path: Path) -> None:
    """Operations that TensorFlow 2.0 to 2.3 saved as nodes of a graph (TensorFlowOpLayer) answer as they did."""
    inputs = models.picture()
    values = models.layers.Conv2D(6, 3, name="conv")(tf.nn.bias_add((inputs / 255.0)[..., ::-1], [-0.4, -0.5, -0.6]))
    original = saved(models.classified(inputs, values * 2.0), tmp_path / "new.h5", batch)

    def node(op: str, constants: Config, **attributes: Any) -> Config:
        node_def = {"name": op, "op": op, "input": [f"in{i}" for i in range(len(constants) + 1)], "attr": attributes}
        return {"name": op, "trainable": True, "dtype": "float32", "node_def": node_def, "constants": constants}

    nodes = {
        "math.truediv": node("RealDiv", {"1": 255.0}, T={"type": "DT_FLOAT"}),
        "__operators__.getitem": node(
            "StridedSlice",
            {"1": [0, 0], "2": [0, 0], "3": [1, -1]},
            **{"ellipsis_mask": {"i": "1"}, "begin_mask": {"i": "2"}, "end_mask": {"i": "2"}},
            T={"type": "DT_FLOAT"},
        ),
        "nn.bias_add": node("BiasAdd", {"1": [-0.4, -0.5, -0.6]}, data_format={"s": "TkhXQw=="}),
        "math.multiply": node("Mul", {"0": 2.0}, T={"type": "DT_FLOAT"}),
    }

    def as_nodes(model: Config) -> None:
        for layer in model["config"]["layers"]:
            if replaced := nodes.pop(layer["config"].get("function"), None):
                (call,) = layer["inbound_nodes"]
                layer |= {"class_name": "TensorFlowOpLayer", "config": replaced, "inbound_nodes": [[[*call[:3], {}]]]}

    edited(tmp_path / "new.h5", tmp_path / "m.h5", as_nodes)
    assert not nodes
    check_equal(tmp_path / "m.h5", original, batch)


def test_by_keras_2_itself(batch: Any, tmp_path: Path) -> None:
    """Layers that are not built of Keras 3's are built by Keras 2, where it is installed."""
    check_equal(tmp_path / "m.h5", saved(models.attention(), tmp_path / "m.h5", batch), batch)


def test_teachable_machine(nested: tuple[Path, Any], photos: Path, export_to: ExportTo, tmp_path: Path) -> None:
    """Teachable Machine's download answers as the code that it shows beside it, with the names in labels.txt."""
    path, original = nested
    folder = tmp_path / "converted_keras"
    folder.mkdir()
    (folder / "keras_model.h5").write_bytes(path.read_bytes())
    (folder / "labels.txt").write_text("0 Cup\n1 Temple\n2 Rocket\n")
    export = export_to(folder, preset="teachable-machine", images=photos)
    assert export.info.labels == ("Cup", "Temple", "Rocket")
    assert export.verification.parity.identical_inputs == 1
    classifier = Classifier.load(export.path)
    for photo in photos.iterdir():
        image = ImageOps.fit(Image.open(photo).convert("RGB"), (SIZE, SIZE), Image.Resampling.LANCZOS)
        expected = original((np.asarray(image).astype(np.float32) / 127.5 - 1)[np.newaxis], training=False)[0]
        scores = classifier.scores(classifier.decode(photo.read_bytes()))
        np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_preprocessing_in_the_model(batch: Any, photos: Path, export_to: ExportTo, tmp_path: Path) -> None:
    """`preprocess_input` inside the model needs no recipe, and HDF5 may be called .keras, as up to TensorFlow 2.11."""
    build = models.preprocessed(tf_keras.applications.resnet50)
    original = saved(build(), tmp_path / "flowers.h5", batch / 16)
    (tmp_path / "flowers.h5").rename(tmp_path / "flowers.keras")
    export = export_to(tmp_path / "flowers.keras", images=photos)
    check_scores(export, photos, lambda data: original(resized(data, (SIZE, SIZE)), training=False))


@pytest.mark.parametrize(
    "names", [("model.json", "weights.h5"), ("flowers.json", "flowers.h5"), ("model.json", "model.weights.h5")]
)
def test_network_beside_weights(names: tuple[str, str], batch: Any, tmp_path: Path) -> None:
    """`model.to_json()` beside `model.save_weights()` is a model, found in their folder."""
    json_name, weights_name = names
    model = models.with_weights(models.built_by_training(), batch)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / json_name).write_text(model.to_json())
    model.save_weights(tmp_path / "weights.h5", save_format="h5")  # which from 2.12 on depends on the name
    (tmp_path / "weights.h5").rename(tmp_path / "model" / weights_name)
    with open_source(str(tmp_path / "model"), lambda *_: None) as source:
        check_equal(source.path, model, batch)
