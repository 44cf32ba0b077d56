"""README and docs/backfill.md are true: their commands run, and their tables are complete."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from backfill.__main__ import main
from backfill.objects import folder_store, object_store
from backfill.pipeline import existing_results
from backfill.report import estimate, messages, page, prices
from backfill.report.summary import MOST_LEAST_CERTAIN, MOST_WITHOUT_LABELS
from emulator import CloudStorage
from results import selection
from results.outcome import STORED, Outcome
from settings import TABLE, UploadSettings, common
from settings.setting import BACKFILL
from storage.location import Location
from storage.result_version import SOURCE_GENERATION
from tests.conftest import ROOT, SAMPLES

DOCS = (ROOT / "docs" / "backfill.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return DOCS.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(heading: str) -> list[list[str]]:
    """The cells of a section's table, without its heading."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_options() -> None:
    """The table has all options that the command knows, and no more, with their defaults."""
    written = {re.findall(r"`(--[a-z-]+)", cells[0])[0]: cells[2] for cells in rows("What to say")}
    known = {parameter.opts[0]: parameter for parameter in main.params if parameter.opts[0].startswith("--")}
    assert {parameter.envvar for parameter in known.values() if parameter.envvar} == {
        setting.name for setting in TABLE if BACKFILL in setting.readers
    }
    assert written.keys() == known.keys()
    assert {name for name, default in written.items() if default == "required"} == {
        name for name, parameter in known.items() if parameter.required
    }
    for name, value in (
        ("--timeout", f"`TIMEOUT_SECONDS`, else {common.PLATFORM_TIMEOUT.default:.0f}"),
        ("--max-bytes", f"`MAX_BYTES`, else {common.MAX_BYTES.unset}"),
        ("--max-pixels", f"`MAX_PIXELS`, else {common.MAX_PIXELS.unset}"),
        ("--output", "`objects`"),
    ):
        assert written[name] == value


def test_reasons() -> None:
    """The table of what is left alone has all reasons that the code gives."""
    settings = UploadSettings(Location("photos", "labels"), exclude=("*.gif",))
    given = {
        selection.reason_against("photos", name, metadata, settings)
        for name, metadata in (("a/", {}), ("labels/a", {}), ("a", {SOURCE_GENERATION: "1"}), ("a.gif", {}))
    }
    assert {cells[0] for cells in rows("What is left alone")} == given | {
        existing_results.HAS_RESULT,
        existing_results.HAS_OTHERS,
        existing_results.HAS_NEWER,
        folder_store.NO_FILE,
        folder_store.LINK_TO_FOLDER,
        folder_store.LINK_TO_NOTHING,
    }


def test_outcomes() -> None:
    """The table of outcomes is what the summary says, what is stored, and how the command ends."""
    headings = {"Labelled": Outcome.LABELLED} | {
        heading: outcome for outcome, heading in messages.HEADINGS.items() if outcome is not Outcome.IGNORED
    }
    ends = {outcome: "1" if outcome in (Outcome.FAILED, Outcome.RETRIED) else "0" for outcome in Outcome}
    assert {cells[0]: (cells[2], cells[3]) for cells in rows("What comes of the others")} == {
        heading: (STORED.get(outcome, "nothing"), ends[outcome]) for heading, outcome in headings.items()
    }


def test_numbers() -> None:
    """The numbers that are named are those of the code."""
    assert f"up to {estimate.MOST_TRIED} pictures" in section("Before: `--dry-run`")
    assert f"prices of {prices.PRICES_OF}" in section("Before: `--dry-run`")
    assert f"up to {MOST_LEAST_CERTAIN} pictures" in section("After: `--report`")
    assert f"the first {MOST_WITHOUT_LABELS} of each kind" in section("After: `--report`")
    assert page.MOST_BYTES < 10_000_000
    assert f"{messages.MOST_NAMES} of each line" in section("What comes of the others")
    assert f"larger than {folder_store.MAX_RESULT // 2**20} MiB" in section("What is left alone")


def test_cost() -> None:
    """A million pictures of 100 kB cost what the price list says: a write and a read each, and the lists."""
    cost = prices.cost(listed=2_000_000, pages=40_000, read=1_000_000, written=1_000_000, size=100_000 * 1_000_000)
    assert cost.operations == pytest.approx(5.00 + 0.40 + (2_000 + 40_000) * 0.000005)
    assert cost.transfer == pytest.approx(0.12 * 93.132257)


@pytest.fixture
def user_folder(tmp_path: Path, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the commands name."""
    shutil.copytree(SAMPLES, tmp_path / "photos" / "2024")
    for name in ("a.jpg", "b.gif"):
        shutil.copy(SAMPLES / "3.png", tmp_path / "photos" / name)
    shutil.copy(digits_model, tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands(user_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that is shown is understood and finds what it is to do; `--dry-run` stands for the work itself."""
    (shown,) = re.findall(r"```sh\n(python -m backfill.*?)```", section("What to say"), re.DOTALL)
    (first,) = re.findall(r"^python -m backfill.*$", README, re.MULTILINE)
    with CloudStorage(["photos", "results"]) as storage:
        storage.put("photos", "2024/3.png", (SAMPLES / "3.png").read_bytes(), "image/png")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        object_store.cloud_storage.cache_clear()
        for command in (first, *shown.strip().splitlines()):
            options = shlex.split(command.replace("--report page.html", ""))[3:]
            done = CliRunner().invoke(main, [*options, "--dry-run"])
            assert done.exit_code == 0, f"{command}\n{done.output}"
            assert "To label" in done.stdout


def test_estimate_output(user_folder: Path) -> None:
    """What --dry-run is shown to print is what it prints, but for times."""
    (shown,) = re.findall(r"```text\n(.*?)```", DOCS, re.DOTALL)
    options = ["--input", "photos", "--results", "labels", "--model", "model.onnx", "--workers", "2"]
    done = CliRunner().invoke(main, [*options, "--exclude", "**/*.gif", "--exclude", "**/*.jpg", "--dry-run"])
    assert re.sub(r"[\d.]+ m?s", "…", done.stdout) == re.sub(r"[\d.]+ m?s", "…", shown)
