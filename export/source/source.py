"""The source of an export: a path or a `gs://` address, found, brought here and looked through."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from export.errors import CannotOpen, NotAModel
from export.importers.importer import Importer
from export.importers.registry import IMPORTERS
from export.progress import Report
from export.source import archive, discovery, integrity
from export.source.discovery import FoundModel
from export.source.origin import Origin
from storage.location import GS


@dataclass(frozen=True)
class Source:
    """A model on this machine: what reads it, where it lies, and its name for people."""

    importer: Importer
    path: Path
    name: str
    origin: Origin | None = None
    """Where it came from, for a model in a temporary folder."""
    given: str = field(default="", compare=False)
    """The path or address as it was given."""

    @property
    def labels_folders(self) -> tuple[Path, ...]:
        """Where a file with labels may lie."""
        return self.importer.labels_folders(self.path)


@contextmanager
def open_source(text: str, report: Report) -> Iterator[Source]:
    """The model at a path or a `gs://` address, for as long as the block runs.

    It may be a SavedModel's folder or a folder up to two levels above, its saved_model.pb, a .tflite, .keras or .h5
    file, or an archive of any of them. Raises CannotOpen or one of its leaves.
    """
    with tempfile.TemporaryDirectory(prefix="export-") as scratch:
        origin = None
        if text.startswith(GS):
            from export.source import bucket  # takes a fifth of a second, and most models are on this machine

            root, path = Path(scratch) / "downloaded", PurePosixPath(text.removeprefix(GS))
            found = bucket.download(text, root, report)
            origin = Origin(root, text.rstrip("/"))
        else:
            root, found = _on_this_machine(Path(text))
            path = PurePosixPath(Path(text).resolve())
        if isinstance(found, PurePosixPath):
            packed, root = root / found, Path(scratch) / "unpacked"
            found = archive.unpack(packed, root, report)
            origin = Origin(root, text)
        source = Source(found.importer, root / found.path, discovery.model_name(path / found.path), origin, text)
        with origin.explained() if origin else nullcontext():
            source.importer.check(source.path)
            yield source


def _on_this_machine(path: Path) -> tuple[Path, FoundModel | PurePosixPath]:
    """The folder that a model or an archive lies in, and where in it."""
    if path.is_dir():
        files = (file for levels in range(discovery.LEVELS + 1) for file in path.glob("*/" * levels + "*"))
        return path, discovery.find(path, [PurePosixPath(file.relative_to(path)) for file in files if file.is_file()])
    if not path.exists():
        raise CannotOpen(path, "there is no such file or folder. Give a SavedModel's folder.")
    integrity.check_present(path)
    if advice := next((said for importer in IMPORTERS if (said := importer.advice(path))), None):
        raise NotAModel(path, f"this {advice}")
    name = PurePosixPath(path.name)
    return path.parent, name if discovery.is_archive(name) else discovery.of_file(path, name)
