"""Files of Keras 2 that are refused: with code of their author, damaged, or made to do harm."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from export.errors import CannotOpen, NotAModel
from export.importers.keras.importer import KerasImporter
from export.importers.keras.keras2 import file
from export.source.source import open_source
from tests.conftest import ROOT

tf_keras = pytest.importorskip("tf_keras")
layers = tf_keras.layers

pytestmark = pytest.mark.filterwarnings("ignore")  # of Keras 2, which is no longer kept

Config = dict[str, Any]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file that is not refused."""
    tf_keras.backend.clear_session()
    inner = tf_keras.Sequential(
        [
            layers.InputLayer([8, 8, 3], name="pixels"),
            layers.Conv2D(3, 3, name="a", padding="same"),
            layers.Conv2D(3, 3, name="b"),
        ],
        name="inner",
    )
    norm = layers.BatchNormalization(name="norm")
    head = layers.Dense(4, activation="softmax", name="head")
    model = tf_keras.Sequential([layers.InputLayer([8, 8, 3]), inner, norm, layers.Flatten(name="flatten"), head])
    path = tmp_path_factory.mktemp("original") / "model.h5"
    model.save(path)
    return path


@pytest.fixture
def copied(original: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model.h5"
    path.write_bytes(original.read_bytes())
    return path


def edit_config(path: Path, edit: Callable[[Config], None]) -> None:
    with h5py.File(path, "r+") as h5:
        model = json.loads(h5.attrs["model_config"])
        edit(model)
        h5.attrs["model_config"] = json.dumps(model)


def layer(model: Config, name: str) -> Config:
    found: Config = next(one for one in model["config"]["layers"] if one["config"]["name"] == name)
    return found


def refused(path: Path) -> str:
    """Why a file is refused."""
    with pytest.raises(CannotOpen) as caught:
        file.save(path, path.parent / "saved")
    assert not (path.parent / "saved").exists()
    return str(caught.value)


def test_unchanged(copied: Path, tmp_path: Path) -> None:
    """The file that the others are made of is opened."""
    file.save(copied, tmp_path / "saved")
    assert (tmp_path / "saved" / "saved_model.pb").is_file()


def test_lambda(tmp_path: Path) -> None:
    """A Lambda is not unpickled; its name and what to run are said."""
    model = tf_keras.Sequential([layers.InputLayer([8, 8, 3]), layers.Lambda(lambda x: x / 255, name="scaling")])
    model.save(tmp_path / "model.h5")
    message = refused(tmp_path / "model.h5")
    assert "its layer 'scaling' is a Lambda" in message
    assert "model = tf.keras.models.load_model('model.h5', compile=False)" in message
    assert "tf.saved_model.save(model, 'exported')" in message


def test_own_class(copied: Path) -> None:
    """A class that is not Keras's is named, with the option that gives it to Keras."""
    edit_config(copied, lambda model: layer(model, "norm").update(class_name="FixedDropout"))
    message = refused(copied)
    assert "layer 'norm' is a FixedDropout" in message
    assert "custom_objects={'FixedDropout': FixedDropout}" in message


def test_own_activation(copied: Path) -> None:
    """A function of the author's as activation is code too."""
    edit_config(copied, lambda model: layer(model, "head")["config"].update(activation="my_softmax"))
    message = refused(copied)
    assert "its activation 'my_softmax' is none of Keras" in message
    assert "custom_objects={'my_softmax': my_softmax}" in message


@pytest.mark.parametrize(
    "function", ["io.read_file", "io.write_file", "raw_ops.PyFunc", "py_function", "numpy_function"]
)
def test_function_with_effects(function: str, copied: Path) -> None:
    """A function of TensorFlow that reads, writes or runs Python is not called, not by Keras 2 either."""
    config = {"name": "norm", "trainable": True, "dtype": "float32", "function": function}
    edit_config(copied, lambda model: layer(model, "norm").update(class_name="TFOpLambda", config=config))
    with h5py.File(copied, "r+") as h5:
        h5["model_weights"]["norm"].attrs["weight_names"] = np.array([], "S1")
    assert f"it calls tf.{function}, which is not known to be safe" in refused(copied)


def test_lambda_inside_another_layer(copied: Path) -> None:
    """Keras 2, which builds the layer around it, is not given the Lambda."""
    inside = {"class_name": "Lambda", "config": {"name": "code", "function": ["abc", None, None]}}
    config = {"name": "norm", "layer": inside}
    edit_config(copied, lambda model: layer(model, "norm").update(class_name="TimeDistributed", config=config))
    assert "is a Lambda" in refused(copied)


@pytest.mark.parametrize(
    ("module", "kind"), [("os", "system"), ("keras.utils", "get_file"), ("keras.layers", "deserialize")]
)
def test_module_of_another(module: str, kind: str, copied: Path) -> None:
    """A configuration does not make Keras 2 import or call what is no layer."""
    inside = {"module": module, "class_name": kind, "config": {"name": "code"}, "registered_name": None}
    config = {"name": "norm", "layer": inside}
    edit_config(copied, lambda model: layer(model, "norm").update(class_name="TimeDistributed", config=config))
    assert f"is a {kind}" in refused(copied)


def test_without_keras_2(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only Keras 2 can build a layer and is not installed, the command to install it is said."""
    config = {"name": "norm", "layer": {"class_name": "BatchNormalization", "config": {"name": "inside"}}}
    edit_config(copied, lambda model: layer(model, "norm").update(class_name="TimeDistributed", config=config))
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf_keras" else find(name))
    message = refused(copied)
    assert "layer 'norm' (TimeDistributed): it is of a kind that is not built here" in message
    assert "`pip install --no-deps -r export/requirements-keras2.txt`" in message
    assert len(message) < 600


def missing(h5: Any) -> None:
    del h5["model_weights/head/head"]


def without_a_weight(h5: Any) -> None:
    h5["model_weights/norm"].attrs["weight_names"] = h5["model_weights/norm"].attrs["weight_names"][:3]


def with_a_weight_more(h5: Any) -> None:
    names = [*h5["model_weights/flatten"].attrs["weight_names"], b"norm/beta:0"]
    h5["model_weights/flatten"].create_dataset("norm/beta:0", data=np.zeros(3, np.float32))
    h5["model_weights/flatten"].attrs["weight_names"] = np.array(names, "S")


def in_another_order(h5: Any) -> None:
    h5["model_weights/norm"].attrs["weight_names"] = h5["model_weights/norm"].attrs["weight_names"][::-1]


def of_another_layer(h5: Any) -> None:
    names = h5["model_weights/inner"].attrs["weight_names"]
    h5["model_weights/inner"].attrs["weight_names"] = names[[2, 3, 0, 1]]


def of_another_shape(h5: Any) -> None:
    group = h5["model_weights/head/head"]
    del group["bias:0"]
    group["bias:0"] = np.zeros(1, np.float32)


def of_the_model(h5: Any) -> None:
    group = h5["model_weights/top_level_model_weights"]
    group["own:0"] = np.zeros(3, np.float32)
    group.attrs["weight_names"] = np.array([b"own:0"])


def text_in_place_of_numbers(h5: Any) -> None:
    group = h5["model_weights/head/head"]
    del group["bias:0"]
    group["bias:0"] = np.array([b"text"] * 4)


def soft_link(h5: Any) -> None:
    group = h5["model_weights/head/head"]
    del group["bias:0"]
    group["bias:0"] = h5py.SoftLink("/model_weights/norm/norm/beta:0")


def external_link(h5: Any) -> None:
    del h5["model_weights/norm/norm"]
    h5["model_weights/norm/norm"] = h5py.ExternalLink("/etc/passwd", "/norm")


def external_storage(h5: Any) -> None:
    group = h5["model_weights/head/head"]
    del group["bias:0"]
    group.create_dataset("bias:0", (4,), np.float32, external=[("/etc/passwd", 0, 16)])


def virtual(h5: Any) -> None:
    group = h5["model_weights/head/head"]
    del group["bias:0"]
    layout = h5py.VirtualLayout((4,), np.float32)
    layout[:] = h5py.VirtualSource("/etc/hostname.h5", "bias", (4,))
    group.create_virtual_dataset("bias:0", layout)


def declared_huge(h5: Any) -> None:
    group = h5["model_weights/head/head"]
    del group["kernel:0"]
    group.create_dataset("kernel:0", (2**28, 4), np.float32, chunks=(2**10, 4))


def expanding(h5: Any) -> None:
    group = h5["model_weights/head/head"]
    del group["kernel:0"]
    group.create_dataset(
        "kernel:0", (2**20, 4), np.float32, chunks=(2**20, 4), compression="gzip", data=np.zeros((2**20, 4))
    )


def huge_configuration(h5: Any) -> None:
    h5.attrs["model_config"] = " " * 2**23 + "{}"


def deep_configuration(h5: Any) -> None:
    h5.attrs["model_config"] = "[" * 100_000 + "]" * 100_000


def not_json(h5: Any) -> None:
    h5.attrs["model_config"] = "{'class_name': 'Sequential'}"


def an_old_keras(h5: Any) -> None:
    h5.attrs["keras_version"] = "1.2.2"


HARM = {
    missing: "is not in it",
    without_a_weight: "the layer 'norm' has 4 weights, and 3 are saved",
    with_a_weight_more: "3 of its layers have weights, and those of 4 are saved",
    in_another_order: "which is not their order",
    of_another_layer: "which is not their order",
    of_another_shape: r"'head/bias:0' has the shape \[1\], and its layer \[4\]",
    of_the_model: "the model has a weight of its own, 'own:0'",
    text_in_place_of_numbers: "is no array of numbers",
    soft_link: "is a link to another place or file",
    external_link: "is a link to another place or file",
    external_storage: "lie in another file",
    virtual: "lie in another file",
    declared_huge: "take more than 2.1 GB|does not hold them",
    expanding: "does not hold them",
    huge_configuration: "larger than",
    deep_configuration: "brackets inside brackets",
    not_json: "no JSON",
    an_old_keras: "Keras 1.2.2 wrote it",
}


@pytest.mark.parametrize("harm", HARM, ids=lambda harm: harm.__name__)
def test_harm(harm: Callable[[Any], None], copied: Path) -> None:
    """A file whose weights are not exactly those of its layers, or that leads elsewhere, is refused with a sentence."""
    with h5py.File(copied, "r+") as h5:
        harm(h5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CannotOpen, match=HARM[harm]):
        file.save(copied, copied.parent / "saved")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"


READ = """
import sys
from export.importers.keras.keras2 import hdf5
with hdf5.opened(sys.argv[1]) as file:
    hdf5.layers(hdf5.weights_group(file))
"""


@pytest.mark.parametrize("place", ["model_weights", "model_weights/norm", "model_weights/norm/norm"])
def test_other_file_is_not_opened(place: str, copied: Path) -> None:
    """Who opened this other file would wait for what it holds: it is a pipe."""
    os.mkfifo(copied.parent / "pipe.h5")
    with h5py.File(copied, "r+") as h5:
        del h5[place]
        h5[place] = h5py.ExternalLink("pipe.h5", "/")
    done = subprocess.run([sys.executable, "-c", READ, copied], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert "is a link to another place or file" in done.stderr


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("head", {"units": 10**9}),
        ("flatten", {"class_name": "UpSampling2D", "config": {"name": "flatten", "size": [10**5, 10**5]}}),
        ("flatten", {"class_name": "RepeatVector", "config": {"name": "flatten", "n": 10**10}}),
    ],
)
def test_layer_of_great_size(name: str, options: Config, copied: Path) -> None:
    """No memory is taken for what a configuration asks for and the file does not hold."""
    edit_config(copied, lambda model: layer(model, name).update(options if "class_name" in options else {}))
    edit_config(copied, lambda model: layer(model, name)["config"].update({} if "class_name" in options else options))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(copied)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"


def test_calls_without_end(copied: Path) -> None:
    """Networks that call the next one twice, and so on, are given up."""

    def network(level: int) -> Config:
        pixels = {
            "class_name": "InputLayer",
            "name": "x",
            "config": {"name": "x", "batch_input_shape": [None, 8, 8, 3]},
            "inbound_nodes": [],
        }
        nodes = [[["x", 0, 0, {}]], [["inside", 1, 0, {}]]]
        inside = network(level - 1) if level else {"class_name": "ReLU", "config": {"name": "inside"}}
        outputs = [["inside", 2 if level else 1, 0]]
        if not level:
            nodes[1][0][1] = 0
        config = {
            "name": "n",
            "layers": [pixels, {**inside, "name": "inside", "inbound_nodes": nodes}],
            "input_layers": [["x", 0, 0]],
            "output_layers": outputs,
        }
        return {"class_name": "Functional", "config": config}

    with h5py.File(copied, "r+") as h5:
        h5.attrs["model_config"] = json.dumps(network(24))
        h5["model_weights"].attrs["layer_names"] = np.array([], "S1")
    assert "calls its layers more than" in refused(copied)


@pytest.fixture
def archive(original: Path, tmp_path: Path) -> dict[str, bytes]:
    """The files in a .keras archive of the same model."""
    tf_keras.models.load_model(original, compile=False).save(tmp_path / "original.keras")
    with zipfile.ZipFile(tmp_path / "original.keras") as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def changed(weights: bytes, change: Callable[[Any], None]) -> bytes:
    """A file of weights with a change."""
    file = io.BytesIO(weights)
    with h5py.File(file, "r+") as h5:
        change(h5)
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h5: h5.__delitem__("layers/dense/vars/1"), "'layers/dense/vars/1' is not in it"),
        (lambda h5: h5["layers/dense/vars"].create_dataset("2", data=np.zeros(4)), "it holds 11 arrays"),
        (lambda h5: h5["layers/dense/vars"].move("0", "01"), "'layers/dense/vars/0' is not in it"),
        (lambda h5: h5["layers"].__setitem__("again", h5["layers"]), "groups inside groups without end"),
        (lambda h5: h5["layers"].__setitem__("far", h5py.ExternalLink("/etc/passwd", "/")), "link to another place"),
    ],
)
def test_archive_with_other_weights(
    change: Callable[[Any], None], said: str, archive: dict[str, bytes], tmp_path: Path
) -> None:
    """An archive holds exactly the arrays of its layers, or is refused."""
    archive["model.weights.h5"] = changed(archive["model.weights.h5"], change)
    assert said in refused(packed(archive, tmp_path / "m.keras"))


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_archive_that_expands(name: str, archive: dict[str, bytes], tmp_path: Path) -> None:
    """A file in an archive that would be hundreds of times larger unpacked is not unpacked."""
    archive[name] = b" " * 2**22
    assert f"its {name} takes 4194304 bytes when it is unpacked" in refused(packed(archive, tmp_path / "m.keras"))


def test_not_a_whole_file(copied: Path) -> None:
    """A file that was cut off is called so."""
    copied.write_bytes(copied.read_bytes()[:3000])
    with pytest.raises(CannotOpen, match="cannot be read"):
        KerasImporter().check(copied)


def test_network_alone(tmp_path: Path) -> None:
    """The JSON of a network is called what it is, and not a TensorFlow.js model."""
    model = tf_keras.Sequential([layers.InputLayer([8, 8, 3]), layers.Flatten()])
    (tmp_path / "model.json").write_text(model.to_json())
    with (
        pytest.raises(NotAModel, match=r"network of a Keras model without its weights.*model\.h5"),
        open_source(str(tmp_path / "model.json"), lambda *_: None),
    ):
        pass
