"""The functions that functions-framework serves: `classify` for HTTP requests, `classify_upload` for storage events.

Nothing heavy happens at import: the server imports this file in its parent process, and an onnxruntime session made
there would not survive the fork. The model and the storage client are made by the first request.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import flask
import functions_framework
from cloudevents.http import CloudEvent

# functions-framework appends this folder to the path; an installed package called `predictor` must not win over ours.
sys.path.insert(0, str(Path(__file__).parent))

from predictor import BadModel
from service import http, logs, model, warmup
from service.lazy import Lazy
from service.settings import BadSetting, HttpSettings, Settings, UploadSettings, wants_warm_up

if TYPE_CHECKING:
    from service.storage import Storage

logs.configure(os.environ.get("GOOGLE_CLOUD_PROJECT"))


def _make_storage() -> Storage:
    from service.storage import Storage  # 0.2 s that an HTTP function does without

    return Storage()


_settings = Lazy(lambda: Settings.from_environ(os.environ))
_upload_settings = Lazy(lambda: UploadSettings.from_environ(os.environ))
_storage = Lazy(_make_storage)
_classifier = Lazy(lambda: model.load(_settings(), _storage))
_http = http.Resources(Lazy(lambda: HttpSettings.from_environ(os.environ)), _classifier, _storage)

warmup.in_workers(_classifier, lambda: wants_warm_up(os.environ))


def _report_faults() -> None:
    """Log at the start what every request would fail for; a warm-up says itself what it meets."""
    try:
        settings, _ = _settings(), _http.settings()
        if not wants_warm_up(os.environ):
            model.check_path(settings)
    except (BadSetting, BadModel) as error:
        logging.error("%s", error)


if os.environ.get("FUNCTION_TARGET") == "classify_upload":
    _settings(), _upload_settings()  # a wrong setting would lose events or make them loop: refuse to start with it
    _report_faults()
elif os.environ.get("FUNCTION_TARGET") == "classify":
    _report_faults()
    http.use_patient_worker()


@functions_framework.http
def classify(request: flask.Request) -> flask.Response:
    """Answer an HTTP request: see `service/http`."""
    return http.answer(request, _http)


@functions_framework.cloud_event
def classify_upload(event: CloudEvent) -> None:
    """Label the object that a finalized event names: see `service/labelling.py`."""
    from service.labelling import Labeller
    from service.upload import FINALIZED, BadEvent, Upload

    if event["type"] != FINALIZED:
        logging.info("%s: ignored, not an upload", event["type"])
        return
    try:
        upload = Upload.from_event(event)
    except BadEvent as error:
        flask.abort(flask.Response(str(error), 400, mimetype="text/plain"))
    Labeller(_classifier, _storage, _upload_settings(), _settings().timeout).label(upload)
