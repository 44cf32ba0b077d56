"""The errors between a file of bytes and its labels."""

from __future__ import annotations


class PredictorError(Exception):
    """Root of this package's errors."""


class BadImage(PredictorError, ValueError):
    """These bytes cannot be classified, however often they are tried; `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsupportedImage(BadImage):
    """The bytes are not in one of the accepted formats."""


class ImageTooLarge(BadImage):
    """The file or its picture is larger, or more work to decode, than the limits allow."""


class UnclassifiableImage(BadImage):
    """The picture was decoded, and the network cannot take it, or gives scores that are not numbers."""


class BadModel(PredictorError, ValueError):
    """The file at `path` is not a model this package can run; `reason` is a sentence for a person."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
