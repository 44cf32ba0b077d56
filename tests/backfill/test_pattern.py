"""What `--input` means."""

from __future__ import annotations

from pathlib import Path

import pytest

from backfill.objects.pattern import Pattern
from storage import patterns


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
        ("gs://photos/20{23,24}/{a,b}.jpg", "20{23,24}/{a,b}.jpg", "202"),
        ("gs://photos/20[0-9]/a.jpg", "20[0-9]/a.jpg", "20"),
        ("gs://photos/a[*]b/*", "a[*]b/*", "a*b/"),
        ("gs://photos/a, b/*", "a, b/*", "a, b/"),
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


def test_folder_of_a_bucket() -> None:
    """In a bucket a name without a wildcard means the object, and all below the folder."""
    pattern = Pattern.parse("gs://photos/2024")
    assert [name for name in ("2024", "2024/a", "2024/b/c", "2024b/a") if pattern.matches(name)] == [
        "2024",
        "2024/a",
        "2024/b/c",
    ]


@pytest.mark.parametrize(
    "name", ["a[1]", "a*", "{a,b}", "a?", "!a", "a\\b", "a; b", "$a", "a ", "“a”", "jpg", "a\xa0b"]
)
def test_names_as_they_are(name: str, tmp_path: Path) -> None:
    """A folder or file that is there is meant as it stands, whatever characters are in its name."""
    (tmp_path / name).mkdir()
    (tmp_path / name / name).touch()
    root = str(tmp_path).removeprefix("/")
    for asked in (tmp_path / name, tmp_path / name / name):
        pattern = Pattern.parse(str(asked))
        assert pattern.matches(f"{root}/{name}/{name}")
        assert f"{root}/{name}/".startswith(pattern.prefix) or f"{root}/{name}/{name}" == pattern.prefix
        assert not pattern.matches(f"{root}/ab/{name}")
    below = Pattern.parse(f"{tmp_path}/{name}/*")
    assert below.matches(f"{root}/{name}/{name}")
    assert below.excluding(f"{tmp_path}/{name}/") == (f"{patterns.escape(f'{root}/{name}')}/**",)


@pytest.mark.parametrize(
    ("pictures", "text", "left_out"),
    [
        ("gs://photos/2024/**", "**/*.{gif,bmp}", ("**/*.gif", "**/*.bmp")),
        ("gs://photos/2024/**", "gs://photos/2024/tmp/", ("2024/tmp/**",)),
        ("/photos/**", "**/tmp/", ("**/tmp/**",)),
        ("/photos/**", "/photos/tmp/", ("photos/tmp/**",)),
    ],
)
def test_excluding(pictures: str, text: str, left_out: tuple[str, ...]) -> None:
    """What is left out is said as what is asked for."""
    assert Pattern.parse(pictures).excluding(text) == left_out


@pytest.mark.parametrize(
    ("pictures", "text", "reason"),
    [
        ("gs://photos", "gs://other/tmp/**", "names the bucket other; the pictures are in photos"),
        ("gs://photos", "tmp/\u200b*", "holds an invisible character, U[+]200B"),
        ("/photos", "*.gif", "is no whole path, as names are here: begin it with / or with [*][*]/"),
        ("/photos", "photos/tmp/**", "is no whole path"),
        ("/photos", "gs://photos/tmp/**", "is no whole path"),
    ],
)
def test_excluding_nothing(pictures: str, text: str, reason: str) -> None:
    """A pattern that would leave nothing out is refused."""
    with pytest.raises(ValueError, match=reason):
        Pattern.parse(pictures).excluding(text)


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


@pytest.mark.parametrize("text", ["gs://photos/a|b", "gs://photos//a", "gs://photos/in\u200b/**", "/photos/{a"])
def test_not_understood(text: str) -> None:
    """What could match nothing that is meant is refused."""
    with pytest.raises(ValueError, match=r"' (has|is) |^is '"):
        Pattern.parse(text)
