"""What the user gives to be exported: a path or a `gs://` address, found, brought here and looked through."""

from __future__ import annotations

import math
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from export.errors import CannotOpen, Damaged, NotAModel, TooLarge
from export.progress import Report
from export.source import archive, layout
from export.source.layout import Kind, Model
from service.location import GS

MAX_BYTES = 2**31
"""What a file of Protocol Buffers can hold: a saved_model.pb, and the ONNX file that is to be written."""

_GIT_LFS_START = b"version https://git-lfs.github.com/spec/"
_TFLITE_START = b"TFL3"  # after four bytes
_OF_TRAINING = re.compile(r"optimizer|/(Adam|Momentum|RMSProp|Adagrad|Ftrl)(_\d)?$", re.IGNORECASE)
"""The names of an optimizer's variables, in checkpoints of TensorFlow 2 and 1."""


@dataclass(frozen=True)
class Source:
    """A model on this machine: a SavedModel's folder, or a file.

    name: for people. labels_folders: where files with labels may lie.
    """

    kind: Kind
    path: Path
    name: str

    @property
    def labels_folders(self) -> tuple[Path, ...]:
        """Where a file with labels may lie: in the model's assets, beside the model, and one folder above."""
        if self.kind != "saved_model":
            return self.path.parent, self.path.parent.parent
        return self.path / "assets", self.path / "assets.extra", self.path, self.path.parent


@contextmanager
def open_source(text: str, report: Report) -> Iterator[Source]:
    """The model at a path or a `gs://` address, for as long as the block runs.

    It may be a SavedModel's folder or a folder up to two levels above, its saved_model.pb, a .tflite, .keras or .h5
    file, or an archive of any of them. Raises CannotOpen or one of its leaves.
    """
    with tempfile.TemporaryDirectory(prefix="export-") as scratch:
        if text.startswith(GS):
            from export.source import bucket  # takes a fifth of a second, and most models are on this machine

            root, path = Path(scratch) / "downloaded", PurePosixPath(text.removeprefix(GS))
            found = bucket.download(text, root, report)
        else:
            root, found = _on_this_machine(Path(text))
            path = PurePosixPath(Path(text).resolve())
        if isinstance(found, PurePosixPath):
            packed, root = root / found, Path(scratch) / "unpacked"
            found = archive.unpack(packed, root, report)
        source = Source(found.kind, root / found.path, layout.model_name(path / found.path))
        _check(source)
        yield source


def _on_this_machine(path: Path) -> tuple[Path, Model | PurePosixPath]:
    """The folder that a model or an archive lies in, and where in it."""
    if path.is_dir():
        files = (file for levels in range(layout.LEVELS + 1) for file in path.glob("*/" * levels + "*"))
        return path, layout.find(path, [PurePosixPath(file.relative_to(path)) for file in files if file.is_file()])
    if not path.exists():
        raise CannotOpen(path, "there is no such file or folder. Give a SavedModel's folder.")
    _check_present(path)
    name = PurePosixPath(path.name)
    return path.parent, name if layout.is_archive(name) else layout.of_file(path, name)


def _check(source: Source) -> None:
    """Refuse what is not a whole model, where the libraries that open it would only say that they cannot."""
    if source.kind == "saved_model":
        _check_saved_model(source.path)
        return
    _check_present(source.path)
    _check_size(source.path, source.path.stat().st_size)
    if source.kind == "tflite":
        with source.path.open("rb") as file:
            if file.read(8)[4:] != _TFLITE_START:
                raise Damaged(source.path, "it does not begin as a TFLite model does")
    elif source.path.suffix == ".keras":
        _check_keras(source.path)
    else:
        _check_hdf5(source.path)


def _check_saved_model(folder: Path) -> None:
    data = sorted((folder / "variables").glob("variables.data-?????-of-?????"))
    for path in (*folder.glob("saved_model.pb*"), *(folder / "variables").glob("*")):
        _check_present(path)
    _check_shards(folder, data)
    graph = sum(path.stat().st_size for path in folder.glob("saved_model.pb*"))
    weights = sum(path.stat().st_size for path in data)
    if weights > MAX_BYTES:  # the state of an optimizer may be most of it, and is not exported
        weights = _bytes_of_weights(folder / "variables" / "variables")
    _check_size(folder, graph + weights)


def _check_shards(folder: Path, data: list[Path]) -> None:
    """Refuse weights of which not all files were copied along."""
    has_index = (folder / "variables" / "variables.index").is_file()
    wanted = max((int(path.name.rpartition("-of-")[2]) for path in data), default=int(has_index))
    if len(data) < wanted:
        raise CannotOpen(
            folder, f"only {len(data)} of {wanted} files with its weights are there. Copy the whole folder."
        )


def _check_present(path: Path) -> None:
    """Refuse Git LFS pointers, which TensorFlow would call corrupt."""
    with path.open("rb") as file:
        if file.read(len(_GIT_LFS_START)) == _GIT_LFS_START:
            raise Damaged(path, "this is a Git LFS pointer, not the file itself", "Run `git lfs pull` first.")


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise TooLarge(
            path,
            f"its weights take {size / 1e9:.1f} GB, and an ONNX file holds 2 GB at most. Export a smaller network.",
        )


def _bytes_of_weights(checkpoint: Path) -> int:
    """How large a checkpoint is without the variables of training."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(checkpoint))
    types = reader.get_variable_to_dtype_map()
    return sum(
        math.prod(shape) * types[name].size
        for name, shape in reader.get_variable_to_shape_map().items()
        if not _OF_TRAINING.search(name)
    )


def _check_keras(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
    except zipfile.BadZipFile as error:
        raise Damaged(path, f"it cannot be read ({error})") from error
    if "config.json" not in names:
        raise NotAModel(path, f"it holds no config.json, the network. {layout.EXPORT_AGAIN}")


def _check_hdf5(path: Path) -> None:
    import h5py

    try:
        with h5py.File(path) as file:
            has_network = "model_config" in file.attrs
    except OSError as error:
        raise Damaged(path, f"it cannot be read ({error})") from error
    if not has_network:
        raise NotAModel(path, f"it holds weights without their network. {layout.EXPORT_AGAIN}")
