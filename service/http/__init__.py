"""The `classify` function: HTTP requests in any of its protocols translated into calls of the predictor, and back."""

from service.http.function import answer
from service.http.job import Resources

__all__ = ["Resources", "answer"]
