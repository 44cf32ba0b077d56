"""Patterns as people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from storage.globs import matches
from storage.patterns import MOST_CHARACTERS, MOST_NESTED, BadPattern, escape, parse, parse_list
from tests.conftest import ROOT

PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)

UNDERSTOOD = {
    "**/*.{jpg,png}": (["a.jpg", "in/b.png"], ["a.gif", "a.jpgpng"]),
    "**/*.{jpg, png}": (["a.jpg", "in/b.png"], ["a. png"]),
    "**/*.jp{e,}g": (["a.jpg", "in/b.jpeg"], ["a.jpeeg"]),
    "{in,out/{a,b}}/*": (["in/x", "out/a/x", "out/b/x"], ["out/x", "in/a/x"]),
    "*.{png}": (["a.png"], ["a.{png}"]),
    "/in/**": (["in/a.jpg", "in/x/a.jpg"], ["a.jpg", "/in/a.jpg"]),
    "./in/**": (["in/a.jpg"], ["a.jpg"]),
    "in/": (["in/a.jpg", "in/x/a.jpg"], ["in2/a.jpg", "in"]),
    "in": (["in/a.jpg", "in/x/a.jpg", "in"], ["in2/a.jpg"]),
    "in/2024": (["in/2024/a.jpg"], ["in/20245/a.jpg"]),
    "*/2024": (["in/2024/a.jpg"], ["in/x/2024/a.jpg"]),
    "/": (["a.jpg", "in/a.jpg"], []),
    "gs://photos/in/**": (["in/a.jpg"], ["a.jpg"]),
    "gs://photos/in": (["in/a.jpg"], ["a.jpg"]),
    "gs://photos": (["a.jpg", "in/a.jpg"], []),
    "gs://photos/": (["a.jpg", "in/a.jpg"], []),
    "gs://photos/{in,out}/*": (["in/a.jpg", "out/a.jpg"], ["photos/in/a.jpg"]),
    "**/*.[jJ][pP][gG]": (["a.JPG", "in/a.jpg", "in/a.Jpg"], ["a.png"]),
    "[!.]*": (["a.jpg"], [".DS_Store"]),
    "[*]*": (["*a"], ["a"]),
    "[{][,][}]": (["{,}"], ["x"]),
    "[!]a": (["!a"], ["a"]),
    "photo (1).jpg": (["photo (1).jpg"], ["photo 1.jpg"]),
    "My Photos/*.jpg": (["My Photos/a.jpg"], ["My"]),
    "IMG *.jpg": (["IMG 1.jpg"], ["IMG.jpg"]),
    "Mum’s/*": (["Mum’s/a.jpg"], []),
    "50$/*": (["50$/a.jpg"], []),
    "a..b/.x/*": (["a..b/.x/a"], []),
    "Café/**": (["Caf\xe9/a.jpg", "Cafe\u0301/a.jpg"], ["Cafe/a.jpg"]),
    "Cafe\u0301/**": (["Caf\xe9/a.jpg", "Cafe\u0301/a.jpg"], ["Cafe/a.jpg"]),
}


@pytest.mark.parametrize(("text", "wanted", "unwanted"), [(text, *names) for text, names in UNDERSTOOD.items()])
def test_understood(text: str, wanted: list[str], unwanted: list[str]) -> None:
    """What people write means what they mean."""
    found = parse(text, "photos")
    assert [name for name in wanted if not matches(name, found)] == []
    assert [name for name in unwanted if matches(name, found)] == []


REFUSED = {
    "gs://other/in/**": "names the bucket other; the pictures are in photos",
    "https://storage.googleapis.com/photos/in/**": "is an address; names begin behind the bucket",
    "s3://photos/in/**": "is an address; names begin behind the bucket",
    "GS://photos/in/**": "is an address; names begin behind the bucket",
    "in//**": "has nothing between two slashes",
    "//in/**": "has nothing between two slashes",
    "gs://photos//in/**": "has nothing between two slashes",
    "../in/**": "has a segment of dots",
    "in/./a": "has a segment of dots",
    "in/..": "has a segment of dots",
    ".": "has a segment of dots",
    "in\\*.jpg": "has a \\, which has no meaning here",
    r".*\.jpg": "has a \\, which has no meaning here",
    "!in/**": "begins with !, which has no meaning here",
    "^in/.*": "is a regular expression",
    "in/.*jpg$": "is a regular expression",
    "(?i)*.jpg": "is a regular expression",
    "*.jpg|*.png": "has no commas between patterns",
    "*.{jpg|png}": "has no commas between patterns",
    "*.jpg;*.png": "has no commas between patterns",
    "*.jpg *.png": "has no commas between patterns",
    "*.jpg，*.png": "has no commas between patterns",
    "{1..12}/*": "has dots in braces",
    "*.{jpg,png": "has a { or } without the other",
    "*.jpg,png}": "has a { or } without the other",
    "}{": "has a { or } without the other",
    "a[b": "has a [ or ] without the other",
    "a]b": "has a [ or ] without the other",
    "[]": "has a [ or ] without the other",
    "[[:alpha:]]*": "has a [ or ] without the other",
    "[z-a]": "has [z-a]; a set is like [abc]",
    "[a/b]": "has [a/b]; a set is like [abc]",
    '["*.jpg"]': 'has ["*.jpg"]; a set is like [abc]',
    "jpg": "is the end of a name",
    ".JPEG": "is the end of a name",
    "{jpg,png}": "is the end of a name",
    '"in/**"': "has quotation marks",
    "'in/**": "has quotation marks",
    "“in/**”": "has quotation marks",
    "$PREFIX/**": "holds the name of a variable",
    "${PREFIX}/**": "holds the name of a variable",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_refused(text: str, reason: str) -> None:
    """What could match nothing that is meant is refused, with what was read and why."""
    for read in (parse, parse_list):
        with pytest.raises(BadPattern) as raised:
            read(text, "photos")
        assert f"' {reason}" in str(raised.value) or f'" {reason}' in str(raised.value)


def test_bucket_that_is_not_known() -> None:
    """The bucket's name in a pattern is not dropped without a look; of a folder there is none."""
    with pytest.raises(BadPattern, match="names the bucket photos: say so in BUCKET too, or leave gs://photos/ out"):
        parse("gs://photos/in/**")
    with pytest.raises(BadPattern, match="names the bucket photos; the pictures are in a folder"):
        parse("gs://photos/in/**", "")


def test_lists() -> None:
    """Commas are between patterns, but for those in braces and sets; blanks around them and nothing are no pattern."""
    assert parse_list(" a/*, *.{jpg,png} ,,[,]*,") == ("a/*", "*.jpg", "*.png", "[,]*")
    assert parse("a, b/*") == ("a, b/*",)
    with pytest.raises(BadPattern, match="holds no pattern"):
        parse_list(" , ")


def test_documented() -> None:
    """The table of what a pattern may hold is true, and the most that it may stand for is the number there."""
    text = (ROOT / "docs" / "uploads.md").read_text(encoding="utf-8")
    table = text.split("| in a pattern |")[1].split("\n\n")[0]
    for cells in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        for pattern in re.findall("`(.+?)`", cells):
            assert parse(pattern, "photos") != ()
    assert matches("in/a.jpg", ["in/**/*.jpg"])
    assert matches("in/2026/11/a.jpg", ["in/**/*.jpg"])
    assert matches("in/a.jpg", ["in/*.jpg"]) is not matches("in/2026/11/a.jpg", ["in/*.jpg"])
    assert parse("/in/**") == parse("gs://photos/in/**", "photos") == parse("in/") == ("in/**",)
    assert f"at most {MOST_CHARACTERS:,} characters" in text


# A text of braces, with what it stands for: what is between braces is one of some, what follows itself is all of them.
Written = tuple[str, list[str]]
leaves = st.sampled_from(["a", "b", "/", "x.y", "*", "?", "[ab]", "[,]", "[{]"]).map(lambda text: (text, [text]))


def in_braces(parts: list[Written]) -> Written:
    return "{" + ",".join(text for text, _ in parts) + "}", [meant for _, some in parts for meant in some]


def in_a_row(parts: list[Written]) -> Written:
    return "".join(text for text, _ in parts), ["".join(one) for one in product(*(some for _, some in parts))]


written = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(in_braces) | st.lists(inner, min_size=1, max_size=3).map(in_a_row)
    ),
    max_leaves=8,
)


def one_by_one(meant: list[str]) -> Iterator[str]:
    for pattern in meant:
        with suppress(BadPattern):
            yield from parse(pattern)


@PROPERTY
@given(written)
def test_braces(text_and_meaning: Written) -> None:
    """A pattern with braces is all patterns that choosing from each makes."""
    text, meant = text_and_meaning
    try:
        found = parse(text)
    except BadPattern:
        assume(False)
    assert set(found) == set(one_by_one(meant))


hostile = st.text(alphabet="ab/.*?{},[]!^-\\|$ é", max_size=20)


@PROPERTY
@given(hostile, hostile)
def test_any_text(text: str, name: str) -> None:
    """Any text is refused with a sentence, or stands for patterns of which a name may match any."""
    try:
        found = parse(text)
    except BadPattern:
        found = ()
    assert matches(name, found) is any(matches(name, [one]) for one in found)


@PROPERTY
@given(st.text(alphabet="ab/.*?{},[]!^-\\|$; é'\"", min_size=1, max_size=12), hostile)
def test_escape(name: str, other: str) -> None:
    """A name that is escaped is matched by itself, and by nothing else but what is below it."""
    assume(not any(segment in ("", ".", "..") for segment in name.split("/")))
    found = parse(escape(name))
    both = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")} | {name}
    assert matches(name, found)
    assert matches(other, found) is any(other == form or other.startswith(f"{form}/") for form in both)


@pytest.mark.parametrize(
    "text",
    [
        "{a,b}" * 20,
        ",".join(f"{number}" + "{a,b}" * 8 for number in range(100)),
        ",".join(f"{number:04}" for number in range(3000)),
        ",".join(f"{number:04}" + "*" * 16 for number in range(3000)),
        "{,}" * 20,
        "{" * 100_000,
        "{" * (MOST_NESTED + 1) + "}" * (MOST_NESTED + 1),
        "a" * 30_000,
        "{" + "a," * 3000 + "b}" + "c" * 3000,
        "{" + "[a]," * 3000 + "b}" + "[a]" * 3000,
    ],
    ids=[
        "product",
        "products",
        "folders",
        "names",
        "of nothing",
        "deep",
        "a little too deep",
        "long",
        "long and wide",
        "many sets",
    ],
)
def test_too_much(text: str) -> None:
    """What would take much memory or time to match is refused before it does."""
    with pytest.raises(BadPattern, match=r"characters in all|in each other|without the other") as raised:
        parse_list(text)
    assert len(str(raised.value)) < 300


def test_as_much_as_is_allowed() -> None:
    """A long list of folders is understood."""
    found = parse_list(
        "**/*.{jpg,png},20{00,01,02,03,04}/{" + ",".join(f"{number:02}" for number in range(100)) + "}/*"
    )
    assert len(found) == 502
    assert sum(map(len, found)) < MOST_CHARACTERS
