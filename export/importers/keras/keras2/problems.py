"""Why a file of Keras 2 cannot be built here."""

from __future__ import annotations


class NotTranslated(Exception):
    """It holds something that is Keras's own, and that only Keras 2 itself builds; the message is a clause."""


class OwnCode(Exception):
    """It holds code of its author: a Lambda or a class of his own, which no library has."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"layer {name!r} is a {kind}")
        self.kind = kind
        self.name = name


class Malformed(Exception):
    """It is not what any Keras writes, or is larger than is read; the message is a clause."""
