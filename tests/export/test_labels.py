"""Labels are found in the order that is promised, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.errors import WrongLabels
from export.importers.tflite.importer import TfliteImporter
from export.source import labels
from tests.export import models
from tests.export.conftest import ExportTo

EMBEDDED = labels.EmbeddedLabels(("a", "b"), "labels.txt in the model's file")

LABEL_MAP = """# made by hand
item {
  id: 2
  name: "/m/0bt9lr"
  display_name: "dog"
}
item: { name: 'cat' id: 1 color: "red" }
"""

FORMS = {
    "names.txt": "\ufeffcat\ndog\nbird\nfish\nfrog\n\n",
    "indexed.txt": "0 cat\n1 dog\n4 frog\n3 fish\n2 bird\n",
    "colons.txt": "0: cat\n1: dog\n2: bird\n3: fish\n4: frog\n",
    "commas.csv": "0,cat\n1,dog\n2,bird\n3,fish\n4,frog\n",
    "header.csv": "index,name\n0,cat\n1,dog\n2,bird\n4,frog\n3,fish\n",
    "names_first.csv": "name,index\ncat,0\ndog,1\nbird,2\nfrog,4\nfish,3\n",
    "tabs.tsv": "0\tcat\n1\tdog\n2\tbird\n3\tfish\n4\tfrog\n",
    "list.json": '["cat", "dog", "bird", "fish", "frog"]',
    "to_index.json": '{"frog": 4, "cat": 0, "dog": 1, "bird": 2, "fish": 3}',
    "from_index.json": '{"0": "cat", "1": "dog", "2": "bird", "3": "fish", "4": "frog"}',
    "imagenet_class_index.json": '{"1": ["n1", "dog"], "0": ["n0", "cat"], "2": ["n2", "bird"], "3": ["n3", "fish"], '
    '"4": ["n4", "frog"]}',
    "label_map.pbtxt": "".join(f"item {{ id: {i} name: '{name}' }}\n" for i, name in enumerate(models.LABELS, start=1)),
    "from_zero.pbtxt": "".join(f"item {{ id: {i} name: '{name}' }}\n" for i, name in enumerate(models.LABELS)),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str, tmp_path: Path) -> None:
    """Labels are read from lines and tables, with or without an index, from JSON and from label maps."""
    (tmp_path / name).write_text(FORMS[name], encoding="utf-8")
    assert labels.read(tmp_path / name, classes=5).names == tuple(models.LABELS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1 cent\n2 cents\n", ("1 cent", "2 cents")),
        ("tench, Tinca tinca\ngoldfish, Carassius auratus\n", ("tench, Tinca tinca", "goldfish, Carassius auratus")),
        ("0,tench, Tinca tinca\n1,goldfish, Carassius\n", ("tench, Tinca tinca", "goldfish, Carassius")),
        ('0,"tench, Tinca tinca"\n1,goldfish\n', ("tench, Tinca tinca", "goldfish")),
        ('{"0": 0, "10": 2, "1": 1}', ("0", "1", "10")),
        ("7\n3\n", ("7", "3")),
        (LABEL_MAP, ("cat", "dog")),
    ],
)
def test_names_that_look_like_something_else(text: str, names: tuple[str, ...], tmp_path: Path) -> None:
    """Numbers and commas in names stay what they are, and a label map's display name goes before its name."""
    (tmp_path / "labels").write_text(text)
    assert labels.read(tmp_path / "labels", classes=len(names)).names == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb", "gives 2 labels, but the model gives 5 scores"),
        ("a\nb\n\nd\ne", "gives no name for class 2"),
        ("1,a\n2,b\n3,c\n4,d\n5,e", "the indices of the labels are not 0 to 4, each once"),
        ('{"a": 0, "b": 1, "c": 5}', "the indices of the labels are not 0 to 2, each once"),
        ('{"a": 0, "b": 1, "c": 1}', "the indices of the labels are not 0 to 2, each once"),
        ('{"names": ["a", "b", "c", "d", "e"]}', "the indices of the labels are not 0 to 0, each once"),
        ('["a", ', "the labels are not valid JSON"),
        ('["a", {"b": 1}]', r'\{"b": 1\} stands where a label should be'),
        ("item { id: 1 name: 'a' ", "the label map cannot be read"),
        ("item { id: 2 name: 'a' } item { id: 3 name: 'b' }", "the indices of the labels are not 0 to 1, each once"),
        ("".join(f"item {{ id: {number} }}" for number in range(5)), "gives no name for class 0"),
    ],
)
def test_wrong_labels(text: str, message: str, tmp_path: Path) -> None:
    """Labels of a wrong number, empty or out of order are refused with a reason."""
    (tmp_path / "labels.txt").write_text(text)
    with pytest.raises(WrongLabels, match=message):
        labels.read(tmp_path / "labels.txt", classes=5)


def test_background_class(tmp_path: Path) -> None:
    """ImageNet's 1001 labels for 1000 scores are refused, with both numbers and the reason for one more."""
    (tmp_path / "labels.txt").write_text("\n".join(f"label {number}" for number in range(1001)))
    with pytest.raises(WrongLabels, match=r"1001 labels, .* 1000 scores\. One of the two counts a background class"):
        labels.read(tmp_path / "labels.txt", classes=1000)


def test_file_in_bytes(tmp_path: Path) -> None:
    """A file that is no text is refused."""
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongLabels, match="the labels cannot be read"):
        labels.read(tmp_path / "labels.txt", classes=2)


def test_places(tmp_path: Path) -> None:
    """The first file that fits is taken, in the order of the folders, and those that do not fit are noted."""
    for folder, text in (("assets", "a\nb\nc"), (".", "[1"), ("above", "cat\ndog")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "labels.txt").write_text(text)
    (tmp_path / "above" / "dict.txt").write_text("other\nnames")
    found = labels.find([tmp_path / "assets", tmp_path / "nowhere", tmp_path, tmp_path / "above"], None, 2)
    assert (found.names, found.source) == (("cat", "dog"), str(tmp_path / "above" / "labels.txt"))
    assert found.notes[0] == (
        f"not used: {tmp_path / 'assets' / 'labels.txt'} gives 3 labels, but the model gives 2 scores."
    )
    assert found.notes[1].startswith(f"not used: {tmp_path / 'labels.txt'}: the labels are not valid JSON")


def test_duplicates_beside_the_model(tmp_path: Path) -> None:
    """A name that stands twice in a file, as crane does in ImageNet's, gets the class's number, and a note says so."""
    (tmp_path / "labels.txt").write_text("crane\ncat\ncrane")
    found = labels.find([tmp_path], None, 3)
    assert found.names == ("crane (0)", "cat", "crane (2)")
    assert found.notes == (
        f"{tmp_path / 'labels.txt'} gives several classes the same name, told apart by number: crane.",
    )


@given(st.lists(st.sampled_from(["a", "b", "a (0)", "a (1)", "a (0) (0)"]), min_size=1, max_size=8))
def test_duplicates_are_told_apart(names: list[str]) -> None:
    """Whatever stands twice, no two classes have the same name in the end, and each begins with its own."""
    found = labels.check(names, len(names), "labels.txt").names
    assert len(set(found)) == len(names)
    assert all(label.startswith(name) for label, name in zip(found, names, strict=True))


def test_file_before_metadata(tmp_path: Path) -> None:
    """A file with the model goes before what is packed into a .tflite."""
    (tmp_path / "dict.txt").write_text("cat\ndog")
    assert labels.find([tmp_path], EMBEDDED, 2).names == ("cat", "dog")
    assert labels.find([], EMBEDDED, 2) == labels.Labels(("a", "b"), "labels.txt in the model's file")


def test_metadata_of_another_number() -> None:
    """Packed labels that do not fit stop the export, for which of them belong to which score is not known."""
    with pytest.raises(WrongLabels, match=r"labels\.txt in the model's file gives 2 labels, .* 3 scores\. Give those"):
        labels.find([], EMBEDDED, 3)


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    """Where labels are found and none fits, all of them are named; a fitting one in the model's file helps."""
    (tmp_path / "labels.txt").write_text("only")
    (tmp_path / "dict.txt").write_text("a\nb\nc")
    with pytest.raises(WrongLabels, match=r"labels\.txt gives 1 labels, .*dict\.txt gives 3 labels, .*--labels"):
        labels.find([tmp_path], None, 2)
    found = labels.find([tmp_path], EMBEDDED, 2)
    assert found.names == ("a", "b")
    assert len(found.notes) == 2


def test_real_imagenet_labels(shared: Path) -> None:
    """ImageNet's two cranes and two maillots, in Google's own file, are told apart by their classes' numbers."""
    embedded = TfliteImporter().embedded_labels(
        shared / "models" / "mobilenet_float_tflite" / "mobilenet_v1_0.25_224_1_metadata_1.tflite"
    )
    found = labels.find([], embedded, 1001)
    assert [name for name in found.names if name.startswith(("crane", "maillot"))] == [
        "crane (135)", "crane (518)", "maillot (639)", "maillot (640)",
    ]  # fmt: skip
    assert found.notes == (
        "labels.txt in the model's file gives several classes the same name, told apart by number: crane, maillot.",
    )


def test_labels_from_file(unlabelled: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """The labels that the user gives end up in the file."""
    (tmp_path / "labels.txt").write_text("\n".join(models.LABELS))
    assert export_to(unlabelled, labels=tmp_path / "labels.txt").info.labels == tuple(models.LABELS)


def test_labels_beside_the_model(tmp_path: Path, export_to: ExportTo) -> None:
    """Without labels in the model or from the user, a fitting file with it is used and named, another is noted."""
    source = models.save_bytes(models.network(), tmp_path / "model", models.decode_and_resize)
    (source / "assets").mkdir(exist_ok=True)
    (source / "assets" / "labels.txt").write_text("these\nare\nothers\n")
    (source / "labels.txt").write_text("\n".join(f"{index} {label}" for index, label in enumerate(models.LABELS)))
    export = export_to(source)
    assert export.info.labels == tuple(models.LABELS)
    assert export.subject.labels.source == str(source / "labels.txt")
    assert [note for note in export.subject.labels.notes if "gives 3 labels, but the model gives 5 scores" in note]


def test_no_labels(unlabelled: Path, export_to: ExportTo) -> None:
    """Classes without names are numbered, and the export says that it found none."""
    export = export_to(unlabelled)
    assert export.info.labels == ("class_0", "class_1", "class_2", "class_3", "class_4")
    assert export.subject.labels.source == ""


def test_nothing_is_written_with_wrong_labels(unlabelled: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """Labels that cannot be used end the export, and leave no file."""
    with pytest.raises(WrongLabels, match=r"nowhere\.txt: the labels cannot be read"):
        export_to(unlabelled, labels=tmp_path / "nowhere.txt")
    assert not (tmp_path / "model.onnx").exists()
