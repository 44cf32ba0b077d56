"""The interface of a kind of file: which options it knows, and how a model is written as one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from export.options import Options
from export.progress import Report

if TYPE_CHECKING:  # takes TensorFlow along, and options are checked before it is loaded
    from export.opening import Subject
    from export.verify.approximation import Approximation
    from export.verify.parity import Verification
    from predictor import ModelInfo

Row = tuple[str, tuple[str, ...]]
"""A heading of the summary and its lines."""


@dataclass(frozen=True)
class Written:
    """A verified file: what it says of itself and how it was proven; `approximation` where it was changed then.

    rows, notes: what the summary says of files of this kind besides. is_translated: whether the network was translated
    operation by operation, so that what its first layer sees was compared, and likeness follows from how.
    """

    info: ModelInfo
    verification: Verification
    approximation: Approximation | None
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    is_translated: bool = True


class Writer(ABC):
    """One kind of file."""

    suffix: ClassVar[str]
    """Of its files, in lower case; it decides what `-o` writes."""

    @abstractmethod
    def check(self, options: Options) -> None:
        """Refuse options that mean nothing for it, before any work; raises ExportError."""

    @abstractmethod
    def write(self, subject: Subject, path: Path, options: Options, report: Report) -> Written:
        """Write the file, and prove it; raises an ExportError where it is not to be kept."""
