"""Which of two results stays."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor import Decoding, ModelInfo, Provenance
from results import stored
from storage.location import Location
from storage.result_version import OUTCOME, PATH, SIZE, SOURCE_GENERATION, FileSource, ResultVersion
from storage.upload import Upload

VERSIONS = st.builds(
    ResultVersion, generation=st.integers(1, 3), is_final=st.booleans(), model=st.sampled_from(["", "a1", "b2"])
)
PATHS = st.sampled_from(["", "photos/a.png", "two\nlines/ü.png"])
FILES = st.builds(FileSource, PATHS, st.integers(0, 2))
VERSIONS_OF_FILES = st.builds(ResultVersion, st.integers(-1, 1), st.booleans(), st.sampled_from(["", "a1"]), file=FILES)
RELABELLING = VERSIONS.map(lambda result_version: dataclasses.replace(result_version, relabels=True))
PREFIX = Location("results", "labels")
INFO = ModelInfo("pets", "a1", ("cat",), "softmax", Decoding(), (), Provenance("pets", "", "", "", ""))
UPLOAD = Upload("photos", "a.png", 3, "image/png", 9, {}, "1", datetime.now(timezone.utc))


@given(VERSIONS, VERSIONS)
def test_newest_stays(new: ResultVersion, old: ResultVersion) -> None:
    """A result takes the place of one of an older generation, or of a fault's record; never that of a newer one."""
    assert new.replaces(old) is ((new.generation, new.is_final) > (old.generation, old.is_final))


@given(RELABELLING, VERSIONS)
def test_relabelling(new: ResultVersion, old: ResultVersion) -> None:
    """Where it is wanted, what another model found out about the same generation is replaced, but not by a fault."""
    is_others = new.generation == old.generation and new.is_final and old.is_final and new.model != old.model
    assert new.replaces(old) is (dataclasses.replace(new, relabels=False).replaces(old) or is_others)


@given(VERSIONS_OF_FILES, VERSIONS_OF_FILES | VERSIONS)
def test_files(new: ResultVersion, old: ResultVersion) -> None:
    """A file's result takes the place of one of another time or known size, and of a fault's record, no other."""
    assert new.file
    is_same = new.generation == old.generation and (not old.file or new.file.size == old.file.size)
    assert new.has_source_of(old) is is_same
    assert new.replaces(old) is (not is_same or new.is_final > old.is_final)


@given(VERSIONS | VERSIONS_OF_FILES)
def test_metadata(result_version: ResultVersion) -> None:
    """A result version in custom metadata is read as it was written."""
    assert ResultVersion.of(result_version.metadata()) == result_version


def test_others_objects() -> None:
    """What is not ours is replaced by any result."""
    for metadata in (
        None,
        {},
        {SOURCE_GENERATION: "yesterday"},
        {SOURCE_GENERATION: "3", PATH: "a", SIZE: "b"},
    ):
        for result_version in (
            ResultVersion(1, is_final=False),
            ResultVersion(-1, is_final=False, file=FileSource("a", 1)),
        ):
            assert result_version.replaces(ResultVersion.of(metadata))


@given(
    st.dictionaries(
        st.sampled_from([SOURCE_GENERATION, OUTCOME, PATH, SIZE]),
        st.text(),
    )
)
def test_any_metadata(metadata: dict[str, str]) -> None:
    """Whatever metadata say, it is a result version of ours, or that of nothing."""
    found = ResultVersion.of(metadata)
    assert found.is_ours or found == ResultVersion.of(None)


def test_metadata_of_files() -> None:
    """What metadata say of a file is ASCII, as headers are, and no more than an object's metadata may be."""
    for path in ("two\nlines/ü\udce9.png", "ü" * 2048):
        metadata = ResultVersion(3, True, file=FileSource(path, 9)).metadata()
        assert all(text.isascii() and text.isprintable() for text in metadata.values())
        assert sum(map(len, [*metadata, *metadata.values()])) < 8192
        assert ResultVersion.of(metadata).has_source_of(ResultVersion(3, True, file=FileSource(path, 9)))


def test_garbage() -> None:
    """What is no number as it is written here is none of ours, however int() reads it, and however long it is."""
    for text in ("", "yesterday", "1e999", "1.5", "٣", "²", " 7", "7_0", "+7", "7\n", "9" * 30, "9" * 5000):
        assert not ResultVersion.of({SOURCE_GENERATION: text}).is_ours


def test_documents_of_labels() -> None:
    """The document of labels says by itself what its result version is."""
    document = stored.document(UPLOAD, {"predictions": []}, INFO)
    assert ResultVersion.of_document(document) == ResultVersion(3, is_final=True, model="a1")


def test_documents_of_files() -> None:
    """The document about a file says its path and size, too."""
    document = stored.document(dataclasses.replace(UPLOAD, bucket="", name="photos/a.png"), {"predictions": []}, INFO)
    assert ResultVersion.of_document(document) == ResultVersion(
        3, is_final=True, model="a1", file=FileSource("photos/a.png", 9)
    )


def test_documents_of_records() -> None:
    """What is wrong with a picture is final; a fault is not, whether the model could be loaded or not."""
    codes = {
        code: stored.document(UPLOAD, {"error": {"code": code}}, None) for code in (400, 413, 415, 422, 403, 500, 503)
    }
    result_versions = {code: ResultVersion.of_document(document) for code, document in codes.items()}
    assert result_versions == {code: ResultVersion(3, is_final=code in (400, 413, 415, 422)) for code in codes}


@pytest.mark.parametrize("letter", ["a", "ü", "水"])
def test_long_names(letter: str) -> None:
    """A name stays readable as long as its result's has no more than 1,024 bytes, which Cloud Storage takes."""
    room = 1024 - len("labels/photos/.json")
    width = len(letter.encode())
    for bytes_, is_readable in ((room, True), (room + 1, False)):
        name = letter * (bytes_ // width) + "b" * (bytes_ % width)
        found = stored.location(PREFIX, dataclasses.replace(UPLOAD, name=name), ".json")
        assert (found == PREFIX.child("photos", f"{name}.json")) is is_readable
        assert len(found.name.encode()) <= 1024


def test_long_names_beside() -> None:
    """The same holds where a result is stored beside one that stays."""
    version = ResultVersion(3, is_final=True)
    room = 1024 - len("labels/_generations/photos//3.json")
    for length, is_readable in ((room, True), (room + 1, False)):
        upload = dataclasses.replace(UPLOAD, name="a" * length)
        found = stored.location_beside(PREFIX, upload, version, ".json")
        assert (found == PREFIX.child(stored.GENERATIONS, "photos", "a" * length, "3.json")) is is_readable
        assert len(found.name.encode()) <= 1024
