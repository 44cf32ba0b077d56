"""What `--input` means."""

from __future__ import annotations

from pathlib import Path

import pytest

from backfill.pattern import Pattern


@pytest.mark.parametrize(
    ("text", "names", "prefix"),
    [
        ("gs://photos", "**", ""),
        ("gs://photos/", "**", ""),
        ("gs://photos/2024/", "2024/**", "2024/"),
        ("gs://photos/2024/**", "2024/**", "2024/"),
        ("gs://photos/2024/*.jpg", "2024/*.jpg", "2024/"),
        ("gs://photos/20?4/a.jpg", "20?4/a.jpg", "20"),
        ("gs://photos/cat.jpg", "cat.jpg", "cat.jpg"),
    ],
)
def test_buckets(text: str, names: str, prefix: str) -> None:
    """All of a bucket or folder, a pattern, or one name; the part before its first wildcard is what is listed."""
    pattern = Pattern.parse(text)
    assert (pattern.bucket, pattern.names, pattern.prefix) == ("photos", names, prefix)


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder means all below it, with or without its slash; paths may be relative."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    below = f"{str(tmp_path).removeprefix('/')}/in/**"
    for text in ("in", "in/", "in/**", f"{tmp_path}/in"):
        assert Pattern.parse(text) == Pattern("", below)


def test_text() -> None:
    """It is shown as it was meant."""
    assert str(Pattern.parse("gs://photos/2024/")) == "gs://photos/2024/**"
    assert str(Pattern.parse("/photos/*.jpg")) == "/photos/*.jpg"


@pytest.mark.parametrize("text", ["gs://", "gs:///a", "gs://pho*s/a"])
def test_no_bucket(text: str) -> None:
    """A bucket is named whole."""
    with pytest.raises(ValueError, match="is not of the form gs://bucket/names"):
        Pattern.parse(text)


@pytest.mark.parametrize(
    ("pattern", "folder", "reaches"),
    [
        ("photos/**", "photos/2024/", True),
        ("photos/**/*.png", "photos/2024/11/", True),
        ("photos/*.png", "photos/2024/", False),
        ("photos/*/a.png", "photos/2024/", True),
        ("photos/*/a.png", "photos/2024/11/", False),
        ("photos/20*/*/a.png", "photos/1999/", False),
        ("photos/20**", "photos/2024/11/", True),
    ],
)
def test_reaches_below(pattern: str, folder: str, reaches: bool) -> None:
    """Of a folder that cannot be listed it is known whether names in it could have been asked for."""
    assert Pattern("", pattern).reaches_below(folder) is reaches


def test_folder_of_names() -> None:
    """The folder that all names lie below is what is before the first wildcard, up to its last slash."""
    folders = {"photos/**": "photos/", "photos/20*/a.png": "photos/", "photos/3.png": "photos/", "**": ""}
    assert {names: Pattern("", names).folder for names in folders} == folders
