"""The log lines, as Cloud Logging reads them."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import flask
import pytest

from service import logs

ROOT = Path(__file__).parents[2]
TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "105445aa7843bc8bf206b12000100000"
LOG_ONE_LINE = """
import logging, sys, functions_framework
app = functions_framework.create_app("classify", "main.py")
with app.test_request_context("/", headers={"traceparent": sys.argv[1]}):
    logging.getLogger("service.test").info("stored %s", "a\\nb", extra={"bucket": "photos"})
"""


def line_of(project: str | None = None, **fields: Any) -> dict[str, Any]:
    """The line that is written of one record."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.CloudFormatter(project))
    logger = logging.Logger("storage.upload")  # its own root: what other tests have set up plays no part
    logger.addHandler(handler)
    logger.log(fields.pop("level", logging.INFO), "labelled", **fields)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def in_request(headers: dict[str, str], project: str | None = None) -> dict[str, Any]:
    """The line that is written while a request with these headers is answered."""
    with flask.Flask("test").test_request_context("/", headers=headers):
        return line_of(project)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_severity(level: str) -> None:
    """Python's levels are Cloud Logging's severities."""
    line = line_of(level=getattr(logging, level))
    assert line == {"severity": level, "message": "labelled", "logger": "storage.upload"}


def test_fields() -> None:
    """What `extra` holds are fields of the line."""
    assert line_of(extra={"httpRequest": {"status": 200}, "label": "ä"}).items() >= {"label": "ä"}.items()
    assert line_of(extra={"httpRequest": {"status": 200}})["httpRequest"] == {"status": 200}


def test_traceback() -> None:
    """A traceback is in the field that Error Reporting reads, on the same line."""
    try:
        raise OSError("not yet")
    except OSError:
        line = line_of(level=logging.ERROR, exc_info=True)
    assert line["stack_trace"].splitlines()[-1] == "OSError: not yet"


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
        ({"X-Cloud-Trace-Context": f"{OTHER}/1;o=1"}, OTHER),
        ({"X-Cloud-Trace-Context": OTHER}, OTHER),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "X-Cloud-Trace-Context": f"{OTHER}/1"}, TRACE),
        ({"traceparent": "nonsense", "X-Cloud-Trace-Context": f"{OTHER}/1"}, OTHER),
        ({"traceparent": 'x","a":"', "X-Cloud-Trace-Context": f"{OTHER}0/1"}, None),
        ({}, None),
    ],
)
def test_trace(headers: dict[str, str], trace: str | None) -> None:
    """The trace comes from the standard header, else from Google's own; what is neither is left out."""
    assert in_request(headers).get(logs.TRACE) == trace


def test_project() -> None:
    """With the project's id the trace has its full name."""
    line = in_request({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, project="my-project")
    assert line[logs.TRACE] == f"projects/my-project/traces/{TRACE}"


def test_execution() -> None:
    """The id that functions-framework gives to every execution is a label."""
    assert in_request({"Function-Execution-Id": "abc"})[logs.LABELS] == {"execution_id": "abc"}


@pytest.mark.parametrize("setting", ["true", "false"])
def test_configured(setting: str, digits_model: Path) -> None:
    """Importing the functions sets it up: one line on stdout, also where functions-framework has set up its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOG_ONE_LINE, f"00-{TRACE}-b7ad6b7169203331-01"],
        cwd=ROOT,
        env={"LOG_EXECUTION_ID": setting, "GOOGLE_CLOUD_PROJECT": "my-project", "MODEL": str(digits_model)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "severity": "INFO",
        "message": "stored a\nb",
        "logger": "service.test",
        "bucket": "photos",
        "logging.googleapis.com/trace": f"projects/my-project/traces/{TRACE}",
    }
