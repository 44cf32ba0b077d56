"""The refusals of Cloud Storage, each with its status."""


class StorageError(Exception):
    """A call that is refused; `message` goes into the answer."""

    status = 500
    reason: str | None = None
    """Google's word for it in the answer; None: the status's usual one."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.headers: dict[str, str] = {}


class NotModifiedError(StorageError):
    """A read whose "not match" condition does match."""

    status = 304


class BadRequestError(StorageError):
    """A call that is malformed, or whose bytes do not fit their hash."""

    status = 400


class RetainedError(StorageError):
    """A write or deletion of an object that a retention policy keeps until a moment."""

    status = 403
    reason = "retentionPolicyNotMet"

    def __init__(self, name: str, until: str) -> None:
        super().__init__(
            f"Object '{name}' is subject to bucket's retention policy or object retention"
            f" and cannot be deleted or overwritten until {until}"
        )


class HeldError(StorageError):
    """A write or deletion of an object that has a hold; only the words tell it from a missing permission."""

    status = 403

    def __init__(self, name: str, hold: str) -> None:
        super().__init__(
            f"Object '{name}' is under active {hold} hold"
            " and cannot be deleted, overwritten or archived until hold is removed."
        )


class MissingError(StorageError):
    """A bucket, an object or a generation that is not there."""

    status = 404


class ConflictError(StorageError):
    """A bucket that exists already, or is not empty."""

    status = 409


class PreconditionFailedError(StorageError):
    """A write, or a conditional read, of something that has changed."""

    status = 412

    def __init__(self) -> None:
        super().__init__("At least one of the pre-conditions you specified did not hold.")


class RangeNotSatisfiableError(StorageError):
    """A range that starts after the last byte."""

    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"Request range not satisfiable: the object has {size} bytes")
        self.headers = {"Content-Range": f"bytes */{size}"}


class UnsupportedError(StorageError):
    """A part of Cloud Storage that this server does not have."""

    status = 501
