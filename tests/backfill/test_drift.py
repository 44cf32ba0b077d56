"""`python -m backfill --drift`: whether pictures still look as they did."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageEnhance, ImageFilter

from backfill.__main__ import main
from backfill.drift import features
from backfill.drift.camera import camera
from backfill.drift.drift import Drift
from backfill.drift.observation import Observation
from backfill.drift.sample import Sample, moment
from emulator import CloudStorage
from storage.upload import Upload
from tests.backfill import runs
from tests.conftest import ROOT

Shift = Callable[[Image.Image], Image.Image]

START = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
A_DAY, BURST, DAYS, CHANGED = 20, 5, 50, 40
SIDE = 32


def same(picture: Image.Image) -> Image.Image:
    return picture


def darker(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(0.5)


def blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(2))


def sharper(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.UnsharpMask(2, 200, 0))


def gray(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def bursts(random: np.random.Generator, number: int) -> Iterator[Image.Image]:
    """Pictures of scenes, some of each, that are alike."""
    for _ in range(number // BURST):
        coarse = random.uniform(40, 215, (4, 4, 3)) * [1.15, 1.0, 0.85] * random.normal(1, 0.08)
        scene = Image.fromarray(coarse.clip(0, 255).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        detail = random.normal(0, 12, (SIDE, SIDE, 1))
        for _ in range(BURST):
            noise = detail + random.normal(0, 3, (SIDE, SIDE, 1))
            yield Image.fromarray((np.asarray(scene) + noise).clip(0, 255).astype(np.uint8))


def fill(folder: Path, shift: Shift, days: int = DAYS, changed: int = CHANGED) -> None:
    """A folder with pictures of many days, of two sources; those of the last days are changed."""
    random = np.random.default_rng(7)
    for day in range(days):
        for number, picture in enumerate(bursts(random, A_DAY)):
            path = folder / f"gate {number // 10}" / f"{day:03}-{number:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            (shift(picture) if day >= changed else picture).save(path)
            stored = (START + timedelta(days=day)).timestamp()
            os.utime(path, (stored, stored))


def run(*options: object) -> Result:
    return CliRunner().invoke(main, ["--drift", *map(str, options)], catch_exceptions=False)


def document(*options: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--json", *options).stdout)
    return found


def upload(name: str, stored: datetime, bucket: str = "photos") -> Upload:
    return Upload(bucket, name, int(stored.timestamp()) * 10**6, None, 1, {})


@pytest.mark.parametrize(
    ("shift", "words"),
    [(darker, "darker"), (blurred, "blurred"), (sharper, "sharper or noisier"), (gray, "less colour")],
)
def test_planted_change(shift: Shift, words: str, tmp_path: Path) -> None:
    """What changed is named, and since when, with examples."""
    fill(tmp_path, shift)
    found = document("--input", tmp_path)
    assert found["verdict"] == "changed"
    (episode,) = found["episodes"]
    assert (episode["since"], episode["until"]) == (str((START + timedelta(days=CHANGED)).date()), None)
    assert words in [change["words"] for change in episode["changes"]]
    assert len(episode["examples"]) == 8
    assert "accura" not in found["says"]


def test_no_change(tmp_path: Path) -> None:
    """Bursts of other scenes are no change; the exit code is 0."""
    fill(tmp_path, same)
    result = run("--input", tmp_path)
    assert (result.exit_code, "No change was found" in result.stdout) == (0, True)


def test_change_that_is_over() -> None:
    """A change that ends is told with both its days; one window alone is not told."""
    observations = stream()
    bright = np.array([60.0] * 3 + [0.0] * 4)

    def changed(days: range) -> Drift:
        return Drift.of_stream([moved(one, bright if one_day(one) in days else 0 * bright) for one in observations])

    (episode,) = changed(range(35, 45)).episodes()
    assert (episode.since, episode.until) == (date(2026, 2, 5), date(2026, 2, 14))
    assert episode.changes[0].words == "brighter"
    assert list(changed(range(35, 40)).episodes()) == []


def stream() -> list[Observation]:
    random = np.random.default_rng(3)
    return [
        Observation(upload(f"{number}.png", START + timedelta(days=day)), ("", ""), features.measure(np.asarray(one)))
        for day in range(DAYS)
        for number, one in enumerate(bursts(random, A_DAY))
    ]


def one_day(observation: Observation) -> int:
    return (observation.day - START.date()).days


def moved(observation: Observation, by: features.Features) -> Observation:
    return Observation(observation.upload, observation.source, observation.features + by)


def test_too_few(tmp_path: Path) -> None:
    """With too few days it says how many it needs, rather than alarm, however large the change."""
    fill(tmp_path, darker, days=20, changed=15)
    result = run("--input", tmp_path)
    assert result.exit_code == 1
    assert "Nothing can be said yet: the reference has 400 pictures, 2 sources, 20 days" in result.stdout
    assert "30 sources or days" in result.stdout
    assert document("--input", tmp_path)["verdict"] == "too_few"


def test_since(tmp_path: Path) -> None:
    """What was stored before a time is the reference."""
    fill(tmp_path, blurred)
    since = (START + timedelta(days=CHANGED)).date()
    found = document("--input", tmp_path, "--since", since)
    assert found["reference"]["days"] == CHANGED
    assert found["episodes"][0]["since"] == str(since)


def test_samples(tmp_path: Path) -> None:
    """Samples are the reference, and are compared with all that is there."""
    fill(tmp_path / "samples", same, days=35)
    fill(tmp_path / "stream", darker, days=12, changed=0)
    found = document("--input", tmp_path / "stream", "--samples", tmp_path / "samples")
    assert (found["verdict"], found["episodes"][0]["changes"][0]["words"]) == ("changed", "darker")


def test_page(tmp_path: Path) -> None:
    """The page shows examples of what changed, and of the reference."""
    fill(tmp_path / "pictures", darker)
    page = tmp_path / "page.html"
    result = run("--input", tmp_path / "pictures", "--report", page)
    assert (result.exit_code, "pictures are darker" in result.stdout) == (1, True)
    assert page.read_text().count("<img") == 16
    assert "Since 2026-02-10 pictures are darker" in page.read_text()


def test_cloud_storage(storage: CloudStorage) -> None:
    """A bucket is read as a folder is, nothing is written, and what is no picture is counted."""
    for digit in range(10):
        runs.put(storage, f"{digit}.png", digit)
    storage.put("photos", "text.png", runs.TEXT)
    found = document("--input", "gs://photos/**")
    assert (found["pictures"], found["unread"], found["verdict"]) == (10, 1, "too_few")
    assert found["reference"]["last"] == str(datetime.now(timezone.utc).date())
    assert {call.operation for call in storage.requests} <= {"list", "read_media"}


def test_sample() -> None:
    """A day gives so many pictures at most, in any order the same; over many days fewer of each."""
    uploads = [upload(f"{day}/{number}", START + timedelta(days=day)) for day in range(9) for number in range(50)]
    names = [one.name for one in Sample.of(uploads, 10)]
    assert len(names) == 90
    assert names == [one.name for one in Sample.of(reversed(uploads), 10)]
    bounded = Sample(10, most=50)
    for one in uploads:
        bounded.add(one)
    assert len(list(bounded)) == len(bounded) == 45


@pytest.mark.parametrize("generation", [-(2**63), 2**63 - 1])
def test_moment(generation: int) -> None:
    """However wrong the clock of a file system is, a file has a day."""
    assert moment(Upload("", "a", generation, None, 1, {})).year in range(1970, 9999)


def test_camera() -> None:
    """The camera is read from EXIF as Pillow writes it; broken EXIF names none."""
    exif = Image.Exif()
    exif[271], exif[272] = "Maker", "Model 3"
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    data = file.getvalue()
    assert camera(data) == "Maker Model 3"
    start = data.index(b"Exif\0\0")
    assert {camera(data[: start + length]) for length in range(40)} == {""}
    assert camera(b"\xff\xd8Exif\0\0MM\0*" + b"\xff" * 99) == ""


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 500, 3), (2, 2, 4), (300, 400, 2)])
def test_odd_pictures(shape: tuple[int, int, int]) -> None:
    """Pictures of one pixel, of one row, gray ones, and those with alpha have their numbers."""
    assert np.isfinite(features.measure(np.full(shape, 200, np.uint8))).all()


def test_sharpness() -> None:
    """Sharpness rises with detail, and not with contrast."""
    (picture,) = list(bursts(np.random.default_rng(0), BURST))[:1]
    sharpness = [
        features.measure(np.asarray(one))[6]
        for one in (blurred(picture), picture, sharper(picture), ImageEnhance.Contrast(picture).enhance(0.8))
    ]
    assert sharpness[0] < sharpness[1] < sharpness[2]
    assert abs(sharpness[3] - sharpness[1]) < 0.1


@pytest.mark.parametrize(
    "options",
    [
        ["--drift", "--since", "yesterday"],
        ["--drift", "--since", "2026-01-01", "--samples", "."],
        ["--drift", "--compare", "new.onnx"],
        ["--drift", "--dry-run"],
        ["--drift", "--report", "nowhere/page.html"],
        ["--since", "2026-01-01", "--results", "results"],
        ["--model", "model.onnx"],
    ],
)
def test_wrong_options(options: list[str], tmp_path: Path) -> None:
    """Options that say nothing together, or that lead nowhere, are exit code 2."""
    assert CliRunner().invoke(main, ["--input", str(tmp_path), *options]).exit_code == 2


@pytest.mark.parametrize("shift", [darker, blurred, sharper])
def test_photographs(shift: Shift, shared: Path) -> None:
    """A changed camera is found in bursts of crops of photographs, and only where it changed."""
    random, observations = np.random.default_rng(1), []
    photos = [
        Image.open(path).convert("RGB").resize((300, 300))
        for path in sorted((shared / "images" / "photos").glob("*.jpg"))
    ]
    for day in range(DAYS):
        for number in range(A_DAY):
            if number % BURST == 0:
                source = int(random.integers(len(photos)))
                x, y, side = (int(one) for one in random.integers((0, 0, 150), (100, 100, 200)))
            left, top = x + int(random.integers(6)), y + int(random.integers(6))
            picture = photos[source].crop((left, top, left + side - 10, top + side - 10)).resize((96, 96))
            numbers = features.measure(np.asarray(shift(picture) if day >= CHANGED else picture))
            name = f"{source}/{day}-{number}.jpg"
            observations.append(Observation(upload(name, START + timedelta(days=day)), (str(source), ""), numbers))
    (episode,) = Drift.of_stream(observations).episodes()
    assert one_day(episode.observations[0]) == CHANGED


def test_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of docs/drift.md run, and its table has all fields of the JSON."""
    page = (ROOT / "docs" / "drift.md").read_text()
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "my_pictures", darker)
    fill(tmp_path / "my_samples", same, days=35)
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in block.strip().splitlines():
        result = CliRunner().invoke(main, shlex.split(line)[3:])
        assert result.exit_code == 1, (line, result.output)
        assert "darker" in result.stdout
    assert "<img" in Path("changes.html").read_text()
    rows = re.findall(r"(?m)^\| (`.*?) \|", page.split("| field of the JSON |")[1])
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == document("--input", "my_pictures").keys()
