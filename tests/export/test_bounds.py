"""Archives, Keras files and label files that are made to do harm: refused before a library opens them."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from export.errors import CannotOpen, Damaged, NotTrusted, TooLarge, WrongLabels
from export.importers.keras import contents, trial
from export.importers.keras.importer import KerasImporter
from export.source import archive, bounds, label_file, trial_process
from tests.export import models

SIZE = models.SIZE
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras with NumPy 2
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]


def unpack(path: Path) -> None:
    archive.unpack(path, path.parent / "unpacked", lambda *_: None)


def many_in_a_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(bounds.MAX_MEMBERS + 1):
            packed.writestr(f"{number}.txt", b"")


def many_in_a_tar(path: Path) -> None:
    with tarfile.open(path, "w:gz") as packed:
        for number in range(bounds.MAX_MEMBERS + 1):
            packed.addfile(tarfile.TarInfo(f"{number}.txt"))


@pytest.mark.parametrize(("name", "make"), [("a.zip", many_in_a_zip), ("a.tgz", many_in_a_tar)])
def test_many_files(name: str, make: Callable[[Path], None], tmp_path: Path) -> None:
    """An archive of more files than any model has is refused."""
    make(tmp_path / name)
    with pytest.raises(TooLarge, match="it holds more than 10,000 files"):
        unpack(tmp_path / name)


@pytest.mark.parametrize("large", [False, True])
def test_list_of_files(large: bool, tmp_path: Path) -> None:
    """What a zip says of its list's length counts, in the record for large archives too, whatever is there."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("saved_model.pb", b"")
    data = path.read_bytes()
    end = data.rindex(b"PK\5\6")
    size = struct.pack("<L", 1 << 30)
    changed = data[: end + 12] + size + data[end + 16 :]
    if large:
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 1 << 30, 0)
        changed = data[:end] + record + struct.pack("<4sLQL", b"PK\6\7", 0, end, 1) + data[end:]
    path.write_bytes(changed)
    with pytest.raises(TooLarge, match="its list of files takes 1,074 MB"):
        unpack(path)


def test_zip_behind_something_else(tmp_path: Path) -> None:
    """A sound zip passes, with something before it and a comment behind."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("saved_model.pb", b"")
        packed.comment = b"a comment"
    path.write_bytes(b"before" + path.read_bytes())
    unpack(path)
    assert (tmp_path / "unpacked" / "saved_model.pb").is_file()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_long_headers(kind: bytes, tmp_path: Path) -> None:
    """A tar that says a gigabyte about a file's name is refused before that is read, however small it is packed."""
    path = tmp_path / "a.tar.gz"
    header = tarfile.TarInfo("name")
    header.type, header.size = kind, 1 << 30
    with tarfile.open(path, "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("saved_model.pb"))
        packed.fileobj.write(header.tobuf())  # type: ignore[union-attr]
        packed.fileobj.write(bytes(1 << 20))  # type: ignore[union-attr]
    with pytest.raises(TooLarge, match="it says 1,074 MB about one file"):
        unpack(path)


def saved(folder: Path, *layers: Any, suffix: str = ".keras") -> Path:
    """A Keras file with a network and these layers before it."""
    model = keras.Sequential([keras.layers.Input([SIZE, SIZE, 3]), *layers, models.network()])
    path = folder / f"model{suffix}"
    model.save(path)
    return path


def check(path: Path) -> None:
    """In this process, where a test can set bounds; `test_in_a_process` goes through another."""
    contents.check(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_lambda(suffix: str, tmp_path: Path) -> None:
    """A layer with Python code in it is named, and its code is not unpacked."""
    path = saved(tmp_path, keras.layers.Lambda(lambda x: x / 255), suffix=suffix)
    with pytest.raises(NotTrusted, match=r"its layer (Lambda|__lambda__) holds Python code, which runs"):
        check(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_sound_file(suffix: str, tmp_path: Path) -> None:
    """What Keras's own layers make passes."""
    check(saved(tmp_path, keras.layers.Rescaling(1 / 255), keras.layers.RandomFlip(), suffix=suffix))


def repacked(path: Path, change: Callable[[dict[str, bytes]], None], *, compressed: bool = False) -> Path:
    """A `.keras` file with its members changed."""
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "part", [{"class_name": "TorchModuleWrapper"}, {"class_name": "Any>Lambda"}, {"class_name": "TFSMLayer"}]
)
def test_other_code(part: dict[str, str], tmp_path: Path) -> None:
    """Layers that unpickle, or load other models, are named wherever they stand in the description."""

    def change(members: dict[str, bytes]) -> None:
        config = json.loads(members["config.json"])
        config["config"]["layers"][1]["config"]["inner"] = [[part]]
        members["config.json"] = json.dumps(config).encode()

    with pytest.raises(NotTrusted, match=f"its layer {part['class_name']} holds "):
        check(repacked(saved(tmp_path), change))


def test_vocabulary_file(tmp_path: Path) -> None:
    """A layer that reads its vocabulary from a file of the machine is refused."""

    def change(members: dict[str, bytes]) -> None:
        config = json.loads(members["config.json"])
        config["config"]["layers"].append({"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}})
        members["config.json"] = json.dumps(config).encode()

    with pytest.raises(NotTrusted, match="it reads its vocabulary from the file '/etc/passwd'"):
        check(repacked(saved(tmp_path), change))


@pytest.mark.parametrize("config", [b"[" * 200_000, b"{", b"\xff"])
def test_broken_config(config: bytes, tmp_path: Path) -> None:
    """A description that cannot be read, or is nested without end, is called damaged."""
    with pytest.raises(Damaged, match="the description of its network cannot be read"):
        check(repacked(saved(tmp_path), lambda members: members.update({"config.json": config})))


def test_large_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A description of many megabytes is not read."""
    monkeypatch.setattr(contents, "MAX_CONFIG", 1000)
    with pytest.raises(TooLarge, match="its network is described in more than"):
        check(saved(tmp_path))


def test_bomb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a `.keras` file takes once unpacked is known before it is."""
    path = repacked(saved(tmp_path), lambda members: members.update({"more": bytes(10_000_000)}), compressed=True)
    monkeypatch.setattr(contents, "MAX_BYTES", 5_000_000)
    with pytest.raises(TooLarge, match=r"unpacked, it takes 0\.0 GB"):
        check(path)


def external_link(file: h5py.File) -> None:
    file["elsewhere"] = h5py.ExternalLink("/etc/other.h5", "/")


def external_data(file: h5py.File) -> None:
    file.create_dataset("elsewhere", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def virtual_data(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", (4,))
    file.create_virtual_dataset("elsewhere", layout)


ELSEWHERE = [external_link, external_data, virtual_data]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("change", ELSEWHERE)
def test_weights_elsewhere(change: Callable[[h5py.File], None], suffix: str, tmp_path: Path) -> None:
    """Weights that HDF5 would read from other files are refused."""
    path = saved(tmp_path, suffix=suffix)

    def changed(members: dict[str, bytes]) -> None:
        held = io.BytesIO(members["model.weights.h5"])
        with h5py.File(held, "a") as file:
            change(file)
        members["model.weights.h5"] = held.getvalue()

    if suffix == ".keras":
        repacked(path, changed)
    else:
        with h5py.File(path, "a") as file:
            change(file)
    with pytest.raises(NotTrusted, match=r"lies? in another file"):
        check(path)


def test_large_weights(tmp_path: Path) -> None:
    """Weights that are small in the file and take terabytes in memory are refused; rings are followed once."""
    path = saved(tmp_path, suffix=".h5")
    with h5py.File(path, "a") as file:
        file.create_group("ring")["again"] = file["/"]
    check(path)
    with h5py.File(path, "a") as file:
        file.create_dataset("zeros", (1 << 40,), "f4", chunks=(1024,), compression="gzip")
    with pytest.raises(TooLarge, match="its weights take more than"):
        check(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_changed_bytes(suffix: str, tmp_path: Path) -> None:
    """Whatever bytes of a Keras file are wrong, it passes or is refused with a sentence."""
    path = saved(tmp_path, suffix=suffix)
    sound, random, refused = path.read_bytes(), np.random.default_rng(1), 0
    for _ in range(6):
        data = bytearray(sound)
        for position in random.integers(0, len(data), random.choice([1, 30, 600])):
            data[position] = random.integers(256)
        path.write_bytes(data)
        try:
            trial.check(path)
        except CannotOpen as error:
            refused += str(error).startswith(f"{path}: ")
    assert refused > 0


@pytest.mark.parametrize(("suffix", "kind"), [(".keras", Damaged), (".h5", NotTrusted)])
def test_in_a_process(suffix: str, kind: type[CannotOpen], tmp_path: Path) -> None:
    """What another process finds against a file is raised here, as what it is."""
    path = saved(tmp_path, keras.layers.Lambda(lambda x: x / 255), suffix=suffix)
    if suffix == ".keras":
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(kind) as caught:
        KerasImporter().check(path)
    assert type(caught.value) is kind
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")


def test_without_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that HDF5 does not get through is given up."""
    monkeypatch.setattr(trial_process, "LONGEST", 0.01)
    with pytest.raises(Damaged, match=r"its weights cannot be read within 0\.01 seconds"):
        trial.check(saved(tmp_path))


LABELS: dict[str, tuple[str, str]] = {
    "large": ("x\n" * (label_file.MOST_CHARACTERS // 2 + 1), "this is no file of labels, it has more than 16,777,216"),
    "nested": ("[" * 200_000, "the labels are not valid JSON"),
    "nested label map": ("item {" * 5000, "the label map cannot be read"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_hostile_labels(kind: str, tmp_path: Path) -> None:
    """A file of labels that is no such thing is refused with a sentence, and not read whole."""
    text, words = LABELS[kind]
    (tmp_path / "labels.txt").write_text(text)
    with pytest.raises(WrongLabels, match=words):
        label_file.read(tmp_path / "labels.txt")


@pytest.mark.parametrize("line", ["x" * 200_000 + ",1", "1" * 5000 + ",cat"])
def test_long_lines(line: str, tmp_path: Path) -> None:
    """Lines that are no table for their length are names as they stand."""
    (tmp_path / "labels.txt").write_text(f"{line}\ndog,2\n")
    assert label_file.read(tmp_path / "labels.txt") == [line, "dog,2"]
