"""What holds for every export: labels, signatures, the proof, and that nothing is half-written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from export import description, labels, model_file
from export.errors import CannotOpen, ExportError, NoSuchSignature, NotAClassifier, NotEqual, WrongLabels
from export.exporter import Export
from predictor import Classifier, Decoding
from tests.export import models
from tests.export.conftest import ExportTo

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "saved_model"


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes files and names no labels."""
    folder = tmp_path_factory.mktemp("models") / "animals"
    return models.save_bytes(models.network(), folder, models.decode_and_resize)


FORMS_OF_LABELS = {
    "names.txt": "\ufeffcat\ndog\nbird\nfish\nfrog\n\n",
    "indexed.txt": "0 cat\n1 dog\n4 frog\n3 fish\n2 bird\n",
    "commas.csv": "0,cat\n1,dog\n2,bird\n3,fish\n4,frog\n",
    "tabs.tsv": "0\tcat\n1\tdog\n2\tbird\n3\tfish\n4\tfrog\n",
    "list.json": '["cat", "dog", "bird", "fish", "frog"]',
    "to_index.json": '{"frog": 4, "cat": 0, "dog": 1, "bird": 2, "fish": 3}',
    "from_index.json": '{"0": "cat", "1": "dog", "2": "bird", "3": "fish", "4": "frog"}',
}


@pytest.mark.parametrize("name", FORMS_OF_LABELS)
def test_forms_of_labels(name: str, tmp_path: Path) -> None:
    """Labels are read from lines, with or without an index, and from JSON."""
    (tmp_path / name).write_text(FORMS_OF_LABELS[name], encoding="utf-8")
    assert labels.read(tmp_path / name, classes=5).names == tuple(models.LABELS)


def test_numbers_in_labels(tmp_path: Path) -> None:
    """Lines that begin with numbers which are no indices are names as they stand."""
    (tmp_path / "coins.txt").write_text("1 cent\n2 cents\n")
    assert labels.read(tmp_path / "coins.txt", classes=2).names == ("1 cent", "2 cents")


def test_labels_from_file(unlabelled: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """Labels can be said in a file."""
    (tmp_path / "labels.txt").write_text("\n".join(models.LABELS))
    assert export_to(unlabelled, labels=tmp_path / "labels.txt").info.labels == tuple(models.LABELS)


def test_labels_beside_the_model(tmp_path: Path, export_to: ExportTo) -> None:
    """Without labels in the model or from the user, a fitting labels file beside it is used, and named."""
    source = models.save_bytes(models.network(), tmp_path / "model", models.decode_and_resize)
    (source / "assets").mkdir(exist_ok=True)
    (source / "assets" / "labels.txt").write_text("these\nare\nothers\n")
    (source / "labels.txt").write_text("\n".join(f"{index} {label}" for index, label in enumerate(models.LABELS)))
    export = export_to(source)
    assert export.info.labels == tuple(models.LABELS)
    assert export.labels_source == str(source / "labels.txt")


def test_no_labels(unlabelled: Path, export_to: ExportTo) -> None:
    """Classes without names are numbered, and the export says that it found none."""
    export = export_to(unlabelled)
    assert export.info.labels == ("class_0", "class_1", "class_2", "class_3", "class_4")
    assert export.labels_source == ""


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a", "b"], "gives 2 labels, but the model gives 5 scores"),
        (["a", "b", "c", "b", "e"], "gives the label 'b' 2 times"),
        (["a", "b", "", "d", "e"], "gives no name for class 2"),
        (['{"a": 0, "b": 1, "c": 5}'], "the indices of the labels are not 0 to 2, each once"),
        (['{"names": ["a", "b", "c", "d", "e"]}'], "the indices of the labels are not 0 to 0, each once"),
        (['["a", '], "the labels are not valid JSON"),
    ],
)
def test_wrong_labels(lines: list[str], message: str, unlabelled: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """Labels of a wrong number, twice the same or empty are refused, and nothing is written."""
    (tmp_path / "labels.txt").write_text("\n".join(lines))
    with pytest.raises(WrongLabels, match=message):
        export_to(unlabelled, labels=tmp_path / "labels.txt")
    assert not (tmp_path / "model.onnx").exists()


def test_missing_labels_file(unlabelled: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """A labels file that is not there is named."""
    with pytest.raises(WrongLabels, match=r"nowhere\.txt: the labels cannot be read"):
        export_to(unlabelled, labels=tmp_path / "nowhere.txt")


def test_unknown_signature(export_to: ExportTo) -> None:
    """A signature that does not exist is refused with the list of those that do."""
    with pytest.raises(NoSuchSignature, match=r"no signature 'nope'\. It has: serving_default"):
        export_to(DIGITS, signature="nope")


def test_several_signatures(tmp_path: Path, export_to: ExportTo) -> None:
    """Of several signatures without a default one has to be chosen; each of them can be."""
    served = tf.Module()
    served.model = models.network()
    spec = tf.TensorSpec([None, models.SIZE, models.SIZE, 3], tf.float32, name="pixels")
    call = tf.function(lambda pixels: {"scores": served.model(pixels)}, input_signature=[spec])
    tf.saved_model.save(served, str(tmp_path / "model"), signatures={"first": call, "second": call})
    with pytest.raises(NoSuchSignature, match=r"several signatures \(first, second"):
        export_to(tmp_path / "model")
    assert export_to(tmp_path / "model", signature="second", scale="0..1").info.source.signature == "second"


@pytest.fixture
def two_outputs(tmp_path: Path) -> Path:
    """A model with two outputs that can both be the scores."""
    served = tf.Module()
    served.model = models.network()
    spec = tf.TensorSpec([None, models.SIZE, models.SIZE, 3], tf.float32, name="pixels")

    def call(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = served.model(pixels)
        return {"a": scores, "b": 1 - scores}

    signature = tf.function(call, input_signature=[spec])
    tf.saved_model.save(served, str(tmp_path / "model"), signatures={"serving_default": signature})
    return tmp_path / "model"


def test_several_outputs(two_outputs: Path, export_to: ExportTo) -> None:
    """Of several outputs that can be the scores one has to be chosen; all are named."""
    with pytest.raises(NotAClassifier, match=r"choose one with --output.*a \(float32.*b \(float32"):
        export_to(two_outputs, scale="0..1")


def test_chosen_output(two_outputs: Path, export_to: ExportTo) -> None:
    """The chosen output is exported."""
    assert export_to(two_outputs, scale="0..1", output="b").info.source.output == "b"


def test_unknown_output(two_outputs: Path, export_to: ExportTo) -> None:
    """An output that does not exist is refused with those that do."""
    with pytest.raises(NotAClassifier, match=r"no output 'c' with one score for each class.*a \(float32"):
        export_to(two_outputs, scale="0..1", output="c")


def test_nothing_unequal_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, export_to: ExportTo) -> None:
    """When the file decodes otherwise than the original, it is refused naming the worst picture, and not written."""
    source = models.save_bytes(models.network(), tmp_path / "model", models.decode_and_resize)
    monkeypatch.setattr(description, "decoding", lambda flat: Decoding(jpeg_transform="accurate"))
    (tmp_path / "model.onnx").write_bytes(b"an older file")
    with pytest.raises(NotEqual, match=r"Worst is .*JPEG.*No file was written"):
        export_to(source, tolerance=1e-6)
    assert (tmp_path / "model.onnx").read_bytes() == b"an older file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.onnx"]


def test_the_proof_is_in_the_file(digits_model: Path) -> None:
    """The file carries what was measured, where it came from and what made it."""
    info = Classifier.load(digits_model).info
    assert info.parity is not None
    assert info.parity.pictures >= 15
    assert info.parity.identical_inputs == 1
    assert info.parity.top1_agreement == 1
    assert info.parity.max_score_difference < 1e-5
    assert len(info.source.fingerprint) == 64
    assert info.tools["tensorflow"] == tf.__version__
    assert info.preprocessing == (
        "DecodeImage, 3 channels, fast JPEG transform",
        "resize to 32 x 32, bilinear, half-pixel centres",
        "divide by 255",
    )


def test_same_model_same_version(digits_model: Path, export_to: ExportTo) -> None:
    """Exporting again, in another process, gives the same version."""
    assert export_to(DIGITS).info.version == Classifier.load(digits_model).info.version


def test_other_labels_other_version(unlabelled: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """Two files that answer differently have different versions."""
    (tmp_path / "labels.txt").write_text("\n".join(models.LABELS))
    versions = [export.info.version for export in _both(export_to, unlabelled, tmp_path / "labels.txt")]
    assert versions[0] != versions[1]


def _both(export_to: ExportTo, source: Path, labels: Path) -> list[Export]:
    return [export_to(source), export_to(source, labels=labels)]


def test_own_pictures(unlabelled: Path, shared: Path, export_to: ExportTo) -> None:
    """With --images the proof runs on those; files that the original cannot read are listed, not hidden."""
    verification = export_to(unlabelled, images=shared / "images" / "photos").verification
    assert verification.parity.pictures == 6
    odd = export_to(unlabelled, images=shared / "images" / "odd").verification
    assert "truncated_jpeg.jpg" in odd.unreadable
    assert odd.parity.identical_inputs == 1


def test_folder_without_pictures(unlabelled: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """An empty folder proves nothing and is refused."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExportError, match="there are no pictures to verify on"):
        export_to(unlabelled, images=tmp_path / "empty")


def test_scores_that_hardly_vary(tmp_path: Path, export_to: ExportTo) -> None:
    """A network that answers the same for every picture is reported as proof of little."""
    model = models.network()
    model.layers[-1].set_weights([weights * 0 for weights in model.layers[-1].get_weights()])
    source = models.save_bytes(model, tmp_path / "model", models.decode_and_resize)
    assert export_to(source).verification.says_little


def test_missing_folder(tmp_path: Path, export_to: ExportTo) -> None:
    """A SavedModel that is not there is named."""
    with pytest.raises(CannotOpen, match="nowhere: there is no such folder"):
        export_to(tmp_path / "nowhere")


def test_folder_without_model(tmp_path: Path, export_to: ExportTo) -> None:
    """A folder without a saved_model.pb is named."""
    with pytest.raises(CannotOpen, match=r"the folder holds no saved_model\.pb"):
        export_to(tmp_path)


def test_folder_above_the_model(tmp_path: Path, export_to: ExportTo) -> None:
    """The folder that an export button leaves, one or two levels above the model, will do."""
    shutil.copytree(DIGITS, tmp_path / "export" / "2026-11-01" / "digits")
    assert export_to(tmp_path / "export").info.source.name == "digits"


def test_several_models(tmp_path: Path, export_to: ExportTo) -> None:
    """Of several models below the folder one has to be chosen; all are named."""
    for name in ("1", "2"):
        shutil.copytree(DIGITS, tmp_path / "models" / name)
    with pytest.raises(CannotOpen, match=r"models: the folder holds several models; choose one: 1, 2\."):
        export_to(tmp_path / "models")


def test_missing_variables(tmp_path: Path, export_to: ExportTo) -> None:
    """A graph without its variables is refused, and what is missing is said."""
    shutil.copy(DIGITS / "saved_model.pb", tmp_path)
    with pytest.raises(CannotOpen, match=r"its weights are missing: there is no variables/variables\.index"):
        export_to(tmp_path)


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_git_lfs_pointer(name: str, tmp_path: Path, export_to: ExportTo) -> None:
    """A Git LFS pointer in place of a file is refused with what to do."""
    shutil.copytree(DIGITS, tmp_path / "digits")
    (tmp_path / "digits" / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    with pytest.raises(CannotOpen, match=rf"{name}: this is a Git LFS pointer.*git lfs pull"):
        export_to(tmp_path / "digits")


def test_broken_model(tmp_path: Path, export_to: ExportTo) -> None:
    """A saved_model.pb that is cut off is refused with TensorFlow's own reason."""
    whole = (DIGITS / "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CannotOpen, match="TensorFlow cannot load it"):
        export_to(tmp_path)


def test_output_folder_missing(tmp_path: Path) -> None:
    """A file cannot be written into a folder that does not exist; the folder is named."""
    with (
        pytest.raises(ExportError, match="nowhere: there is no such folder to write to"),
        model_file.replacing(tmp_path / "nowhere" / "model.onnx"),
    ):
        pass
