"""Why a model is not exported; each message says what is wrong and what to do."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterable

from export.findings import Findings

MOST_CHARACTERS = 200  # characters of a library's message; Keras puts whole models into one line


class ExportError(Exception):
    """Root of this package's errors; the message is a sentence or two for a person."""


class CannotOpen(ExportError):
    """There is no SavedModel at `path` that TensorFlow can load."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NotAModel(CannotOpen):
    """There is no model at `path`: it is something else, or nothing."""


class SeveralModels(CannotOpen):
    """There is more than one model at `path`: `found`, as paths below it; `is_folder` where they can be given so."""

    def __init__(self, path: object, found: Iterable[str], is_folder: bool) -> None:
        self.found = sorted(found)
        if is_folder:
            base = str(path).rstrip("/")
            commands = [f"python -m export {shlex.quote(f'{base}/{model}')} -o model.onnx" for model in self.found]
            advice = "\n  ".join(("export one of them:", *commands))
        else:
            advice = f"unpack it, and give the path of one of them: {', '.join(self.found)}."
        super().__init__(path, f"it holds several models; {advice}")


class Damaged(CannotOpen):
    """A file of the model is cut off or otherwise not what was written."""

    def __init__(self, path: object, finding: str, remedy: str = "Copy or export it again.") -> None:
        super().__init__(path, f"{finding}. {remedy}")


class TooLarge(CannotOpen):
    """The model, or what is packed in its archive, is larger than can be handled."""


class TooComplex(ExportError):
    """A graph would run beyond measure; the message is half a sentence that says how."""


class NotTrusted(CannotOpen):
    """Running what is at `path` would do more than compute."""


class CannotDownload(CannotOpen):
    """Cloud Storage does not hand the model out."""


class NoSuchSignature(ExportError):
    """The SavedModel has signatures, but not the one asked for, or several and none was asked for."""

    def __init__(self, wanted: str | None, existing: Iterable[str]) -> None:
        self.wanted = wanted
        self.existing = sorted(existing)
        names = ", ".join(self.existing) or "none"
        if wanted is None:
            message = f"The model has several signatures ({names}): choose one with --signature."
        else:
            message = f"The model has no signature {wanted!r}. It has: {names}."
        super().__init__(message)


class NotAClassifier(ExportError):
    """The signature does not turn pictures into one score a class."""


class MissingPreprocessing(ExportError):
    """The model takes pixels, and how they were made stays unclear; `findings` tell what is known."""

    def __init__(self, message: str, findings: Findings | None = None) -> None:
        super().__init__(message)
        self.findings = findings or Findings()


class WrongLabels(ExportError):
    """The labels do not fit the scores."""


class CannotConvert(ExportError):
    """The graph holds something that has no counterpart in ONNX."""


class CannotApproximate(ExportError):
    """The model is quantised already, or of a kind that cannot be, or the samples are too few to judge by."""


class NotEqual(ExportError):
    """The finished file answers differently from the original; nothing was written."""


_ABOUT_CODE = re.compile(
    r"Graph execution error:|Detected at node .*|Node: .*|<stack traces unavailable>|"
    r"\d+ root error\(s\) found\.|\[\[.*|"
)


def first_line(error: Exception) -> str:
    """The message of a library's error, without what stands around it: traces, configurations, advice."""
    lines = (line.strip() for line in str(error).splitlines())
    said = next((line for line in lines if not _ABOUT_CODE.fullmatch(line)), type(error).__name__)
    return textwrap.shorten(said, MOST_CHARACTERS, placeholder=" …")
