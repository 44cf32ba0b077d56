"""The function's life: warm-up, load, its end; and a short search for inputs that do harm."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from emulator.processes import function_process, running_function
from tests.load import load
from tests.service.http.requests import ROOT, THREE

CLIENTS = 16
SECONDS = 4
GROWTH = 48_000  # kB: a few bodies of 33 MB on their way, not one for every request


def lines_of(path: Path) -> list[dict[str, object]]:
    """What a function has logged."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_and_log(settings: dict[str, str], path: Path, pictures: int) -> list[dict[str, object]]:
    """The log of a function that was asked about some pictures once it listened."""
    with path.open("w") as log, function_process("classify", settings, stdout=log.fileno()) as (_, port):
        for _ in range(pictures):
            requests.post(f"http://127.0.0.1:{port}/", THREE, timeout=30)
        if not pictures:
            requests.get(f"http://127.0.0.1:{port}/health", timeout=30)
    return lines_of(path)


def test_warm_up(digits_model: Path, tmp_path: Path) -> None:
    """With WARMUP=1 the worker, not its parent, loads the model before it is asked, and still ends when told to."""
    lines = run_and_log({"MODEL": str(digits_model), "WARMUP": "1"}, tmp_path / "log", 1)
    assert [line["message"] for line in lines] == ["the model digits is loaded", "POST / 200"]


@pytest.mark.parametrize("setting", ["", "0"])
def test_no_warm_up(digits_model: Path, tmp_path: Path, setting: str) -> None:
    """Without WARMUP the first request loads the model."""
    lines = run_and_log({"MODEL": str(digits_model), "WARMUP": setting}, tmp_path / "log", 1)
    assert [line["message"] for line in lines] == ["POST / 200"]


def test_failed_warm_up(tmp_path: Path) -> None:
    """A warm-up that fails is logged with its cause, and the function lives to say 503."""
    lines = run_and_log({"MODEL": str(tmp_path / "none.onnx"), "WARMUP": "1"}, tmp_path / "log", 0)
    assert [line["severity"] for line in lines] == ["ERROR"] * 3
    assert [line["message"] for line in lines] == ["the model could not be loaded"] * 2 + ["GET /health 503"]
    assert "there is no such file" in str(lines[0]["stack_trace"])


@pytest.mark.parametrize("target", ["classify", "classify_upload"])
def test_wrong_path(tmp_path: Path, target: str) -> None:
    """A path of no model is said when the function starts, once and before anyone asks; it starts all the same."""
    path = tmp_path / "log"
    settings = {"MODEL": str(tmp_path / "none.onnx"), "RESULTS": "gs://results/labels"}
    with path.open("w") as log, function_process(target, settings, stdout=log.fileno()):
        pass
    assert [line["message"] for line in lines_of(path)] == [
        f"{tmp_path}/none.onnx: there is no such file, which MODEL names"
    ]


def test_unset_model_at_start(tmp_path: Path) -> None:
    """So is a setting that is missing."""
    path = tmp_path / "log"
    with path.open("w") as log, function_process("classify", {}, stdout=log.fileno()):
        pass
    (line,) = lines_of(path)
    assert (line["severity"], str(line["message"])[:16]) == ("ERROR", "MODEL is not set")


def test_one_line_a_request(digits_model: Path, tmp_path: Path) -> None:
    """Every request is one JSON line on stdout, tied to its trace."""
    path, trace = tmp_path / "log", "0af7651916cd43dd8448eb211c80319c"
    settings = {"MODEL": str(digits_model)}
    with path.open("w") as log, function_process("classify", settings, stdout=log.fileno()) as (_, port):
        for _ in range(3):
            headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
            requests.post(f"http://127.0.0.1:{port}/", THREE, headers=headers, timeout=30)
    assert [line["logging.googleapis.com/trace"] for line in lines_of(path)] == [trace] * 3


def test_stop_in_flight(digits_model: Path) -> None:
    """A request that is half sent when the function is told to stop is answered."""
    with function_process("classify", {"MODEL": str(digits_model)}) as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(len(THREE)))
        connection.putheader("Expect", "100-continue")  # whose answer says that the request is being read
        connection.endheaders(THREE[:100])
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 ")
        process.send_signal(signal.SIGTERM)
        connection.send(THREE[100:])
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["predictions"][0]["label"]) == (200, "3")
        answer.close()
        connection.close()
        assert process.wait(30) == 0


def test_load(digits_model: Path) -> None:
    """Under many clients with good and bad bodies nothing goes wrong, memory stays, and the function ends well."""
    report = load(digits_model, clients=CLIENTS, seconds=SECONDS)
    assert report.wrong == []
    assert {200, 400, 413, 415} == set(report.statuses)
    assert report.rss_last - report.rss_first < GROWTH
    assert report.exit_code == 0


def test_fuzz(digits_model: Path) -> None:
    """A short search finds no input that is neither classified nor refused; `make fuzz` searches longer."""
    pytest.importorskip("atheris", reason="atheris is not installed")
    command = [sys.executable, "-m", "tests.fuzz", str(digits_model), "--seconds", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    (count,) = re.findall(r"number_of_executed_units: (\d+)", done.stderr)
    assert int(count) > 100


def test_settings_that_are_wrong() -> None:
    """A wrong setting is a 503 that does not name it."""
    with running_function("classify", {"MAX_INSTANCES": "many"}) as url:
        answer = requests.get(url, timeout=30)
    assert (answer.status_code, "many" in answer.text) == (503, False)
