"""Logs as Cloud Logging reads them: one JSON line a record on stdout, tied to the request's trace."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import flask
from pythonjsonlogger.json import JsonFormatter

TRACE = "logging.googleapis.com/trace"
LABELS = "logging.googleapis.com/labels"

_TRACEPARENT = re.compile("[0-9a-f]{2}-([0-9a-f]{32})-")  # W3C: version-trace-span-flags
_CLOUD_TRACE = re.compile("([0-9a-f]{32})(?:/|$)")  # Google's older header: TRACE/SPAN;o=OPTIONS


def configure(project: str | None = None) -> None:
    """Send every record of level INFO and above to stdout; what a call's `extra` holds are fields of the line.

    project: the id of the Google Cloud project, which makes a trace's full name; without it the line has the bare id.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(CloudFormatter(project))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for other in list(root.handlers):
        # functions-framework has set up plain text, if LOG_EXECUTION_ID is set, as Google Cloud does.
        if type(other) is logging.StreamHandler:
            root.removeHandler(other)
    root.addHandler(handler)


class CloudFormatter(JsonFormatter):
    """Records in Cloud Logging's fields; during a request, with its trace and functions-framework's execution id."""

    def __init__(self, project: str | None) -> None:
        super().__init__(
            ["levelname", "message", "name"],
            # Error Reporting looks for a traceback in `stack_trace`.
            rename_fields={"levelname": "severity", "name": "logger", "exc_info": "stack_trace"},
        )
        self._prefix = f"projects/{project}/traces/" if project else ""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Add what the request that is being answered says of itself."""
        if flask.has_request_context():
            headers = flask.request.headers
            if trace := trace_id(headers.get("traceparent", ""), headers.get("X-Cloud-Trace-Context", "")):
                log_data[TRACE] = self._prefix + trace
            if execution := headers.get("Function-Execution-Id"):
                log_data[LABELS] = {"execution_id": execution}
        return log_data


def trace_id(traceparent: str, cloud_trace: str) -> str | None:
    """The trace, 32 hex digits, that the two headers name, the standard one first; None where neither does."""
    found = _TRACEPARENT.match(traceparent) or _CLOUD_TRACE.match(cloud_trace)
    return found[1] if found else None
