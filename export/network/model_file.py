"""The finished file: an ONNX model with the JSON document about itself in its metadata."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from export.errors import ExportError
from predictor import ModelInfo
from predictor.metadata import KEY


class ModelFile:
    """A file that is being made: the network is written once, and what is said of it can still change.

    Messages of Protocol Buffers one behind the other are one merged message, so that the metadata can follow the
    network as a message of its own: https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """

    def __init__(self, path: Path, model: onnx.ModelProto) -> None:
        self.path = path
        del model.metadata_props[:]
        path.write_bytes(model.SerializeToString())
        onnx.checker.check_model(str(path), full_check=True)
        self._size = path.stat().st_size

    def describe(self, info: ModelInfo) -> None:
        """Put `info` into the metadata, in place of what was there."""
        metadata = onnx.ModelProto()
        onnx.helper.set_model_props(metadata, {KEY: info.to_json()})
        with self.path.open("r+b") as file:
            file.truncate(self._size)
            file.seek(self._size)
            file.write(metadata.SerializeToString())


def check_folder(path: Path) -> None:
    """ExportError when there is no folder to write `path` to."""
    if not path.parent.is_dir():
        raise ExportError(f"{path.parent}: there is no such folder to write to.")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes `path`'s place when the block succeeds, and is gone when it fails."""
    check_folder(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
