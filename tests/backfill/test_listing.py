"""Files as objects that are listed: in the order of objects, and whatever is among them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backfill.objects.folder_store import LINK_TO_FOLDER, LINK_TO_NOTHING, NO_FILE, FolderStore
from backfill.pipeline.finished import Finished
from results.outcome import Outcome
from storage.upload import Upload

SEGMENTS = st.text(st.sampled_from("a-./Ab~é"), min_size=1, max_size=8)
NOBODY = 65534


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


def found_in(prefix: str, start: str = "", end: str = "") -> list[Upload | Finished]:
    return list(FolderStore().list_objects("", prefix, start, end, 1.0))


def below(folder: Path) -> str:
    """What the names in a folder begin with."""
    return f"{str(folder).removeprefix('/')}/"


def listed(prefix: str, start: str = "", end: str = "") -> list[str]:
    return [found.name for found in found_in(prefix, start, end) if isinstance(found, Upload)]


def told(prefix: str) -> dict[str, tuple[Outcome, str]]:
    """What all others came to, and why, by the part of their name after the prefix."""
    finished = [found for found in found_in(prefix) if isinstance(found, Finished)]
    return {found.source.name.removeprefix(prefix): (found.outcome, found.reason) for found in finished}


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """As a user whom permissions stop; the folder and what is in it are that user's."""
    if os.geteuid():
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


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
    folder = below(tmp_path)
    assert [listed(folder), listed(folder)] == [[f"{folder}a.png"]] * 2
    (tmp_path / "b.png").touch()
    assert listed(folder) == [f"{folder}a.png", f"{folder}b.png"]


def test_links(tmp_path: Path) -> None:
    """Links to files are read; links to folders are not followed, they may lead in circles; others lead nowhere."""
    (tmp_path / "a.png").write_text("x")
    for name, target in {"b.png": "a.png", "circle": ".", "nothing": "gone", "loop": "loop"}.items():
        (tmp_path / name).symlink_to(target)
    assert [Path(name).name for name in listed(below(tmp_path))] == ["a.png", "b.png"]
    reasons = {"circle": LINK_TO_FOLDER, "nothing": LINK_TO_NOTHING, "loop": LINK_TO_NOTHING}
    assert told(below(tmp_path)) == {name: (Outcome.IGNORED, reason) for name, reason in reasons.items()}


def test_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes, sockets and devices are told; nobody waits for them."""
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    os.mkfifo("pipe.png")
    os.mkfifo("pipe.json")
    Path("zero.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.png")
    assert listed(below(tmp_path)) == []
    names = ("pipe.json", "pipe.png", "socket.png", "zero.png")
    assert told(below(tmp_path)) == dict.fromkeys(names, (Outcome.IGNORED, NO_FILE))


def test_closed_folder(open_folder: Path) -> None:
    """A folder that may not be listed, or whose files may not be looked at, is told, and stops no other."""
    prefix = below(open_folder)
    names = make(open_folder, {"a.png", "closed/b.png", "blind/c.png", "d/e.png", "f.png"})
    with unprivileged(open_folder):
        (open_folder / "closed").chmod(0)
        (open_folder / "blind").chmod(0o600)
        found, others = listed(prefix), told(prefix)
        (open_folder / "closed").chmod(0o700)
        (open_folder / "blind").chmod(0o700)
    assert found == [f"{prefix}a.png", f"{prefix}d/e.png", f"{prefix}f.png"]
    assert others == {
        "closed/": (Outcome.RETRIED, "The folder cannot be listed: Permission denied"),
        "blind/c.png": (Outcome.RETRIED, "It cannot be looked at: Permission denied"),
    }
    assert listed(prefix) == names


def test_closed_from_the_start(open_folder: Path) -> None:
    """When the whole folder may not be listed, there is nothing to be done."""
    with unprivileged(open_folder):
        open_folder.chmod(0)
        with pytest.raises(PermissionError):
            found_in(below(open_folder))
        open_folder.chmod(0o700)


def test_deep_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders lie in each other deeper than Python may call itself."""
    root = Path(tempfile.mkdtemp())  # pytest could not delete it
    monkeypatch.chdir(root)
    depth = sys.getrecursionlimit() + 10
    try:
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
        Path("a.png").touch()
        (root / "z.png").touch()
        assert listed(below(root)) == [f"{below(root)}{'d/' * depth}a.png", f"{below(root)}z.png"]
    finally:
        subprocess.run(["rm", "-r", root], check=True)
