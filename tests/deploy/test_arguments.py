"""What `deploy.sh` understands, and what it refuses before anything is collected."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import commands, environment, manual
from deployment.arguments import Arguments
from deployment.commands import COMMANDS
from deployment.errors import Refused
from deployment.options import DEPLOYED, OPTIONS, SETTINGS
from settings import TABLE
from settings.setting import HTTP, UPLOAD
from tests.conftest import ROOT
from tests.deploy.runs import NO_TRIAL, run_deploy
from tests.deploy.test_pythons import other_pythons

REQUIRED = "--project p --region r --model m.onnx"
WATCHED = f"{REQUIRED} --bucket photos --results gs://results/labels"

REFUSED = {
    "nothing": ("", "Say what to do: one of http, upload, both, plan, status, rollback, split and delete."),
    "two commands": (
        "http upload",
        "Say one of http, upload, both, plan, status, rollback, split and delete; http was said already.",
    ),
    "unknown flag": ("http --fast", "There is no argument '--fast'; ./deploy.sh --help lists them."),
    "unknown word": ("htp", "There is no argument 'htp'; ./deploy.sh --help lists them."),
    "flag without value": ("http --region", "--region needs a value."),
    "flag before a flag": ("http --region --dry-run", "--region needs a value."),
    "empty value": ("http --region=", "--region needs a value."),
    "blank value": ("http --region=\t", "--region needs a value."),
    "no project": ("http --region r --model m.onnx", "--project is missing: the Google Cloud project."),
    "no region": (
        "http --project p --model m.onnx",
        "--region is missing: the region of the functions, such as europe-west1.",
    ),
    "no model": (
        "http --project p --region r",
        "--model is missing: a model.onnx to send along, or gs://BUCKET/OBJECT to read at the first request.",
    ),
    "absent model": ("http --project p --region r --model no.onnx", "There is no model file no.onnx."),
    "bucket as model": (
        f"http {REQUIRED} --model gs://models",
        "--model is 'gs://models', which names no object: gs://bucket/model.onnx would.",
    ),
    "words for numbers": (
        f"http {REQUIRED} --concurrency many",
        "--concurrency is 'many', not a whole number above zero.",
    ),
    "no instances": (f"http {REQUIRED} --max-instances 0", "--max-instances is '0', not a whole number above zero."),
    "fewer than none": (
        f"http {REQUIRED} --min-instances -1",
        "--min-instances is '-1', not a whole number above zero.",
    ),
    "no bytes": (f"http {REQUIRED} --max-bytes -5", "--max-bytes is '-5', not a whole number above zero."),
    "no pixels": (f"http {REQUIRED} --max-pixels 1e6", "--max-pixels is '1e6', not a whole number above zero."),
    "other runtime": (f"http {REQUIRED} --runtime nodejs20", "--runtime is 'nodejs20', not like python313."),
    "long event": (
        f"upload {WATCHED} --timeout 3601",
        "--timeout is '3601': Google gives an event at most 540 seconds (an HTTP request 3600).",
    ),
    "event of 541": (
        f"upload {WATCHED} --timeout=541",
        "--timeout is '541': Google gives an event at most 540 seconds (an HTTP request 3600).",
    ),
    "part of a second": (f"upload {WATCHED} --timeout=0.5", "--timeout is '0.5', not a whole number above zero."),
    "short name": (
        f"http {REQUIRED} --name web",
        "--name is 'web', not 6 to 30 lower-case letters, digits and dashes.",
    ),
    "odd name": (
        f"upload {WATCHED} --upload-name Faces_in",
        "--upload-name is 'Faces_in', not 6 to 30 lower-case letters, digits and dashes.",
    ),
    "long name": (
        f"upload {WATCHED} --name {'a' * 25}",
        f"--upload-name is '{'a' * 25}-upload', not 6 to 30 lower-case letters, digits and dashes.",
    ),
    "no file of settings": (f"http {REQUIRED} --env-file no.env", "There is no file no.env."),
    "folder of settings": (f"http {REQUIRED} --env-file .", ". cannot be read: Is a directory."),
    "bucket for http": (f"http {REQUIRED} --bucket photos", "--bucket belongs to upload and both."),
    "time for http": (f"http {REQUIRED} --timeout 60", "--timeout belongs to upload and both."),
    "public upload": (f"upload {WATCHED} --allow-unauthenticated", "--allow-unauthenticated belongs to http and both."),
    "no bucket": (f"upload {REQUIRED} --results gs://out/x", "--bucket is missing: the bucket to watch."),
    "no results": (
        f"both {REQUIRED} --bucket photos",
        "--results is missing: where the labels go; what lies under it is never classified.",
    ),
    "address in a bucket": (
        f"upload {WATCHED} --bucket gs://in/a",
        "--bucket is 'gs://in/a', not the name of a bucket.",
    ),
    "name as results": (
        f"upload {WATCHED} --results out/x",
        "--results cannot be used: 'out/x' is not of the form gs://bucket/name.",
    ),
    "delimiter in results": (f"upload {WATCHED} --results gs://out/a|b", "--results cannot hold |."),
    "delimiter in a set": (f"upload {WATCHED} --include [|]*", "--include cannot hold |."),
    "quotation mark in results": (
        f'upload {WATCHED} --results gs://results/a"b',
        '--results is gs://results/a"b, which has a " or \\ in its prefix.',
    ),
    "backslash in failed": (
        f"upload {WATCHED} --failed gs://failed/a\\b",
        '--failed is gs://failed/a\\b, which has a " or \\ in its prefix.',
    ),
    "results among uploads": (
        f"upload {WATCHED} --results gs://photos/",
        "--results is all of the watched bucket: give it a prefix, such as gs://photos/results.",
    ),
    "failed among results": (
        f"upload {WATCHED} --failed gs://results/labels/failed",
        "--failed is gs://results/labels/failed, which overlaps RESULTS, gs://results/labels.",
    ),
    "pattern": (
        f"upload {WATCHED} --include in//**",
        "--include cannot be used: 'in//**' has nothing between two slashes;"
        " **/ is any number of segments, empty ones too.",
    ),
    "pattern for another bucket": (
        f"upload {WATCHED} --exclude gs://pets/in/",
        "--exclude cannot be used: 'gs://pets/in/' names the bucket pets; the pictures are in photos.",
    ),
    "invisible character": (
        f"http {REQUIRED} --project my\u200bproject",
        "--project is 'my\\u200bproject', which holds an invisible character, U+200B ZERO WIDTH SPACE.",
    ),
    "plan of nothing": (f"plan {REQUIRED}", "plan needs http|upload|both."),
    "plan of a status": (
        f"plan status {REQUIRED}",
        "Say one of http, upload, both, plan, status, rollback, split and delete; plan was said already.",
    ),
    "plan of something": (f"plan web {REQUIRED}", "plan needs one of http, upload and both, not 'web'."),
    "bucket for a plan of http": (f"plan http {REQUIRED} --bucket photos", "--bucket belongs to upload and both."),
    "ingress": (
        f"http {REQUIRED} --ingress-settings=none",
        "--ingress-settings is 'none', none of all, internal-only, internal-and-gclb.",
    ),
    "egress": (
        f"http {REQUIRED} --egress-settings=none",
        "--egress-settings is 'none', none of private-ranges-only, all.",
    ),
    "gcloud's option for no deployment": (
        "status --project p --region r -- --quiet",
        "'--quiet' is behind --, for the deployment of a function.",
    ),
    "unclear dry run": (
        f"http {REQUIRED} --dry-run=maybe",
        "--dry-run is 'maybe', neither 1 nor 0, nor true, false, yes, no, on or off.",
    ),
    "unclear switch": (
        f"upload {WATCHED} --annotate=maybe",
        "--annotate is 'maybe', neither 1 nor 0, nor true, false, yes, no, on or off.",
    ),
}


@pytest.fixture(autouse=True)
def _folder_with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.onnx").touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(arguments: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what is wrong, and nothing is collected, tried or sent."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("TMPDIR", "/dev/null")
    with pytest.raises(Refused) as raised:
        commands.run(arguments.split(" ") if arguments else [])
    assert str(raised.value) == sentence


def test_exit_code(project: Path, tmp_path: Path) -> None:
    """The script says it on standard error, and ends with 2."""
    run = run_deploy(project, tmp_path / "run", "http", "--region")
    assert (run.code, run.output, run.errors, run.calls) == (2, "", "deploy.sh: --region needs a value.\n", [])


def settings_of(text: str | bytes, *more: str, command: str = "upload") -> dict[str, str]:
    """The variables that the upload function gets with a file of settings."""
    Path("my.env").write_bytes(text if isinstance(text, bytes) else text.encode())
    said = Arguments([command, *WATCHED.split(), "--env-file", "my.env", *more])
    COMMANDS[command].check(said)
    for function in (HTTP, UPLOAD) if command == "both" else (UPLOAD,):
        environment.check(said, function)
    return environment.variables(said, UPLOAD)


def test_env_file() -> None:
    """Settings come from a file too; what is said after it replaces what it says, and blanks are nothing."""
    found = settings_of("# ours\n\nRESULTS=gs://labels/x\nMAX_BYTES=5000\nMAX_PIXELS=7\nTIMEOUT_SECONDS=\nINCLUDE=in/**",
                        "--max-pixels=9000")  # fmt: skip
    assert {"RESULTS": "gs://labels/x", "MAX_BYTES": "5000", "MAX_PIXELS": "9000", "INCLUDE": "in/**"}.items() <= (
        found.items()
    )
    assert found["TIMEOUT_SECONDS"] == DEPLOYED[SETTINGS["TIMEOUT_SECONDS"].setting]


@pytest.mark.parametrize(
    "text",
    [
        "RESULTS=gs://labels/x\r\nMAX_BYTES=5000\r\n",
        "\ufeffRESULTS=gs://labels/x\nMAX_BYTES=5000\n",
        "  RESULTS=gs://labels/x  \n\tMAX_BYTES=5000\t\n  # ours\n",
        "RESULTS=gs://labels/x\rMAX_BYTES=5000\r",
    ],
    ids=["carriage returns", "byte order mark", "blanks", "old Mac"],
)
def test_env_file_of_other_systems(text: str) -> None:
    """What editors and systems add to lines is no part of a setting: it is neither sent nor written into names."""
    found = settings_of(text)
    assert (found["RESULTS"], found["MAX_BYTES"]) == ("gs://labels/x", "5000")


BAD_LINES = {
    "ANNOTATE": "line 1: 'ANNOTATE' is not of the form NAME=VALUE.",
    "ANNOTATE =1": "line 1: 'ANNOTATE =1' is not of the form NAME=VALUE.",
    "export ANNOTATE=1": "line 1: 'export ANNOTATE=1' is not of the form NAME=VALUE.",
    "\n\nINCLUDES=in/**": "line 3: there is no setting INCLUDES. Is INCLUDE meant? README lists them.",
    "ZOOM_LEVEL=3": "line 1: there is no setting ZOOM_LEVEL. README lists them.",
    "THREADS=3": "line 1: there is no setting THREADS. README lists them.",
    "CLOUD_RUN_TIMEOUT_SECONDS=3": "line 1: there is no setting CLOUD_RUN_TIMEOUT_SECONDS."
    " Is TIMEOUT_SECONDS meant? README lists them.",
    "MAX_BYTES=5000 # ours": "line 1: MAX_BYTES is '5000 # ours'; a comment has a line of its own.",
    'RESULTS="gs://labels/x"': "line 1: RESULTS is '\"gs://labels/x\"':"
    " leave out the quotation marks, they would be a part of it.",
    "MAX_BYTES=5000\nMAX_BYTES=5k": "line 2: MAX_BYTES is '5k', not a whole number above zero.",
    "TIMEOUT_SECONDS=3601": "line 1: TIMEOUT_SECONDS is '3601':"
    " Google gives an event at most 540 seconds (an HTTP request 3600).",
    "RESULTS=gs://labels/x\u200b": "line 1: RESULTS is 'gs://labels/x\\u200b',"
    " which holds an invisible character, U+200B ZERO WIDTH SPACE.",
    "RESULTS=gs://labels/\xa0x": "line 1: RESULTS is 'gs://labels/\\xa0x',"
    " which holds an invisible character, U+00A0 NO-BREAK SPACE.",
    "RESULTS=gs://labels/x\u2028": "line 1: RESULTS is 'gs://labels/x\\u2028',"
    " which holds an invisible character, U+2028 LINE SEPARATOR.",
    "READ_BUCKETS=pets": "line 1: READ_BUCKETS belongs to http and both.",
    "EXCLUDE=in|out": "line 1: EXCLUDE cannot be used: 'in|out' has no commas between patterns, as in {jpg,png};"
    " [;] is a ; that stands for itself.",
}


@pytest.mark.parametrize(("text", "sentence"), BAD_LINES.items())
def test_bad_line(text: str, sentence: str) -> None:
    """A line of a file that cannot be meant is named by its number, with what was read."""
    with pytest.raises(Refused) as raised:
        settings_of(text)
    assert str(raised.value) == f"my.env, {sentence}"


def test_file_that_is_no_text() -> None:
    """A file in another encoding, as PowerShell writes it, is refused as that."""
    with pytest.raises(Refused, match=r"my\.env is not a text in UTF-8\."):
        settings_of("ANNOTATE=1".encode("utf-16"))


@pytest.mark.parametrize("said", ["1", "true", "YES", "on\r"])
def test_switch_in_a_file(said: str) -> None:
    """A switch may be said in the usual words; it is understood as the function will, which decides on its roles."""
    Path("my.env").write_text(f"ANNOTATE={said}\n")
    arguments = Arguments(["upload", *WATCHED.split(), "--env-file=my.env"])
    assert environment.uploads(arguments).annotate


def test_every_setting_in_a_file() -> None:
    """Every setting that a person makes is taken from a file, and by a flag of its own."""
    names = [setting.name for setting in TABLE if not setting.set_by]
    found = settings_of("".join(f"{name}=\n" for name in names), command="both")
    assert found.keys() >= {setting.name for setting in DEPLOYED}
    assert list(SETTINGS) == names
    assert len({option.flag for option in SETTINGS.values()}) == len(names)


def test_address_of_the_watched_bucket() -> None:
    """The watched bucket may be said as its address, also in patterns."""
    arguments = Arguments(
        ["upload", *WATCHED.split(), "--bucket=gs://photos", "--include=gs://photos/in", "--name=faces-web"]
    )
    environment.check(arguments, UPLOAD)
    settings = environment.uploads(arguments)
    assert (settings.bucket, settings.include) == ("photos", ("in", "in/**"))
    assert arguments.name_of(UPLOAD) == "faces-web-upload"


def test_results_below_a_prefix() -> None:
    """Results may lie in the watched bucket when they have a prefix of their own."""
    environment.check(Arguments(["upload", *WATCHED.split(), "--results=gs://photos/labels"]), UPLOAD)


def test_help() -> None:
    """--help explains every command and every option, on lines that fit a terminal."""
    text = manual.text()
    assert all(f"\n  {name} " in text for name in COMMANDS)
    assert all(f"\n  {option.flag} " in text for option in OPTIONS.values())
    assert all(len(line) <= manual.WIDTH for line in text.splitlines())


def test_help_of_the_script(project: Path, tmp_path: Path) -> None:
    """The script shows it wherever it is asked for, and does nothing else."""
    run = run_deploy(project, tmp_path / "run", "http", "--project", "--help")
    assert (run.code, run.output, run.calls) == (0, manual.text(), [])


def test_names_of_modules() -> None:
    """No module is called like one of Python's, which it would be taken for where the folder is on the path."""
    assert not {path.stem for path in (ROOT / "deployment").glob("*.py")} & sys.stdlib_module_names


@pytest.mark.parametrize("python", [sys.executable, *other_pythons()])
def test_without_packages(python: str, tmp_path: Path) -> None:
    """Every Python that the functions run on does the whole work but for the trial, with its standard library alone."""
    tried = {"PYTHON": NO_TRIAL, "TMPDIR": str(tmp_path)}
    script = [python, "-S", "-B", str(ROOT / "deployment")]
    dry = [*script, "upload", *WATCHED.split(), "--include", "é{a,b}/**", "--annotate", "--dry-run"]
    done = subprocess.run(dry, env={**os.environ, **tried}, capture_output=True, text=True)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 12), done.stderr
    shown = subprocess.run([*script, "--help"], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr) == (manual.text(), "")
