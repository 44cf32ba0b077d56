"""The `classify` function: HTTP requests in any of its protocols translated into calls of the predictor, and back."""

from service.http.function import answer
from service.http.job import Resources

__all__ = ["Resources", "answer", "use_patient_worker"]


def use_patient_worker() -> None:
    """Let gunicorn serve with `service/http/worker.py`."""
    from service.http import worker

    worker.install()
