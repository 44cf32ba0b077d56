"""How models lie in folders, archives and buckets, judged by the names of their files alone."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Literal

from export.errors import NotAModel, SeveralModels
from export.source import labels

Kind = Literal["saved_model", "tflite", "keras"]

LEVELS = 2
"""So many folders below the given one, as the export buttons leave them, models are looked for."""

GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
PARTS = ("variables", "assets", "assets.extra")
"""The folders that belong to a SavedModel."""

KINDS: dict[str, Kind] = {".tflite": "tflite", ".keras": "keras", ".h5": "keras", ".hdf5": "keras"}
"""What a file is, by its suffix."""

EXPORT_AGAIN = "Build the model in Python, load the weights, and call model.export(FOLDER)."
"""What to do where only weights are there."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

_LOOKALIKES = (
    *(
        (name, "is part of a SavedModel. Give the folder that holds saved_model.pb, with all that belongs to it.")
        for name in ("variables.index", "variables.data-*", "fingerprint.pb", "keras_metadata.pb")
    ),
    ("*.onnx", "is an ONNX model already. Give the model that it was made from."),
    ("*.weights.h5", f"holds weights without their network. {EXPORT_AGAIN}"),
    ("checkpoint", f"belongs to a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("*.index", f"belongs to a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("*.data-?????-of-?????", f"belongs to a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("saved_model.cpb", "is a SavedModel over 2 GB, which an ONNX file cannot hold. Export a smaller network."),
    (
        "*.pb",
        "is a frozen graph, which does not say what is its input and output. Load it with tf.compat.v1.import_graph_def"
        " and save it with tf.compat.v1.saved_model.simple_save(session, FOLDER, inputs, outputs).",
    ),
    (
        "model.json",
        "is a TensorFlow.js model. Export it as a SavedModel instead: in Teachable Machine under Export Model, "
        "Tensorflow, Savedmodel; in Vertex AI as a container (TF SavedModel).",
    ),
    ("*.mlmodel", "is a Core ML model. Export it as a SavedModel or TF Lite model instead."),
    ("*.pt", "is a PyTorch model. Export it with torch.onnx.export; this command is for TensorFlow."),
    ("*.pth", "is a PyTorch model. Export it with torch.onnx.export; this command is for TensorFlow."),
    *((f"*{suffix}", "is an archive. Give its path.") for suffix in ARCHIVES),
    ("*.safetensors", f"holds weights without their network. {EXPORT_AGAIN}"),
)
"""What people give in place of a model: (name, what it is and what to do)."""

_HIDDEN = re.compile(r"__MACOSX|\..*")
_PREFIX = re.compile(r"((tf[-_])?saved[-_]model|tflite)[-_](?=.)", re.IGNORECASE)
_SUFFIX = re.compile(f"({'|'.join(map(re.escape, (*ARCHIVES, *KINDS, '.pb', '.pbtxt')))})$", re.IGNORECASE)
_TIME = re.compile(r"[-_]?\d{4}-\d\d-\d\d(T[\d:._-]+Z?)?$")
_SAYS_NOTHING = re.compile(
    r"\d*|(tf[-_]|model\.)?saved[-_]?model|keras[-_]model|(edgetpu[-_])?tflite"
    r"|model([-_](export|unquant|quant))?|export(ed)?([-_]model)?|icn",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Model:
    """A model of a kind: a SavedModel's folder or another's file, as a path below where it was looked for."""

    kind: Kind
    path: PurePosixPath

    @property
    def folder(self) -> PurePosixPath:
        """The folder that holds its files."""
        return self.path if self.kind == "saved_model" else self.path.parent

    def owns(self, name: PurePosixPath) -> bool:
        """Whether a file is part of the model, or may hold its labels."""
        if ".." in name.parts:  # nothing forbids such names in a bucket
            return False
        if name.name in labels.FILES and name.parent in (self.folder, self.folder.parent):
            return True
        if self.kind != "saved_model":
            return name == self.path
        own = name.relative_to(self.path).parts if name.is_relative_to(self.path) else ("",)
        return own[0] in PARTS if len(own) > 1 else own[0] in GRAPHS


def find(where: object, names: Collection[PurePosixPath]) -> Model:
    """The one model among files, given as paths below `where`; a SavedModel right there hides all others.

    Raises NotAModel, which tells what is there instead, or SeveralModels.
    """
    seen = [name for name in names if not any(map(_HIDDEN.fullmatch, name.parts)) and len(name.parts) <= LEVELS + 1]
    folders = {name.parent for name in seen if name.name in GRAPHS}
    if PurePosixPath() in folders:
        return Model("saved_model", PurePosixPath())
    files = [name for name in seen if _kind(name) and not any(name.is_relative_to(folder) for folder in folders)]
    models = [
        *(Model("saved_model", folder) for folder in folders),
        *(Model(KINDS[name.suffix.lower()], name) for name in files),
    ]
    if len(models) == 1:
        return models[0]
    if models:
        raise SeveralModels(where, (str(model.path) for model in models))
    raise _nothing(where, seen)


def of_file(where: object, name: PurePosixPath) -> Model:
    """The model that a file is, or is the graph of; NotAModel for any other."""
    if kind := _kind(name):
        return Model(kind, name)
    if name.name in GRAPHS:
        return Model("saved_model", name.parent)
    advice = (
        _lookalike(name) or "is no model. Give a SavedModel's folder, a .tflite, .keras or .h5 file, or an archive."
    )
    raise NotAModel(where, f"this {advice}")


def is_archive(name: PurePosixPath) -> bool:
    """Whether a file is an archive by its name."""
    return name.name.lower().endswith(ARCHIVES)


def is_part(name: PurePosixPath) -> bool:
    """Whether a file can be part of a model."""
    return bool(_kind(name)) or name.name in GRAPHS or not set(PARTS).isdisjoint(name.parts)


def _kind(name: PurePosixPath) -> Kind | None:
    """What a file is by its name; None for anything that is no model."""
    return None if name.match("*.weights.h5") else KINDS.get(name.suffix.lower())


def _lookalike(name: PurePosixPath) -> str | None:
    """What a file is that people give in place of a model, and what to do instead; None for anything else."""
    return next((advice for pattern, advice in _LOOKALIKES if fnmatch(name.name.lower(), pattern)), None)


def _nothing(where: object, names: Collection[PurePosixPath]) -> NotAModel:
    if not names:
        return NotAModel(where, "there is nothing in it. Give the folder that holds saved_model.pb.")
    for name in sorted(names):
        if advice := _lookalike(name):
            return NotAModel(where, f"it holds no model, and {name} {advice}")
    return NotAModel(
        where, f"it holds no saved_model.pb, .tflite or .keras, down to {LEVELS} levels. Give the folder that does."
    )


def model_name(path: PurePosixPath) -> str:
    """A name for people: of a path's last parts the first that says something.

    Not `saved_model`, `1` or a time, as in AutoML's `model-export/icn/tf_saved_model-flowers-2020-01-31T09:00:00Z`.
    """
    for part in reversed(path.parts):
        name = _TIME.sub("", _PREFIX.sub("", _SUFFIX.sub("", part)))
        if part != path.anchor and not _SAYS_NOTHING.fullmatch(name):
            return name
    return path.name
