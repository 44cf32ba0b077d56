"""Before anything of a stranger's SavedModel runs: what would run is looked through, and all else is cut away.

Three parts of it run: what restores its variables, what initialises it, and the signature that is exported. What is
reached from none of them, such as the function that saves the model or what was left of its training, is not even
loaded. docs/export.md says what is trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

from export.errors import NotTrusted, TooComplex, TooLarge
from export.graph.library import Library
from export.graph.nesting import check_nesting
from export.graph.reach import ASSET, CHECKPOINT, Finding, Reach

MetaGraph = Any  # a protocol buffer without type stubs

INITIALISER = "__saved_model_init_op"
_OF_TENSORFLOW = frozenset((INITIALISER, "__saved_model_train_op"))
"""Entries among the signatures that are none."""

_MAIN, _LEGACY, _ASSETS = "saved_model_main_op", "legacy_init_op", "saved_model_assets"
_MOST_NAMED = 5


@dataclass(frozen=True)
class Checked:
    """A graph of which only what passed is left; `refused` are the signatures that did not, and why."""

    refused: Mapping[str, NotTrusted]


def cut_to_trusted(path: Path, graph: MetaGraph) -> Checked:
    """Leave of a MetaGraphDef what its variables, initialisers and trusted signatures need.

    Raises NotTrusted when opening the model would do more than compute, and TooLarge when what it reaches is beyond
    measure.
    """
    try:
        return _Model(path, graph).cut()
    except TooComplex as error:
        raise TooLarge(path, f"it cannot be looked through before it runs: {error}. Export a simpler model.") from error


class _Model:
    """A graph by what runs of it."""

    def __init__(self, path: Path, graph: MetaGraph) -> None:
        self._path = path
        self._graph = graph
        self._library = Library.of(graph.graph_def)
        self._assets = [_tensor(asset.tensor_info.name) for asset in _assets(graph)]
        for asset in _assets(graph):
            _check_inside(path, asset.filename)

    def cut(self) -> Checked:
        saver = self._graph.saver_def
        file_name = _tensor(saver.filename_tensor_name)
        restoring = self._reach([saver.restore_op_name, file_name], {file_name: CHECKPOINT})
        opening = self._reach([*self._initialisers(), *self._assets], dict.fromkeys(self._assets, ASSET))
        copying = self._reach(self._copies(), {})
        signatures = {
            name: self._reach(_tensors(definition), {})
            for name, definition in self._graph.signature_def.items()
            if name not in _OF_TENSORFLOW
        }
        reaches = [restoring, opening, copying, *signatures.values()]
        check_nesting(self._library, reaches)
        trusted = opening.trusted_variables(reaches)
        for what, reach in (("restores its weights", restoring), ("initialises it", opening), ("copies", copying)):
            if found := list(reach.findings(trusted)):
                raise self._not_trusted(f"what {what} when it is opened", found)
        refused = {
            name: self._not_trusted(f"its signature {name!r}", found)
            for name, reach in signatures.items()
            if (found := list(reach.findings(trusted)))
        }
        kept = [reach for name, reach in signatures.items() if name not in refused]
        self._leave([restoring, opening, copying, *kept])
        return Checked(refused)

    def _reach(self, tensors: Iterable[str], fed: Mapping[str, Any]) -> Reach:
        return Reach.of(self._library, filter(None, tensors), fed)

    def _initialisers(self) -> list[str]:
        """The operations that the loader runs once it has restored the variables."""
        signatures, collections = self._graph.signature_def, self._graph.collection_def
        found = _tensors(signatures[INITIALISER]) if INITIALISER in signatures else []
        for name in (_MAIN, _LEGACY):
            found += list(collections[name].node_list.value) if name in collections else []
        return found

    def _copies(self) -> list[str]:
        """The assignments from variable to variable, which say where Keras's copies of variables came from."""
        nodes = self._library.nodes
        assigns = [node for node in nodes.values() if node.op == "AssignVariableOp" and len(node.input) > 1]
        return [node.name for node in assigns if _is_copy(nodes, node)]

    def _not_trusted(self, where: str, found: list[Finding]) -> NotTrusted:
        first = {each.op: each for each in reversed(found)}
        named = [f"{each.op}, which {each.what} ({each.name})" for each in reversed(first.values())]
        more = f", and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        return NotTrusted(
            self._path,
            f"{where} runs {'; '.join(named[:_MOST_NAMED])}{more}. A model is run here only if all it does is compute. "
            "Save it again without that.",
        )

    def _leave(self, reaches: list[Reach]) -> None:
        """Take out of the graph what none of these reach, and what TensorFlow would miss it for."""
        nodes = {name for reach in reaches for name in reach.nodes}
        functions = {name for reach in reaches for name in reach.functions}
        graph_def, library = self._graph.graph_def, self._library
        kept = [node for name, node in library.nodes.items() if name in nodes]
        bodies = [function for name, function in library.functions.items() if name in functions]
        smaller = type(graph_def)(versions=graph_def.versions, node=kept)
        smaller.library.function.extend(bodies)
        for node in smaller.node:
            if "_class" in node.attr:  # to be placed beside operations that may be gone
                del node.attr["_class"]
        graph_def.CopyFrom(smaller)
        for name in list(self._graph.collection_def):
            if name not in (_MAIN, _LEGACY, _ASSETS):
                del self._graph.collection_def[name]


def _is_copy(nodes: Mapping[str, Any], assign: Any) -> bool:
    value = nodes.get(assign.input[1].partition(":")[0])
    if value is None or value.op != "ReadVariableOp" or not value.input:
        return False
    variables = [nodes.get(name.partition(":")[0]) for name in (assign.input[0], value.input[0])]
    return all(variable is not None and variable.op == "VarHandleOp" for variable in variables)


def _assets(graph: MetaGraph) -> list[Any]:
    """The files of the model's own that it reads; TensorFlow 1 told of them in a collection."""
    if graph.asset_file_def:
        return list(graph.asset_file_def)
    found = []
    packed = graph.collection_def[_ASSETS].any_list.value if _ASSETS in graph.collection_def else ()
    for each in packed:
        asset = AssetFileDef()
        each.Unpack(asset)
        found.append(asset)
    return found


def _check_inside(path: Path, name: str) -> None:
    written = PurePosixPath(name.replace("\\", "/"))
    if written.is_absolute() or ".." in written.parts or PureWindowsPath(name).drive:
        raise NotTrusted(path, f"it reads {name!r}, which is not in its folder assets. Export it again.")


def _tensors(signature: Any) -> list[str]:
    """The inputs and outputs of a signature, with the parts of sparse tensors."""
    names = []
    for info in (*signature.inputs.values(), *signature.outputs.values()):
        sparse = info.coo_sparse
        names += [info.name, sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name]
        names += [component.name for component in info.composite_tensor.components]
    return names


def _tensor(name: str) -> str:
    """The name of a tensor with its number."""
    return name if ":" in name or not name else f"{name}:0"
