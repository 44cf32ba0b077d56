"""How models lie in folders, archives and buckets, judged by the names of their files alone."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from export.errors import NotAModel, SeveralModels
from export.importers.importer import Importer
from export.importers.registry import IMPORTERS, SUFFIXES
from export.source import labels, lookalikes
from export.source.lookalikes import ARCHIVES

LEVELS = 2
"""So many folders below the given one, as the export buttons leave them, models are looked for."""

_KINDS = ", ".join(importer.description for importer in IMPORTERS)
_HIDDEN = re.compile(r"__MACOSX|\..*")
_PREFIX = re.compile(r"((tf[-_])?saved[-_]model|tflite|tf[-_]?js)[-_](?=.)", re.IGNORECASE)
_SUFFIX = re.compile(f"({'|'.join(map(re.escape, (*ARCHIVES, *SUFFIXES, '.pb', '.pbtxt', '.json')))})$", re.IGNORECASE)
_TIME = re.compile(r"[-_]?\d{4}-\d\d-\d\d(T[\d:._-]+Z?)?$")
_SAYS_NOTHING = re.compile(
    r"\d*|(tf[-_]|model\.)?saved[-_]?model|keras[-_]model|(edgetpu[-_])?tflite|(my[-_]?)?models?|ml|tmp|temp"
    r"|tf[-_]?js([-_]model)?|web[-_]?model"
    r"|converted[-_](savedmodel|keras|tflite|tfjs)([ _]?\(?\d+\)?)?|model([-_](export|unquant|quant))?"
    r"|export(ed)?([-_]model)?|icn|downloads?|desktop|documents?|home|users?|root",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FoundModel:
    """A model of a kind, as a path below where it was looked for."""

    importer: Importer
    path: PurePosixPath

    @property
    def folder(self) -> PurePosixPath:
        """The folder that holds its files."""
        return self.path if self.importer.is_folder else self.path.parent

    def owns(self, name: PurePosixPath) -> bool:
        """Whether a file is part of the model, or may hold its labels."""
        if ".." in name.parts:  # nothing forbids such names in a bucket
            return False
        if name.name in labels.FILES and name.parent in (self.folder, self.folder.parent):
            return True
        return self.importer.owns(self.path, name)


def find(where: object, names: Collection[PurePosixPath], *, is_folder: bool = True) -> FoundModel:
    """The one model among files, given as paths below `where`; a model that is this very folder hides all others.

    is_folder: whether `where` is a folder, in which a model has a path that can be given, and not an archive.

    Raises NotAModel, which tells what is there instead, or SeveralModels.
    """
    seen = [name for name in names if not any(map(_HIDDEN.fullmatch, name.parts)) and len(name.parts) <= LEVELS + 1]
    models = _models(seen)
    folders = [model.path for model in models if model.importer.is_folder]
    if PurePosixPath() in folders:
        return models[folders.index(PurePosixPath())]
    models = [m for m in models if m.importer.is_folder or not any(m.path.is_relative_to(folder) for folder in folders)]
    if len(models) == 1:
        return models[0]
    if models:
        raise SeveralModels(where, (str(model.path) for model in models), is_folder)
    raise _nothing(where, seen, is_folder)


def of_file(where: object, name: PurePosixPath) -> FoundModel:
    """The model that a file is, or is the graph of; NotAModel for any other."""
    if models := _models([name]):
        return models[0]
    advice = lookalikes.advice(name)
    raise NotAModel(
        where,
        f"this {advice}" if advice else f"this is no model. Give {_KINDS}, or an archive.",
    )


def is_archive(name: PurePosixPath) -> bool:
    """Whether a file is an archive by its name."""
    return name.name.lower().endswith(ARCHIVES)


def is_part(name: PurePosixPath) -> bool:
    """Whether a file can be part of a model."""
    return any(importer.is_part(name) for importer in IMPORTERS)


def _models(names: Collection[PurePosixPath]) -> list[FoundModel]:
    return [FoundModel(importer, path) for importer in IMPORTERS for path in importer.match(names)]


def _nothing(where: object, names: Collection[PurePosixPath], is_folder: bool) -> NotAModel:
    if is_folder and (advice := lookalikes.advice(PurePosixPath(str(where)))):  # Core ML's packages are folders
        return NotAModel(where, f"this {advice}")
    if not names:
        return NotAModel(where, "there is nothing in it. Give the folder that holds saved_model.pb.")
    for name in sorted(names):
        if advice := lookalikes.advice(name):
            return NotAModel(where, f"it holds no model, and {name} {advice}")
    return NotAModel(where, f"it holds no model, down to {LEVELS} levels. Give {_KINDS}, or an archive.")


def model_name(path: PurePosixPath) -> str:
    """A name for people: of a path's last parts the first that says something.

    Not `saved_model`, `1` or a time, as in AutoML's `model-export/icn/tf_saved_model-flowers-2020-01-31T09:00:00Z`,
    and nothing above the user's own folder.
    """
    home = PurePosixPath(Path.home())
    parts = (path.relative_to(home) if path.is_relative_to(home) else path).parts
    names = [_TIME.sub("", _PREFIX.sub("", _SUFFIX.sub("", part))) for part in reversed(parts) if part != path.anchor]
    return next((name for name in names if not says_nothing(name)), names[0] or path.name)


def says_nothing(name: str) -> bool:
    """Whether models of all kinds are called so."""
    return bool(_SAYS_NOTHING.fullmatch(name))
