"""The finished file: an ONNX model with the JSON document about itself in its metadata."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from export.errors import ExportError
from predictor import Decoding, ModelInfo, Resizing
from predictor.metadata import KEY

VERSION_DIGITS = 12


def version(
    model: onnx.ModelProto, labels: tuple[str, ...], decoding: Decoding, resizing: Resizing | None = None
) -> str:
    """A name for how the model answers: hex digits of the SHA-256 of graph, labels, decoding and resizing."""
    digest = hashlib.sha256(model.graph.SerializeToString(deterministic=True))
    before = [dataclasses.asdict(decoding), dataclasses.asdict(resizing) if resizing else None]
    digest.update(json.dumps([labels, *before]).encode())
    return digest.hexdigest()[:VERSION_DIGITS]


def write(model: onnx.ModelProto, info: ModelInfo, path: Path) -> None:
    """Write the model with `info` in its metadata."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {KEY: info.to_json()})
    path.write_bytes(model.SerializeToString())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes `path`'s place when the block succeeds, and is gone when it fails."""
    if not path.parent.is_dir():
        raise ExportError(f"{path.parent}: there is no such folder to write to.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
