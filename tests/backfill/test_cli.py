"""The command line: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from backfill.__main__ import main
from backfill.pipeline.survey import NO_UNICODE
from emulator import Callback, CloudStorage, Status
from predictor import Limits
from tests.conftest import ROOT, SAMPLES

HOSTILE = "<b>&.png"
STEERING = "two\nlines \x1b[2J.txt"
NOT_UTF8 = b"caf\xe9.png"
PATIENCE = 60  # seconds for what takes ten


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "backfill", *options]


def asked(*options: str) -> Result:
    """What the command answers, in this process."""
    return CliRunner().invoke(main, options)


@dataclass(frozen=True)
class Runs:
    """A folder that was labelled twice; at first one result could not be stored."""

    folder: Path
    first: subprocess.CompletedProcess[str]
    between: Result
    second: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def runs(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("runs")
    photos = folder / "photos"
    shutil.copytree(SAMPLES, photos / "digits")
    shutil.copy(SAMPLES / "7.png", photos / HOSTILE)
    (photos / "notes.txt").write_text("milk, eggs, flour")
    (photos / "left out.png").write_bytes(b"")
    (photos / STEERING).write_text("milk, eggs, flour")
    shutil.copy(SAMPLES / "7.png", os.fsencode(photos) + b"/" + NOT_UTF8)
    blocked = folder / "labels" / "digits" / "3.png.json"
    blocked.mkdir(parents=True)
    narrow = os.environ | {"PYTHONIOENCODING": "latin-1:strict"}

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        given = ["--input", str(photos), "--results", str(folder / "labels"), "--model", str(digits_model.absolute())]
        more = ["--exclude", "**/left out.*", "--workers", "2", *options]
        return subprocess.run(command(*given, *more), cwd=ROOT, capture_output=True, text=True, env=narrow)

    first = run("--report", str(folder / "report.html"))
    blocked.rmdir()
    options = ["--input", str(photos), "--results", str(folder / "labels"), "--model", str(digits_model)]
    between = asked(*options, "--exclude", "**/left out.*", "--dry-run")
    os.rename(os.fsencode(photos) + b"/" + NOT_UTF8, photos / "café.png")
    (photos / "more notes ™.txt").write_text("and butter")
    return Runs(folder, first, between, run())


def test_summary(runs: Runs) -> None:
    """What was labelled, what not and why, and the labels, the most frequent first."""
    lines = runs.first.stdout.splitlines()
    assert lines[0].split() == ["Labelled", "10"]
    assert [line.split(maxsplit=2) for line in lines[1:3]] == [
        ["Left", "alone", "1"],
        ["1", "EXCLUDE", "matches its name"],
    ]
    assert "            2  This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP." in lines
    assert "Not stored  2" in lines
    assert any("Its result could not be stored: [Errno 21] Is a directory" in line for line in lines)
    assert "Labels      2  7" in lines
    assert lines[-1].startswith("Time")


def test_progress(runs: Runs) -> None:
    """Where there is no terminal, what is going on is told in lines from the first moment on, and nothing else."""
    first, *others = runs.first.stderr.splitlines()
    assert first == "looking at what is there: 0 objects"
    assert "14 of 14 done" in others[-1]
    assert "4 without labels" in others[-1]
    assert all("objects" in line or " done" in line for line in others)


def test_names(runs: Runs) -> None:
    """What has no labels is named, each on one line whatever is in its name, and with its reason where they differ."""
    photos, lines = runs.folder / "photos", [line.strip() for line in runs.first.stdout.splitlines()]
    assert f"{photos}/notes.txt" in lines
    assert rf"{photos}/two\nlines \x1b[2J.txt" in lines
    assert rf"{photos}/caf\xe9.png: {NO_UNICODE}" in lines
    assert any(line.startswith(f"{photos}/digits/3.png: Its result could not be stored: [Errno 21]") for line in lines)
    assert rf"{photos}/more notes \u2122.txt" in [line.strip() for line in runs.second.stdout.splitlines()]


def test_exit_codes(runs: Runs) -> None:
    """It is 1 when something failed, and 0 when there is only a record that something is no picture."""
    assert (runs.first.returncode, runs.second.returncode) == (1, 0)


def test_second_run(runs: Runs) -> None:
    """A second run does what the first could not, and what is new; all else has its result."""
    lines = [line.split(maxsplit=1) for line in runs.second.stdout.splitlines()]
    assert lines[0] == ["Labelled", "2"]
    assert ["12", "it has its result"] in lines
    assert ["Refused", "1"] in lines
    assert ["Labels", "1  3"] in lines


def test_dry_run(runs: Runs) -> None:
    """It says what there is and what is left to do, and what that would take; of a folder, without dollars."""
    lines = runs.between.stdout.splitlines()
    assert runs.between.exit_code == 0
    assert lines[0].split() == ["Objects", "15"]
    assert [line.split(maxsplit=1) for line in lines[2:4]] == [
        ["12", "it has its result"],
        ["1", "EXCLUDE matches its name"],
    ]
    assert lines[4].split() == ["Not", "stored", "1"]
    assert lines[7].startswith("To label    1, 1.7 KiB")
    assert "$" not in runs.between.stdout


def test_report(runs: Runs) -> None:
    """The page is written, also when something failed, whatever names there are."""
    text = (runs.folder / "report.html").read_text()
    assert text.count("<img") == 10
    assert "could not be stored" in text
    assert r"/photos/caf\xe9.png<br>" in text
    assert r"/photos/two\nlines \x1b[2J.txt<br>" in text


def test_cost(storage: CloudStorage, digits_model: Path) -> None:
    """For a bucket it estimates dollars, up to --limit, and neither writes nor asks twice for what is in a list."""
    for number in range(30):
        storage.put("photos", f"in/{number:02}.png", (SAMPLES / f"{number % 10}.png").read_bytes(), "image/png")
    options = ["--input", "gs://photos/in/**", "--results", "gs://results/labels", "--model", str(digits_model)]
    done = asked(*options, "--dry-run", "--limit", "25")
    assert done.exit_code == 0, done.output
    assert "To label   25 (--limit)," in done.stdout
    assert "as 20 of them took here" in done.stdout
    assert "about $0.00 for operations of Cloud Storage" in done.stdout
    assert storage.names("results") == []
    assert {call.operation for call in storage.requests} == {"list", "read_media"}
    assert (
        len([call for call in storage.requests if call.operation == "list"]) == 4
    )  # two to see that it may, two to look


def test_worker_dies(storage: CloudStorage, digits_model: Path) -> None:
    """When a worker dies, all end at once, and what is done and what to do is said in a sentence."""
    with slow_run(storage, digits_model) as process:
        workers = [
            child
            for child in process.children(recursive=True)
            if child.cmdline()[-1] == "apache_beam.runners.worker.sdk_worker_main"
        ]
        workers[0].kill()
        _, said = process.communicate(timeout=PATIENCE)
        assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    assert len(workers) == 2
    assert process.returncode == 1
    assert "a worker died, perhaps for want of memory; fewer --workers need less" in said
    assert "of 40 are done. Run it again: it goes on where it ended." in said
    assert "Traceback" not in said


def test_interrupted(storage: CloudStorage, digits_model: Path) -> None:
    """Ctrl-C in a terminal ends all processes at any time, without a trace of any of them."""
    storage.put("photos", "3.png", (SAMPLES / "3.png").read_bytes(), "image/png")
    options = ["--input", "gs://photos", "--results", "gs://results/labels", "--model", os.path.abspath(digits_model)]
    pipe = subprocess.PIPE
    process = psutil.Popen(command(*options), cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    first = process.stderr.readline()
    while not (below := process.children()):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    printed, said = process.communicate(timeout=PATIENCE)
    _, alive = psutil.wait_procs(below, PATIENCE)
    assert alive == []
    assert first == "looking at what is there: 0 objects\n"
    assert (process.returncode, printed) == (130, "")
    assert said == "Stopped. 0 are done. Run it again: it goes on where it ended.\n"


class slow_run:  # noqa: N801 # used as a function
    """A backfill of forty pictures, ten of which are stored; the others wait until the block ends."""

    def __init__(self, storage: CloudStorage, model: Path) -> None:
        self._left = 10
        self._lock = threading.Lock()
        self._reached, self._gate = threading.Event(), threading.Event()
        for number in range(40):
            storage.put("photos", f"{number:02}.png", (SAMPLES / f"{number % 10}.png").read_bytes(), "image/png")
        storage.faults.add(Callback(self._pass_or_wait), "write", times=None)
        options = ["--input", "gs://photos", "--results", "gs://results/labels", "--model", os.path.abspath(model)]
        self.process = psutil.Popen(
            command(*options, "--workers", "2"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _pass_or_wait(self) -> None:
        with self._lock:
            self._left -= 1
            is_over = self._left < 0
        if is_over:
            self._reached.set()
            self._gate.wait(PATIENCE)

    def __enter__(self) -> psutil.Popen:
        assert self._reached.wait(PATIENCE)
        return self.process

    def __exit__(self, *_: object) -> None:
        self._gate.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()


REFUSED = [
    (["--input", "photos/*.jpg"], "--input: ", "photos/*.jpg matches nothing. All below a folder is "),
    (["--input", "nowhere"], "--input: ", "nowhere matches nothing."),
    (["--input", "gs:///a"], "--input: ", "'gs:///a' is not of the form gs://bucket/names."),
    (["--results", "gs://"], "--results: ", "'gs://' is not of the form gs://bucket/name."),
    (["--results", "photos"], "--results: ", "photos holds all of the input"),
    (["--results", "photos/3.png"], "--results: ", "3.png is a file; results go to a folder."),
    (["--model", "nowhere.onnx"], "--model: ", "nowhere.onnx: there is no such file."),
    (["--model", "photos/3.png"], "--model: ", "it is not an ONNX model that onnxruntime can run."),
    (["--report", "nowhere/page.html"], "--report: ", "nowhere: there is no such folder to write to."),
    (["--report", "page.html", "--dry-run"], "--report: ", "--dry-run labels nothing"),
    (["--input", "photos/3.png/**"], "--input: ", "photos/3.png/** matches nothing."),
    (["--limit", "0"], "Usage: ", "Invalid value for '--limit'"),
    (["--output", "csv"], "Usage: ", "'csv' is not one of 'objects', 'jsonl'"),
    (["--exclud", "*.gif"], "--exclud: ", "neither an option of this command nor of Beam: --exclude?"),
    (["--nonsense", "--dry-run"], "--nonsense: ", "neither an option of this command nor of Beam."),
    (["stray"], "stray: ", "neither an option of this command nor of Beam."),
    (["--project"], "Beam's options: ", "argument --project: expected one argument"),
    (["--runner", "DataflowRunner"], "--temp_location: ", "DataflowRunner needs it"),
    (
        ["--runner", "DataflowRunner", "--temp_location", "gs://results/temp"],
        "--input: ",
        "the workers of DataflowRunner cannot reach a folder of this machine; name a bucket.",
    ),
    (["--runner", "DataflowRunner", "--workers", "3"], "--workers: ", "it is about this machine"),
]


@pytest.mark.parametrize(("options", "option", "reason"), REFUSED, ids=[" ".join(case[0]) for case in REFUSED])
def test_refused(
    options: list[str],
    option: str,
    reason: str,
    digits_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be meant is refused with one sentence that names the option, before anything begins."""
    (tmp_path / "photos").mkdir()
    shutil.copy(SAMPLES / "3.png", tmp_path / "photos")
    model = os.path.abspath(digits_model)
    monkeypatch.chdir(tmp_path)
    done = asked("--input", "photos", "--results", "labels", "--model", model, *options)
    assert done.exit_code == 2
    assert done.stderr.startswith(option)
    assert reason in done.stderr
    assert option == "Usage: " or len(done.stderr.splitlines()) == 1
    assert os.listdir() == ["photos"]


CLOSED = [
    (["--input", "gs://nowhere/**"], 2, "--input: gs://nowhere/: there is no such bucket."),
    (["--results", "gs://nowhere/labels"], 2, "--results: gs://nowhere/labels: there is no such bucket."),
    (["--results", "gs://photos"], 2, "--results: is all of the watched bucket: give it a prefix"),
    (["--input", "gs://photos/none/*"], 2, "--input: gs://photos/none/* matches nothing."),
    (["--model", "gs://photos/none.onnx"], 2, "--model: gs://photos/none.onnx: there is no such object."),
    (["--model", "gs://photos/3.png"], 2, "it is not an ONNX model that onnxruntime can run."),
]


@pytest.mark.parametrize(("options", "code", "sentence"), CLOSED, ids=[case[0][1] for case in CLOSED])
def test_closed(options: list[str], code: int, sentence: str, storage: CloudStorage, digits_model: Path) -> None:
    """A bucket or object that is not there is named."""
    storage.put("photos", "3.png", (SAMPLES / "3.png").read_bytes(), "image/png")
    given = ["--input", "gs://photos/**", "--results", "gs://results/labels", "--model", str(digits_model)]
    done = asked(*given, *options)
    assert (done.exit_code, len(done.stderr.splitlines())) == (code, 1)
    assert sentence in done.stderr


def test_forbidden(storage: CloudStorage, digits_model: Path) -> None:
    """A missing role is named, with the bucket that it is missing on."""
    storage.faults.add(Status(403), "list", times=None)
    done = asked("--input", "gs://photos/**", "--results", "gs://results/labels", "--model", str(digits_model))
    assert done.exit_code == 1
    assert "the account that runs this needs roles/storage.objectViewer on gs://photos." in done.stderr


def test_imports() -> None:
    """The command answers before Beam is loaded, and does without what only the export needs."""
    check = "import sys, backfill.__main__, backfill.report.page, backfill.pipeline.thumbnails; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert "backfill.runners.local" in loaded
    assert not {"apache_beam", "tensorflow", "onnx", "export"} & set(loaded)


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are those of the upload function, from the same variables, unless options say otherwise."""
    monkeypatch.setenv("MAX_BYTES", "77")
    monkeypatch.setenv("TIMEOUT_SECONDS", "7.5")
    with main.make_context(
        "backfill", ["--input", "a", "--results", "b", "--model", "c", "--max-pixels", "9"]
    ) as context:
        assert {name: context.params[name] for name in ("max_bytes", "timeout", "max_pixels")} == {
            "max_bytes": 77,
            "timeout": 7.5,
            "max_pixels": 9,
        }
    monkeypatch.delenv("MAX_BYTES")
    with main.make_context("backfill", ["--input", "a", "--results", "b", "--model", "c"]) as context:
        assert Limits(context.params["max_bytes"], context.params["max_pixels"]) == Limits()
