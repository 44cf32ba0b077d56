"""Files as objects."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfill.objects.folder_store import MAX_RESULT, FolderStore
from predictor import ImageTooLarge, Limits
from storage.calls import ObjectNotFound
from storage.deadline import Deadline, OutOfTime
from storage.location import Location
from storage.result_version import FileSource, ResultVersion
from storage.upload import Upload
from tests.backfill.test_listing import below, found_in, unprivileged


def uploads_in(folder: Path) -> list[Upload]:
    return [found for found in found_in(below(folder)) if isinstance(found, Upload)]


def test_read(tmp_path: Path) -> None:
    """A file is read as it was when it was listed, and no larger than is allowed; else the error says why not."""
    file = tmp_path / "a.png"
    file.write_bytes(b"12345")
    (upload,) = FolderStore().list_objects("", str(file).removeprefix("/"), "", "", 1.0)
    assert (upload.content_type, upload.size, str(upload.location)) == ("image/png", 5, str(file))

    def read(limits: Limits) -> bytes:
        return FolderStore().read(upload.location, upload.generation, limits, Deadline.after(1))

    assert read(Limits()) == b"12345"
    with pytest.raises(ImageTooLarge):
        read(Limits(max_bytes=4))
    os.utime(file, ns=(0, upload.generation + 1))
    with pytest.raises(ObjectNotFound):
        read(Limits())
    file.unlink()
    with pytest.raises(ObjectNotFound):
        read(Limits())


def test_read_what_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has become a pipe is not waited for; what is changed while it is read is not taken for either version."""
    file = tmp_path / "a.png"
    file.write_bytes(b"12345")
    (upload,) = uploads_in(tmp_path)

    class Changing(Limits):
        """Looked at in the middle of reading."""

        @property
        def max_bytes(self) -> int:
            os.utime(file, ns=(0, upload.generation + 1))
            return 9

    with pytest.raises(ObjectNotFound):
        FolderStore().read(upload.location, upload.generation, Changing.__new__(Changing), Deadline.after(1))
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ObjectNotFound):
        FolderStore().read(upload.location, upload.generation, Limits(), Deadline.after(1))
    file.unlink()
    file.mkdir()
    with pytest.raises(ObjectNotFound):
        FolderStore().read(upload.location, upload.generation, Limits(), Deadline.after(1))


def test_is_current(tmp_path: Path) -> None:
    """A file is current until its time or size are others, or it is gone; its name may be taken by what is no file."""
    file = tmp_path / "a.png"
    file.write_bytes(b"12345")
    (upload,) = uploads_in(tmp_path)
    times = (upload.generation, upload.generation)
    assert FolderStore().is_current(upload)
    os.utime(file, ns=(times[0], times[1] - 1))
    assert not FolderStore().is_current(upload)
    file.write_bytes(b"123456")
    os.utime(file, ns=times)
    assert not FolderStore().is_current(upload)
    file.unlink()
    assert not FolderStore().is_current(upload)


def document(generation: int, size: int = 5) -> dict[str, Any]:
    model = {"name": "pets", "version": "a1"}
    source = {"bucket": "", "name": "photos/a.png", "generation": str(generation), "size": size}
    return {"predictions": [], "source": source, "model": model}


def result_version(generation: int, size: int = 5, *, is_final: bool = True) -> ResultVersion:
    return ResultVersion(generation, is_final, "a1", file=FileSource("photos/a.png", size))


def store(target: Location, generation: int, size: int = 5, *, is_final: bool = True) -> bool:
    found = result_version(generation, size, is_final=is_final)
    return FolderStore().store(target, document(generation, size), found, {}, Deadline.after(1))


def test_store(tmp_path: Path) -> None:
    """The last result stays, as times of files are in no order, alone; its result version is read from it."""
    target = Location.of_path(f"{tmp_path}/deep/a.png.json")
    for generation in (2, 1, 1, 3):
        assert store(target, generation)
        (upload,) = uploads_in(tmp_path)
        assert (upload.location, ResultVersion.of(upload.metadata)) == (target, result_version(generation))
    (tmp_path / "other").touch()
    assert Path(str(target)).stat().st_mode == (tmp_path / "other").stat().st_mode


def test_store_of_objects(tmp_path: Path) -> None:
    """Of objects in a bucket the result of the newest generation stays."""
    target = Location.of_path(f"{tmp_path}/photos/a.png.json")

    def store(generation: int) -> bool:
        source = {"bucket": "photos", "name": "a.png", "generation": str(generation)}
        found = document(generation) | {"source": source}
        return FolderStore().store(target, found, ResultVersion(generation, True, "a1"), {}, Deadline.after(1))

    assert [store(2), store(1), store(2), store(3)] == [True, False, True, True]
    assert FolderStore().result_versions(Location("", ""), {target}, 1) == {target: ResultVersion(3, True, "a1")}


@pytest.mark.parametrize("name", ["photos/../../a.png", "photos//a.png", "photos/./a.png", "photos/a\0.png"])
def test_names_of_objects(tmp_path: Path, name: str) -> None:
    """A name that no file can have leads nowhere else."""
    target = Location.of_path(str(tmp_path)).child("labels", f"{name}.json")
    assert FolderStore().result_versions(Location("", ""), {target}, 1) == {}
    with pytest.raises(ValueError):
        store(target, 1)
    assert list(tmp_path.iterdir()) == []


def with_generation(text: str) -> bytes:
    return json.dumps(document(7)).replace('"generation": "7"', f'"generation": {text}').encode()


def changed(**parts: Any) -> bytes:
    return json.dumps(document(7) | parts).encode()


BROKEN = {
    "empty": b"",
    "cut": json.dumps(document(7)).encode()[:-9],
    "binary": bytes(range(256)),
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"source":' * 100_000,
    "infinite": with_generation("1e999"),
    "no number": with_generation("NaN"),
    "many digits": with_generation("7" * 5000),
    "many digits in quotes": with_generation(f'"{"7" * 5000}"'),
    "digits of another script": with_generation('"٧"'),
    "with an underscore": with_generation('"0_7"'),
    "with a space": with_generation('" 7"'),
    "a part": with_generation("7.5"),
    "truth": with_generation("true"),
    "a list": b"[7]",
    "a string": b'"7"',
    "null": b"null",
    "a list for its source": changed(source=[7]),
    "a number for its model": changed(model=7),
    "a list for its version": changed(model={"version": []}),
    "a string for its labels": changed(predictions="3"),
    "a list for its error": changed(error=[415]),
    "too large": json.dumps(document(7)).encode() + b" " * MAX_RESULT,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_results(tmp_path: Path, kind: str) -> None:
    """A result that cannot be understood is that of nothing: any other takes its place, that of a fault too."""
    target = Location.of_path(f"{tmp_path}/a.png.json")
    Path(str(target)).write_bytes(BROKEN[kind])
    (upload,) = uploads_in(tmp_path)
    assert upload.metadata == {}
    (found,) = FolderStore().result_versions(Location("", ""), {target}, 1).values()
    assert not found.is_ours
    assert store(target, 7, is_final=False)
    assert FolderStore().result_versions(Location("", ""), {target}, 1) != {target: found}


def replaced(path: Path, kind: str) -> None:
    """Put something at a path that is no file."""
    make: dict[str, Callable[[], object]] = {
        "a pipe": lambda: os.mkfifo(path),
        "a link to a device": lambda: path.symlink_to("/dev/zero"),
        "a link to itself": lambda: path.symlink_to(path.name),
        "a link to nothing": lambda: path.symlink_to("gone"),
        "a link to a folder": lambda: path.symlink_to("."),
    }
    make[kind]()


@pytest.mark.parametrize(
    "kind", ["a pipe", "a link to a device", "a link to itself", "a link to nothing", "a link to a folder"]
)
def test_results_that_are_no_files(tmp_path: Path, kind: str) -> None:
    """What has the name of a result and is no file is not waited for, and replaced."""
    target = Location.of_path(f"{tmp_path}/a.png.json")
    replaced(Path(str(target)), kind)
    assert not any(found.is_ours for found in FolderStore().result_versions(Location("", ""), {target}, 1).values())
    assert store(target, 7)
    assert FolderStore().result_versions(Location("", ""), {target}, 1) == {target: result_version(7)}


def test_closed_result(open_folder: Path) -> None:
    """A result that may not be read is replaced."""
    target = Location.of_path(f"{open_folder}/a.png.json")
    store(target, 7)
    with unprivileged(open_folder):
        Path(str(target)).chmod(0)
        (found,) = FolderStore().result_versions(Location("", ""), {target}, 1).values()
        assert not found.is_ours
        assert store(target, 7)
        assert FolderStore().result_versions(Location("", ""), {target}, 1) == {target: result_version(7)}


KEYS = st.sampled_from(["source", "model", "error", "predictions", "generation", "version", "code", "bucket", "size"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("7"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=9),
    max_leaves=8,
)


@given(JSON, JSON, JSON, JSON)
def test_any_document(source: Any, model: Any, error: Any, predictions: Any) -> None:
    """Whatever a document holds, it has a result version that can be compared and written, or is none of ours."""
    document = {"source": source, "model": model, "error": error, "predictions": predictions}
    try:
        found = ResultVersion.of_document(document)
    except (KeyError, TypeError, ValueError):
        return
    assert ResultVersion.of(found.metadata()) == found
    assert result_version(7).replaces(found) is not (result_version(7).has_source_of(found) and found.is_final)


def test_others_json(tmp_path: Path) -> None:
    """JSON of others carries no result version, whatever it says."""
    for name, text in (("a.json", "[1]"), ("b.json", '{"model": null}'), ("c.json", "{"), ("d.json", '"x"')):
        (tmp_path / name).write_text(text)
    assert [upload.metadata for upload in uploads_in(tmp_path)] == [{}, {}, {}, {}]


def test_full_disk(tmp_path: Path) -> None:
    """What cannot be written leaves nothing half written."""
    target = Location.of_path(f"{tmp_path}/{'x' * 300}.json")
    with pytest.raises(OSError, match="name too long"):
        store(target, 1)
    assert list(tmp_path.iterdir()) == []


def test_no_space(tmp_path: Path) -> None:
    """On a disk that is full nothing is half written either."""
    target = Location.of_path(f"{tmp_path}/a.png.json")
    store(target, 1)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            store(target, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png.json"]
    assert FolderStore().result_versions(Location("", ""), {target}, 1) == {target: result_version(1)}


def test_stopped_while_storing(tmp_path: Path) -> None:
    """One who was stopped while it stored keeps others waiting no longer than their time; later it goes on."""
    target = Location.of_path(f"{tmp_path}/a.png.json")
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(OutOfTime):
        FolderStore().store(target, document(1), result_version(1), {}, Deadline.after(0.05))
    assert list(tmp_path.iterdir()) == []
    os.close(handle)
    assert store(target, 1)
