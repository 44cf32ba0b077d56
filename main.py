"""The functions that functions-framework serves: `classify` for HTTP requests, `classify_upload` for storage events.

Nothing heavy happens at import: the server imports this file in its parent process, and an onnxruntime session made
there would not survive the fork. The model and the storage client are made by the first request.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import flask
import functions_framework

# functions-framework appends this folder to the path; an installed package called `predictor` must not win over ours.
sys.path.insert(0, str(Path(__file__).parent))

from predictor import BadModel
from service import http, logs, model, warmup
from service.lazy import Lazy
from settings import BadSetting, HttpSettings, Settings, UploadSettings, wants_warm_up, warn_of_lookalikes

if TYPE_CHECKING:
    from service.workers import Workers
    from storage.client import Storage

logs.configure(os.environ.get("GOOGLE_CLOUD_PROJECT"))


def _make_storage() -> Storage:
    from storage.client import Storage  # 0.2 s that an HTTP function does without

    return Storage()


def _make_workers() -> Workers:
    from service.workers import Workers, processors

    # More threads would only hold more memory: this is work for processors.
    return Workers(processors(), _settings().max_bytes)


_settings = Lazy(lambda: Settings.from_environ(os.environ))
_http_settings = Lazy(lambda: HttpSettings.from_environ(os.environ))
_upload_settings = Lazy(lambda: UploadSettings.from_environ(os.environ))
_warm_up = Lazy(lambda: wants_warm_up(os.environ))
_storage = Lazy(_make_storage)
_classifier = Lazy(lambda: model.load(_settings(), _storage))
_workers = Lazy(_make_workers)
_http = http.Resources(_http_settings, _classifier, _storage)

warmup.in_workers(_classifier, _warm_up)


def _check_settings(target: str) -> None:
    """Say at the start what is wrong with the settings; events would be lost with them, or loop: then do not start."""
    warn_of_lookalikes(os.environ)
    for read in (_settings, _upload_settings if target == "classify_upload" else _http_settings, _warm_up):
        try:
            read()
        except BadSetting as error:
            if target == "classify_upload":
                raise
            logging.error("%s", error)


def _check_model() -> None:
    """Say at the start that MODEL is the path of no file; a warm-up says itself what it meets."""
    with suppress(BadSetting):  # which was said
        if not _warm_up():
            try:
                model.check_path(_settings())
            except BadModel as error:
                logging.error("%s", error)


if "FUNCTION_TARGET" in os.environ:
    _check_settings(os.environ["FUNCTION_TARGET"])
    _check_model()
    if os.environ["FUNCTION_TARGET"] == "classify":
        http.use_patient_worker()


@functions_framework.http
def classify(request: flask.Request) -> flask.Response:
    """Answer an HTTP request: see `service/http`."""
    return http.answer(request, _http)


@functions_framework.http
def classify_upload(request: flask.Request) -> flask.Response:
    """Label the object that an event tells of: see `service/labelling.py`.

    All envelopes are opened by `service/events.py`: functions-framework knows fewer, and refuses others in silence.
    """
    from service import events
    from service.labelling import Labeller

    if request.method != "POST":
        return _plain("Events are posted.", 405)
    try:
        upload = events.read(request.headers, request.get_data())
    except events.BadEvent as error:
        logging.error("an event was not understood, which leaves it to the dead letters: %s", error)
        return _plain(str(error), 400)
    if upload:
        Labeller(_classifier, _storage, _upload_settings(), _settings().timeout, _workers()).label(upload)
    else:
        logging.info("an event was ignored: it is about an object, and not about an upload")
    return _plain("OK", 200)


def _plain(sentence: str, status: int) -> flask.Response:
    return flask.Response(sentence, status, mimetype="text/plain")
