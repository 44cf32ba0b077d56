"""A TensorFlow.js model's `model.json`: the network, and which files hold its weights.

The format: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts, `ModelJSON`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from export.errors import Damaged, NotAModel, TooLarge

MAX_BYTES = 32_000_000
"""Of the file: the graph of a network of a thousand layers takes a megabyte."""
MAX_DEPTH = 100
"""Levels of lists and objects; nested networks and functions need about twenty."""

Form = Literal["graph", "layers"]


@dataclass(frozen=True)
class Document:
    """A parsed `model.json`.

    form: TensorFlow's graph, or Keras's layers. topology: the graph as JSON, or the layers' {"class_name", "config"}.
    manifest: groups of weights, unchecked. signature: the graph's inputs and outputs, empty where they are
    not named. initializer: a graph that fills tables before the first call, empty where there is none.
    """

    path: Path
    form: Form
    topology: dict[str, Any]
    manifest: list[Any]
    signature: dict[str, Any]
    initializer: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read the file; raises Damaged, TooLarge, or NotAModel for JSON of another kind."""
        content = read_json(path)
        if not (isinstance(content, dict) and "weightsManifest" in content):
            raise NotAModel(path, "it is no TensorFlow.js model: it names no files with weights (weightsManifest).")
        manifest, topology = content["weightsManifest"], content.get("modelTopology")
        if not isinstance(manifest, list):
            raise Damaged(path, "its weightsManifest is no list")
        if not isinstance(topology, dict):
            raise NotAModel(path, "it names weights, and holds no network (modelTopology). Save the whole model again.")
        signature = content.get("signature") or _object(content.get("userDefinedMetadata")).get("signature")
        initializer = _object(content.get("modelInitializer"))
        if "node" in topology:
            return cls(path, "graph", topology, manifest, _object(signature), initializer)
        return cls(path, "layers", _layers(path, topology), manifest, {}, {})


def read_json(path: Path) -> Any:
    """The contents of a JSON file; raises Damaged, or TooLarge for one over MAX_BYTES or deeper than MAX_DEPTH."""
    if path.stat().st_size > MAX_BYTES:
        raise TooLarge(path, f"it is larger than {MAX_BYTES // 1_000_000} MB, which is no network's description.")
    try:
        content = json.loads(path.read_bytes())
    except RecursionError as error:
        raise _too_deep(path) from error
    except ValueError as error:  # of the JSON, or of its encoding
        raise Damaged(path, f"it is not valid JSON ({error})") from error
    _check_depth(path, content)
    return content


def _check_depth(path: Path, content: Any) -> None:
    level = [content]
    for _ in range(MAX_DEPTH):
        parents = [item for item in level if isinstance(item, dict | list)]
        level = [child for item in parents for child in (item.values() if isinstance(item, dict) else item)]
        if not level:
            return
    raise _too_deep(path)


def _too_deep(path: Path) -> TooLarge:
    return TooLarge(path, f"its JSON is nested deeper than {MAX_DEPTH} levels, which no network needs.")


def _layers(path: Path, topology: dict[str, Any]) -> dict[str, Any]:
    """The configuration of the layers; converted models have it beside that of their training."""
    model = _object(topology.get("model_config", topology))
    if not (isinstance(model.get("class_name"), str) and isinstance(model.get("config"), dict | list)):
        raise Damaged(path, "its modelTopology is neither a graph nor layers")
    return model


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
