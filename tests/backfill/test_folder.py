"""Files as objects."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backfill.folder import Folders
from predictor import ImageTooLarge, Limits
from service.calls import Gone
from service.deadline import Deadline
from service.location import Location
from service.results import Mark

SEGMENTS = st.text(st.sampled_from("a-./Ab~é"), min_size=1, max_size=8)


def make(folder: Path, paths: set[str]) -> list[str]:
    """Make those files that can be there together; their names."""
    names = []
    for path in paths:
        parts = [part for part in path.split("/") if part.strip(".")]
        file = folder.joinpath(*parts)
        if parts and not any(parent.is_file() for parent in file.parents) and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x")
            names.append(str(file).removeprefix("/"))
    return sorted(names)


def listed(prefix: str, start: str = "", end: str = "") -> list[str]:
    return [upload.name for upload in Folders().list_objects("", prefix, start, end, 1.0)]


@settings(max_examples=60, deadline=None)
@given(st.sets(SEGMENTS, max_size=12), SEGMENTS)
def test_order_and_spans(paths: set[str], between: str) -> None:
    """Files come in the order of their whole names, as objects do, and two spans are the whole."""
    with tempfile.TemporaryDirectory() as folder:
        names, prefix = make(Path(folder), paths), f"{folder.removeprefix('/')}/"
        assert listed(prefix) == names
        assume(not {".", ".."}.intersection(between.split("/")))  # an absolute path has no such parts
        middle = re.sub("/+", "/", prefix + between)
        assert listed(prefix, end=middle) + listed(prefix, start=middle) == names
        assert listed(middle) == [name for name in names if name.startswith(middle)]


def test_settled_folder(tmp_path: Path) -> None:
    """Names of a folder that was not changed for a while are kept, until it is changed."""
    (tmp_path / "a.png").touch()
    os.utime(tmp_path, (1, 1))
    folder = f"{str(tmp_path).removeprefix('/')}/"
    assert [listed(folder), listed(folder)] == [[f"{folder}a.png"]] * 2
    (tmp_path / "b.png").touch()
    assert listed(folder) == [f"{folder}a.png", f"{folder}b.png"]


def test_links(tmp_path: Path) -> None:
    """Links to files are read, links to folders are not followed, links to nothing are no files."""
    (tmp_path / "a.png").write_text("x")
    (tmp_path / "b.png").symlink_to("a.png")
    (tmp_path / "circle").symlink_to(".")
    (tmp_path / "nothing").symlink_to("gone")
    assert [Path(name).name for name in listed(f"{str(tmp_path).removeprefix('/')}/")] == ["a.png", "b.png"]


def test_read(tmp_path: Path) -> None:
    """A file is read as it was when it was listed, and no larger than is allowed; else the error says why not."""
    file = tmp_path / "a.png"
    file.write_bytes(b"12345")
    (upload,) = Folders().list_objects("", str(file).removeprefix("/"), "", "", 1.0)
    assert (upload.content_type, upload.size, str(upload.location)) == ("image/png", 5, str(file))

    def read(limits: Limits) -> bytes:
        return Folders().read(upload.location, upload.generation, limits, Deadline.after(1))

    assert read(Limits()) == b"12345"
    with pytest.raises(ImageTooLarge):
        read(Limits(max_bytes=4))
    os.utime(file, ns=(0, upload.generation + 1))
    with pytest.raises(Gone):
        read(Limits())
    file.unlink()
    with pytest.raises(Gone):
        read(Limits())


def document(generation: int) -> dict[str, object]:
    model = {"name": "pets", "version": "a1"}
    return {"predictions": [], "source": {"generation": str(generation)}, "model": model}


def test_store(tmp_path: Path) -> None:
    """The result of the newest generation stays, beside no other file; its mark is read from it."""
    target = Location.of_path(f"{tmp_path}/deep/a.png.json")

    def store(generation: int) -> bool:
        return Folders().store(target, document(generation), Mark(generation, True, "a1"), Deadline.after(1))

    assert [store(2), store(1), store(2), store(3)] == [True, False, True, True]
    (upload,) = Folders().list_objects("", f"{str(tmp_path).removeprefix('/')}/", "", "", 1.0)
    assert (upload.location, Mark.of(upload.metadata)) == (target, Mark(3, True, "a1"))
    (tmp_path / "other").touch()
    assert Path(str(target)).stat().st_mode == (tmp_path / "other").stat().st_mode


def test_others_json(tmp_path: Path) -> None:
    """JSON of others carries no mark, whatever it says."""
    for name, text in (("a.json", "[1]"), ("b.json", '{"model": null}'), ("c.json", "{"), ("d.json", '"x"')):
        (tmp_path / name).write_text(text)
    found = Folders().list_objects("", f"{str(tmp_path).removeprefix('/')}/", "", "", 1.0)
    assert [upload.metadata for upload in found] == [{}, {}, {}, {}]


def test_full_disk(tmp_path: Path) -> None:
    """What cannot be written leaves nothing half written."""
    target = Location.of_path(f"{tmp_path}/{'x' * 300}.json")
    with pytest.raises(OSError, match="name too long"):
        Folders().store(target, document(1), Mark(1, True, "a1"), Deadline.after(1))
    assert list(tmp_path.iterdir()) == []
