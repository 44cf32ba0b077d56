"""TFLite metadata and packed labels are read as they were written."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert.schema_py_generated import BufferT, MetadataT, ModelT
from hypothesis import given, settings
from hypothesis import strategies as st

from export.errors import Damaged, TooLarge
from export.source.tflite_metadata import TfliteMetadata
from tests.export.test_tflite_networks import tensorflow1

Field = tuple[str, object]
"""How a field is written, and its value."""


def table(builder: flatbuffers.Builder, fields: Mapping[int, Field]) -> int:
    """Write a flatbuffer table; fields by number: ("byte", 1), ("text", "a"), ("floats", [1]), ("table", position)."""
    written = {number: prepared(builder, kind, value) for number, (kind, value) in fields.items()}
    builder.StartObject(max(fields) + 1)
    for number, (kind, value) in written.items():
        if kind == "byte":
            builder.PrependUint8Slot(number, value, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(number, value, 0)
    return builder.EndObject()


def prepared(builder: flatbuffers.Builder, kind: str, value: object) -> tuple[str, int]:
    """What has to stand in the buffer before the table that refers to it."""
    if kind == "text":
        return kind, builder.CreateString(value)
    if kind in ("floats", "tables"):
        builder.StartVector(4, len(value), 4)
        for item in reversed(value):
            (builder.PrependFloat32 if kind == "floats" else builder.PrependUOffsetTRelative)(item)
        return kind, builder.EndVector()
    return kind, value


def metadata(*, labels: Iterable[tuple[str, str]] = (), color_space: int = 2) -> bytes:
    """The metadata of a classifier: per-channel normalisation, and label files as (name, locale)."""
    builder = flatbuffers.Builder()
    normalization = table(builder, {0: ("floats", [1.5, 2.5, 3.5]), 1: ("floats", [4.5, 5.5, 6.5])})
    unit = table(builder, {0: ("byte", 1), 1: ("table", normalization)})
    image = table(builder, {0: ("byte", color_space)})
    content = table(builder, {0: ("byte", 2), 1: ("table", image)})
    files = [
        table(builder, {0: ("text", name), 2: ("byte", 2), **({3: ("text", locale)} if locale else {})})
        for name, locale in labels
    ]
    taken = table(builder, {3: ("table", content), 4: ("tables", [unit])})
    given_back = table(builder, {6: ("tables", files)})
    graph = table(builder, {2: ("tables", [taken]), 3: ("tables", [given_back])})
    builder.Finish(table(builder, {0: ("text", "Blumen"), 1: ("text", "für fünf"), 3: ("tables", [graph])}), b"M001")
    return bytes(builder.Output())


def tflite(folder: Path, document: bytes | None, packed: Mapping[str, str] = {}) -> Path:
    """A `.tflite` file without a network."""
    model = ModelT()
    model.version = 3
    model.buffers = [BufferT()]
    if document is not None:
        entry = MetadataT()
        entry.name, entry.buffer = "TFLITE_METADATA", 1
        model.metadata = [entry]
        model.buffers.append(BufferT())
        model.buffers[1].data = list(document)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path = folder / "model.tflite"
    path.write_bytes(builder.Output())
    if packed:
        with zipfile.ZipFile(path, "a") as archive:
            for name, text in packed.items():
                archive.writestr(name, text)
    return path


def test_real_float_model(shared: Path) -> None:
    """Google's float MobileNet says normalisation, colours and 1001 labels."""
    folder = shared / "models" / "mobilenet_float_tflite"
    found = TfliteMetadata.read(folder / "mobilenet_v1_0.25_224_1_metadata_1.tflite")
    assert (found.mean, found.std, found.color_space) == ((127.5,), (127.5,), "rgb")
    assert found.labels == tuple((folder / "embedded_labels.txt").read_text().splitlines())
    assert len(found.labels) == 1001


def test_real_quantized_model(shared: Path) -> None:
    """AutoML's quantised model says its five flowers, and that its pixels are taken as they are."""
    folder = shared / "models" / "automl_edge_flowers_quantized_tflite"
    found = TfliteMetadata.read(folder / "automl_labeler_model.tflite")
    assert (found.mean, found.std) == ((0.0,), (1.0,))
    assert found.labels == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert found.labels_file == "labels.txt"


def test_every_field(tmp_path: Path) -> None:
    """A value for each channel and gray pictures are read."""
    found = TfliteMetadata.read(tflite(tmp_path, metadata()))
    assert found == TfliteMetadata(mean=(1.5, 2.5, 3.5), std=(4.5, 5.5, 6.5), color_space="gray")


def test_file_that_the_metadata_points_to(tmp_path: Path) -> None:
    """Of several packed files the labels are those the metadata points to, and not a translation."""
    packed = {"labels.txt": "no", "namen.txt": "Hund\nKatze\n", "names.txt": "dog\ncat\n"}
    document = metadata(labels=[("namen.txt", "de"), ("names.txt", "")])
    found = TfliteMetadata.read(tflite(tmp_path, document, packed))
    assert (found.labels, found.labels_file) == (("dog", "cat"), "names.txt")


def test_labels_without_metadata(tmp_path: Path) -> None:
    """A packed file of a usual name is enough, as older AutoML exports have it."""
    assert TfliteMetadata.read(tflite(tmp_path, None, {"dict.txt": "dog\ncat\n"})).labels == ("dog", "cat")


def test_nothing_said(tmp_path: Path) -> None:
    """A file without metadata and packed files says nothing."""
    assert TfliteMetadata.read(tflite(tmp_path, None)) == TfliteMetadata()


def test_metadata_of_something_else(tmp_path: Path) -> None:
    """Metadata with nothing but empty tables says nothing."""
    builder = flatbuffers.Builder()
    builder.Finish(table(builder, {3: ("tables", [table(builder, {2: ("tables", [])})])}))
    assert TfliteMetadata.read(tflite(tmp_path, bytes(builder.Output()))) == TfliteMetadata()


@pytest.mark.parametrize("length", [3, 40])
def test_truncated_metadata(length: int, tmp_path: Path) -> None:
    """Metadata that is cut off is refused."""
    with pytest.raises(Damaged, match=r"model\.tflite: its TFLite metadata cannot be read.*Copy or export it again"):
        TfliteMetadata.read(tflite(tmp_path, metadata()[:length]))


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
def test_changed_byte(position: int, value: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever byte of the metadata is wrong, it is read or refused, and never ends in another error."""
    document = bytearray(metadata(labels=[("names.txt", "")]))
    document[position % len(document)] = value
    path = tflite(tmp_path_factory.mktemp("changed"), bytes(document), {"names.txt": "a\nb"})
    try:
        found = TfliteMetadata.read(path)
    except Damaged:
        return
    assert found.labels in (None, ("a", "b"))


def test_damaged_package(tmp_path: Path) -> None:
    """A packed file whose bytes changed on the way is refused."""
    path = tflite(tmp_path, None, {"labels.txt": "dog\ncat\n"})
    path.write_bytes(path.read_bytes().replace(b"dog", b"cow"))
    with pytest.raises(Damaged, match="the files packed behind the model cannot be read"):
        TfliteMetadata.read(path)


def test_many_words(tmp_path: Path) -> None:
    """Lists of labels packed behind a model that take hundreds of megabytes are not unpacked."""
    path = tensorflow1(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        for number in range(20):
            packed.writestr(f"labels{number}.txt", bytes(1_000_000))
    with pytest.raises(TooLarge, match="the lists packed behind it take more than 16 MB"):
        TfliteMetadata.read(path)
