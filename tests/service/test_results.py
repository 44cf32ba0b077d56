"""Which of two results stays."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from predictor import Decoding, ModelInfo, Source
from service import results
from service.results import Mark
from service.upload import Upload

MARKS = st.builds(Mark, generation=st.integers(1, 3), is_final=st.booleans(), model=st.sampled_from(["", "a1", "b2"]))
RELABELLING = MARKS.map(lambda mark: dataclasses.replace(mark, relabels=True))
INFO = ModelInfo("pets", "a1", ("cat",), "softmax", Decoding(), (), Source("pets", "", "", "", ""))
UPLOAD = Upload("photos", "a.png", 3, "image/png", 9, {}, "1", datetime.now(timezone.utc))


@given(MARKS, MARKS)
def test_newest_stays(new: Mark, old: Mark) -> None:
    """A result takes the place of one of an older generation, or of a fault's record; never that of a newer one."""
    assert new.replaces(old) is ((new.generation, new.is_final) > (old.generation, old.is_final))


@given(RELABELLING, MARKS)
def test_relabelling(new: Mark, old: Mark) -> None:
    """Where it is wanted, what another model found out about the same generation is replaced, but not by a fault."""
    is_others = new.generation == old.generation and new.is_final and old.is_final and new.model != old.model
    assert new.replaces(old) is (dataclasses.replace(new, relabels=False).replaces(old) or is_others)


@given(MARKS)
def test_metadata(mark: Mark) -> None:
    """A mark in custom metadata is read as it was written."""
    assert Mark.of(mark.metadata()) == mark


def test_others_objects() -> None:
    """What is not ours is replaced by any result."""
    for metadata in (None, {}, {results.MARK: "yesterday"}):
        assert Mark(1, is_final=False).replaces(Mark.of(metadata))


def test_documents_of_labels() -> None:
    """The document of labels says by itself what its mark is."""
    document = results.document(UPLOAD, {"predictions": []}, INFO)
    assert Mark.of_document(document) == Mark(3, is_final=True, model="a1")


def test_documents_of_records() -> None:
    """What is wrong with a picture is final; a fault is not, whether the model could be loaded or not."""
    codes = {code: results.document(UPLOAD, {"error": {"code": code}}, None) for code in (400, 413, 415, 403, 500, 503)}
    marks = {code: Mark.of_document(document) for code, document in codes.items()}
    assert marks == {code: Mark(3, is_final=code in (400, 413, 415)) for code in codes}
