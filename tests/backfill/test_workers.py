"""Workers on other machines: what is sent to them is all that they need."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from backfill.job import Job
from backfill.objects import object_store
from backfill.objects.pattern import Pattern
from backfill.runners import workers
from backfill.runners.package import PACKAGES, pins, write_wheel
from emulator import CloudStorage, Stall
from predictor import Classifier, Limits
from storage.location import Location
from tests.backfill import commands
from tests.conftest import ROOT, SAMPLES

DOCS = (ROOT / "docs" / "backfill.md").read_text()
WHEEL = "backfill-0-py3-none-any.whl"
OPTIONS = ["--input=gs://photos", "--results=gs://results/labels"]
DATAFLOW = ["--runner=DataflowRunner", "--project=test", "--region=us-central1"]
# Its own job server and workers are processes of this machine: what Flink and Spark are given, without either.
PORTABLE = ["--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=LOOPBACK"]
WORKER = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from apache_beam.internal import pickler
from apache_beam.portability import common_urns, python_urns
from apache_beam.portability.api import beam_runner_api_pb2
import backfill

transforms = beam_runner_api_pb2.Pipeline.FromString(Path(sys.argv[2]).read_bytes()).components.transforms.values()
payloads = [one.spec.payload for one in transforms if one.spec.urn == common_urns.primitives.PAR_DO.urn]
combined = [one.spec.payload for one in transforms if one.spec.urn == common_urns.composites.COMBINE_PER_KEY.urn]
combines = [beam_runner_api_pb2.CombinePayload.FromString(one).combine_fn for one in combined]
functions = [pickler.loads(one.payload) for one in combines if one.urn == python_urns.PICKLED_COMBINE_FN]
steps = [beam_runner_api_pb2.ParDoPayload.FromString(one).do_fn for one in payloads]
functions += [pickler.loads(one.payload)[0] for one in steps if one.urn == python_urns.PICKLED_DOFN_INFO]
is_early = "onnxruntime" in sys.modules
(handler,) = [one._model_handler for one in functions if hasattr(one, "_model_handler")]
keyed = handler.run_inference([("3", Path(sys.argv[3]).read_bytes())], handler.load_model())
((key, result),) = keyed
print(json.dumps({
    "code": backfill.__file__,
    "functions": [type(one).__name__ for one in functions],
    "onnxruntime came before its setting": is_early,
    "telemetry is off": os.environ.get("ORT_DISABLE_TELEMETRY"),
    "scores": result.inference.tolist(),
}))
"""


@pytest.fixture(scope="module")
def storage() -> Iterator[CloudStorage]:
    with CloudStorage(["photos", "results", "tmp"]) as storage:
        for path in SAMPLES.iterdir():
            storage.put("photos", f"2024/{path.name}", path.read_bytes(), "image/png")
        yield storage


@pytest.fixture(scope="module")
def staged(storage: CloudStorage, digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the command in docs/backfill.md sends for Dataflow, by the last part of its name.

    No job is begun for a template, so that the command misses its summary in the end.
    """
    (shown,) = re.findall(r"## On Dataflow\n\n```sh\npython -m backfill (.*?)\n```", DOCS, re.DOTALL)
    shown = shown.replace("PROJECT", "project").replace("BUCKET", "tmp").replace("\\\n", "")
    options = [str(digits_model) if word == "model.onnx" else word for word in shlex.split(shown)]
    folder = tmp_path_factory.mktemp("tmp")
    code, said = commands.run(storage, folder, *options, "--template_location=gs://tmp/backfill/template.json")
    assert code == 1, said
    names = [name for name in storage.names("tmp") if name.startswith("backfill/")]
    return {name.rpartition("/")[2]: storage.get("tmp", name).data for name in names}


@pytest.fixture(scope="module")
def worker(storage: CloudStorage, staged: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process found out that has of us only the wheel, and of the job only its description."""
    folder = tmp_path_factory.mktemp("worker")
    for name in (WHEEL, "pipeline.pb"):
        (folder / name).write_bytes(staged[name])
    install = ["pip", "install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", *install, f"--target={folder}/site", str(folder / WHEEL)], check=True)
    done = subprocess.run(
        [sys.executable, "-I", "-c", WORKER, f"{folder}/site", str(folder / "pipeline.pb"), str(SAMPLES / "3.png")],
        cwd=folder,
        env=commands.environment(storage, folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {"folder": folder} | json.loads(done.stdout.splitlines()[-1])


def test_job(staged: dict[str, bytes]) -> None:
    """The job that Dataflow is given names the wheel, and the image of this Beam and Python."""
    job = json.loads(staged["template.json"])
    (pool,) = job["environment"]["workerPools"]
    assert WHEEL in [package["name"] for package in pool["packages"]]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    image = f"beam_python{python}_sdk:{version('apache-beam')}"
    assert [one["containerImage"].rpartition("/")[2] for one in pool["sdkHarnessContainerImages"]] == [image]
    assert staged["extra_packages.txt"].decode().splitlines() == [WHEEL]


def test_environment(staged: dict[str, bytes]) -> None:
    """All steps are done in one environment, which depends on the wheel."""
    components = beam_runner_api_pb2.Pipeline.FromString(staged["pipeline.pb"]).components
    (environment,) = components.environments.values()
    roles = [
        beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(one.role_payload).staged_name
        for one in environment.dependencies
    ]
    assert WHEEL in roles


def test_wheel(staged: dict[str, bytes], tmp_path: Path) -> None:
    """The wheel holds every file of the packages, and asks for what is installed here."""
    with zipfile.ZipFile(write_wheel(tmp_path)) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read("backfill-0.dist-info/METADATA").decode()
    tracked = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(tracked.stdout.split()) <= names
    assert {f"onnxruntime=={version('onnxruntime')}", f"pillow=={version('pillow')}"} <= set(pins())
    assert [line for line in metadata.splitlines() if "==" in line] == [f"Requires-Dist: {pin}" for pin in pins()]


def test_functions_come_to_life(worker: dict[str, Any]) -> None:
    """Each step can be made in a process that has no more than the wheel."""
    assert worker["code"].startswith(str(worker["folder"]))
    assert {"List", "Read", "Store", "Summarise"} <= set(worker["functions"])


def test_model_on_a_worker(worker: dict[str, Any], staged: dict[str, bytes], digits_model: Path) -> None:
    """Such a process gets the model, which is uploaded under its version, and answers as this one does."""
    classifier = Classifier.load(digits_model)
    assert staged[f"{classifier.info.version}.onnx"] == digits_model.read_bytes()
    pixels = classifier.decode((SAMPLES / "3.png").read_bytes())
    assert worker["scores"] == classifier.scores(pixels).tolist()


def test_model_is_downloaded_once(
    storage: CloudStorage, digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all that want the model at the same time one downloads it, and the others wait for the whole file."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    object_store.cloud_storage.cache_clear()
    storage.put("tmp", "model.onnx", digits_model.read_bytes())
    storage.faults.add(Stall(0.2), "read_media", name="model.onnx", times=None)
    info = Classifier.load(digits_model).info
    job = Job(Pattern.parse("gs://photos"), Location.parse("gs://results"), "gs://tmp/model.onnx", info, Limits())
    with ThreadPoolExecutor(8) as pool:
        found = [future.result().read_bytes() for future in [pool.submit(workers.fetch, job) for _ in range(8)]]
    assert found == [digits_model.read_bytes()] * 8
    assert [call.operation for call in storage.requests if call.name == "model.onnx"].count("read_media") == 1
    object_store.cloud_storage.cache_clear()


def test_telemetry_is_off(worker: dict[str, Any]) -> None:
    """Nothing loads onnxruntime before it is told to keep quiet."""
    assert (worker["onnxruntime came before its setting"], worker["telemetry is off"]) == (False, "1")


def test_portable_runner(storage: CloudStorage, digits_model: Path, tmp_path: Path) -> None:
    """A runner of Beam's portable kind does the same job, and its summary comes back."""
    options = [*OPTIONS, *PORTABLE, f"--model={digits_model}", "--temp_location=gs://tmp/portable"]
    code, said = commands.run(storage, tmp_path, *options)
    assert code == 0, said
    assert "Labelled  10" in " ".join(said.split("   "))
    assert storage.names("results") == sorted(f"labels/photos/2024/{path.name}.json" for path in SAMPLES.iterdir())
    left = [name for name in storage.names("tmp") if name.startswith("portable/")]
    assert [name.rpartition("/")[0] for name in left] == ["portable/models"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (DATAFLOW, "--temp_location: DataflowRunner needs it: a gs:// address, which all workers reach."),
        (
            ["--runner=DataflowRunner", "--temp_location=gs://tmp/dataflow"],
            "Beam's options: Missing required option: project. Missing required option: region.",
        ),
    ],
    ids=["temp_location", "project"],
)
def test_missing_options(
    storage: CloudStorage, digits_model: Path, tmp_path: Path, options: list[str], reason: str
) -> None:
    """One sentence says what Dataflow needs."""
    code, said = commands.run(storage, tmp_path, *OPTIONS, *options, f"--model={digits_model}")
    assert (code, said) == (2, f"{reason}\n")
