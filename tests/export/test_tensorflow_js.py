"""TensorFlow.js models, given in every way, exported and compared with TensorFlow and TensorFlow.js."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from emulator import CloudStorage
from export.errors import CannotOpen, MissingPreprocessing, NotAClassifier, NotAModel, SeveralModels, WrongLabels
from export.opening import open_subject
from export.options import Options
from export.source import discovery
from export.source.source import open_source
from predictor import Classifier
from tests.conftest import ROOT
from tests.export import models, tensorflow_js
from tests.export import tensorflow_js_files as files
from tests.export.comparison import check_scores, resized
from tests.export.conftest import ExportTo
from tests.export.running import silent
from tests.export.test_tensorflow_js_graphs import SIZE, SPEC, network

LABELS = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
CAMERA = 32  # pixels a side of what the small Teachable Machine sees


def automl(folder: Path, **others: Any) -> Path:
    """What AutoML's export button leaves: model.json, shards and dict.txt, without a signature."""
    model = network()
    graph_def, _, _ = files.frozen(lambda pixels: model(pixels, training=False), SPEC)
    files.write_graph(folder, graph_def, **others)
    (folder / "dict.txt").write_text("\n".join(LABELS))
    return folder


def fitted(path: Path) -> Any:
    """A picture as Teachable Machine's Python code feeds it, float32 [1, 32, 32, 3] from -1 to 1."""
    image = ImageOps.fit(Image.open(path).convert("RGB"), (CAMERA, CAMERA), Image.Resampling.LANCZOS)
    return (np.asarray(image, np.float32) / 127.5 - 1)[np.newaxis]


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """What Teachable Machine's default download unpacks to, written by TensorFlow.js."""
    folder = tmp_path / "tm-my-image-model"
    tensorflow_js.write(folder, "teachable_machine.cjs", np.zeros([1, CAMERA, CAMERA, 3]))
    metadata = {
        "tfjsVersion": "1.3.1",
        "tmVersion": "2.4.5",
        "packageName": "@teachablemachine/image",
        "userMetadata": {},
    }
    labels = {"modelName": "tm-my-image-model", "labels": ["Healthy", "Not well"], "imageSize": CAMERA}
    (folder / "metadata.json").write_text(json.dumps(metadata | labels))
    return folder


def test_teachable_machine(download: Path, photos: Path, export_to: ExportTo) -> None:
    """The default download answers as TensorFlow.js does, and its labels are those of metadata.json."""
    export = export_to(download, preset="teachable-machine", images=photos)
    assert export.info.labels == ("Healthy", "Not well")
    assert export.info.name == "tm-my-image-model"
    classifier = Classifier.load(export.path)
    for photo in photos.iterdir():
        (witness,) = tensorflow_js.answer(download, fitted(photo))
        scores = classifier.scores(classifier.decode(photo.read_bytes()))
        np.testing.assert_allclose(scores, witness, atol=1e-5, err_msg=photo.name)
    assert export.verification.parity.identical_inputs == 1


def test_teachable_machine_unsaid(download: Path, export_to: ExportTo) -> None:
    """Where the preprocessing is not said, its preset is proposed, and what each scale would answer has its labels."""
    with pytest.raises(MissingPreprocessing, match=r"--preset teachable-machine") as caught:
        export_to(download)
    assert "Not well" in str(caught.value.findings) or "Healthy" in str(caught.value.findings)


def test_automl_unsaid(tmp_path: Path, export_to: ExportTo) -> None:
    """AutoML's preset is proposed once, with the fit of the library that runs its models in browsers."""
    with pytest.raises(MissingPreprocessing) as caught:
        export_to(automl(tmp_path / "automl"))
    assert str(caught.value).count("--preset") == str(caught.value).count("--preset automl-edge --fit crop -o") == 1


@pytest.mark.parametrize("quantization", [None, "uint8"])
def test_automl(quantization: str | None, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """AutoML's export answers as TensorFlow.js does for the middle of a picture from -1 to 1."""
    folder = automl(
        tmp_path / "model-export" / "icn" / "tf_js-flowers-2020-02-27T19:34:12.1Z", quantization=quantization
    )
    export = export_to(folder.parent, preset="automl-edge", fit="crop", images=photos)
    assert (export.info.name, export.info.labels) == ("flowers", tuple(LABELS))

    def middle(data: bytes) -> Any:
        batch = resized_middle(data) / 127.5 - 1.0
        return [tensorflow_js.answer(folder, batch)[0]]

    check_scores(export, photos, middle)


def resized_middle(data: bytes) -> Any:
    """The square in the middle of a picture, resized bilinearly by TensorFlow, levels 0 to 255."""
    pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return tf.image.resize(pixels[top : top + side, left : left + side][tf.newaxis], [SIZE, SIZE])


def zipped(folder: Path, path: Path, inside: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"{inside}{file.name}")
    return path


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    with CloudStorage(["models"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        yield storage


Identity = tuple[str, str, tuple[str, ...]]


def identity(source: object) -> Identity:
    """The fingerprint, the name and the labels of what is found at a path or an address."""
    options = Options.from_command_line(preset="automl-edge")
    with open_source(str(source), silent) as found, open_subject(found, options, silent) as subject:
        return subject.pipeline.source.fingerprint, subject.pipeline.name, subject.labels.names


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_where_it_lies(tmp_path: Path, storage: CloudStorage) -> None:
    """As folder, file, archive or address it is the same model, with the same fingerprint, name and labels."""
    folder = automl(tmp_path / "flowers")
    (folder / "notes.md").write_text("not part of it")
    for file in folder.iterdir():
        storage.put("models", f"flowers/{file.name}", file.read_bytes())
    archive = zipped(folder, tmp_path / "flowers.zip", "web_model/")
    sources = [folder, folder / "model.json", archive, "gs://models/flowers/", "gs://models/flowers/model.json"]
    (found,) = {identity(source) for source in sources}
    assert found[1:] == ("flowers", tuple(LABELS))
    read = {call.name for call in storage.requests if call.operation == "read_media"}
    assert "flowers/dict.txt" in read
    assert "flowers/notes.md" not in read


def test_fingerprint(tmp_path: Path) -> None:
    """Another weight is another model."""
    folder = automl(tmp_path / "flowers")
    before = identity(folder)
    shard = sorted(folder.glob("*.bin"))[-1]
    shard.write_bytes(shard.read_bytes()[:-4] + np.float32(0.25).tobytes())
    assert identity(folder)[0] != before[0]


def test_browser_download(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """What `downloads://flowers` gives to a browser, flowers.json and flowers.weights.bin, is found in its folder."""
    model = network()
    graph_def, inputs, outputs = files.frozen(lambda pixels: model(pixels, training=False), SPEC)
    files.write_graph(tmp_path / "web", graph_def, {"a": inputs[0]}, {"b": outputs[0]}, shard_bytes=10**9)
    content = json.loads((tmp_path / "web" / "model.json").read_text())
    content["weightsManifest"][0]["paths"] = ["flowers.weights.bin"]
    (tmp_path / "web" / "model.json").unlink()
    (tmp_path / "web" / "flowers.json").write_text(json.dumps(content))
    (tmp_path / "web" / "group1-shard1of1.bin").rename(tmp_path / "web" / "flowers.weights.bin")
    export = export_to(tmp_path / "web", scale="-1..1", images=few_pictures)
    check_scores(export, few_pictures, lambda data: model(resized(data, (SIZE, SIZE)) / 127.5 - 1.0))
    assert export.info.name == "flowers"


def test_features(tmp_path: Path, export_to: ExportTo) -> None:
    """Numbers that no softmax makes, and that nobody names, are not taken for scores."""
    layers = models.keras.layers
    model = models.keras.Sequential(
        [layers.Input([SIZE, SIZE, 3]), layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    )
    graph_def, _, _ = files.frozen(model, SPEC)
    with pytest.raises(NotAClassifier, match="They may be features"):
        export_to(files.write_graph(tmp_path / "features", graph_def), scale="-1..1")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"packageName": "@teachablemachine/pose", "labels": ["a", "b"]}, "classifies poses"),
        ({"wordLabels": ["_background_noise_", "clap"]}, "classifies sounds"),
    ],
)
def test_other_teachable_machines(metadata: dict[str, Any], message: str, tmp_path: Path, export_to: ExportTo) -> None:
    """Teachable Machine's models of poses and sounds are told by what lies beside them."""
    folder = automl(tmp_path / "other")
    (folder / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(NotAClassifier, match=message):
        export_to(folder, scale="-1..1")


def test_wrong_labels(tmp_path: Path, export_to: ExportTo) -> None:
    """Labels of metadata.json that are not as many as the scores are an error."""
    folder = automl(tmp_path / "flowers")
    (folder / "dict.txt").unlink()
    (folder / "metadata.json").write_text(json.dumps({"tmVersion": "2", "labels": ["a", "b"]}))
    with pytest.raises(WrongLabels, match=r"metadata\.json gives 2 labels, but the model gives 5 scores"):
        export_to(folder, scale="-1..1")


def test_keras_architecture(tmp_path: Path, export_to: ExportTo) -> None:
    """Keras's own JSON is told from TensorFlow.js's: it is a network without weights, in an archive too."""
    folder = tmp_path / "keras"
    folder.mkdir()
    (folder / "model.json").write_text(models.network().to_json())
    for source in (folder, folder / "model.json", zipped(folder, tmp_path / "keras.zip", "")):
        with pytest.raises(
            NotAModel, match=r"this is the network of a Keras model without its weights\. Give the \.h5"
        ):
            export_to(source)


def test_missing_weights(tmp_path: Path, export_to: ExportTo) -> None:
    """Weights that are not with the model are named, before TensorFlow is loaded."""
    folder = automl(tmp_path / "flowers")
    for shard in folder.glob("*.bin"):
        shard.unlink()
    with pytest.raises(NotAModel, match=r"model\.json is a network without the files that hold its weights"):
        export_to(folder)
    with pytest.raises(CannotOpen, match=r"group1-shard1of\d\.bin, with its weights, is not there"):
        export_to(folder / "model.json")
    code = (
        "import sys; from export.source.source import open_source\n"
        f"try:\n    open_source({str(folder / 'model.json')!r}, print).__enter__()\n"
        "except Exception as error:\n    print(type(error).__name__, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "CannotOpen False", done.stderr


def test_several_models(tmp_path: Path, export_to: ExportTo) -> None:
    """Two models in one folder are both named."""
    automl(tmp_path / "both" / "a")
    automl(tmp_path / "both" / "b")
    with pytest.raises(SeveralModels, match=r"both/a/model\.json -o .*\n.*both/b/model\.json -o "):
        export_to(tmp_path / "both")


@pytest.mark.parametrize(
    ("names", "model"),
    [
        (["web_model/model.json", "web_model/group1-shard1of1"], "web_model/model.json"),
        (["a/model.json", "a/data/group1-shard1of2.bin", "a/other-model.json"], "a/model.json"),
        (["model (1).json", "model.weights (1).bin"], "model (1).json"),
        (["flowers.json", "flowers.weights.bin"], "flowers.json"),
        (["model.json", "model.h5"], "model.h5"),
        (["tf_model.h5", "pytorch_model.bin", "pytorch_model.bin.index.json", "config.json"], "tf_model.h5"),
    ],
)
def test_names(names: list[str], model: str) -> None:
    """A model is found by the names of its files, and JSON of other kinds is not taken for one."""
    assert str(discovery.find("here", [PurePosixPath(name) for name in names]).path) == model
