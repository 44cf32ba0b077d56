"""TensorFlow.js's model.json and its files with weights: read whole, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.errors import CannotOpen, Damaged, NotAModel, TooLarge
from export.importers.tensorflow_js import document, weights
from export.importers.tensorflow_js.document import Document
from tests.export import tensorflow_js_files as files

VALUES = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "words": np.array(["one", "twö"], object),
    "b": np.int32([-1, 2**31 - 1]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of three weights in shards of ten bytes."""
    return files.write(tmp_path, {"node": []}, [files.quantized(*item) for item in VALUES.items()], shard_bytes=10)


def read(folder: Path) -> dict[str, Any]:
    found = Document.read(folder / "model.json")
    groups = weights.read_groups(found.path, found.manifest)
    weights.check_files(found.path, groups)
    return weights.read_weights(found.path, groups)


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the only group of the manifest."""
    content = json.loads((folder / "model.json").read_text())
    edit(content["weightsManifest"][0])
    (folder / "model.json").write_text(json.dumps(content))


def test_values(folder: Path) -> None:
    """Weights that begin in one file and end in another come out whole."""
    assert len(list(folder.glob("*.bin"))) == 5
    found = read(folder)
    assert found.keys() == VALUES.keys()
    np.testing.assert_array_equal(found["a"], VALUES["a"])
    np.testing.assert_array_equal(found["b"], VALUES["b"])
    assert found["words"].tolist() == [b"one", "twö".encode()]


def test_groups(tmp_path: Path) -> None:
    """Several groups of weights, in folders below the model's, are read each from its own files."""
    first, second = (files.quantized(name, VALUES[name]) for name in ("a", "b"))
    manifest = []
    for number, (entry, data) in enumerate((first, second), start=1):
        path = f"group{number}/shard"
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes(data)
        manifest.append({"paths": [path], "weights": [entry]})
    (tmp_path / "model.json").write_text(json.dumps({"modelTopology": {"node": []}, "weightsManifest": manifest}))
    found = read(tmp_path)
    assert all(np.array_equal(found[name], VALUES[name]) for name in ("a", "b"))


def quantise(dtype: str, kind: str, numbers: list[int]) -> Callable[[dict[str, Any]], object]:
    """Make the group one weight in whole numbers, of which TensorFlow.js makes others."""
    quantization = {"dtype": dtype, "scale": 0.3, "min": -1.7}
    entry = {"name": "w", "shape": [len(numbers)], "dtype": kind, "quantization": quantization}
    return lambda group: group.update(weights=[entry], paths=["w.bin"])


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_dequantised_whole_numbers(dtype: str, folder: Path) -> None:
    """Whole numbers that were quantised are rounded as JavaScript's Math.round does, halves upwards."""
    numbers = [0, 1, 4, 9, 14, 255]
    (folder / "w.bin").write_bytes(np.array(numbers, dtype).tobytes())
    change(folder, quantise(dtype, "int32", numbers))
    assert read(folder)["w"].tolist() == [-2, -1, 0, 1, 3, 75]  # -1.7 -1.4 -0.5 1.0 2.5 74.8
    change(folder, quantise(dtype, "float32", numbers))
    np.testing.assert_array_equal(read(folder)["w"], np.float32([n * 0.3 - 1.7 for n in numbers]))


def cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def lengthen(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + b"12345678")


def point(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove("group1-shard3of5.bin"), r"group1-shard3of5\.bin, with its weights, is not there\. Copy all files"),
        (cut("group1-shard3of5.bin", 5), r"group1-shard3of5\.bin: the weights .* hold 42: it seems cut off"),
        (cut("group1-shard5of5.bin", 0), r"group1-shard5of5\.bin: the weights .* hold 40: it seems cut off"),
        (lengthen("group1-shard5of5.bin"), r"group1-shard5of5\.bin: .*: it seems of another model, or written twice"),
        (point("group1-shard1of5.bin"), r"group1-shard1of5\.bin: this is a Git LFS pointer"),
    ],
)
def test_damaged_files(damage: Callable[[Path], object], message: str, folder: Path) -> None:
    """Files with weights that are missing, cut off or too long are named."""
    damage(folder)
    with pytest.raises(CannotOpen, match=message):
        read(folder)


@pytest.mark.parametrize(
    "path",
    ["../secret.bin", "/etc/passwd", "a/../../b.bin", "https://example.com/a.bin", "a\\..\\b", "", "a\0b", "C:x"],
)
def test_files_elsewhere(path: str, folder: Path) -> None:
    """Files outside the model's folder are not read."""
    change(folder, lambda group: group.update(paths=[path]))
    with pytest.raises(CannotOpen, match=r"its weights lie at .*, outside its folder"):
        read(folder)


def entry(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda group: group["weights"][0].update(changes)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (entry(dtype="float64"), "the weight a is of the type 'float64', which TensorFlow.js does not have"),
        (
            entry(quantization={"dtype": "uint4", "scale": 1, "min": 0}),
            r"the weight a, float32, is quantised as .*uint4",
        ),
        (entry(quantization={"dtype": "uint8"}), "Known are uint8 and uint16 with scale and min"),
        (entry(quantization={"dtype": "uint8", "scale": float("nan"), "min": 0}), "Known are uint8 and uint16"),
        (entry(dtype="int32", quantization={"dtype": "float16"}), "the weight a, int32, is quantised as"),
        (entry(quantization="uint8"), "its weightsManifest is not of the known form"),
        (entry(shape=[2, -3]), r"the shape of a weight, 'a' and \[2, -3\]"),
        (entry(shape=[2, 2.0]), r"the shape of a weight, 'a' and \[2, 2\.0\]"),
        (entry(shape=[2**20, 2**20]), "more than an ONNX file holds"),
        (entry(shape=[0, 2**40]), "more than an ONNX file holds"),
        (entry(shape=[2**29]), "its weights take 2.1 GB"),
        (entry(name="b"), "two weights of the name 'b'"),
        (lambda group: group.pop("paths"), "its weightsManifest is not of the known form"),
        (lambda group: group["weights"][0].pop("shape"), "its weightsManifest is not of the known form"),
        (lambda group: group.update(paths=[]), "no file holds them"),
    ],
)
def test_wrong_manifest(edit: Callable[[dict[str, Any]], object], message: str, folder: Path) -> None:
    """Weights of a form that TensorFlow.js does not read, or larger than can be written, are refused."""
    change(folder, edit)
    with pytest.raises(CannotOpen, match=message):
        read(folder)


def test_lengths_of_strings(folder: Path) -> None:
    """A string that claims to be longer than the file is refused before it is read."""
    data = bytearray(b"".join((folder / f"group1-shard{n}of5.bin").read_bytes() for n in range(1, 6)))
    data[24:28] = b"\xff\xff\xff\xff"
    (folder / "all.bin").write_bytes(data)
    change(folder, lambda group: group.update(paths=["all.bin"]))
    with pytest.raises(Damaged, match=r"the weights take 4,294,967,\d+ bytes"):
        read(folder)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("something", Damaged, "it is not valid JSON"),
        ("[" * 100_000, TooLarge, "nested deeper than 100 levels"),
        ("[" * 150 + "]" * 150, TooLarge, "nested deeper than 100 levels"),
        ("[]", NotAModel, r"no TensorFlow\.js model: it names no files with weights"),
        ('{"weightsManifest": [], "modelTopology": null}', NotAModel, "holds no network"),
        ('{"weightsManifest": {}, "modelTopology": {}}', Damaged, "its weightsManifest is no list"),
        ('{"weightsManifest": [], "modelTopology": {}}', Damaged, "neither a graph nor layers"),
    ],
)
def test_wrong_document(text: str, kind: type[CannotOpen], message: str, tmp_path: Path) -> None:
    """JSON of another form is refused with what it is."""
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(kind, match=message):
        Document.read(tmp_path / "model.json")


def test_large_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is larger than any network's description is not parsed."""
    monkeypatch.setattr(document, "MAX_BYTES", 10)
    (tmp_path / "model.json").write_text('{"weightsManifest": []}')
    with pytest.raises(TooLarge, match="which is no network's description"):
        Document.read(tmp_path / "model.json")
