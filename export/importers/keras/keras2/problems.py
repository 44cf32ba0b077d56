"""Why a file of Keras 2 cannot be built here."""

from __future__ import annotations


class NotTranslated(Exception):
    """It holds something that is Keras's own, and that only Keras 2 itself builds; the message is a clause."""


class OwnCode(Exception):
    """It needs code of its author, which no library has; the message is a clause.

    code: the name of the class or function, as Keras 2 is to be given it; empty for a Lambda, which is in the file.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code

    @classmethod
    def of_layer(cls, kind: str, name: str) -> OwnCode:
        """For a layer of a class that Keras does not have, or a Lambda."""
        return cls(f"its layer {name!r} is a {kind}", "" if kind == "Lambda" else kind)


class Malformed(Exception):
    """It is not what any Keras writes, or is larger than is read; the message is a clause."""
