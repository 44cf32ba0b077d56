"""Pictures of known classes, by which scale and resize are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from export.errors import ExportError, MissingPreprocessing
from export.opening import Subject
from export.options import USUAL_RESIZES, Options
from export.preprocessing.scale import USUAL_SCALES
from tests.export import models, photographs
from tests.export.running import inspected

SIZE = 32
LAYERS = keras.layers


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network without batch normalisation that knows parts of the photographs apart, fed 0..1, blue first."""
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [
            LAYERS.Input([SIZE, SIZE, 3]),
            LAYERS.Conv2D(16, 3, strides=2, activation="relu"),
            LAYERS.Conv2D(16, 3, strides=2, activation="relu"),
            LAYERS.GlobalAveragePooling2D(),
            LAYERS.Dense(len(photographs.SCENES), activation="softmax"),
        ]
    )
    pixels, labels = photographs.patches(3000, SIZE, seed=1)
    network.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    network.fit(pixels[..., ::-1] / 255, labels, batch_size=16, epochs=3, verbose=0)
    return models.save_pixels(network, tmp_path_factory.mktemp("labelled") / "model")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other parts of the photographs, in a folder a class."""
    return photographs.save(tmp_path_factory.mktemp("pictures"), *photographs.patches(100, SIZE, seed=2))


def inspect(source: Path, **options: Any) -> Subject:
    return inspected(source, Options.from_command_line(**options))


def test_ranking(model: Path, pictures: Path) -> None:
    """Every scale is tried with every resize; the right scale is ahead, and taken with the accuracy that it has."""
    subject = inspect(model, labelled=pictures, channels="bgr")
    (table,) = subject.pipeline.findings.tables
    assert {(row[0], row[2]) for row in table.rows} == {
        (scale, resize) for scale in USUAL_SCALES for resize in USUAL_RESIZES
    }
    assert {row[1] for row in table.rows} == {"bgr"}
    assert [row[0] for row in table.rows[: len(USUAL_RESIZES)]] == ["0..1"] * len(USUAL_RESIZES)
    assert subject.pipeline.steps[1:] == ("resize to 32 x 32, tf-bilinear", "blue, green, red", "divide by 255")
    assert table.rows[0][3] == f"{accuracy(model, pictures):.1%}"


def accuracy(model: Path, pictures: Path) -> float:
    """How often Keras's own layer for SavedModels is right on the pictures as they are."""
    paths = sorted(pictures.rglob("*.png"))
    pixels = np.stack([photographs.read(path) for path in paths])
    scores = keras.layers.TFSMLayer(str(model), call_endpoint="serve")(pixels[..., ::-1] / np.float32(255))
    stems = [Path(name).stem for name in photographs.SCENES]
    return float(np.mean([stems[best] == path.parent.name for best, path in zip(np.argmax(scores, 1), paths)]))


def test_said_resize(model: Path, pictures: Path) -> None:
    """A resize that is said is the only one tried, and taken."""
    subject = inspect(model, labelled=pictures, channels="bgr", resize="pillow-box")
    (table,) = subject.pipeline.findings.tables
    assert {row[2] for row in table.rows} == {"pillow-box"}
    assert subject.pipeline.resizing is not None


def test_unclear(pictures: Path, tmp_path: Path) -> None:
    """Where no scale is clearly ahead, the ranking is shown and none taken."""
    source = models.save_pixels(models.network(classes=len(photographs.SCENES), size=SIZE), tmp_path / "model")
    with pytest.raises(MissingPreprocessing, match="is not clearly better") as caught:
        inspect(source, labelled=pictures, resize="tf-bilinear")
    (table,) = caught.value.findings.tables
    assert len(table.rows) == len(USUAL_SCALES)


def test_too_few(model: Path, pictures: Path, tmp_path: Path) -> None:
    """A few pictures do not prove a scale, however right it is on them."""
    for folder in pictures.iterdir():
        (tmp_path / folder.name).mkdir()
    for path in sorted(pictures.rglob("*.png"))[:2]:
        (tmp_path / path.parent.name / path.name).write_bytes(path.read_bytes())
    for folder in tmp_path.iterdir():
        if not any(folder.iterdir()):
            (folder / "notes.txt").write_text("no picture")
    with pytest.raises(MissingPreprocessing, match="is not clearly better"):
        inspect(model, labelled=tmp_path, channels="bgr", resize="tf-bilinear")


def test_folders_that_do_not_fit(model: Path, pictures: Path, tmp_path: Path) -> None:
    """Folders that are not the classes are refused, with what to do."""
    photographs.save(tmp_path / "one", *photographs.patches(1, SIZE, seed=2))
    with pytest.raises(
        ExportError, match="has 1 folders, but the model gives 7 scores: name the classes with --labels"
    ):
        inspect(model, labelled=tmp_path / "one")
    (tmp_path / "labels.txt").write_text("a\nb\nc\nd\ne\nf\ng\n")
    with pytest.raises(ExportError, match="the folder 'astronaut' is none of the labels"):
        inspect(model, labelled=pictures, labels=tmp_path / "labels.txt")
