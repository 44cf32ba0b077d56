"""The one table of HTTP statuses, for answers and for stored records alike."""

from __future__ import annotations

from predictor import BadImage, ImageTooLarge, UnclassifiableImage, UnsupportedImage

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    413: "OUT_OF_RANGE",
    415: "INVALID_ARGUMENT",
    422: "FAILED_PRECONDITION",
    431: "OUT_OF_RANGE",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
"""The names of google.rpc.Code that go with the statuses used here."""

_KINDS = {ImageTooLarge: 413, UnsupportedImage: 415, UnclassifiableImage: 422}


class RequestError(Exception):
    """A request that is answered with `status` and the sentence `message`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def status_of(error: BadImage) -> int:
    """The HTTP status that says what is wrong with an image."""
    return next((status for kind, status in _KINDS.items() if isinstance(error, kind)), 400)


def as_document(status: int, message: str) -> dict[str, object]:
    """An error in the shape that Google's APIs use."""
    return {"error": {"code": status, "status": STATUS_NAMES[status], "message": message}}


def as_sentence(status: int, message: str) -> dict[str, object]:
    """An error in the shape of TensorFlow Serving and of the Open Inference Protocol; the response has the status."""
    return {"error": message}
