"""Models in Cloud Storage are downloaded whole and unchanged, or it is said why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from emulator import Callback, CloudStorage, CorruptBytes, CutStream, Fault, Operation, Reset, Status
from export.errors import CannotDownload, NotAModel, SeveralModels
from export.source import bucket
from export.source.source import Source, open_source
from tests.export.conftest import ExportTo
from tests.export.test_source import DIGITS, same_files, saved_model, zipped

# The client leaves answers that it tries again unread.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

Opened = Callable[..., Source]

TFLITE = b"\x1c\x00\x00\x00TFL3"


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    """A server with the bucket `models`, which the real client finds."""
    with CloudStorage(["models"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        yield storage


@pytest.fixture
def opened(storage: CloudStorage) -> Iterator[Opened]:
    """Open a source until the test's end."""
    with ExitStack() as stack:
        yield lambda uri: stack.enter_context(open_source(uri, lambda *_: None))


def upload(storage: CloudStorage, folder: str) -> None:
    """Store the example below a folder of the bucket, with objects around it that are no part of it."""
    for name, path in saved_model(folder).items():
        storage.put("models", name, Path(path).read_bytes())
    storage.put("models", f"{folder}", b"")  # what the console makes for a folder
    storage.put("models", f"{folder}training/cat.jpg", b"cat")


@pytest.mark.parametrize(
    "uri",
    [
        "gs://models/flowers/1",
        "gs://models/flowers/1/",
        "gs://models/flowers/",
        "gs://models",
        "gs://models/flowers/1/saved_model.pb",
    ],
)
def test_folder(uri: str, storage: CloudStorage, opened: Opened) -> None:
    """A model in a folder, or up to two levels below, is downloaded, and nothing else that lies there."""
    upload(storage, "flowers/1/")
    found = opened(uri)
    assert (found.importer.name, found.name, same_files(found.path)) == ("saved_model", "flowers", True)
    assert not [call for call in storage.requests if call.name and call.name.endswith("cat.jpg")]


def test_folder_with_a_longer_name(storage: CloudStorage, opened: Opened) -> None:
    """A folder whose name only begins like the one asked for is another folder."""
    upload(storage, "flowers-old/")
    with pytest.raises(CannotDownload, match="gs://models/flowers: there is no such object or folder"):
        opened("gs://models/flowers")


def test_archive(storage: CloudStorage, opened: Opened, tmp_path: Path) -> None:
    """An archive in a bucket is downloaded and unpacked."""
    storage.put("models", "out/flowers.zip", zipped(tmp_path / "a.zip", saved_model("saved_model/")).read_bytes())
    found = opened("gs://models/out/flowers.zip")
    assert (found.name, same_files(found.path)) == ("flowers", True)


def test_file_with_its_labels(storage: CloudStorage, opened: Opened) -> None:
    """A file is downloaded with the files that may hold its labels."""
    for name, data in (("model.tflite", TFLITE), ("dict.txt", b"cat\ndog"), ("tflite_metadata.json", b"{}")):
        storage.put("models", f"flowers/{name}", data)
    for uri in ("gs://models/flowers/model.tflite", "gs://models/flowers"):
        found = opened(uri)
        assert (found.importer.name, found.name, found.path.read_bytes()) == ("tflite", "flowers", TFLITE)
        assert sorted(path.name for path in found.labels_folders[0].iterdir()) == ["dict.txt", "model.tflite"]


def test_exported(storage: CloudStorage, export_to: ExportTo) -> None:
    """A model in a bucket gives the file that the same model in a folder gives."""
    upload(storage, "digits/")
    assert export_to("gs://models/digits/").info.version == export_to(DIGITS).info.version


def test_path_out_of_the_folder(storage: CloudStorage, opened: Opened) -> None:
    """An object whose name leads out of the model's folder is left alone."""
    upload(storage, "digits/")
    storage.put("models", "digits/variables/../../../evil.txt", b"evil")
    found = opened("gs://models/digits/")
    assert same_files(found.path)
    assert not (found.path / "variables" / "../../../evil.txt").exists()


@pytest.mark.parametrize("fault", [Status(503), Reset(), CutStream()])
def test_passing_faults(fault: Fault, storage: CloudStorage, opened: Opened) -> None:
    """What may pass is tried again, and the model is whole."""
    upload(storage, "digits/")
    for operation in ("list", "read_media"):
        storage.faults.add(fault, operation)
    assert same_files(opened("gs://models/digits/").path)


def test_several_models(storage: CloudStorage, opened: Opened) -> None:
    """Of several models one has to be chosen; all are named, and none is downloaded."""
    upload(storage, "a/")
    upload(storage, "b/")
    with pytest.raises(
        SeveralModels,
        match=r"gs://models: it holds several models; export one of them:\n  python -m export gs://models/a -o model\.",
    ):
        opened("gs://models")
    assert "read_media" not in {call.operation for call in storage.requests}


def test_no_model(storage: CloudStorage, opened: Opened) -> None:
    """A folder or an object that is no model is refused with what it is."""
    storage.put("models", "torch/model.pt", b"{}")
    with pytest.raises(NotAModel, match=r"it holds no model, and model\.pt is a PyTorch model"):
        opened("gs://models/torch")
    with pytest.raises(NotAModel, match=r"model\.pt: this is a PyTorch model"):
        opened("gs://models/torch/model.pt")


def test_too_many_objects(storage: CloudStorage, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder full of other things is not searched to its end."""
    monkeypatch.setattr(bucket, "MAX_OBJECTS", 3)
    upload(storage, "digits/")
    with pytest.raises(NotAModel, match=r"more than 3 objects below it\. Give the model's own folder"):
        opened("gs://models")


@pytest.mark.parametrize("uri", ["gs://", "gs:///flowers"])
def test_no_address(uri: str, opened: Opened) -> None:
    """An address without a bucket is refused."""
    with pytest.raises(CannotDownload, match="not of the form gs://bucket/folder"):
        opened(uri)


@pytest.mark.parametrize("uri", ["gs://nowhere", "gs://nowhere/flowers", "gs://nowhere/flowers/"])
def test_no_bucket(uri: str, opened: Opened) -> None:
    """A bucket that does not exist is said to be missing."""
    with pytest.raises(CannotDownload, match=f"{uri}: there is no such bucket"):
        opened(uri)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Status(403), r"you are not allowed to read it\. Ask for the role Storage Object Viewer"),
        (Status(401), r"nobody is signed in .* `gcloud auth application-default login`"),
        (Status(503), r"Cloud Storage does not answer \(\w+\)\. Try again later"),
        (Reset(), r"Cloud Storage does not answer \(\w+\)\. Try again later"),
    ],
)
@pytest.mark.parametrize("operation", ["read_metadata", "list", "read_media"])
def test_refused(
    fault: Fault,
    message: str,
    operation: Operation,
    storage: CloudStorage,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever call is refused, the sentence says why and what to do."""
    monkeypatch.setitem(bucket._CALL, "retry", None)
    upload(storage, "digits/")
    storage.faults.add(fault, operation, times=None)
    with pytest.raises(CannotDownload, match=f"gs://models/digits: {message}"):
        opened("gs://models/digits")


def test_without_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nobody is signed in, it is said how to."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    with (
        pytest.raises(CannotDownload, match="gcloud auth application-default login"),
        open_source("gs://models/flowers", lambda *_: None),
    ):
        pass


def test_replaced_meanwhile(storage: CloudStorage, opened: Opened) -> None:
    """A model that is replaced between listing and download is refused, not mixed."""
    upload(storage, "digits/")
    replace = Callback(lambda: storage.put("models", "digits/saved_model.pb", b"new"))
    storage.faults.add(replace, "read_media", name="digits/saved_model.pb")
    with pytest.raises(CannotDownload, match=r"saved_model\.pb was replaced or deleted meanwhile\. Try again"):
        opened("gs://models/digits")


def test_damaged_on_the_way(storage: CloudStorage, opened: Opened) -> None:
    """Bytes that do not fit their checksum are refused."""
    upload(storage, "digits/")
    storage.faults.add(CorruptBytes(), "read_media", name="digits/saved_model.pb")
    with pytest.raises(CannotDownload, match=r"saved_model\.pb arrived damaged\. Try again"):
        opened("gs://models/digits")


def test_progress(storage: CloudStorage) -> None:
    """Downloading reports how many megabytes are done."""
    storage.put("models", "a.tflite", TFLITE + bytes(3_000_000))
    steps = []
    with open_source("gs://models/a.tflite", lambda *step: steps.append(step)):
        pass
    assert steps == [("Looking into the bucket", 0, None), *(("Downloading (MB)", done, 3) for done in range(4))]
