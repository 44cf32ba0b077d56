"""A SavedModel, opened so that it can be both run and read.

TensorFlow's version 1 loader is used for all of them: it opens what `tf.saved_model.load` opens, and also models whose
training objects (a legacy optimizer, say) today's TensorFlow can no longer rebuild.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from export.errors import CannotOpen, Damaged, first_line
from export.graph import safety
from export.graph.dataflow import Scope
from export.source.fingerprint import fingerprint

DEFAULT_SIGNATURE = "serving_default"
VARIABLES = frozenset(("VariableV2", "Variable", "VarHandleOp"))
"""The operations that hold variables."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a signature: `key` in the signature, tensor `name` in the graph.

    shape: None for an unknown rank; None for each unknown dimension.
    """

    key: str
    name: str
    dtype: tf.DType
    shape: tuple[int | None, ...] | None

    @property
    def is_string(self) -> bool:
        """Whether it holds strings."""
        return bool(self.dtype == tf.string)

    def holding(self, value: Any) -> npt.NDArray[Any]:
        """One value as the tensor: alone in a batch, or as it is where there is no batch."""
        rank = 1 if self.shape is None else len(self.shape)
        tensor = np.empty([1] * rank, self.dtype.as_numpy_dtype)
        tensor[...] = value  # np.full would cut zeros off the end of bytes
        return tensor


@dataclass(frozen=True)
class Signature:
    """A signature: a function with named inputs and outputs."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


class SavedModel:
    """An opened SavedModel; close it, or use it in a `with` block.

    path: the very folder that holds its saved_model.pb. Raises CannotOpen when TensorFlow cannot load it, and
    NotTrusted, before anything of it runs, when to open it would do more than compute.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        try:
            loader, meta_graph = _read(path)
            self._checked = safety.cut_to_trusted(path, meta_graph)
            _check_variables(path, meta_graph.graph_def)
            _load(loader, meta_graph, self.session)
        except CannotOpen:
            self.session.close()
            raise
        except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
            self.session.close()
            raise Damaged(path, "its variables are cut off or damaged") from error
        except Exception as error:  # TensorFlow raises many types for the many ways a file can be broken
            self.session.close()
            raise CannotOpen(path, f"TensorFlow cannot load it: {first_line(error)}") from error
        self.signatures = {
            name: _signature(name, definition)
            for name, definition in meta_graph.signature_def.items()
            if name != safety.INITIALISER
        }

    def trusted(self, name: str) -> Signature:
        """The signature of that name; NotTrusted when to run it would do more than compute."""
        if error := self._checked.refused.get(name):
            raise error
        return self.signatures[name]

    def __enter__(self) -> SavedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    @property
    def graph(self) -> tf.Graph:
        """The graph that all signatures are part of."""
        return self.session.graph

    @cached_property
    def scope(self) -> Scope:
        """The graph as it is followed from tensor to tensor."""
        return Scope.of_graph(self.graph)

    def run(self, names: list[str], feed: Mapping[str, Any]) -> list[npt.NDArray[Any]]:
        """The values of the named tensors, as the signature itself computes them."""
        return [np.asarray(value) for value in self.session.run(names, feed_dict=dict(feed))]

    def call(self, signature: Signature, output: TensorSpec, feed: Mapping[str, Any]) -> npt.NDArray[Any]:
        """One output of a signature; what `feed` leaves out is a word for strings and off for switches."""
        others = {
            spec.name: spec.holding(b"0" if spec.is_string else False)
            for spec in signature.inputs
            if spec.name not in feed
        }
        return self.run([output.name], {**others, **feed})[0]

    def variables(self, dtypes: Mapping[str, tf.DType]) -> dict[str, npt.NDArray[Any]]:
        """The values of the variables behind these graph nodes, given with their types."""
        reads = {}
        with self.graph.as_default():
            for name, dtype in dtypes.items():
                tensor = self.graph.get_tensor_by_name(f"{name}:0")
                is_handle = tensor.dtype == tf.resource
                reads[name] = tf.raw_ops.ReadVariableOp(resource=tensor, dtype=dtype) if is_handle else tensor
        return {name: np.asarray(value) for name, value in self.session.run(reads).items()}

    def fingerprint(self) -> str:
        """The SHA-256, in hex, of the graph's and the variables' files."""
        return fingerprint(_files(self.path))


def _check_variables(folder: Path, graph_def: Any) -> None:
    """Refuse a graph whose variables were not copied along; TensorFlow's own message is a riddle."""
    has_variables = any(node.op in VARIABLES for node in graph_def.node)
    if has_variables and not (folder / "variables" / "variables.index").is_file():
        raise CannotOpen(
            folder,
            "its weights are missing: there is no variables/variables.index beside the graph. Copy the whole folder.",
        )


def _files(folder: Path) -> list[Path]:
    """The graph's and the variables' files."""
    return [*sorted(folder.glob("saved_model.pb*")), *sorted((folder / "variables").glob("*"))]


def _read(path: Path) -> tuple[loader_impl.SavedModelLoader, Any]:
    """The loader, which has read the file once and for all, and of its MetaGraphDefs that for serving, or the first."""
    try:
        loader = loader_impl.SavedModelLoader(str(path))
    except OSError as error:
        raise Damaged(path, "its saved_model.pb is cut off or damaged") from error
    graphs = loader.saved_model.meta_graphs
    if not graphs:
        raise Damaged(path, "its saved_model.pb holds no graph")
    graph = min(graphs, key=lambda graph: tf.saved_model.SERVING not in graph.meta_info_def.tags)
    return loader, loader.get_meta_graph_def_from_tags(graph.meta_info_def.tags)  # of equal tags the first


def _load(loader: loader_impl.SavedModelLoader, meta_graph: Any, session: tf.compat.v1.Session) -> None:
    """The steps of `loader.load`, but for reading the file again, which would bring back what was cut away."""
    tags = list(meta_graph.meta_info_def.tags)
    with session.graph.as_default():
        saver, _ = loader.load_graph(session.graph, tags)
        loader.restore_variables(session, saver)
        loader.run_init_ops(session, tags)
        _fill_keras_copies(session)


def _fill_keras_copies(session: tf.compat.v1.Session) -> None:
    """Give each variable that was not restored the value of its copy that was.

    `tf.saved_model.save` writes a Keras 3 variable twice: the signature reads one, `A`, and the checkpoint holds the
    other, `B`, whose initializer is "assign the value of A". TensorFlow 2 ties the two by an object graph that the
    version 1 loader does not read.
    """
    assigns = [operation for operation in session.graph.get_operations() if operation.type == "AssignVariableOp"]
    pairs = [
        (read.op.inputs[0], copy, read.dtype)
        for copy, read in (assign.inputs for assign in assigns)
        if read.op.type == "ReadVariableOp"
    ]
    restored = session.run(
        [[tf.raw_ops.VarIsInitializedOp(resource=resource) for resource in pair[:2]] for pair in pairs]
    )
    session.run(
        [
            tf.raw_ops.AssignVariableOp(
                resource=reference_model, value=tf.raw_ops.ReadVariableOp(resource=copy, dtype=dtype)
            )
            for (reference_model, copy, dtype), is_restored in zip(pairs, restored)
            if is_restored == [False, True]
        ]
    )


def _signature(name: str, definition: Any) -> Signature:
    def specs(tensors: Mapping[str, Any]) -> tuple[TensorSpec, ...]:
        return tuple(_tensor_spec(key, tensors[key]) for key in sorted(tensors))

    return Signature(name, specs(definition.inputs), specs(definition.outputs))


def _tensor_spec(key: str, info: Any) -> TensorSpec:
    shape = tf.TensorShape(info.tensor_shape)
    known = None if shape.rank is None else tuple(shape.as_list())
    return TensorSpec(key, info.name, tf.dtypes.as_dtype(info.dtype), known)
