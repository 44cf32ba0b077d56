"""The `classify` function: HTTP requests in any of its protocols translated into calls of the predictor, and back."""

from service.http.context import Resources
from service.http.function import answer

__all__ = ["Resources", "answer", "use_patient_worker"]


def use_patient_worker() -> None:
    """Let gunicorn, where functions-framework has it, serve with `service/http/worker.py`."""
    try:
        import gunicorn  # noqa: F401
    except ImportError:  # on Windows, where Flask's server has a thread for every client
        return
    from service.http import worker

    worker.install()
