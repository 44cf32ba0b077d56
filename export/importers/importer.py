"""The interface of a kind of source: where a model lies, whether it is whole, and how it is opened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from export.options import Options
from export.progress import Report
from export.source.labels import EmbeddedLabels, Labels
from predictor.metadata import Fit

if TYPE_CHECKING:  # takes TensorFlow along, and whether there is a model is said before it is loaded
    from export.importers.pipeline import Pipeline

FindLabels = Callable[[int], Labels]
"""The labels that the user gave for so many classes, or that lie with the model."""


@dataclass(frozen=True)
class Opening:
    """The arguments with which a model is opened.

    path: the model on this machine. name: for people. stack: what has to stay open as long as the model does.
    """

    path: Path
    name: str
    options: Options
    find_labels: FindLabels
    stack: ExitStack
    report: Report


class Importer(ABC):
    """One kind of source; a model of it is a path below where it was looked for, of a file unless it says otherwise."""

    name: ClassVar[str]
    """In tests and for developers, such as `saved_model`."""

    description: ClassVar[str]
    """In words, such as `a .tflite file`."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    """Of files that are such models, in lower case."""

    is_folder: ClassVar[bool] = False
    """Whether a model is a folder with all in it, so that no other model is looked for there."""

    usual_fit: ClassVar[Fit | None] = None
    """How the library that runs such models fits pictures of other shapes, whatever made them."""

    def match(self, names: Collection[PurePosixPath]) -> list[PurePosixPath]:
        """The models of this kind among files, judged by their names alone."""
        return [name for name in names if name.suffix.lower() in self.suffixes]

    def is_part(self, name: PurePosixPath) -> bool:
        """Whether a file can be part of a model of this kind."""
        return bool(self.match([name]))

    def owns(self, model: PurePosixPath, name: PurePosixPath) -> bool:
        """Whether a file is part of the model."""
        return name == model

    def labels_folders(self, path: Path) -> tuple[Path, ...]:
        """Where a file with labels may lie: beside the model, and one folder above."""
        return path.parent, path.parent.parent

    def embedded_labels(self, path: Path) -> EmbeddedLabels | None:
        """The labels that the model itself holds, if it does."""
        return None

    def advice(self, path: Path) -> str | None:
        """The relation of a file that is no model to this kind, told by its content, and the advice."""
        return None

    def signs(self, path: Path) -> tuple[str, ...]:
        """The words by which what lies with the model tells what product made it."""
        return ()

    @abstractmethod
    def check(self, path: Path) -> None:
        """Refuse what is not a whole model, where libraries only say that they cannot; raises CannotOpen or a leaf."""

    @abstractmethod
    def open(self, opening: Opening) -> Pipeline:
        """The model, opened and understood; raises an ExportError."""
