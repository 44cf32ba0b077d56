"""The page that shows what was labelled, and how a summary comes to it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from backfill.job import Job
from backfill.objects.pattern import Pattern
from backfill.pipeline.finished import Finished
from backfill.pipeline.thumbnails import LONGEST, thumbnail_of
from backfill.report import page, summary_file
from backfill.report.messages import TimedSummary
from backfill.report.summary import MOST_LEAST_CERTAIN, MOST_PICTURES, MOST_WITHOUT_LABELS, Summary
from pages import thumbnail
from predictor import Classifier, Limits
from results.outcome import Outcome
from storage.location import Location
from tests.browser import DESKTOP, PHONE, check_look

HOSTILE = "<b>&.png"


@pytest.fixture(scope="module")
def job(digits_model: Path) -> Job:
    info = Classifier.load(digits_model).info
    results = Location("results", "labels")
    return Job(Pattern.parse("gs://photos/2024/**"), results, str(digits_model), info, Limits(), thumbnails=True)


def noise(seed: int, longest: int = LONGEST) -> bytes:
    """A picture that no compression makes small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (longest, longest, 3), np.uint8)
    return thumbnail.encoded(pixels, longest)


def labelled(name: str, label: str, score: float, picture: bytes) -> Finished:
    return Finished(Location("photos", f"2024/{name}"), Outcome.LABELLED, "", label, score, picture)


def summarised(finished: list[Finished]) -> Summary:
    summary = Summary()
    for one in finished:
        summary.add(one)
    return summary


@pytest.fixture(scope="module")
def summary() -> Summary:
    """Two labels, pictures of two sizes, and what came to nothing."""
    refused = Finished(Location("photos", "2024/<i>notes.txt"), Outcome.REFUSED, "This is no image.")
    unstored = Finished(Location("photos", "2024/full.png"), Outcome.RETRIED, "Its result could not be stored: full")
    cats = [labelled(f"cat {i}.png", "cat", 0.9 + i / 1000, noise(i)) for i in range(20)]
    dogs = [labelled(HOSTILE, "<dog>", 0.31, noise(99, 24)), labelled("b.png", "<dog>", 0.8, noise(98))]
    left = Finished(Location("photos", "2024/x.png"), Outcome.IGNORED, "it has its result")
    return summarised([*cats, *dogs, refused, unstored, left])


@pytest.fixture(scope="module")
def written(job: Job, summary: Summary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    page.write(path, job, TimedSummary(summary, 12.3))
    return path


def test_summary_file(summary: Summary) -> None:
    """A summary is the same after its way through a file."""
    assert summary_file.from_json(summary_file.to_json(summary)) == summary


def test_without_labels_bounded() -> None:
    """Of many objects without labels the first are named, in whatever parts they are counted, and all are counted."""
    failed = [Finished(Location("photos", f"{i:04}"), Outcome.FAILED, "why") for i in range(300)]
    whole = Summary.merged([summarised(failed[200:]), summarised(failed[:200])])
    assert [one.source.name for one in whole.without_labels[Outcome.FAILED]] == [
        f"{i:04}" for i in range(MOST_WITHOUT_LABELS)
    ]
    assert whole.outcomes[Outcome.FAILED] == 300


def test_failed_are_named() -> None:
    """However many are refused, those that failed are named, and what another run may mend comes first."""
    refused = [Finished(Location("photos", f"{i:04}"), Outcome.REFUSED, "why") for i in range(300)]
    failed = [Finished(Location("photos", "z"), outcome, "why") for outcome in (Outcome.FAILED, Outcome.RETRIED)]
    whole = Summary.merged([summarised(refused), summarised(failed)])
    assert {outcome: len(named) for outcome, named in whole.without_labels.items()} == {
        Outcome.RETRIED: 1,
        Outcome.FAILED: 1,
        Outcome.REFUSED: MOST_WITHOUT_LABELS,
    }


@pytest.mark.parametrize("parts", [1, 3])
def test_pictures_bounded(parts: int) -> None:
    """Of many labels each keeps fewer pictures, the least certain ones, in whatever parts they are counted."""
    found = [labelled(f"{i}.png", str(label), i / 100, b"jpeg") for i in range(10) for label in range(400)]
    whole = Summary.merged(summarised(found[part::parts]) for part in range(parts))
    most = MOST_PICTURES // 400
    assert all([one.score for one in kept] == [i / 100 for i in range(most)] for kept in whole.least_certain.values())
    assert len(whole.least_certain) == 400


def test_least_certain_first(written: Path) -> None:
    """The label with the least certain picture is first, its pictures by rising score, with how many there are."""
    text = written.read_text()
    assert re.findall(r"<h2>(.*?) <span class=\"count\">(.*?)</span>", text) == [("&lt;dog&gt;", "2"), ("cat", "20")]
    scores = re.findall(r"<p class=\"score\">(.*?)</p>", text)
    assert scores == ["0.3100", "0.8000", *(f"{0.9 + i / 1000:.4f}" for i in range(MOST_LEAST_CERTAIN))]


def test_figures(written: Path) -> None:
    """What came of all objects is on top, and what has no labels below, with its name and why."""
    text = written.read_text()
    for part in ("<dt>Labelled</dt><dd>22</dd>", "<dt>Not stored</dt><dd>1</dd>", "<dt>Time</dt><dd>12.3 s</dd>"):
        assert part in text
    assert 'gs://photos/2024/full.png<br><span class="soft">Not stored: Its result could not be stored: full' in text
    assert "1  it has its result" in text


def test_names_are_text(written: Path) -> None:
    """Names and labels are shown as they are, not taken for parts of the page, and without what all begin with."""
    text = written.read_text()
    assert '<p class="name">&lt;b&gt;&amp;.png</p>' in text
    assert not re.search("<(b|i|dog)>", text)


def test_nothing_from_outside(written: Path) -> None:
    """The page holds no address but those of the images inside it."""
    addresses = re.findall(r"(?:src|href|url)\s*[=(]\s*\"?([^\">)]*)", written.read_text())
    assert len(addresses) == 2 + MOST_LEAST_CERTAIN + 1
    assert [address for address in addresses if not address.startswith("data:")] == []


def test_size_is_bounded(job: Job, tmp_path: Path) -> None:
    """With a thousand labels of large thumbnails the page stays below 10 MB; as many labels as can be have pictures."""
    pictures = [noise(i) for i in range(5)]
    many = [
        labelled(f"{label}-{i}.png", f"label {label:04}", (label + i) / 2000, pictures[i % 5])
        for label in range(1000)
        for i in range(MOST_LEAST_CERTAIN)
    ]
    page.write(tmp_path / "page.html", job, TimedSummary(summarised(many), 1))
    text = (tmp_path / "page.html").read_text()
    shown = text.count("<img")
    assert 5_000_000 < len(text) < 10_000_000
    assert text.count("<ol") == min(shown, 1000)
    assert text.count("<h2>") == text.count("<ol") + 1
    assert f"and {1000 - text.count('<ol') - page.MOST_OTHERS:,} labels more" in text


def test_empty(job: Job, tmp_path: Path) -> None:
    """A page about nothing can be written too."""
    page.write(tmp_path / "page.html", job, TimedSummary(Summary(), 1))
    assert "<dt>Labelled</dt><dd>0</dd>" in (tmp_path / "page.html").read_text()


def as_file(image: Image.Image, form: str, **more: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **more)
    return file.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[274] = 6  # to be turned by a quarter
    return as_file(Image.new("RGB", (400, 100), "red"), "JPEG", exif=exif)


KINDS = {
    "large": (as_file(Image.new("RGB", (900, 300), "red"), "JPEG"), (160, 53)),
    "CMYK": (as_file(Image.new("CMYK", (320, 320)), "JPEG"), (160, 160)),
    "16 bit": (as_file(Image.fromarray(np.full((80, 80), 40000, np.uint16)), "PNG"), (80, 80)),
    "palette": (as_file(Image.new("P", (80, 90)), "GIF"), (80, 90)),
    "transparent": (as_file(Image.new("RGBA", (80, 90)), "PNG"), (80, 90)),
    "turned": (turned(), (160, 40)),  # as the model sees it, which ignores EXIF
    "tiny": (as_file(Image.new("L", (8, 8)), "PNG"), (8, 8)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_thumbnails(kind: str, job: Job) -> None:
    """Every kind of picture that the model takes has a thumbnail, in the shape that the model saw."""
    data, size = KINDS[kind]
    shown = thumbnail.of_file(thumbnail_of(data, job))
    assert (shown.width, shown.height) == size


def test_broken_thumbnail(job: Job) -> None:
    """What cannot be made small has no thumbnail, and raises nothing."""
    assert thumbnail_of(b"no picture", job) == b""


@pytest.mark.parametrize(
    ("name", "size", "dark"),
    [("labelled", DESKTOP, False), ("labelled_dark", DESKTOP, True), ("labelled_phone", PHONE, False)],
)
def test_look(browser: Browser, written: Path, name: str, size: tuple[int, int], dark: bool) -> None:
    """Accessible, without sideways scrolling and without asking anybody; screenshots stay for a person to look at."""
    check_look(browser, written, name, size=size, dark=dark)
