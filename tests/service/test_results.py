"""Which of two results stays."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from predictor import Decoding, ModelInfo, Source
from service import results
from service.result_version import MARK, OUTCOME, PATH, SIZE, File, Mark
from service.upload import Upload

MARKS = st.builds(Mark, generation=st.integers(1, 3), is_final=st.booleans(), model=st.sampled_from(["", "a1", "b2"]))
PATHS = st.sampled_from(["", "photos/a.png", "two\nlines/ü.png"])
FILES = st.builds(File, PATHS, st.integers(0, 2))
MARKS_OF_FILES = st.builds(Mark, st.integers(-1, 1), st.booleans(), st.sampled_from(["", "a1"]), file=FILES)
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


@given(MARKS_OF_FILES, MARKS_OF_FILES | MARKS)
def test_files(new: Mark, old: Mark) -> None:
    """A file's result takes the place of one of another time or known size, and of a fault's record, no other."""
    assert new.file
    is_same = new.generation == old.generation and (not old.file or new.file.size == old.file.size)
    assert new.has_source_of(old) is is_same
    assert new.replaces(old) is (not is_same or new.is_final > old.is_final)


@given(MARKS | MARKS_OF_FILES)
def test_metadata(mark: Mark) -> None:
    """A mark in custom metadata is read as it was written."""
    assert Mark.of(mark.metadata()) == mark


def test_others_objects() -> None:
    """What is not ours is replaced by any result."""
    for metadata in (
        None,
        {},
        {MARK: "yesterday"},
        {MARK: "3", PATH: "a", SIZE: "b"},
    ):
        for mark in (Mark(1, is_final=False), Mark(-1, is_final=False, file=File("a", 1))):
            assert mark.replaces(Mark.of(metadata))


@given(
    st.dictionaries(
        st.sampled_from([MARK, OUTCOME, PATH, SIZE]),
        st.text(),
    )
)
def test_any_metadata(metadata: dict[str, str]) -> None:
    """Whatever metadata say, it is a mark of ours, or that of nothing."""
    found = Mark.of(metadata)
    assert found.is_ours or found == Mark.of(None)


def test_metadata_of_files() -> None:
    """What metadata say of a file is ASCII, as headers are, and no more than an object's metadata may be."""
    for path in ("two\nlines/ü\udce9.png", "ü" * 2048):
        metadata = Mark(3, True, file=File(path, 9)).metadata()
        assert all(text.isascii() and text.isprintable() for text in metadata.values())
        assert sum(map(len, [*metadata, *metadata.values()])) < 8192
        assert Mark.of(metadata).has_source_of(Mark(3, True, file=File(path, 9)))


def test_garbage() -> None:
    """What is no number as it is written here is none of ours, however int() reads it, and however long it is."""
    for text in ("", "yesterday", "1e999", "1.5", "٣", "²", " 7", "7_0", "+7", "7\n", "9" * 30, "9" * 5000):
        assert not Mark.of({MARK: text}).is_ours


def test_documents_of_labels() -> None:
    """The document of labels says by itself what its mark is."""
    document = results.document(UPLOAD, {"predictions": []}, INFO)
    assert Mark.of_document(document) == Mark(3, is_final=True, model="a1")


def test_documents_of_files() -> None:
    """The document about a file says its path and size, too."""
    document = results.document(dataclasses.replace(UPLOAD, bucket="", name="photos/a.png"), {"predictions": []}, INFO)
    assert Mark.of_document(document) == Mark(3, is_final=True, model="a1", file=File("photos/a.png", 9))


def test_documents_of_records() -> None:
    """What is wrong with a picture is final; a fault is not, whether the model could be loaded or not."""
    codes = {
        code: results.document(UPLOAD, {"error": {"code": code}}, None) for code in (400, 413, 415, 422, 403, 500, 503)
    }
    marks = {code: Mark.of_document(document) for code, document in codes.items()}
    assert marks == {code: Mark(3, is_final=code in (400, 413, 415, 422)) for code in codes}
