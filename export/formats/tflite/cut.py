"""Where a graph has resized the picture: what stands before is left to the phone, the rest goes into the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.errors import CannotConvert
from export.graph.flatten import IMAGE, FlatGraph, Subgraph
from export.graph.running import GraphRunner
from export.importers.reference_model import Read
from export.preprocessing.scale import Order
from export.verify import pictures
from export.verify.pictures import UNREADABLE

_LEVELS = (0, 100, 255)
_COLOUR = (0, 51, 255)  # a red that differs from its blue
_CHANNELS = (1, 3)
_LOOKED_AT = 6  # pictures, of different sizes and shapes
_WHOLE = frozenset(("Cast", "Round", "Rint", "Floor", "ClipByValue", "Maximum", "Minimum", "Squeeze", "ExpandDims"))
"""The operations that may stand between resized pixels and the whole levels that a model makes of them."""


@dataclass(frozen=True)
class Cut:
    """A tensor of resized pixels: each of its values is slope * level + intercept, channel by channel.

    shape: [height, width, channels], without a batch, or [1, height, width, channels]. order: of its channels.
    dtype: float32, or uint8 where the model goes on from whole levels.
    """

    tensor: str
    shape: tuple[int, ...]
    dtype: tf.DType
    slope: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]
    order: Order

    @property
    def are_levels(self) -> bool:
        """Whether the values are levels of 0 to 255 themselves."""
        return bool(np.all(self.slope == 1) and np.all(self.intercept == 0))

    def levels(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The resized pixels, [1, height, width, channels] in RGB, of the tensor's values."""
        values = values.reshape(self.shape[-3:])[np.newaxis]
        if not self.are_levels:
            values = (values.astype(np.float64) - self.intercept) / self.slope
        return (values[..., ::-1] if self.order == "bgr" else values).astype(self.dtype.as_numpy_dtype)

    def values(self, levels: tf.Tensor) -> tf.Tensor:
        """The same the other way round, as a graph: the tensor's values of resized pixels."""
        if self.order == "bgr":
            levels = tf.reverse(levels, [3])
        return tf.reshape(levels if self.are_levels else levels * self.slope + self.intercept, self.shape)


def find(flat: FlatGraph, read: Read) -> Cut:
    """The first tensor that has one size for pictures of any; CannotConvert where there is none, or it is unclear.

    read: from a picture's file to what the graph is fed.
    """
    names = list(_candidates(flat))
    values = _fed(flat, read)
    runner = GraphRunner(Subgraph(flat.graph_def, f"{IMAGE}:0", tuple(names)))
    shapes = [tuple(value.shape for value in runner.run(pixels)) for pixels in values]
    for name, seen in zip(names, zip(*shapes)):
        if len(set(seen)) == 1 and _is_picture(seen[0]):
            return _whole_levels(flat, _measured(flat, name, seen[0], values[0]))
    raise CannotConvert(
        "The model sees pictures of any size, and a .tflite file takes one size. Build the model with a size, or write "
        "an .onnx file."
    )


def _fed(flat: FlatGraph, read: Read) -> list[npt.NDArray[Any]]:
    """Pictures of different sizes as the graph takes them, those that it can take."""
    runner = GraphRunner(Subgraph(flat.graph_def, f"{IMAGE}:0", (flat.network_input,)))
    taken, sizes = [], set()
    for picture in reversed(pictures.made()[:-1]):
        try:
            pixels = read(picture.read())
            runner.run(pixels)
        except UNREADABLE:
            continue
        taken.append(pixels)
        sizes.add(pixels.shape)
        if len(sizes) == _LOOKED_AT:
            break
    if not taken:
        raise CannotConvert("The model takes none of the pictures made to find where it resizes them.")
    return taken


def _candidates(flat: FlatGraph) -> Iterator[str]:
    """The tensors that all of the picture's way to the scores goes through, up to the first layer, in their order."""
    inputs = {node.name: [node_of(name) for name in node.input] for node in flat.graph_def.node}
    leading = leading_to(inputs, node_of(flat.network_input), "")
    for node in flat.graph_def.node:
        reaches = node.name in leading and IMAGE in leading_to(inputs, node.name, "")
        if reaches and IMAGE not in leading_to(inputs, node_of(flat.scores), node.name) - {node.name}:
            yield f"{node.name}:0"


def leading_to(inputs: Mapping[str, Iterable[str]], node: str, leaf: str) -> set[str]:
    """The nodes that a node needs, itself too, without what `leaf` needs."""
    found, waiting = set(), [node]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(() if name == leaf else inputs[name])
    return found


def node_of(tensor: str) -> str:
    """The name of the node that makes a tensor, or that is waited for."""
    return tensor.removeprefix("^").partition(":")[0]


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) in (3, 4) and shape[-1] in _CHANNELS and (len(shape) == 3 or shape[0] == 1) and min(shape) > 0


def _measured(flat: FlatGraph, name: str, shape: tuple[int, ...], like: npt.NDArray[Any]) -> Cut:
    """The cut at a tensor, whose dependence on the levels is seen from pictures of one colour.

    like: a picture that the graph takes.
    """
    runner = GraphRunner(Subgraph(flat.graph_def, f"{IMAGE}:0", (name,)))

    def seen(*colour: int) -> npt.NDArray[Any]:
        plain = np.empty_like(like)
        plain[:] = colour if plain.shape[-1] == len(colour) else colour[0]
        values = runner.run(plain)[0].reshape(shape[-3:])
        return np.asarray(values[shape[-3] // 2, shape[-2] // 2])

    black, middle, white = (seen(level).astype(np.float64) for level in _LEVELS)
    slope = (white - black) / _LEVELS[-1]
    apart = np.abs(black + slope * _LEVELS[1] - middle).max() / max(np.abs(white - black).max(), 1e-30)
    if apart > 1e-5 or np.any(slope == 0):
        raise CannotConvert(
            "Before the model resizes a picture it changes the pixels by more than a factor and an addition, which a "
            "phone does not do. Change them after the resize, or write an .onnx file."
        )
    if np.allclose(slope, 1, rtol=1e-6) and np.allclose(black, 0, atol=1e-4):
        slope, black = np.ones_like(slope), np.zeros_like(black)
    order = _order((seen(*_COLOUR) - black) / slope)
    dtype = tf.uint8 if runner.run(like)[0].dtype == np.uint8 else tf.float32
    return Cut(name, shape, dtype, slope.astype(np.float32), black.astype(np.float32), order)


def _order(colour: npt.NDArray[Any]) -> Order:
    """The order of the channels in which _COLOUR is seen so."""
    if len(colour) == 1:
        return "gray"
    orders: dict[Order, tuple[int, ...]] = {"rgb": _COLOUR, "bgr": _COLOUR[::-1]}
    for order, levels in orders.items():
        if np.allclose(colour, levels, atol=0.1):
            return order
    raise CannotConvert(
        "Before the model resizes a picture it mixes its colours, which a phone does not do. Mix them after the "
        "resize, or write an .onnx file."
    )


def _whole_levels(flat: FlatGraph, cut: Cut) -> Cut:
    """Behind it, where the model makes whole levels at once: a phone has these, and a truncated 199.9999 is 199."""
    if not cut.are_levels or cut.dtype == tf.uint8:
        return cut
    name, found = node_of(cut.tensor), cut
    while len(readers := [node for node in flat.graph_def.node if name in map(node_of, node.input)]) == 1:
        (reader,) = readers
        if reader.op not in _WHOLE or node_of(reader.input[0]) != name:
            break
        name = reader.name
        if reader.op == "Cast" and reader.attr["DstT"].type == tf.uint8.as_datatype_enum:
            return _at_whole(flat, found, f"{name}:0")
    return cut


def _at_whole(flat: FlatGraph, cut: Cut, tensor: str) -> Cut:
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(flat.graph_def, name="")
    rank = graph.get_tensor_by_name(tensor).shape.rank or len(cut.shape)
    shape = cut.shape[-3:] if rank == 3 else (1, *cut.shape[-3:])
    return Cut(tensor, shape, tf.uint8, cut.slope, cut.intercept, cut.order)
