"""`deploy.sh`: what it collects, and what it sends."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from deployment import staging
from deployment.staging import PACKAGES
from emulator.processes import running_function
from predictor import Classifier
from tests.deploy.google_cloud import PROJECT, REGION, GoogleCloud, google_cloud
from tests.deploy.lifecycle import deployed
from tests.deploy.network import has_network
from tests.deploy.runs import (
    NO_TRIAL,
    ROOT,
    TOOLS,
    UPLOAD,
    Deploy,
    Run,
    run_deploy,
    staged_in,
    substituted,
    without_source,
)

HTTP_ACCOUNT = f"classify@{PROJECT}.iam.gserviceaccount.com"
UPLOAD_ACCOUNT = f"classify-upload@{PROJECT}.iam.gserviceaccount.com"
COMMON = ["--gen2", f"--project={PROJECT}", f"--region={REGION}", "--runtime=python313"]
SIZE = ["--memory=2Gi", "--cpu=1", "--min-instances=0", "--max-instances=10"]
SETTINGS = "MODEL=model.onnx|MAX_PIXELS=36000000"
UPLOAD_SETTINGS = "RESULTS=gs://labels/from,here=1|BUCKET=pictures|TIMEOUT_SECONDS=240|MAX_EVENT_AGE=43200"
ENVIRONMENT = {"MODEL": "model.onnx", "MAX_PIXELS": "36000000"}
HTTP_CALL = [
    *("functions", "deploy", "classify"),
    *COMMON,
    "--entry-point=classify",
    f"--service-account={HTTP_ACCOUNT}",
    *SIZE,
    "--concurrency=2",
    f"--set-env-vars=^|^THREADS=2|{SETTINGS}",
    *("--trigger-http", "--no-allow-unauthenticated", "--timeout=60s"),
]


def granted(member: str, role: str, *condition: str) -> list[str]:
    return [f"--member=serviceAccount:{member}", f"--role={role}", *condition]


BELOW_PREFIX = (
    "--condition=^|^title=below-prefix|expression="
    'resource.name.startsWith("projects/_/buckets/labels/objects/from,here=1/")'
)
IN_PROJECT = f"--project={PROJECT}"
ROLES_BEFORE = [
    [
        *("storage", "buckets", "add-iam-policy-binding", "gs://pictures"),
        *granted(UPLOAD_ACCOUNT, "roles/storage.objectViewer", "--condition=None"),
    ],
    [
        *("storage", "buckets", "add-iam-policy-binding", "gs://labels"),
        *granted(UPLOAD_ACCOUNT, "roles/storage.objectUser", BELOW_PREFIX),
    ],
    [
        *("projects", "add-iam-policy-binding", PROJECT),
        *granted(UPLOAD_ACCOUNT, "roles/eventarc.eventReceiver", "--condition=None"),
    ],
    [
        *("projects", "add-iam-policy-binding", PROJECT),
        *granted(
            "service-42@gs-project-accounts.iam.gserviceaccount.com", "roles/pubsub.publisher", "--condition=None"
        ),
    ],
]
UPLOAD_CALL = [
    *("functions", "deploy", "classify-upload"),
    *COMMON,
    "--entry-point=classify_upload",
    f"--service-account={UPLOAD_ACCOUNT}",
    *SIZE,
    "--concurrency=8",
    f"--set-env-vars=^|^THREADS=8|MALLOC_ARENA_MAX=2|{SETTINGS}|{UPLOAD_SETTINGS}",
    "--trigger-event-filters=type=google.cloud.storage.object.v1.finalized",
    "--trigger-event-filters=bucket=pictures",
    f"--trigger-location={REGION}",
    f"--trigger-service-account={UPLOAD_ACCOUNT}",
    *("--retry", "--timeout=240s"),
]
PUBSUB_AGENT = "service-42@gcp-sa-pubsub.iam.gserviceaccount.com"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/s-1"
ROLES_AFTER = [
    [
        *("run", "services", "add-iam-policy-binding", "classify-upload", IN_PROJECT, f"--region={REGION}"),
        *granted(UPLOAD_ACCOUNT, "roles/run.invoker"),
    ],
    [
        *("pubsub", "topics", "add-iam-policy-binding", "classify-upload-dead-letters", IN_PROJECT),
        *granted(PUBSUB_AGENT, "roles/pubsub.publisher"),
    ],
    [
        *("pubsub", "subscriptions", "add-iam-policy-binding", SUBSCRIPTION, IN_PROJECT),
        *granted(PUBSUB_AGENT, "roles/pubsub.subscriber"),
    ],
    [
        *("pubsub", "subscriptions", "update", SUBSCRIPTION, IN_PROJECT),
        "--dead-letter-topic=classify-upload-dead-letters",
        f"--dead-letter-topic-project={PROJECT}",
        "--max-delivery-attempts=100",
        "--ack-deadline=600",
    ],
]
UPLOAD_CALLS = [*ROLES_BEFORE, UPLOAD_CALL, *ROLES_AFTER]
CREATED = [
    ["iam", "service-accounts", "create", "classify"],
    ["iam", "service-accounts", "create", "classify-upload"],
    ["pubsub", "topics", "create", "classify-upload-dead-letters"],
    ["pubsub", "subscriptions", "create", "classify-upload-dead-letters"],
]


def with_model(calls: list[list[str]], model: Path) -> list[list[str]]:
    """The calls with name and version of the model among the variables."""
    variable = f"|DEPLOYED_MODEL={sent_model(model)}"
    return [[f"{word}{variable if word.startswith('--set-env-vars=') else ''}" for word in call] for call in calls]


def sent_model(model: Path) -> str:
    """Its name and version."""
    info = Classifier.load(model).info
    return f"{info.name} {info.version}"


UPLOADS = (ROOT / "docs" / "uploads.md").read_text(encoding="utf-8")
WHO = {
    UPLOAD_ACCOUNT: "the upload function",
    HTTP_ACCOUNT: "the HTTP function",
    "service-42@gs-project-accounts.iam.gserviceaccount.com": "Cloud Storage's agent",
    PUBSUB_AGENT: "Pub/Sub's agent",
}
WHERE = {
    "gs://pictures": "the watched bucket",
    "gs://labels": "`RESULTS`",
    "gs://look": "`FAILED`",
    "gs://models": "the bucket of a model that is not sent along",
    "gs://pets": "the buckets in `READ_BUCKETS`",
    PROJECT: "the project",
    "classify-upload": "the upload function",
    "classify-upload-dead-letters": "the topic of dead letters",
    SUBSCRIPTION: "the trigger's subscription",
}


def _named(call: list[str]) -> tuple[str, str, str]:
    """The role that a call grants, to whom, and on what, in the words of the docs."""
    options = dict(word.removeprefix("--").split("=", 1) for word in call if word.startswith("--"))
    place = call[call.index("add-iam-policy-binding") + 1]
    return options["role"], WHO[options["member"].removeprefix("serviceAccount:")], WHERE[place]


class TestCalls:
    """What gcloud is asked to do."""

    def test_http(self, deploy: Deploy) -> None:
        """`http` deploys one function that only callers with permission may call, and that may do nothing itself."""
        assert deploy("http", PYTHON=NO_TRIAL).calls == [HTTP_CALL]

    def test_upload(self, deploy: Deploy) -> None:
        """`upload` grants what is needed and no more, deploys, and keeps what the platform gives up."""
        assert deploy("upload", *UPLOAD, PYTHON=NO_TRIAL).calls == UPLOAD_CALLS

    def test_both(self, both: Run, model: Path) -> None:
        """`both` does what `http` and `upload` do one by one; the model that was tried is named to each."""
        named = with_model([HTTP_CALL, *UPLOAD_CALLS], model)
        assert (both.code, both.calls) == (0, named)

    def test_first_time(self, deploy: Deploy) -> None:
        """What is not there yet is made: an identity for each function, and a topic whose messages are kept."""
        run = deploy("both", *UPLOAD, GCLOUD_FRESH="1", PYTHON=NO_TRIAL)
        created = [call for call in run.calls if "create" in call]
        assert [call[:4] for call in created] == CREATED
        assert [call for call in run.calls if call not in created] == [HTTP_CALL, *UPLOAD_CALLS]
        assert {"--topic=classify-upload-dead-letters", "--expiration-period=never"} <= set(created[-1])

    def test_every_option(self, deploy: Deploy) -> None:
        """Options replace the defaults, and THREADS follows --concurrency and --upload-concurrency."""
        options = (
            "--name=faces-web --upload-name=faces-in --runtime=python312 --memory=4Gi --cpu=2 --concurrency=4"
            " --upload-concurrency=16"
            " --min-instances=1 --max-instances=3 --max-bytes=5000 --max-pixels=6000 --timeout=100 --max-event-age=50"
            " --service-account=me@example.org --upload-service-account=you@example.org --allow-unauthenticated"
            " --failed=gs://look/here --include=in/** --exclude=*.txt --annotate --trigger-location=eu"
        )
        run = deploy("both", *UPLOAD, *options.split(), BUCKET_LOCATION="EU", PYTHON=NO_TRIAL)
        http, upload = (set(call) for call in run.calls if "deploy" in call)
        size = {"--memory=4Gi", "--cpu=2", "--min-instances=1", "--max-instances=3"}
        settings = "MODEL=model.onnx|MAX_BYTES=5000|MAX_PIXELS=6000"
        of_upload = (
            "RESULTS=gs://labels/from,here=1|BUCKET=pictures|TIMEOUT_SECONDS=100|MAX_EVENT_AGE=50|"
            "FAILED=gs://look/here|INCLUDE=in/**|EXCLUDE=*.txt|ANNOTATE=1"
        )
        of_http = f"--set-env-vars=^|^THREADS=4|{settings}"
        assert http >= size | {"faces-web", "--runtime=python312", of_http, "--allow-unauthenticated"}
        assert {"--concurrency=4"} == {flag for flag in http if flag.startswith("--concurrency")}
        assert "--service-account=me@example.org" in http
        of_upload = f"--set-env-vars=^|^THREADS=16|MALLOC_ARENA_MAX=2|{settings}|{of_upload}"
        assert upload >= size | {"faces-in", "--runtime=python312", of_upload, "--timeout=100s"}
        assert {"--concurrency=16"} == {flag for flag in upload if flag.startswith("--concurrency")}
        assert upload >= {"--service-account=you@example.org", "--trigger-location=eu"}
        roles = {(call[3], call[5]) for call in run.calls if call[0] == "storage"}
        assert roles == {
            (f"gs://{bucket}", "--role=roles/storage.objectUser") for bucket in ("pictures", "labels", "look")
        }

    def test_model_in_a_bucket(self, deploy: Deploy) -> None:
        """A model in a bucket is named to the function, which may read that bucket; it is not sent, and not tried."""
        run = deploy("http", "--model", "gs://models/v=1,final.onnx")
        assert run.calls[0][2:] == [
            "add-iam-policy-binding",
            "gs://models",
            *granted(HTTP_ACCOUNT, "roles/storage.objectViewer", "--condition=None"),
        ]
        assert any("MODEL=gs://models/v=1,final.onnx|" in argument for argument in run.calls[1])
        assert "model.onnx" not in run.files[0]
        assert "Not tried: the model is not here" in run.errors

    def test_buckets_to_read(self, deploy: Deploy) -> None:
        """The HTTP function may read each bucket in READ_BUCKETS, once, also where the model is in one of them."""
        more = ("--model", "gs://pets/model.onnx", "--read-buckets", "photos, pets")
        run = deploy("http", *more, PYTHON=NO_TRIAL)
        viewer = granted(HTTP_ACCOUNT, "roles/storage.objectViewer", "--condition=None")
        words = ("storage", "buckets", "add-iam-policy-binding")
        assert run.calls[:-1] == [[*words, "gs://pets", *viewer], [*words, "gs://photos", *viewer]]

    def test_table_of_roles(self, deploy: Deploy) -> None:
        """The table in docs/uploads.md has every role that is granted, to whom and on what; and no other."""
        more = ("--model", "gs://models/m.onnx", "--read-buckets", "pets", "--failed", "gs://look/here")
        calls = [
            call
            for switch in ("--annotate=0", "--annotate")
            for call in deploy("both", *UPLOAD, *more, switch, PYTHON=NO_TRIAL).calls
        ]
        given = {_named(call) for call in calls if "add-iam-policy-binding" in call}
        rows = re.findall(r"^\| `(roles/[^`]+)` \| ([^|]+) \| ([^|]+) \|", UPLOADS, re.MULTILINE)
        assert {(role, member, re.sub(r", .*", "", place)) for role, member, place in rows} == given
        assert len(rows) == len(given)

    def test_options_of_gcloud(self, deploy: Deploy) -> None:
        """Options that gcloud has are handed on, and so is all behind `--`, last; nothing else changes."""
        more = [
            "--update-labels=team=pets,cost=9",
            "--ingress-settings=internal-only",
            "--vpc-connector=net",
            "--egress-settings=all",
            "--kms-key=projects/p/k",
            "--docker-repository=projects/p/r",
            "--build-service-account=projects/p/serviceAccounts/b@p.example",
        ]
        run = deploy(
            "http", *more, "--to-latest", "--", "--security-level=secure-optional", "--memory=1Gi", PYTHON=NO_TRIAL
        )
        ours = HTTP_CALL[: -len(("--trigger-http", "--no-allow-unauthenticated", "--timeout=60s"))]
        flags = ["--serve-all-traffic-latest-revision", *HTTP_CALL[len(ours) :]]
        assert run.calls == [[*ours, *more, *flags, "--security-level=secure-optional", "--memory=1Gi"]]

    def test_apis(self, deploy: Deploy) -> None:
        """--enable-apis enables those that the functions use, before all else."""
        apis = [
            "artifactregistry",
            "cloudbuild",
            "cloudfunctions",
            "eventarc",
            "iam",
            "logging",
            "pubsub",
            "run",
            "storage",
        ]
        run = deploy("upload", *UPLOAD, "--enable-apis", PYTHON=NO_TRIAL)
        named = [f"{api}.googleapis.com" for api in apis]
        assert run.calls == [["services", "enable", *named, IN_PROJECT], *UPLOAD_CALLS]
        first = deploy("http", "--enable-apis", "--dry-run", PYTHON=NO_TRIAL).output.splitlines()[0]
        assert "run.googleapis.com" in first
        assert "eventarc" not in first

    def test_pinned_traffic(self, deploy: Deploy) -> None:
        """A deployment behind a rollback says before and after it that it gets no traffic, unless it takes it."""
        documents = json.dumps(deployed(3, r2=100))
        run = deploy("http", PYTHON=NO_TRIAL, GCLOUD_DOCUMENTS=documents)
        assert (
            run.errors.count("The traffic of classify is pinned (100 % to classify-00002-abc): what is deployed") == 2
        )
        assert run.calls == [HTTP_CALL]
        run = deploy("http", "--to-latest", PYTHON=NO_TRIAL, GCLOUD_DOCUMENTS=documents)
        assert "pinned" not in run.errors
        assert "pinned" not in deploy("http", PYTHON=NO_TRIAL, GCLOUD_DOCUMENTS=json.dumps(deployed(3))).errors

    def test_pins_that_cannot_be_seen(self, deploy: Deploy) -> None:
        """Who may deploy and not list what is there deploys all the same, and is told so."""
        run = deploy("http", PYTHON=NO_TRIAL, GCLOUD_DOCUMENTS='{"run services list": null}')
        assert (run.code, run.calls) == (0, [HTTP_CALL])
        assert "Whether traffic is pinned cannot be seen" in run.errors

    def test_failure_of_the_first(self, deploy: Deploy) -> None:
        """When gcloud fails, its exit code is handed on and the second function is left alone."""
        run = deploy("both", *UPLOAD, GCLOUD_EXIT="3", PYTHON=NO_TRIAL)
        assert (run.code, run.calls) == (3, [HTTP_CALL])


NOT_READY = {
    "not logged in": ({"GCLOUD_MISSING": "auth print-access-token"}, "gcloud is not logged in: gcloud auth login."),
    "no project": (
        {"GCLOUD_MISSING": f"projects describe {PROJECT}"},
        f"There is no project {PROJECT}, or you may not see it.",
    ),
    "no bucket": (
        {"GCLOUD_MISSING": "storage buckets describe gs://pictures"},
        "There is no bucket pictures, or you may not see it.",
    ),
    "other location": (
        {"BUCKET_LOCATION": "US"},
        "The bucket pictures is in us: say --trigger-location us, where its events are.",
    ),
    "no results": (
        {"GCLOUD_MISSING": "storage buckets describe gs://labels"},
        "There is no bucket labels, or you may not see it.",
    ),
    "access lists": (
        {"UNIFORM_ACCESS": "False"},
        "The bucket labels needs uniform bucket-level access:"
        " gcloud storage buckets update gs://labels --uniform-bucket-level-access.",
    ),
}


class TestPreflight:
    """What is asked of gcloud before anything is changed."""

    @pytest.mark.parametrize(("changes", "sentence"), NOT_READY.values(), ids=NOT_READY.keys())
    def test_not_ready(self, deploy: Deploy, changes: dict[str, str], sentence: str) -> None:
        """One sentence says what is missing, and nothing is changed."""
        run = deploy("upload", *UPLOAD, **changes)
        assert (run.code, run.calls) == (1, [])
        assert f"deploy.sh: {sentence}\n" in run.errors


class TestFiles:
    """What is collected and tried before anything is sent."""

    def test_only_what_runs(self, both: Run, project: Path) -> None:
        """The functions, the packages they import, the page and the model are sent; no command line, nothing else."""
        packages = [path for name in PACKAGES for path in (project / name).rglob("[!.]*.*")]
        packages = [path for path in packages if path.suffix != ".pyc"]
        names = [path.relative_to(project).as_posix() for path in packages if path.is_file()]
        names.remove("predictor/__main__.py")
        documents = {"service/http/openapi.json", "service/http/page.html"}
        names = [f"{name}.gz" if name in documents else name for name in names]
        expected = sorted([*names, "main.py", "requirements.txt", "constraints.txt", "model.onnx"])
        assert both.files == [expected, expected]
        assert "service/http/page.html.gz" in expected

    def test_locked_versions(self, tmp_path: Path) -> None:
        """What the platform installs are the locked versions, which the tests ran on."""
        staging.collect(tmp_path, None)
        if not has_network():
            pytest.skip("the package index cannot be reached")
        options = ["--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-", "-r", "requirements.txt"]
        command = [sys.executable, "-m", "pip", "install", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        found = [one["metadata"] for one in json.loads(done.stdout)["install"]]
        chosen = {one["name"].lower(): one["version"] for one in found}
        locked = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
        assert chosen["simplejpeg"] == locked["simplejpeg"]
        assert chosen["google-cloud-storage"] == locked["google-cloud-storage"]

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

    def test_clean_environment(self, project: Path, required: tuple[str, ...], tmp_path: Path) -> None:
        """Without PYTHON the files are tried with requirements.txt alone, in an environment that is removed."""
        if not has_network():
            pytest.skip("the package index cannot be reached")
        run = run_deploy(project, tmp_path / "files", "both", *required, *UPLOAD, PYTHON="")
        assert (run.code, len(run.files)) == (0, 2), run.errors
        assert "Installing requirements.txt into a new environment of " in run.errors
        assert list((tmp_path / "files").glob("environment.*")) == []

    def test_requirements_that_do_not_suffice(self, project: Path, required: tuple[str, ...], tmp_path: Path) -> None:
        """What is missing in requirements.txt is found before anything is sent."""
        if not has_network():
            pytest.skip("the package index cannot be reached")
        copy = tmp_path / "project"
        shutil.copytree(project, copy)
        (copy / "requirements.txt").write_text("pillow>=12.2\n")
        run = run_deploy(copy, tmp_path / "files", "http", *required, PYTHON="")
        assert (run.code, run.calls) == (1, [])
        assert "No module named 'functions_framework'" in run.errors


@pytest.fixture(scope="module")
def served(dry: Run) -> Iterator[str]:
    """The address of the function, run from what is collected."""
    source = staged_in(dry)
    with running_function("classify", {"MODEL": str(source / "model.onnx")}, folder=source) as url:
        yield url


class TestDryRun:
    """`--dry-run`: all but the sending."""

    def test_nothing_is_called(self, dry: Run) -> None:
        """Gcloud is not called."""
        assert (dry.code, dry.calls) == (0, [])

    def test_same_commands(self, dry: Run, both: Run) -> None:
        """The printed lines, pasted into a shell, are the calls that a real run makes."""
        lines = [shlex.split(line) for line in dry.output.splitlines()]
        assert {line[0] for line in lines} == {"gcloud"}
        named = {"PROJECT_NUMBER": "42", "SUBSCRIPTION": SUBSCRIPTION}
        printed = [without_source([substituted(word, named) for word in line[1:]]) for line in lines]
        assert [call for call in printed if "create" not in call] == both.calls
        assert [call[:4] for call in printed if "create" in call] == CREATED

    def test_files_stay(self, dry: Run, both: Run) -> None:
        """The collected files stay where the printed commands look for them."""
        source = staged_in(dry)
        files = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
        assert files == both.files[0]
        assert f"Nothing was sent. The files stay in {source} for you to look at." in dry.errors

    def test_modes(self, dry: Run) -> None:
        """Everybody may read the collected files, even if only the owner may read the model."""
        assert [path for path in staged_in(dry).rglob("*") if path.stat().st_mode & 0o444 != 0o444] == []

    def test_little_beside_the_model(self, dry: Run, model: Path) -> None:
        """What is collected beside the model is at most 300 kB."""
        source = staged_in(dry)
        size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
        assert size - model.stat().st_size <= 300_000

    @pytest.mark.parametrize("name", ["openapi.json", "page.html"])
    def test_documents(self, dry: Run, name: str) -> None:
        """What is sent to clients as it is stored is collected compressed, byte for byte."""
        path = Path("service") / "http" / name
        collected = (staged_in(dry) / path).with_name(f"{name}.gz").read_bytes()
        assert gzip.decompress(collected) == (ROOT / path).read_bytes()

    @pytest.mark.parametrize("accepted", [None, "gzip, br", "gzip;q=0", "identity"])
    @pytest.mark.parametrize(("path", "name"), [("/openapi.json", "openapi.json"), ("/", "page.html")])
    def test_served(self, served: str, accepted: str | None, path: str, name: str) -> None:
        """The function sends them as they are stored to clients that take that, and unpacked to others."""
        headers = {"Accept": "text/html", "Accept-Encoding": accepted}
        with requests.get(f"{served}{path}", headers=headers, stream=True, timeout=30) as answer:
            assert answer.headers.get("Content-Encoding") == ("gzip" if accepted == "gzip, br" else None)
            assert "Accept-Encoding" in answer.headers["Vary"]
            assert answer.content == (ROOT / "service" / "http" / name).read_bytes()

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


@contextmanager
def watched_cloud() -> Iterator[GoogleCloud]:
    """The stand-in for Google's APIs; nothing may have gone anywhere else in the end."""
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed")
    with google_cloud() as cloud:
        yield cloud
        assert cloud.astray == []


def send(cloud: GoogleCloud, project: Path, folder: Path, *arguments: str) -> str:
    """Run deploy.sh with the real gcloud against the stand-in; what it printed."""
    environment = cloud.environment(os.environ, folder / "gcloud") | {"PYTHON": sys.executable}
    command = [str(project / "deploy.sh"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "operator evaluation" not in done.stderr
    return done.stdout


@dataclass(frozen=True)
class Sent:
    """What the stand-in holds after the same deployment was made twice, and its state after the first."""

    cloud: GoogleCloud
    first: str


@pytest.fixture(scope="module")
def upload(project: Path, required: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """The upload function deployed twice with the real gcloud: each deployment makes some 15 calls, slowly."""
    with watched_cloud() as cloud:
        send(cloud, project, tmp_path_factory.mktemp("upload"), "upload", *UPLOAD, *required)
        first = cloud.state()
        send(cloud, project, tmp_path_factory.mktemp("upload"), "upload", *UPLOAD, *required)
        yield Sent(cloud, first)


_PLACE = f"projects/{PROJECT}/locations/{REGION}"
FORWARDED = (
    *("--update-labels=team=pets,cost=9", "--ingress-settings=internal-only", "--vpc-connector=net"),
    *("--egress-settings=all", f"--kms-key={_PLACE}/keyRings/r/cryptoKeys/k"),
    *(f"--docker-repository={_PLACE}/repositories/r", "--to-latest"),
    f"--build-service-account=projects/{PROJECT}/serviceAccounts/b@example.org",
)


def check_forwarded(description: dict[str, Any]) -> None:
    """What gcloud made of the options that are its own."""
    config, build = description["serviceConfig"], description["buildConfig"]
    assert {"team": "pets", "cost": "9"}.items() <= description["labels"].items()
    assert description["kmsKeyName"] == f"{_PLACE}/keyRings/r/cryptoKeys/k"
    assert build["dockerRepository"] == f"{_PLACE}/repositories/r"
    assert build["serviceAccount"] == f"projects/{PROJECT}/serviceAccounts/b@example.org"
    assert config["ingressSettings"] == "ALLOW_INTERNAL_ONLY"
    assert config["vpcConnector"] == f"{_PLACE}/connectors/net"
    assert config["vpcConnectorEgressSettings"] == "ALL_TRAFFIC"
    assert config["allTrafficOnLatestRevision"] is True
    assert config["availableMemory"] == "1Gi"


class TestRealGcloud:
    """What gcloud makes of its arguments, seen by a stand-in for Google's APIs."""

    def test_http(self, project: Path, required: tuple[str, ...], both: Run, model: Path, tmp_path: Path) -> None:
        """The HTTP function arrives with its files, its settings and no trigger; again, it replaces what was said."""
        with watched_cloud() as cloud:
            more = ("--max-bytes", "5000", "--allow-unauthenticated")
            send(cloud, project, tmp_path, "http", *required, *more, *FORWARDED, "--", "--memory=1Gi")
            check_forwarded(cloud.deployments["classify"].description)
            everybody = {"members": ["allUsers"], "role": "roles/run.invoker"}
            assert cloud.policies["services/classify"]["bindings"] == [everybody]
            send(cloud, project, tmp_path, "http", *required)
        sent = cloud.deployments["classify"]
        assert sorted(sent.files) == both.files[0]
        assert sent.files["model.onnx"] == model.read_bytes()
        assert sent.description["buildConfig"]["entryPoint"] == "classify"
        assert sent.description["buildConfig"]["runtime"] == "python313"
        wanted = {
            "availableCpu": "1",
            "availableMemory": "2Gi",
            "environmentVariables": {"THREADS": "2", "DEPLOYED_MODEL": sent_model(model)} | ENVIRONMENT,
            "maxInstanceCount": 10,
            "maxInstanceRequestConcurrency": 2,
            "minInstanceCount": 0,
            "serviceAccountEmail": HTTP_ACCOUNT,
            "timeoutSeconds": 60,
        }
        assert wanted.items() <= sent.description["serviceConfig"].items()
        assert "eventTrigger" not in sent.description
        assert cloud.accounts == {HTTP_ACCOUNT}
        assert cloud.policies["services/classify"].get("bindings", []) == []

    def test_upload(self, upload: Sent, both: Run, model: Path) -> None:
        """The upload function arrives with its files, its settings and a trigger that retries."""
        sent = upload.cloud.deployments["classify-upload"]
        assert sorted(sent.files) == both.files[1]
        assert sent.description["buildConfig"]["entryPoint"] == "classify_upload"
        wanted = {
            "eventFilters": [{"attribute": "bucket", "value": "pictures"}],
            "eventType": "google.cloud.storage.object.v1.finalized",
            "retryPolicy": "RETRY_POLICY_RETRY",
            "serviceAccountEmail": UPLOAD_ACCOUNT,
            "triggerRegion": REGION,
        }
        assert wanted.items() <= sent.description["eventTrigger"].items()
        config = sent.description["serviceConfig"]
        assert config["serviceAccountEmail"] == UPLOAD_ACCOUNT
        of_upload = dict(setting.split("=", 1) for setting in UPLOAD_SETTINGS.split("|"))
        sent_along = {"THREADS": "8", "MALLOC_ARENA_MAX": "2", "DEPLOYED_MODEL": sent_model(model)}
        assert config["environmentVariables"] == sent_along | ENVIRONMENT | of_upload
        assert config["timeoutSeconds"] == 240
        assert config["maxInstanceRequestConcurrency"] == 8

    def test_roles(self, upload: Sent) -> None:
        """The upload function may read the pictures, write below the results' prefix, and be called; nothing else."""
        roles = {
            (resource, binding["role"], binding.get("condition", {}).get("expression"))
            for resource, policy in upload.cloud.policies.items()
            for binding in policy.get("bindings", [])
            if f"serviceAccount:{UPLOAD_ACCOUNT}" in binding["members"]
        }
        below = 'resource.name.startsWith("projects/_/buckets/labels/objects/from,here=1/")'
        assert roles == {
            ("buckets/pictures", "roles/storage.objectViewer", None),
            ("buckets/labels", "roles/storage.objectUser", below),
            (f"projects/{PROJECT}", "roles/eventarc.eventReceiver", None),
            ("services/classify-upload", "roles/run.invoker", None),
        }

    def test_dead_letters(self, upload: Sent) -> None:
        """The trigger's subscription hands what it gives up to a topic, whose own subscription keeps it."""
        topic = f"projects/{PROJECT}/topics/classify-upload-dead-letters"
        policy = upload.cloud.subscriptions["s-1"]["deadLetterPolicy"]
        assert policy == {"deadLetterTopic": topic, "maxDeliveryAttempts": 100}
        assert upload.cloud.subscriptions["classify-upload-dead-letters"]["topic"] == topic
        agents = {
            resource: binding["role"]
            for resource, policy in upload.cloud.policies.items()
            for binding in policy.get("bindings", [])
            if f"serviceAccount:{PUBSUB_AGENT.replace('42', '1')}" in binding["members"]
        }
        assert agents == {
            "topics/classify-upload-dead-letters": "roles/pubsub.publisher",
            "subscriptions/s-1": "roles/pubsub.subscriber",
        }

    def test_twice(self, upload: Sent) -> None:
        """The same deployment again leaves everything as it is."""
        assert upload.cloud.state() == upload.first

    def test_lifecycle(
        self, upload: Sent, project: Path, required: tuple[str, ...], model: Path, tmp_path: Path
    ) -> None:
        """Deployed twice, shown, rolled back, deployed without traffic, split, given all of it, and deleted.

        In the end nothing is there but the role of Cloud Storage's agent.
        """
        place = required[:4]
        first, second, third = (f"classify-upload-{number:05}-abc" for number in (1, 2, 3))
        with watched_cloud() as cloud:
            cloud.take(upload.cloud)
            status = send(cloud, project, tmp_path, "status", *place)
            assert f"100 % {second}, 2026-11-24T08:00:02Z, {sent_model(model)}" in status
            assert "ack deadline 600 s" in status
            assert "dead letters none seen" in status
            assert "events of gs://pictures" in status
            plan = send(cloud, project, tmp_path, "plan", "upload", *UPLOAD, *required)
            assert "not granted" not in plan
            assert "is not there" not in plan
            assert "->" not in plan
            send(cloud, project, tmp_path, "rollback", *place)
            assert cloud.traffic == {"classify-upload": [{"percent": 100, "revisionName": first}]}
            send(cloud, project, tmp_path, "upload", *UPLOAD, *required)
            assert cloud.traffic == {"classify-upload": [{"percent": 100, "revisionName": first}]}
            send(cloud, project, tmp_path, "split", "10", *place)
            parts = {part["revisionName"]: part["percent"] for part in cloud.traffic["classify-upload"]}
            assert parts == {first: 90, third: 10}
            send(cloud, project, tmp_path, "split", "100", *place)
            assert cloud.traffic == {"classify-upload": [{"latestRevision": True, "percent": 100}]}
            send(cloud, project, tmp_path, "delete", "--yes", *place)
            send(cloud, project, tmp_path, "delete", "--yes", *place)
        assert (cloud.deployments, cloud.accounts, cloud.topics, [*cloud.subscriptions]) == ({}, set(), set(), ["s-1"])
        left = [
            (resource, binding["role"], member)
            for resource, policy in cloud.policies.items()
            for binding in policy.get("bindings", [])
            for member in binding["members"]
            if not resource.startswith("subscriptions/")  # it goes with the trigger, which the platform deletes
        ]
        agent = "serviceAccount:service-1@gs-project-accounts.iam.gserviceaccount.com"
        assert left == [(f"projects/{PROJECT}", "roles/pubsub.publisher", agent)]


def test_shellcheck() -> None:
    """Shellcheck finds nothing in the script."""
    beside_python = Path(sys.executable).parent / "shellcheck"
    shellcheck = str(beside_python) if beside_python.exists() else shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([shellcheck, str(ROOT / "deploy.sh")], capture_output=True, text=True)
    assert done.stdout == ""
