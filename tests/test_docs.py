"""The README is true: its commands run, its tables are complete, and every test says what it tests."""

from __future__ import annotations

import ast
import base64
import dataclasses
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import requests
from PIL import Image
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from deployment.options import DEPLOYED
from deployment.staging import PACKAGES
from emulator import CloudStorage
from emulator.processes import free_port, running_function
from examples.digits.train import split
from export.__main__ import main as export_command
from export.options import PRESETS, RESIZES, Activation, Fit
from export.preprocessing.scale import SCALES, Order
from export.report.page import SHOWN_PICTURES
from export.source import label_file, labels
from export.source.source import open_source
from export.verify.approximation import LEAST_AGREEMENT, LEAST_JUDGED, MOST_CALIBRATED
from predictor import Classifier, Decoding, ModelInfo, Parity, Provenance, Resizing, __version__
from predictor.__main__ import main as predict_command
from predictor.metadata import READABLE, Drawing
from results import outcome, stored
from results.errors import STATUS_NAMES
from service.http import forms, json_document, patience, worker
from service.http.protocols import open_inference
from settings import TABLE
from settings import setting as readers
from storage import deadline
from storage.upload import Upload

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
EXPORT = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
UPLOADS = (ROOT / "docs" / "uploads.md").read_text(encoding="utf-8")
DECODING = (ROOT / "docs" / "decoding.md").read_text(encoding="utf-8")
HTTP = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "examples" / "digits" / "samples" / "3.png"

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MODELS = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
MODEL_FILE = (ROOT / "docs" / "model-file.md").read_text(encoding="utf-8")

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def section(heading: str) -> str:
    """The text below one of README's headings."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(heading: str, language: str = "sh") -> list[str]:
    """The code blocks of a section."""
    return re.findall(rf"```{language}\n(.*?)```", section(heading), re.DOTALL)


def commands(block: str) -> list[str]:
    """The commands of a code block, with their continued lines joined."""
    return block.replace("\\\n", " ").strip().splitlines()


def run(command: str, folder: Path = ROOT) -> str:
    """Run a command line in bash; what it printed."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def user_folder(tmp_path: Path, digits_model: Path) -> Path:
    """A folder with the files that the README's commands name, all of the digits example."""
    shutil.copy(digits_model, tmp_path / "model.onnx")
    for name in ("cat.jpg", "dog.png"):
        shutil.copy(SAMPLE, tmp_path / name)
    for name in ("evaluation", "export", "pages", "examples", "main.py", *PACKAGES):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "my_saved_model").symlink_to(ROOT / "examples" / "digits" / "saved_model")
    return tmp_path


def test_export_options() -> None:
    """The table of options has all that `python -m export` knows, and no more; README's has the most used of them."""
    rows = re.findall(r"^\| (`-.+?) \|", EXPORT.split("\n## Options\n")[1], re.MULTILINE)
    known = {option for parameter in export_command.params for option in parameter.opts if option.startswith("-")}
    assert {option for row in rows for option in re.findall(r"`(--?[a-z-]+)", row)} == known
    assert set(re.findall(r"^\| `(--[a-z-]+)", section("Your own model"), re.MULTILINE)) < known


def test_export_choices() -> None:
    """Every scale, resize, fit and preset is named, and the presets' table says what they are."""
    for name in (*SCALES, *RESIZES, *get_args(Fit), *get_args(Activation), *get_args(Order), *get_args(Drawing)):
        assert f"`{name}`" in EXPORT
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|(.*)\|$", EXPORT.split("| preset |")[1], re.MULTILINE))
    assert rows.keys() == PRESETS.keys()
    for name, preset in PRESETS.items():
        parts = [preset.scale.name if preset.scale else None, preset.order, preset.resize, preset.fit]
        assert [cell.strip(" `") or None for cell in rows[name].split("|")] == parts


def test_export_output() -> None:
    """What --inspect and --predict are shown to print is what they print."""
    inspected, predicted = re.findall(r"```text\n(.*?)```", EXPORT, re.DOTALL)
    sample = "examples/digits/samples/3.png"
    assert run("python -m export examples/digits/saved_model --inspect --name digits") == inspected
    assert run(f"python -m export examples/digits/saved_model --predict {sample}") == predicted


def test_export_commands(user_folder: Path) -> None:
    """The commands for the exporter's three tasks run, and the page is written."""
    for command in commands(re.findall(r"```sh\n(.*?)```", EXPORT, re.DOTALL)[0]):
        run(command, user_folder)
    assert (user_folder / "report.html").is_file()


def test_tflite_command(user_folder: Path) -> None:
    """The command for a .tflite file runs, and says what a phone's own resize does."""
    (user_folder / "my_pictures").mkdir()
    shutil.copy(SAMPLE, user_folder / "my_pictures")
    block = re.findall(r"```sh\n(.*?)```", EXPORT.split("\n## `.tflite` files for phones\n")[1], re.DOTALL)[0]
    (command,) = commands(block)
    assert "On a phone        resized by MediaPipe" in run(command, user_folder)
    assert (user_folder / "model.tflite").is_file()


def test_inexact_commands(user_folder: Path) -> None:
    """The commands for files that are faster and not exact run, and say what was done."""
    for folder in ("my_pictures", "my_large_jpegs"):
        (user_folder / folder).mkdir()
    for number, png in enumerate(split()[1][: 2 * LEAST_JUDGED]):
        (user_folder / "my_pictures" / f"{number}.png").write_bytes(png)
        large = Image.open(io.BytesIO(png)).convert("RGB").resize((256, 256), Image.Resampling.BICUBIC)
        large.save(user_folder / "my_large_jpegs" / f"{number}.jpg", quality=95)
    block = re.findall(r"```sh\n(.*?)```", EXPORT.split("\n## Faster, not exact\n")[1], re.DOTALL)[0]
    printed = [run(command, user_folder) for command in commands(block)]
    assert "the network quantised to int8\nJudged by         100 samples" in printed[0]
    assert "JPEGs reduced to no less than 64 pixels a side\nJudged by         100 samples" in printed[1]


def test_model_commands(user_folder: Path) -> None:
    """The commands that evaluate a model run, and the copy's answer carries what is decided."""
    _, pictures, _, digits = split()
    for number, (png, digit) in enumerate(zip(pictures, digits)):
        (user_folder / "my_pictures" / str(digit)).mkdir(parents=True, exist_ok=True)
        (user_folder / "my_pictures" / str(digit) / f"{number}.png").write_bytes(png)
    shutil.copy(SAMPLE, user_folder / "my_pictures" / "3" / "0.png")
    (user_folder / "import.csv").write_text(re.findall(r"```csv\n(.*?)```", MODELS, re.DOTALL)[0])
    blocks = re.findall(r"```sh\n(python -m predictor.*?)```", MODELS, re.DOTALL)
    summary, document, *rows, _, answer = [run(line, user_folder) for block in blocks for line in commands(block)]
    assert "Accuracy " in summary
    assert (user_folder / "report.html").is_file()
    named = MODELS.split("| field of the JSON |")[1].split("\n\n")[0]
    fields_named = {
        name for row in re.findall(r"^\| (`.+?) \|", named, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert fields_named == json.loads(document).keys()
    assert all("Pictures    1, those for test" in row for row in rows)
    assert "3:" in answer


def test_numbers_of_samples() -> None:
    """The numbers of samples for files that are not exact are those of the code."""
    text = " ".join(EXPORT.split("\n## Faster, not exact\n")[1].split())
    assert f"at most {MOST_CALIBRATED} of them" in text
    assert f"more than {1 - LEAST_AGREEMENT:.0%}".replace("%", " %") in text
    assert f"Samples have to be at least {2 * LEAST_JUDGED}:" in text


def test_report_size() -> None:
    """The number of pictures that a report shows is the one that is written."""
    assert f"Of more than {SHOWN_PICTURES} pictures it shows the {SHOWN_PICTURES} that" in EXPORT


def test_predictor_options() -> None:
    """The options named for `python -m predictor` are those it knows."""
    sentence = section("Your own model").split("`python -m predictor` has")[1].splitlines()[0]
    known = {option for parameter in predict_command.params for option in parameter.opts if option.startswith("--")}
    assert set(re.findall(r"`(--[a-z-]+)", sentence)) == known


READERS = {
    readers.BOTH: "both",
    readers.ALL: "both, backfill",
    (readers.HTTP,): "HTTP",
    (readers.UPLOAD,): "uploads",
    (readers.UPLOAD, readers.BACKFILL): "uploads, backfill",
}


def test_settings() -> None:
    """README's table is the table of settings: what each means, its default and what deploy.sh sets, who reads it."""
    rows = [
        row.strip("| ").split(" | ") for row in re.findall(r"^\| `[A-Z_]+` \|.*$", section("Settings"), re.MULTILINE)
    ]
    written = {row[0].strip("`"): [plain(cell) for cell in row[1:]] for row in rows}
    assert list(written) == [setting.name for setting in TABLE if not setting.set_by]
    for setting in TABLE:
        if not setting.set_by:
            deployed = f"; deploy.sh sets {DEPLOYED[setting]}" if setting in DEPLOYED else ""
            meaning, *others = written[setting.name]
            assert others == [setting.unset, READERS[setting.readers]]
            assert meaning.startswith(f"{setting.meaning}{deployed}")
            assert "deploy.sh" not in meaning or deployed


def test_settings_of_platforms() -> None:
    """Those that Vertex AI sets are named where its containers are described."""
    names = {setting.name for setting in TABLE if setting.set_by == "Vertex AI"}
    assert len(names) == 3
    assert names <= set(re.findall(r"AIP_[A-Z_]+", HTTP))


def plain(text: str) -> str:
    """Text without its links and code marks."""
    return re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", text).replace("`", "")


def test_demo_output(digits_export: tuple[Path, str]) -> None:
    """What the README shows of the export is what is printed; … stands for figures that machines move."""
    (block,) = blocks("Try it", "console")
    shown = block.split("\n\n")[0].split("\n", 1)[1]
    printed = "\n".join(line.rstrip() for line in digits_export[1].splitlines())
    printed = re.sub(r"(?m)^(Written +).*/model.onnx", r"\1build/digits.onnx", printed)
    assert re.fullmatch(re.escape(shown).replace("…", r"\S+"), printed)


def test_one_version() -> None:
    """The package, the OpenAPI document, the Open Inference server and the newest release have one number."""
    (project,) = re.findall(r'(?m)^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    document = json.loads((ROOT / "service" / "http" / "openapi.json").read_text(encoding="utf-8"))["info"]["version"]
    newest = re.findall(r"(?m)^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", CHANGELOG)[0]
    assert {project, document, open_inference.SERVER["version"], newest} == {__version__}


@pytest.mark.parametrize("module", ["export", "predictor"])
def test_version_option(module: str) -> None:
    """Each command says its version."""
    command = [sys.executable, "-m", module, "--version"]
    assert subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout == f"{__version__}\n"


def test_version_of_the_example(digits_model: Path) -> None:
    """The version that is shown is the one that the example has on any machine."""
    version = Classifier.load(digits_model).info.version
    assert f"digits, version {version}\n" in README
    assert f"/v1/models/digits/versions/{version}`" in HTTP


def test_model_file() -> None:
    """docs/model-file.md has every field of the document and of its parts, and every format."""
    table = MODEL_FILE.split("\n## The document\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.*) \|$", table, re.MULTILINE))
    assert set(rows) == {"format", *(field.name for field in dataclasses.fields(ModelInfo))}
    for name, part in (("source", Provenance), ("parity", Parity)):
        named = set(re.findall(r"`(\w+)`", rows[name]))
        assert named == {field.name for field in dataclasses.fields(part)}
    assert [int(form) for form in re.findall(r"^\| (\d) \|", MODEL_FILE, re.MULTILINE)] == sorted(READABLE)[::-1]


def test_decoding_settings() -> None:
    """The tables of decoding and resizing name every field of a model file, every value, and the right default."""
    for part, heading in ((Decoding, "`decoding`"), (Resizing, "`resizing`")):
        table = DECODING.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (`.+?`) \| (.+?) \|", table, re.MULTILINE)
        documented = {name: values for names, values in rows for name in re.findall(r"`(\w+)`", names)}
        assert documented.keys() == {field.name for field in dataclasses.fields(part)}
        for field in dataclasses.fields(part):
            kind = get_type_hints(part)[field.name]
            choices = {json.dumps(choice).strip('"') for choice in get_args(kind) or ([True, False] * (kind is bool))}
            assert set(re.findall(r"`(.+?)`", documented[field.name])) == choices
            if choices and field.default is not dataclasses.MISSING:
                default = json.dumps(field.default).strip('"')
                assert f"`{default}` (default)" in documented[field.name]


@pytest.fixture
def demo() -> Iterator[str]:
    """`make demo` on a port of its own."""
    if not (ROOT / ".venv" / "export").exists():
        pytest.skip("make has not set up .venv")
    port = free_port()
    process = subprocess.Popen(["make", "demo", f"PORT={port}"], cwd=ROOT, start_new_session=True)
    try:
        yield f"localhost:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)  # a server that is asked to stop may take half a minute


@needs_curl
def test_demo_command(demo: str) -> None:
    """`make demo` serves, and the curl line that it prints answers with the digit."""
    (line,) = re.findall(r"^  (curl .*)$", blocks("Try it", "console")[0], re.MULTILINE)
    deadline = time.monotonic() + 60
    while subprocess.run(["curl", "-s", f"{demo}/health"], capture_output=True).returncode:
        assert time.monotonic() < deadline, "make demo did not serve within 60 seconds"
        time.sleep(0.2)
    assert json.loads(run(line.replace("localhost:8080", demo)))["predictions"][0]["label"] == "3"


def test_own_model(user_folder: Path) -> None:
    """The two commands for one's own model export it and label pictures."""
    export, predict = commands(blocks("Your own model")[0])
    run(export, user_folder)
    assert re.search(r"cat\.jpg\s+100\.0% 3", run(predict, user_folder))


def sections(text: str) -> dict[str, str]:
    """What stands below each heading of a document."""
    return dict(part.split("\n", 1) for part in text.split("\n## ")[1:])


EXAMPLES = {name: text for name, text in sections(HTTP).items() if "```sh" in text}


def test_http_table() -> None:
    """Every protocol in README's table has its examples in docs/http.md, which tests run."""
    assert re.findall(r"^\| ([A-Z][^|]*) \|", section("Over HTTP"), re.MULTILINE) == list(EXAMPLES)


@pytest.fixture(scope="module")
def http_function(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A function as docs/http.md has it, with a picture in Cloud Storage."""
    with CloudStorage(["photos"]) as storage:
        storage.put("photos", "cat.jpg", SAMPLE.read_bytes(), "image/jpeg")
        settings = {
            "MODEL": str(digits_model),
            "READ_BUCKETS": "photos",
            "STORAGE_EMULATOR_HOST": storage.url,
            "AIP_HEALTH_ROUTE": "/ready",
            "AIP_PREDICT_ROUTE": "/predict",
        }
        with running_function("classify", settings) as url:
            yield url


@needs_curl
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "Vertex AI, custom container"])
def test_http_examples(name: str, http_function: str, user_folder: Path) -> None:
    """Every command in docs/http.md is answered with JSON of the fields that are shown."""
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", EXAMPLES[name], re.DOTALL)]
    answers = []
    for block in re.findall(r"```sh\n(.*?)```", EXAMPLES[name], re.DOTALL):
        for command in re.split(r"\n(?=\S)", block.strip()):
            local = command.replace("localhost:8080", http_function).replace("curl ", "curl -s --fail-with-body ")
            answers.append(json.loads(run(local, user_folder)))
    assert answers
    for example, answer in zip(shown, answers[-len(shown) :]):
        assert answer.keys() == example.keys()
        for key in ("predictions", "outputs", "replies", "results"):
            assert fields(answer.get(key)) == fields(example.get(key))


def test_http_statuses() -> None:
    """The statuses that are explained are those that are answered, and the server's own."""
    explained = re.findall(r"^\| ([\d, ]+) \||\((\d{3})\)", sections(HTTP)["Errors"], re.MULTILINE)
    found = {int(status) for row in explained for status in re.findall(r"\d+", ",".join(row))}
    assert found == STATUS_NAMES.keys() | {414}


def test_http_bounds() -> None:
    """The bounds that are promised are those of the code."""
    text = " ".join(sections(HTTP)["Bounds"].split())
    for promised in (
        f"move at {patience.LEAST_RATE:,} bytes a second on average, and may pause for {patience.PATIENCE:g} seconds",
        f"{worker.WAITING} beside those of `THREADS`",
        f"numbers of more than {json_document.LONGEST_NUMBER} characters",
        f"more than {json_document.DEEPEST} levels of JSON",
        f"more than {json_document.VALUES_AN_INSTANCE} values for each of `MAX_INSTANCES`",
        f"more than {forms.LONGEST_HEAD >> 10} KB of headers",
        f"more than {worker.FREE_CHUNKS:,} chunks of less than {worker.BYTES_A_CHUNK >> 10} KB",
    ):
        assert promised in text
    errors = " ".join(sections(HTTP)["Errors"].split())
    assert f"of more than {worker.LONGEST_LINE:,} bytes (414)" in errors
    assert f"more than {patience.LONGEST_HEAD:,} in all (431)" in errors


def fields(rows: list[dict[str, object]] | None) -> set[str] | None:
    """The names in the first row of an answer."""
    return set(rows[0]) if rows else None


def test_container_command(user_folder: Path) -> None:
    """The container's command listens where Vertex AI says and answers on the routes that it gives."""
    (command,) = re.findall(r"```sh\n(.*?)```", EXAMPLES["Vertex AI, custom container"], re.DOTALL)
    port = free_port()
    settings = {
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/ready",
        "AIP_PREDICT_ROUTE": "/v1/endpoints/1/deployedModels/2:predict",
        "AIP_STORAGE_URI": str(user_folder),
    }
    environment = os.environ | settings | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=user_folder, env=environment)
    try:
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=Retry(connect=60, backoff_factor=0.1, backoff_max=0.5)))
            assert session.get(f"http://127.0.0.1:{port}/ready", timeout=30).json() == {"status": "ok"}
            instances = [{"content": base64.b64encode(SAMPLE.read_bytes()).decode()}]
            url = f"http://127.0.0.1:{port}{settings['AIP_PREDICT_ROUTE']}"
            answer = session.post(url, json={"instances": instances, "parameters": {}}, timeout=30)
        assert answer.json()["predictions"][0]["displayNames"][0] == "3"
    finally:
        process.terminate()
        process.wait(60)  # a server that is asked to stop may take half a minute


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every path and address that is shown as a source is one."""
    shown = re.findall(r"^python -m export (\S+)", SOURCES, re.MULTILINE)
    model = shutil.copytree(ROOT / "examples" / "digits" / "saved_model", tmp_path / "exports" / "flowers" / "1")
    for form in ("zip", "gztar"):
        shutil.make_archive(str(tmp_path / "exports" / "flowers"), form, model)
    monkeypatch.chdir(tmp_path)
    with CloudStorage(["my-bucket"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        storage.put("my-bucket", "flowers.zip", Path("exports/flowers.zip").read_bytes())
        storage.put("my-bucket", "flowers/1/saved_model.pb", (model / "saved_model.pb").read_bytes())
        for source in shown:
            with open_source(source, lambda *_: None) as found:
                assert (found.importer.name, found.name) == ("saved_model", "flowers"), source
    assert len(shown) == 6


def test_labels_files() -> None:
    """The names of files that are taken for labels are all there, in their order."""
    listed = SOURCES.split("in the folder above, called")[1].split(";")[0]
    assert re.findall(r"`(\S+)`", listed) == list(labels.FILES)


@pytest.mark.parametrize("row", re.findall(r"^\| ((?:a|lines) .*) \|$", SOURCES, re.MULTILINE))
def test_forms_of_labels(row: str, tmp_path: Path) -> None:
    """Every example of a labels file is read as such."""
    examples = re.findall(r"`(.+?)`", row.split(" | ")[1])
    for example in ["\n".join(examples)] if "table" in row else examples:
        (tmp_path / "labels").write_text(example.replace("<TAB>", "\t"))
        assert label_file.read(tmp_path / "labels")[0] == "daisy"


@needs_curl
def test_upload_commands(user_folder: Path, tmp_path: Path) -> None:
    """The commands for uploads store a picture, deliver its event and show its labels."""
    _, _, block = re.findall(r"```sh\n(.*?)```", UPLOADS, re.DOTALL)
    upload, event, show = commands(block)
    with CloudStorage(buckets=["photos", "results"]) as storage:
        settings = {
            "MODEL": "model.onnx",
            "RESULTS": "gs://results/labels",
            "STORAGE_EMULATOR_HOST": storage.url,
        }
        with running_function("classify_upload", settings, folder=user_folder) as url:

            def local(line: str) -> str:
                return line.replace("http://127.0.0.1:9023", storage.url).replace("localhost:8080", url)

            generation = json.loads(run(local(upload)))["generation"]
            assert run(local(event).replace("GENERATION", generation)) == "OK"
            record = json.loads(run(local(show)))
    assert record["predictions"][0]["label"] == "3"
    assert record["source"]["generation"] == generation


def test_local_storage_command() -> None:
    """The local stand-in for Cloud Storage starts as it is said, and says what to export."""
    start, function = re.findall(r"```sh\n(.*?)```", UPLOADS, re.DOTALL)[:2]
    port = free_port()
    command = start.strip().replace("9023", str(port)).replace("python", sys.executable, 1)
    with subprocess.Popen(command.split(), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.terminate()
    export = commands(function)[0].replace("9023", str(port))
    assert any(export in line for line in lines), lines


def test_deploy_command(user_folder: Path) -> None:
    """The command for deployment prints what it would run."""
    (command,) = commands(blocks("On Google Cloud")[0])
    absolute = command.replace("model.onnx", str(user_folder / "model.onnx"))
    assert run(f"PYTHON={sys.executable} {absolute}").count("gcloud functions deploy") == 2


def test_retry_table() -> None:
    """The table of what is done and what is tried again is the one that decides."""
    rules = [*outcome.RULES, outcome.GIVEN_UP]
    rows = [
        f"| {rule.case} | {rule.outcome.value} | {outcome.STORED.get(rule.outcome, 'nothing')} |"
        f" {500 if rule.outcome is outcome.Outcome.RETRIED else 200} |"
        for rule in rules
    ]
    table = UPLOADS.split("| what happened |")[1].split("\n\n")[0]
    assert table.splitlines()[2:] == rows


def test_shares_of_time() -> None:
    """The table of what is done by when has the parts of the time that the code has."""
    table = UPLOADS.split("| by this part of")[1].split("\n\n")[0]
    parts = [float(part) for part in re.findall(r"^\| ([0-9.]+) \|", table, re.MULTILINE)]
    assert parts == [deadline.CLASSIFIED_BY, deadline.STORED_BY, deadline.RECORDED_BY]


def test_upload_result() -> None:
    """The result that is shown has the fields of a real one."""
    (block,) = re.findall(r"```json\n(.*?)```", UPLOADS, re.DOTALL)
    shown = json.loads(block)
    upload = Upload("photos", "in/a.png", 1, "image/png", 1, {}, "1", None)
    real = stored.document(upload, {"predictions": []}, None)
    assert list(shown) == list(real)
    assert list(shown["source"]) == list(real["source"])


def until_there(command: str) -> dict[str, Any]:
    """The JSON that a command shows, once there is a result to show."""
    deadline = time.monotonic() + 30
    while True:
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0 and '"predictions"' in done.stdout:
            found: dict[str, Any] = json.loads(done.stdout)
            return found
        assert time.monotonic() < deadline, f"no result within 30 seconds: {done.stdout}{done.stderr}"
        time.sleep(0.2)


@needs_curl
def test_emulate(user_folder: Path) -> None:
    """The whole loop: what `make emulate` prints uploads pictures, with curl and the real client, and shows labels."""
    command = [sys.executable, "-m", "emulator.labelling", str(user_folder / "model.onnx"), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            printed = ""
            while "download_as_text" not in printed:
                printed += process.stdout.readline()
            lines = [line.strip() for line in printed.replace("\\\n", "").splitlines() if line.startswith("  ")]
            upload, show, export, client_upload, client_show = lines
            run(upload)
            run(f"{export}; {client_upload}")
            assert until_there(show)["predictions"][0]["label"] == "3"
            assert until_there(f"{export}; {client_show}")["predictions"][0]["label"] == "7"
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


def test_make_help() -> None:
    """Make alone shows every target that is not a file, with what it does."""
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    (phony,) = re.findall(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [line.split()[0] for line in done.stdout.splitlines()] == phony.split()
    assert all(len(line.split()) > 2 for line in done.stdout.splitlines())


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.rglob("test_*.py")), ids=lambda path: path.stem)
def test_every_test_says_what_it_tests(path: Path) -> None:
    """Every test function has a docstring."""
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    tests = [function for function in functions if function.name.startswith("test_")]
    assert [test.name for test in tests if not ast.get_docstring(test)] == []
