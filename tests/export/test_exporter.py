"""What holds for every export: labels, signatures, the proof, and that nothing is half-written."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest
import tensorflow as tf

from export.errors import ExportError, NoSuchSignature, NotAClassifier, NotEqual
from export.exporter import Export
from export.graph import description
from export.network import model_file
from predictor import Classifier, Decoding
from tests.export import models
from tests.export.conftest import ExportTo

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "saved_model"


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
    monkeypatch.setattr(description, "decoding", lambda decoder: Decoding(jpeg_transform="accurate"))
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
    assert "truncated_jpeg.jpg" in [picture.name for picture in odd.unreadable]
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


def test_output_folder_missing(tmp_path: Path) -> None:
    """A file cannot be written into a folder that does not exist; the folder is named."""
    with (
        pytest.raises(ExportError, match="nowhere: there is no such folder to write to"),
        model_file.replacing(tmp_path / "nowhere" / "model.onnx"),
    ):
        pass


def test_only_standard_operations(digits_model: Path) -> None:
    """The exported file holds no operation outside ONNX's own set, and its interface is the one agreed on."""
    model = onnx.load(str(digits_model))
    assert {node.domain for node in model.graph.node} == {""}
    assert [opset.domain for opset in model.opset_import] == [""]
    assert model.opset_import[0].version >= 18
    session = onnxruntime.InferenceSession(str(digits_model))
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [
        ("image", "tensor(uint8)", ["height", "width", 3])
    ]
    assert [(o.name, o.type, o.shape) for o in session.get_outputs()] == [("scores", "tensor(float)", [10])]
