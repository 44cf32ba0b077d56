"""Runs of deploy.sh with a gcloud that only notes what it is asked."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deployment.staging import FILES, PACKAGES
from tests.deploy.google_cloud import PROJECT, REGION

ROOT = Path(__file__).parents[2]
PROJECT_FILES = ("deploy.sh", "deployment")
DEPLOYED = (*FILES, *PACKAGES)
NOT_DEPLOYED = ("service/__pycache__/http.pyc", "predictor/.cache/x", "export/__init__.py", "tests/test_x.py", ".env")
UPLOAD = ("--bucket", "pictures", "--results", "gs://labels/from,here=1")
NO_TRIAL = shutil.which("true") or "true"
"""Takes the place of the Python in which files are tried: what comes before and after is the same."""
TOOLS = ("bash", "dirname")
"""All that is needed beside Python."""

# Notes the arguments and the files of each call that changes something, and answers the others.
RECORDING_GCLOUD = """#!{python}
import json, os, sys
from pathlib import Path
call = " ".join(a for a in sys.argv[1:] if not a.startswith("--"))
asked = " ".join([call, *(a.partition("=")[2] for a in sys.argv if a.startswith("--service="))])
if call == "run services list" and not any(a.startswith("--region=") for a in sys.argv):
    asked += " everywhere"
documents = json.loads(os.environ.get("GCLOUD_DOCUMENTS", "{{}}"))
if asked in documents:
    if documents[asked] is None:
        sys.exit(f"ERROR: there is no {{asked}}")
    print(json.dumps(documents[asked]))
    sys.exit()
if {{"list", "read", "pull", "get-iam-policy"}} & {{*call.split()}}:
    print("[]" if "get-iam-policy" not in call else "{{}}")
    sys.exit()
answers = {{
    "auth print-access-token": "token",
    "projects describe {project}": "42",
    "storage buckets describe gs://pictures": os.environ.get("BUCKET_LOCATION", "EUROPE-WEST1"),
    "storage buckets describe gs://labels": os.environ.get("UNIFORM_ACCESS", "True"),
    "storage buckets describe gs://look": "True",
    "functions describe classify-upload": "projects/{project}/locations/{region}/triggers/t-1",
    "eventarc triggers describe projects/{project}/locations/{region}/triggers/t-1":
        "projects/{project}/subscriptions/s-1",
}}
seen = Path({calls!r} + "." + call.replace("/", "-"))
is_new = "GCLOUD_FRESH" in os.environ and " describe " in call and call not in answers and not seen.exists()
if is_new and "GCLOUD_RACE" in os.environ:
    seen.touch()
if is_new or call == os.environ.get("GCLOUD_MISSING"):
    sys.exit("ERROR: NOT_FOUND")
if call in answers or " describe " in call:
    print(answers.get(call, ""))
    sys.exit()
sources = [Path(a.removeprefix("--source=")) for a in sys.argv if a.startswith("--source=")]
paths = [(path, source) for source in sources for path in source.rglob("*") if path.is_file()]
files = sorted(path.relative_to(source).as_posix() for path, source in paths)
with open({calls!r}, "a") as calls:
    calls.write(json.dumps({{"arguments": sys.argv[1:], "files": files}}) + "\\n")
if "GCLOUD_TALKS" in os.environ:
    for stream in (sys.stdout, sys.stderr):
        print("word\\n" * 20_000, file=stream, flush=True)
if "GCLOUD_RACE" in os.environ and "create" in call:
    sys.exit("ERROR: ALREADY_EXISTS")
sys.exit(int(os.environ.get("GCLOUD_EXIT", "0")) if "deploy" in sys.argv else 0)
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


def substituted(word: str, named: dict[str, str]) -> str:
    """A printed word with what its placeholders stand for."""
    for placeholder, value in named.items():
        word = word.replace(placeholder, value)
    return word


def staged_in(run: Run) -> Path:
    """The folder that the first printed command sends."""
    words = shlex.split(run.output)
    return Path(next(word for word in words if word.startswith("--source=")).removeprefix("--source="))


def run_deploy(project: Path, folder: Path, *arguments: str, then: str = "", stdin: str = "", **changes: str) -> Run:
    """Run deploy.sh with a gcloud that only notes its calls; `folder` takes the temporary files.

    `then` is what a shell does with its output, such as `| head`; `stdin` is what somebody types.
    """
    folder.mkdir(parents=True, exist_ok=True)
    calls, gcloud = folder / "calls", folder / "bin" / "gcloud"
    gcloud.parent.mkdir(exist_ok=True)
    gcloud.write_text(RECORDING_GCLOUD.format(python=sys.executable, calls=str(calls), project=PROJECT, region=REGION))
    gcloud.chmod(0o755)
    path = os.pathsep.join([str(gcloud.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHON": sys.executable, "TMPDIR": str(folder), **changes}
    command = [str(project / "deploy.sh"), *arguments]
    if then:
        command = ["bash", "-c", f"set -o pipefail; {shlex.join(command)} {then}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, input=stdin)
    noted = [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []
    sent = [without_source(call["arguments"]) for call in noted]
    return Run(done.returncode, done.stdout, done.stderr, sent, [call["files"] for call in noted if call["files"]])
