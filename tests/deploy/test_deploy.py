"""`deploy.sh`: what it refuses, what it collects, and what it sends."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.google_cloud import PROJECT, REGION, GoogleCloud, google_cloud

ROOT = Path(__file__).parents[2]
DEPLOYED = ("main.py", "requirements.txt", "predictor", "service")
NOT_DEPLOYED = ("service/__pycache__/http.pyc", "predictor/.cache/x", "export/__init__.py", "tests/test_x.py", ".env")
UPLOAD = ("--bucket", "pictures", "--results", "gs://labels/from,here=1")
TOOLS = ["bash", "cat", "chmod", "cp", "cut", "dirname", "du", "env", "find", "mktemp", "rm", "tr", "wc"]

# Notes the arguments and the files of each call; the exit code is $GCLOUD_EXIT.
RECORDING_GCLOUD = """#!{python}
import json, os, sys
from pathlib import Path
source = Path(next(a for a in sys.argv if a.startswith("--source=")).removeprefix("--source="))
files = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
with open({calls!r}, "a") as calls:
    calls.write(json.dumps({{"arguments": sys.argv[1:], "files": files}}) + "\\n")
sys.exit(int(os.environ.get("GCLOUD_EXIT", "0")))
"""


@dataclass(frozen=True)
class Run:
    """How one run of deploy.sh ended, and the calls of gcloud that it made, without their --source."""

    code: int
    output: str
    errors: str
    calls: list[list[str]]
    files: list[list[str]]


Deploy = Callable[..., Run]


def without_source(arguments: list[str]) -> list[str]:
    return [argument for argument in arguments if not argument.startswith("--source=")]


def staged_in(run: Run) -> Path:
    """The folder that the first printed command sends."""
    words = shlex.split(run.output.splitlines()[0])
    return Path(next(word for word in words if word.startswith("--source=")).removeprefix("--source="))


def run_deploy(project: Path, folder: Path, *arguments: str, **changes: str) -> Run:
    """Run deploy.sh with a gcloud that only notes its calls; `folder` takes the temporary files."""
    folder.mkdir(parents=True, exist_ok=True)
    calls, gcloud = folder / "calls", folder / "bin" / "gcloud"
    gcloud.parent.mkdir(exist_ok=True)
    gcloud.write_text(RECORDING_GCLOUD.format(python=sys.executable, calls=str(calls)))
    gcloud.chmod(0o755)
    path = f"{gcloud.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHON": sys.executable, "TMPDIR": str(folder), **changes}
    command = [str(project / "deploy.sh"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    noted = [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []
    sent = [without_source(call["arguments"]) for call in noted]
    return Run(done.returncode, done.stdout, done.stderr, sent, [call["files"] for call in noted])


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in a folder with a space in its name, with files that have no business in the cloud."""
    copy = tmp_path_factory.mktemp("deploy") / "my project"
    copy.mkdir()
    for name in ("deploy.sh", *DEPLOYED):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    for name in NOT_DEPLOYED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("not for the cloud")
    return copy


@pytest.fixture(scope="session")
def model(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example under another name, in a folder with a space in its name."""
    path = tmp_path_factory.mktemp("my models") / "digits, first.onnx"
    shutil.copy(digits_model, path)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def required(model: Path) -> tuple[str, ...]:
    """The arguments that every deployment needs."""
    return "--project", PROJECT, "--region", REGION, "--model", str(model)


@pytest.fixture
def deploy(project: Path, required: tuple[str, ...], tmp_path: Path) -> Deploy:
    """Runs deploy.sh with all that is required and the arguments it is given."""
    return lambda *arguments, **changes: run_deploy(project, tmp_path / "a b", *required, *arguments, **changes)


@pytest.fixture(scope="session")
def both(project: Path, required: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One deployment of both functions with nothing but what is required."""
    return run_deploy(project, tmp_path_factory.mktemp("both"), "both", *required, *UPLOAD)


@pytest.fixture(scope="session")
def dry(project: Path, required: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same as a dry run."""
    return run_deploy(project, tmp_path_factory.mktemp("dry"), "both", *required, *UPLOAD, "--dry-run")


COMMON = [
    "--gen2",
    f"--project={PROJECT}",
    f"--region={REGION}",
    "--runtime=python313",
]
SIZE = ["--memory=2Gi", "--cpu=1", "--concurrency=2", "--max-instances=10"]
SETTINGS = "--set-env-vars=^|^THREADS=2|MODEL=model.onnx|MAX_PIXELS=36000000"
ENVIRONMENT = {"THREADS": "2", "MODEL": "model.onnx", "MAX_PIXELS": "36000000"}
HTTP_CALL = [
    *("functions", "deploy", "classify"),
    *COMMON,
    "--entry-point=classify",
    *SIZE,
    SETTINGS,
    *("--trigger-http", "--no-allow-unauthenticated", "--timeout=60s"),
]
UPLOAD_CALL = [
    *("functions", "deploy", "classify-upload"),
    *COMMON,
    "--entry-point=classify_upload",
    *SIZE,
    f"{SETTINGS}|RESULTS=gs://labels/from,here=1",
    "--trigger-event-filters=type=google.cloud.storage.object.v1.finalized",
    "--trigger-event-filters=bucket=pictures",
    f"--trigger-location={REGION}",
    *("--retry", "--timeout=240s"),
]


class TestCalls:
    """What gcloud is asked to do."""

    def test_http(self, deploy: Deploy) -> None:
        """`http` deploys one function that only callers with permission may call."""
        assert deploy("http").calls == [HTTP_CALL]

    def test_upload(self, deploy: Deploy) -> None:
        """`upload` deploys one function that gets every upload to the bucket, again if it failed."""
        assert deploy("upload", *UPLOAD).calls == [UPLOAD_CALL]

    def test_both(self, both: Run) -> None:
        """`both` does what `http` and `upload` do one by one."""
        assert (both.code, both.calls) == (0, [HTTP_CALL, UPLOAD_CALL])

    def test_every_option(self, deploy: Deploy) -> None:
        """Options replace the defaults, and THREADS follows --concurrency."""
        options = (
            "--name=faces --runtime=python312 --memory=4Gi --cpu=2 --concurrency=8 --max-instances=3 --max-bytes=5000"
            " --max-pixels=6000 --service-account=me@example.org --trigger-location=eu --allow-unauthenticated"
        )
        run = deploy("both", *UPLOAD, *options.split())
        http, upload = (set(call) for call in run.calls)
        size = {"--memory=4Gi", "--cpu=2", "--concurrency=8", "--max-instances=3"}
        common = {"--runtime=python312", "--service-account=me@example.org", *size}
        settings = "--set-env-vars=^|^THREADS=8|MODEL=model.onnx|MAX_BYTES=5000|MAX_PIXELS=6000"
        assert http >= common | {"faces", settings, "--allow-unauthenticated"}
        assert upload >= common | {"faces-upload", f"{settings}|RESULTS=gs://labels/from,here=1"}
        assert "--trigger-location=eu" in upload

    def test_model_in_a_bucket(self, deploy: Deploy) -> None:
        """A model in a bucket is named to the function, not sent along, and not tried."""
        run = deploy("http", "--model", "gs://models/v=1,final.onnx")
        assert any("MODEL=gs://models/v=1,final.onnx|" in argument for argument in run.calls[0])
        assert "model.onnx" not in run.files[0]
        assert "Not tried: the model is not here" in run.errors

    def test_failure_of_the_first(self, deploy: Deploy) -> None:
        """When gcloud fails, its exit code is handed on and the second function is left alone."""
        run = deploy("both", *UPLOAD, GCLOUD_EXIT="3")
        assert (run.code, run.calls) == (3, [HTTP_CALL])


class TestFiles:
    """What is collected and tried before anything is sent."""

    def test_only_what_runs(self, both: Run, project: Path) -> None:
        """The functions, the packages they import, the page and the model are sent; nothing else is."""
        packages = [path for name in ("predictor", "service") for path in (project / name).glob("*.*")]
        names = [path.relative_to(project).as_posix() for path in packages if path.is_file()]
        expected = sorted([*names, "main.py", "requirements.txt", "model.onnx"])
        assert both.files == [expected, expected]
        assert "service/page.html" in expected

    def test_size_is_said(self, both: Run) -> None:
        """The number and the size of the collected files are printed."""
        assert f"Collected {len(both.files[0])} files, " in both.errors

    def test_nothing_is_left(self, deploy: Deploy, tmp_path: Path) -> None:
        """The temporary folder is removed, when the files work and when they do not."""
        deploy("http")
        deploy("http", "--max-bytes", "1")
        assert list((tmp_path / "a b").glob("classifier.*")) == []

    def test_broken_model(self, deploy: Deploy, tmp_path: Path) -> None:
        """A file that is not a model is found before gcloud is called."""
        (tmp_path / "model.onnx").write_bytes(b"not a model")
        run = deploy("http", "--model", str(tmp_path / "model.onnx"))
        assert (run.code, run.calls) == (1, [])
        assert f"The collected files do not work with {sys.executable}; nothing was sent." in run.errors

    def test_settings_are_tried(self, deploy: Deploy) -> None:
        """A picture is classified with the settings that the function would get."""
        run = deploy("http", "--max-bytes", "1")
        assert (run.code, run.calls) == (1, [])
        assert "classify answered 413" in run.errors

    def test_missing_entry_point(self, project: Path, required: tuple[str, ...], tmp_path: Path) -> None:
        """`upload` is not sent when main.py has no function for events."""
        copy = tmp_path / "project"
        shutil.copytree(project, copy)
        with (copy / "main.py").open("a") as main:
            main.write("\ndel classify_upload\n")
        run = run_deploy(copy, tmp_path, "upload", *required, *UPLOAD)
        assert (run.code, run.calls) == (1, [])
        assert "nothing was sent" in run.errors

    def test_python_of_the_project(self, project: Path, required: tuple[str, ...], tmp_path: Path) -> None:
        """Without PYTHON, the one in .venv tries the files."""
        copy, python = tmp_path / "project", tmp_path / "project/.venv/bin/python"
        shutil.copytree(project, copy)
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\nexit 1\n")
        python.chmod(0o755)
        run = run_deploy(copy, tmp_path, "http", *required, PYTHON="")
        assert f"do not work with {python};" in run.errors


class TestDryRun:
    """`--dry-run`: all but the sending."""

    def test_nothing_is_called(self, dry: Run) -> None:
        """Gcloud is not called."""
        assert (dry.code, dry.calls) == (0, [])

    def test_same_commands(self, dry: Run, both: Run) -> None:
        """The printed lines, pasted into a shell, are the calls that a real run makes."""
        lines = [shlex.split(line) for line in dry.output.splitlines()]
        assert [line[0] for line in lines] == ["gcloud", "gcloud"]
        assert [without_source(line[1:]) for line in lines] == both.calls

    def test_files_stay(self, dry: Run, both: Run) -> None:
        """The collected files stay where the printed commands look for them."""
        source = staged_in(dry)
        files = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
        assert files == both.files[0]
        assert f"Nothing was sent. The files stay in {source} for you to look at." in dry.errors

    def test_modes(self, dry: Run) -> None:
        """Everybody may read the collected files, even if only the owner may read the model."""
        assert [path for path in staged_in(dry).rglob("*") if path.stat().st_mode & 0o444 != 0o444] == []

    def test_without_gcloud(self, project: Path, required: tuple[str, ...], tmp_path: Path) -> None:
        """A dry run needs no gcloud, a real one says that it is missing and ends with 1."""
        (tmp_path / "bin").mkdir()
        for tool in TOOLS:
            (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
        command = [str(tmp_path / "bin" / "bash"), str(project / "deploy.sh"), "http", *required]
        environment = {"PATH": str(tmp_path / "bin"), "TMPDIR": str(tmp_path), "PYTHON": sys.executable}
        real = subprocess.run(command, env=environment, capture_output=True, text=True)
        dry = subprocess.run([*command, "--dry-run"], env=environment, capture_output=True, text=True)
        assert (real.returncode, dry.returncode) == (1, 0)
        assert real.stderr.startswith("deploy.sh: gcloud is not installed")


REFUSED = {
    "nothing": ("", "Say what to deploy: http, upload or both."),
    "two commands": ("http upload", "Say one of http, upload and both; http was said already."),
    "unknown flag": ("http --fast", "There is no argument --fast; ./deploy.sh --help lists them."),
    "unknown word": ("htp", "There is no argument htp; ./deploy.sh --help lists them."),
    "flag without value": ("http --region", "--region needs a value."),
    "flag before a flag": ("http --region --dry-run", "--region needs a value."),
    "empty value": ("http --region=", "--region needs a value."),
    "no project": ("http --region r --model m", "--project is missing."),
    "no region": ("http --project p --model m", "--region is missing."),
    "no model": ("http --project p --region r", "--model is missing."),
    "absent model": ("http --project p --region r --model no.onnx", "There is no model file no.onnx."),
    "bucket as model": ("http OK --model gs://models", "--model wants gs://BUCKET/OBJECT, not gs://models."),
    "words for numbers": ("http OK --concurrency many", "--concurrency wants a whole number, not many."),
    "no instances": ("http OK --max-instances 0", "--max-instances wants a whole number, not 0."),
    "no bytes": ("http OK --max-bytes -5", "--max-bytes wants a whole number, not -5."),
    "no pixels": ("http OK --max-pixels 1e6", "--max-pixels wants a whole number, not 1e6."),
    "bucket for http": ("http OK --bucket b", "--bucket, --results and --trigger-location belong to upload and both."),
    "no bucket": ("upload OK --results gs://out/x", "upload needs --bucket, the bucket to watch."),
    "no results": ("both OK --bucket in", "both needs --results, where the labels are written."),
    "address as bucket": (
        "upload OK --bucket gs://in --results gs://out/x",
        "--bucket wants the name of a bucket, not gs://in.",
    ),
    "name as results": ("upload OK --bucket in --results out/x", "--results wants gs://BUCKET/PREFIX, not out/x."),
    "delimiter in results": (
        "upload OK --bucket in --results gs://out/a|b",
        "--results wants gs://BUCKET/PREFIX, not gs://out/a|b.",
    ),
    "results among uploads": (
        "upload OK --bucket in --results gs://in/",
        "--results is in the watched bucket: give it a prefix, such as gs://in/labels.",
    ),
    "public upload": (
        "upload OK --bucket in --results gs://out/x --allow-unauthenticated",
        "--allow-unauthenticated belongs to http and both.",
    ),
}


class TestRefusals:
    """Arguments that cannot be meant."""

    @pytest.mark.parametrize(("arguments", "sentence"), REFUSED.values(), ids=REFUSED.keys())
    def test_refused(self, arguments: str, sentence: str, project: Path, tmp_path: Path) -> None:
        """One sentence says what is wrong, the exit code is 2, and nothing happens."""
        (tmp_path / "model.onnx").touch()
        required = f"--project p --region r --model={tmp_path}/model.onnx"
        run = run_deploy(project, tmp_path, *arguments.replace("OK", required).split())
        assert (run.code, run.errors, run.calls) == (2, f"deploy.sh: {sentence}\n", [])

    def test_results_below_a_prefix(self, deploy: Deploy) -> None:
        """Results may lie in the watched bucket when they have a prefix of their own."""
        run = deploy("upload", "--bucket", "in-and-out", "--results", "gs://in-and-out/labels", "--dry-run")
        assert run.code == 0

    def test_help(self, project: Path, tmp_path: Path) -> None:
        """--help explains every option that the script reads."""
        run = run_deploy(project, tmp_path, "--help")
        options = re.findall(r"(--[a-z-]+)(?: \||\))", (project / "deploy.sh").read_text())
        assert run.code == 0
        assert len(options) >= 18
        assert all(f"{option} " in run.output for option in options)


@pytest.fixture
def cloud() -> Iterator[GoogleCloud]:
    """The stand-in for Google's APIs; nothing may have gone anywhere else in the end."""
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed")
    with google_cloud() as cloud:
        yield cloud
        assert cloud.astray == []


@pytest.fixture
def send(cloud: GoogleCloud, project: Path, required: tuple[str, ...], tmp_path: Path) -> Callable[..., None]:
    """Runs deploy.sh with the real gcloud against the stand-in."""
    environment = cloud.environment(os.environ, tmp_path / "gcloud") | {"PYTHON": sys.executable}

    def run(*arguments: str) -> None:
        command = [str(project / "deploy.sh"), *arguments, *required]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    return run


class TestRealGcloud:
    """What gcloud makes of its arguments, seen by a stand-in for Google's APIs."""

    def test_http(self, cloud: GoogleCloud, send: Callable[..., None], both: Run, model: Path) -> None:
        """The HTTP function arrives with its files, its settings and no trigger."""
        send("http")
        sent = cloud.deployments["classify"]
        assert sorted(sent.files) == both.files[0]
        assert sent.files["model.onnx"] == model.read_bytes()
        assert sent.description["buildConfig"]["entryPoint"] == "classify"
        assert sent.description["buildConfig"]["runtime"] == "python313"
        assert sent.description["serviceConfig"] == {
            "availableCpu": "1",
            "availableMemory": "2Gi",
            "environmentVariables": ENVIRONMENT,
            "maxInstanceCount": 10,
            "maxInstanceRequestConcurrency": 2,
            "timeoutSeconds": 60,
        }
        assert "eventTrigger" not in sent.description
        assert sent.policy == {}

    def test_upload(self, cloud: GoogleCloud, send: Callable[..., None], both: Run) -> None:
        """The upload function arrives with its files, its settings and a trigger that retries."""
        send("upload", *UPLOAD, "--service-account", "me@example.org")
        sent = cloud.deployments["classify-upload"]
        assert sorted(sent.files) == both.files[1]
        assert sent.description["buildConfig"]["entryPoint"] == "classify_upload"
        assert sent.description["eventTrigger"] == {
            "eventFilters": [{"attribute": "bucket", "value": "pictures"}],
            "eventType": "google.cloud.storage.object.v1.finalized",
            "retryPolicy": "RETRY_POLICY_RETRY",
            "serviceAccountEmail": "me@example.org",
            "triggerRegion": REGION,
        }
        config = sent.description["serviceConfig"]
        assert config["serviceAccountEmail"] == "me@example.org"
        assert config["environmentVariables"] == ENVIRONMENT | {"RESULTS": "gs://labels/from,here=1"}

    def test_again(self, cloud: GoogleCloud, send: Callable[..., None]) -> None:
        """A second deployment replaces settings and access of the first."""
        send("http", "--max-bytes", "5000", "--allow-unauthenticated")
        everybody = {"members": ["allUsers"], "role": "roles/run.invoker"}
        assert cloud.deployments["classify"].policy["bindings"] == [everybody]
        send("http")
        sent = cloud.deployments["classify"]
        assert "MAX_BYTES" not in sent.description["serviceConfig"]["environmentVariables"]
        assert sent.policy.get("bindings", []) == []


def test_shellcheck() -> None:
    """Shellcheck finds nothing in the script."""
    beside_python = Path(sys.executable).parent / "shellcheck"
    shellcheck = str(beside_python) if beside_python.exists() else shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([shellcheck, str(ROOT / "deploy.sh")], capture_output=True, text=True)
    assert done.stdout == ""
