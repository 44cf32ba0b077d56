"""How a model that takes image files is handed one: as it is, in base64, or in a `tf.train.Example`."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from export.errors import CannotConvert
from export.graph import attributes
from export.graph.dataflow import Node, Tensor, resolve
from export.graph.trace import inputs_of

Wrap = Callable[[bytes], bytes]

_PARSERS = frozenset(("ParseExample", "ParseExampleV2", "ParseSingleExample"))
_CHOICES = frozenset(("Select", "SelectV2"))
"""Operations whose first input only chooses among the others: a file in base64 or as it is, say."""


@dataclass(frozen=True)
class FileInput:
    """The name of the placeholder that a decoder reads from, and what a file is wrapped in for it."""

    placeholder: str
    wraps: tuple[Wrap, ...]

    @classmethod
    def of(cls, decoder: Node) -> FileInput:
        """The nodes between the model's input and its decoder."""
        wraps: list[Wrap] = []
        tensor = resolve(decoder.inputs[0])
        while tensor.node.op != "Placeholder":
            if tensor.node.op == "DecodeBase64":
                wraps.append(_base64)
            elif tensor.node.op in _PARSERS:
                wraps.append(_ExampleWrap.of(tensor))
            inputs = inputs_of(tensor.node)
            if not inputs:
                raise CannotConvert(f"The decoder {decoder.name} reads no input of the model, but {tensor.node.name}.")
            if tensor.node.op not in attributes.HANDLED:
                raise CannotConvert(
                    f"The graph changes the file before it decodes it, by {tensor.node.op} ({tensor.node.name}), which "
                    "is not supported. Export a model that decodes the file as it is, in base64 or in an Example."
                )
            attributes.check([tensor.node])
            tensor = inputs[1 if tensor.node.op in _CHOICES else 0]
        return cls(tensor.node.name, tuple(wraps))

    def wrap(self, data: bytes) -> bytes:
        """The string that the model takes for a picture's file."""
        for wrap in self.wraps:
            data = wrap(data)
        return data


def _base64(data: bytes) -> bytes:
    """Web-safe and without padding, as `tf.io.decode_base64` wants it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@dataclass(frozen=True)
class _ExampleWrap:
    """Puts a file into the feature `key`; the other features that the model parses get zeros or empty strings."""

    key: str
    others: tuple[tuple[str, tf.DType], ...]

    @classmethod
    def of(cls, parsed: Tensor) -> _ExampleWrap:
        """For the output of a parser that holds the files."""
        sparse, dense = _keys(parsed.node)
        dtypes = [tf.dtypes.as_dtype(dtype) for dtype in parsed.node.definition.attr["Tdense"].list.type]
        # The outputs: indices, values and shapes of the sparse features, each in turn, then the dense ones.
        number = parsed.index - 3 * len(sparse)
        key = dense[number] if number >= 0 else sparse[parsed.index % len(sparse)]
        others = tuple((name, dtype) for name, dtype in zip(dense, dtypes) if name != key)
        return cls(key, others)

    def __call__(self, data: bytes) -> bytes:
        features = {self.key: _feature(tf.string, data)} | {name: _feature(dtype) for name, dtype in self.others}
        example = tf.train.Example(features=tf.train.Features(feature=features))
        return bytes(example.SerializeToString())


def _feature(dtype: tf.DType, data: bytes = b"") -> Any:
    if dtype == tf.string:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[data]))
    if dtype.is_floating:
        return tf.train.Feature(float_list=tf.train.FloatList(value=[0]))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[0]))


def _keys(parser: Node) -> tuple[list[str], list[str]]:
    """The names of the sparse and of the dense features."""
    attributes = parser.definition.attr
    if parser.op == "ParseSingleExample":
        return _decoded(attributes["sparse_keys"].list.s), _decoded(attributes["dense_keys"].list.s)
    inputs = inputs_of(parser)[2:]
    if parser.op == "ParseExampleV2":
        return _constant(inputs[0]), _constant(inputs[1])
    sparse, dense = attributes["Nsparse"].i, attributes["Ndense"].i
    names = [name for tensor in inputs[: sparse + dense] for name in _constant(tensor)]
    return names[:sparse], names[sparse:]


def _constant(tensor: Tensor) -> list[str]:
    if tensor.node.op != "Const":
        raise CannotConvert(f"The features that the model parses have no fixed names ({tensor.node.name}).")
    return _decoded(tf.make_ndarray(tensor.node.definition.attr["value"].tensor).reshape(-1))


def _decoded(names: Any) -> list[str]:
    return [name.decode() for name in names]
