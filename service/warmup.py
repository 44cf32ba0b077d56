"""The model loaded when a worker starts, so that the first request does not wait for it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from predictor import Classifier
from settings import BadSetting

SIDE = 8  # pixels of the picture that is classified once

_log = logging.getLogger(__name__)


def in_workers(get_classifier: Callable[[], Classifier], is_wanted: Callable[[], bool]) -> None:
    """Load and run the model once in every process that this one forks, in a thread of its own.

    The server imports the functions in its parent process and forks its workers: a model that was loaded before the
    fork would not survive it. A request that comes meanwhile waits for the same load.
    """

    def start() -> None:
        threading.Thread(target=_run, args=(get_classifier, is_wanted), daemon=True).start()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=start)
    else:  # Windows, where this process serves
        start()


def _run(get_classifier: Callable[[], Classifier], is_wanted: Callable[[], bool]) -> None:
    try:
        if is_wanted():
            classifier = get_classifier()
            import numpy as np

            classifier.scores(np.zeros((SIDE, SIDE, 3), np.uint8))
            _log.info("the model %s is loaded", classifier.info.name)
    except BadSetting as error:
        _log.error("%s", error)
    except Exception:  # the next request tries again, and is told what is wrong
        _log.exception("the model could not be loaded")
