"""`--expected`: the file gives the answers that somebody saw, made here by TensorFlow, Pillow and OpenCV themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from PIL import Image, ImageOps

from export.__main__ import main
from export.errors import ExportError, MissingPreprocessing, NotEqual, WrongLabels
from export.options import Options
from predictor import Classifier
from tests.export import models, photographs
from tests.export.running import exported, inspected

SIZE = models.SIZE
LABELS = models.LABELS
SIZES = ((211, 140), (97, 160), (190, 131), (150, 149), (120, 201))

Pixels = npt.NDArray[np.float32]
Fed = Callable[[Path], Pixels]
"""From a picture's file to what the model is fed."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of pixels, with its labels beside it."""
    folder = models.save_pixels(models.network(), tmp_path_factory.mktemp("expected") / "model")
    (folder / "labels.txt").write_text("\n".join(LABELS))
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of odd shapes."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, size in enumerate(SIZES):
        image = Image.fromarray(photographs.scene(photographs.SCENES[number])).resize(size)
        image.save(folder / f"{number}.jpg", quality=90)
    return folder


def by_tensorflow(path: Path) -> Pixels:
    """Stretched by `tf.image.resize`, 0 to 1."""
    decoded = tf.io.decode_image(path.read_bytes(), channels=3, expand_animations=False)
    return np.asarray(tf.image.resize(decoded, (SIZE, SIZE)) / 255.0, np.float32)


def by_pillow(path: Path) -> Pixels:
    """As Teachable Machine's snippet, but divided by 127."""
    image = ImageOps.fit(Image.open(path).convert("RGB"), (SIZE, SIZE), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / np.float32(127) - np.float32(1)


def by_opencv(path: Path) -> Pixels:
    """As OpenCV reads and resizes, blue first, 0 to 1."""
    return np.asarray(cv2.resize(cv2.imread(str(path)), (SIZE, SIZE)), np.float32) / np.float32(255)


def by_nobody(path: Path) -> Pixels:
    """With a gamma, which no recipe has."""
    return by_tensorflow(path) ** 2


def seen(source: Path, pictures: Path, fed: Fed) -> dict[str, npt.NDArray[np.float32]]:
    """The scores that Keras's own layer for SavedModels gives."""
    layer = keras.layers.TFSMLayer(str(source), call_endpoint="serve")
    return {path.name: np.asarray(layer(fed(path)[np.newaxis]))[0] for path in sorted(pictures.iterdir())}


@pytest.fixture
def answers(source: Path, pictures: Path, tmp_path: Path) -> Callable[..., Path]:
    def write(fed: Fed, decimals: int = 4, labels: list[str] = LABELS, factor: float = 1) -> Path:
        """A file with the answers, rounded."""
        scores = seen(source, pictures, fed)
        document = {
            name: {label: round(float(score) * factor, decimals) for label, score in zip(labels, one)}
            for name, one in scores.items()
        }
        file = tmp_path / "answers.json"
        file.write_text(json.dumps(document))
        return file

    return write


def said(expected: Path, pictures: Path, **options: Any) -> Options:
    return Options.from_command_line(expected=expected, images=pictures, **options)


RECIPES: tuple[tuple[Fed, tuple[str, ...]], ...] = (
    (by_tensorflow, ("resize to 24 x 24, tf-bilinear", "divide by 255")),
    (by_pillow, ("resize to 24 x 24, pillow-lanczos, crop to fit", "divide by 127", "subtract 1")),
    (by_opencv, ("resize to 24 x 24, cv2-linear", "blue, green, red", "divide by 255")),
)


@pytest.mark.parametrize(("fed", "steps"), RECIPES)
def test_reproduced(
    source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path, fed: Fed, steps: tuple[str, ...]
) -> None:
    """The recipe is found, the file gives every answer, and says so of itself."""
    export = exported(source, tmp_path / "model.onnx", said(answers(fed), pictures))
    assert export.subject.pipeline.steps[1:] == steps
    (row,) = export.written.rows
    assert row[1][0].startswith("reproduces 5 of 5 answers to 4 decimals")
    classifier = Classifier.load(tmp_path / "model.onnx")
    reproduction = classifier.info.reproduction
    assert reproduction
    assert (reproduction.pictures, reproduction.reproduced, reproduction.decimals) == (5, 5, 4)
    for name, scores in seen(source, pictures, fed).items():
        ours = classifier.scores(classifier.decode((pictures / name).read_bytes()))
        np.testing.assert_allclose(ours, scores, atol=1e-4)


def test_what_the_pictures_do_not_show(source: Path, pictures: Path, answers: Callable[..., Path]) -> None:
    """EXIF without a turned picture is assumed, and that is said with what would show it."""
    subject = inspected(source, said(answers(by_tensorflow), pictures))
    sentences = subject.pipeline.findings.sentences
    assert (
        "orientation: assumed, the answers do not tell; only a picture that is turned by its EXIF shows it" in sentences
    )
    assert any(sentence.startswith("scale 0..1: the answers show it; the nearest other is") for sentence in sentences)


def test_turned_picture(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """A picture that is turned by its EXIF shows whether that was applied."""
    folder = tmp_path / "turned"
    folder.mkdir()
    for path in pictures.iterdir():
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.open(path).save(folder / path.name, quality=90, exif=exif)

    def turned(path: Path) -> Pixels:
        image = ImageOps.exif_transpose(Image.open(folder / path.name)).convert("RGB").resize((SIZE, SIZE))
        return np.asarray(image, np.float32) / np.float32(255)

    subject = inspected(source, said(answers(turned), folder))
    assert subject.pipeline.decoding.orientation == "apply"


def test_percent(source: Path, pictures: Path, answers: Callable[..., Path]) -> None:
    """Scores in percent are recognised, and that is said."""
    subject = inspected(source, said(answers(by_tensorflow, 2, factor=100), pictures))
    assert "the answers: the scores are in percent" in subject.pipeline.findings.sentences


def test_no_recipe(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """Where no recipe gives the answers nothing is assumed, and there is no file."""
    with pytest.raises(
        MissingPreprocessing, match=r"None of [0-9,]+ recipes gives these answers, and nothing is assumed"
    ):
        exported(source, tmp_path / "model.onnx", said(answers(by_nobody), pictures))
    assert not (tmp_path / "model.onnx").exists()


def test_contradiction(source: Path, pictures: Path, answers: Callable[..., Path]) -> None:
    """An option that the answers contradict is shown beside what they are of."""
    with pytest.raises(ExportError, match=r"scale -1\.\.1 was said, and the answers are those of scale 0\.\.1\."):
        inspected(source, said(answers(by_tensorflow), pictures, scale="-1..1"))


def test_two_decimals(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """Two decimals never name a resize; no file is written, and what stays open is said."""
    with pytest.raises(MissingPreprocessing, match="2 decimals do not tell resizes apart"):
        exported(source, tmp_path / "model.onnx", said(answers(by_tensorflow, 2), pictures))
    assert not (tmp_path / "model.onnx").exists()


def test_said_decides(source: Path, pictures: Path, answers: Callable[..., Path]) -> None:
    """What the answers leave open the user may say: then it is checked alone."""
    options = said(answers(by_tensorflow, 2), pictures, resize="tf-bilinear", scale="0..1")
    subject = inspected(source, options)
    assert "resize tf-bilinear: said, and the answers agree" in subject.pipeline.findings.sentences


def test_few_pictures(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """Two pictures name nothing."""
    few = tmp_path / "few"
    few.mkdir()
    for name in ("0.jpg", "1.jpg"):
        (few / name).write_bytes((pictures / name).read_bytes())
    with pytest.raises(MissingPreprocessing, match="At least 3 pictures are needed"):
        inspected(source, said(answers(by_tensorflow), few))


def test_other_order(source: Path, pictures: Path, answers: Callable[..., Path]) -> None:
    """Answers with the labels in another order are recognised, with the labels that are exchanged."""
    with pytest.raises(WrongLabels, match="'cat' has the scores of 'frog'"):
        inspected(source, said(answers(by_tensorflow, labels=LABELS[::-1]), pictures))


def test_other_labels(source: Path, pictures: Path, answers: Callable[..., Path]) -> None:
    """Labels that the model does not have are told."""
    with pytest.raises(MissingPreprocessing, match="labels that the model does not have"):
        inspected(source, said(answers(by_tensorflow, labels=["a", "b", "c", "d", "e"]), pictures))


def test_model_of_files(pictures: Path, tmp_path: Path, answers: Callable[..., Path]) -> None:
    """A model that takes files is only compared: the file is written, with the pictures that differ and a note."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        decoded = tf.io.decode_image(data, channels=3, expand_animations=False)
        return tf.image.resize(decoded, (SIZE, SIZE)) / 255.0

    source = models.save_bytes(models.network(), tmp_path / "files", preprocess, labels=LABELS)
    file = answers(by_tensorflow)
    document = json.loads(file.read_text())
    document["3.jpg"]["cat"] = 2.0
    file.write_text(json.dumps(document))
    export = exported(source, tmp_path / "model.onnx", said(file, pictures))
    (row,) = export.written.rows
    assert row[1][0].startswith("reproduces 4 of 5 answers to 4 decimals")
    assert "3.jpg: cat" in row[1][1]
    assert "reproduces 4 of 5 answers" in export.written.notes[0]
    assert export.info.reproduction
    assert export.info.reproduction.reproduced == 4


def test_other_ending(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """A file whose ending was said to be another gives other answers, and is not kept."""
    with pytest.raises(NotEqual, match="reproduces 0 of 5 answers"):
        exported(source, tmp_path / "model.onnx", said(answers(by_tensorflow), pictures, activation="sigmoid"))
    assert not (tmp_path / "model.onnx").exists()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_command_line(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """The outcome stands beside the proof, on the terminal and on the page."""
    page = tmp_path / "page.html"
    result = run(
        source,
        "-o",
        tmp_path / "model.onnx",
        "--expected",
        answers(by_tensorflow),
        "--images",
        pictures,
        "--report",
        page,
    )
    assert result.exit_code == 0
    assert "Expected answers  reproduces 5 of 5 answers to 4 decimals" in result.output
    assert "reproduces 5 of 5 answers to 4 decimals" in page.read_text(encoding="utf-8")


def masked(text: str) -> list[str]:
    """Lines without what differs between versions of libraries."""
    return [re.sub(r"away|\d[\d.,]*", "#", line).strip() for line in text.splitlines()]


def test_page(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """docs/answers.md shows what the command prints."""
    text = (Path(__file__).parents[2] / "docs" / "answers.md").read_text(encoding="utf-8")
    shown = text.split("python -m export my_model")[1].split("```text\n")[1].split("```")[0]
    result = run(source, "-o", tmp_path / "m.onnx", "--expected", answers(by_tensorflow), "--images", pictures)
    printed = masked(result.output)
    assert [line for line in masked(shown) if line != "…" and line not in printed] == []


def test_refusals(source: Path, pictures: Path, tmp_path: Path) -> None:
    """Without pictures, with none that are found, and for a `.tflite` file it says what is missing."""
    file = tmp_path / "answers.json"
    file.write_text('{"elsewhere.jpg": {"cat": 0.5}}')
    for arguments, message in (
        ((source, "-o", tmp_path / "m.onnx", "--expected", file), "give their folder with --images"),
        ((source, "-o", tmp_path / "m.onnx", "--expected", file, "--images", pictures), "None of the 1 pictures"),
        ((source, "-o", tmp_path / "m.tflite", "--expected", file, "--images", pictures), "is for .onnx files"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert message in result.output
    assert list(tmp_path.glob("m.*")) == []


def test_quantized(source: Path, pictures: Path, answers: Callable[..., Path], tmp_path: Path) -> None:
    """The file is compared before it is rounded; what was rounded says nothing of answers in its metadata."""
    samples = photographs.save(tmp_path / "samples", photographs.patches(400, 2 * SIZE, seed=1)[0])
    options = said(answers(by_tensorflow), pictures, samples=samples, quantize="int8")
    export = exported(source, tmp_path / "model.onnx", options)
    assert export.approximation
    assert export.written.rows[0][1][0].startswith("reproduces 5 of 5 answers")
    assert Classifier.load(tmp_path / "model.onnx").info.reproduction is None
