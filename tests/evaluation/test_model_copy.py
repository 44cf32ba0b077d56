"""A copy of a model file that says from which score on its answers are sure."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

from evaluation import model_copy
from evaluation.errors import EvaluationError
from predictor import Classifier, Decision
from predictor.metadata import KEY
from tests.conftest import SAMPLES

DECISION = Decision(0.9, 0.02, 0.95, 0.8, 500)


@pytest.fixture
def copy(digits_model: Path, tmp_path: Path) -> Path:
    """The example with a decision."""
    path = tmp_path / "copy.onnx"
    model_copy.write(digits_model, path, DECISION)
    return path


def test_only_the_document_changes(digits_model: Path, copy: Path) -> None:
    """The onnx package reads the copy: the same network, one document, and in it nothing new but the decision."""
    before, after = onnx.load(digits_model), onnx.load(copy)
    assert before.graph == after.graph
    ((old,), (new,)) = ([p.value for p in m.metadata_props if p.key == KEY] for m in (before, after))
    assert json.loads(old) | {"decision": json.loads(new)["decision"]} == json.loads(new)
    del before.metadata_props[:], after.metadata_props[:]
    assert before == after


def test_scores_stay(digits_model: Path, copy: Path) -> None:
    """The copy has the decision, the version and the scores of the model, to the last bit."""
    old, new = Classifier.load(digits_model), Classifier.load(copy)
    assert (new.info.decision, new.info.version) == (DECISION, old.info.version)
    for picture in sorted(SAMPLES.iterdir()):
        assert new.classify(picture.read_bytes()) == old.classify(picture.read_bytes())


def test_second_decision(copy: Path, tmp_path: Path) -> None:
    """A copy of a copy has the last decision alone."""
    second = Decision(0.5, 0.1, 0.95, 1.0, 10)
    model_copy.write(copy, tmp_path / "second.onnx", second)
    assert Classifier.load(tmp_path / "second.onnx").info.decision == second


def test_fields_of_later_versions_stay(digits_model: Path, tmp_path: Path) -> None:
    """What another version said in the document stays there."""
    model = onnx.load(digits_model)
    (entry,) = (entry for entry in model.metadata_props if entry.key == KEY)
    entry.value = json.dumps(json.loads(entry.value) | {"later": [1]})
    onnx.helper.set_model_props(model, {"other": "kept", KEY: entry.value})
    onnx.save(model, tmp_path / "later.onnx")
    model_copy.write(tmp_path / "later.onnx", tmp_path / "copy.onnx", DECISION)
    found = {entry.key: entry.value for entry in onnx.load(tmp_path / "copy.onnx").metadata_props}
    assert (found["other"], json.loads(found[KEY])["later"]) == ("kept", [1])


def test_not_over_the_model(digits_model: Path) -> None:
    """The model itself is not written over."""
    with pytest.raises(EvaluationError, match="this is the model itself"):
        model_copy.write(digits_model, digits_model, DECISION)
