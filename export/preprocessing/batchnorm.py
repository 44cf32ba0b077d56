"""The moving statistics of the first batch normalisation, over the pixels that a network was trained on.

Its moving mean and variance describe, for each channel, what it was given in training. Of the ways to scale pixels,
the right one makes ordinary pictures look alike there. Divergence: the mean over the channels of the Kullback-Leibler
divergence of two Gaussians, that of the samples from that of the training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from export.graph.dataflow import Node, Tensor
from export.graph.flatten import subgraph
from export.graph.running import GraphRunner
from export.graph.saved_model import SavedModel
from export.graph.trace import Trace, inputs_of

_FUSED = frozenset(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"))
_SMALLEST_VARIANCE = 1e-6
_MOST_FACTORS = 4
"""Products inside products that are looked through; one is usual."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BatchNorm:
    """A batch normalisation in the graph: what it is given, and its moving statistics, one number a channel."""

    input_tensor: Tensor
    mean: Tensor
    variance: Tensor


def first_batch_norm(trace: Trace) -> BatchNorm | None:
    """The first batch normalisation that the picture reaches; None where there is none left in the graph."""
    for node in trace.nodes:
        if node in trace.follows_picture and (found := _fused(node) or _written_out(node, trace)):
            return found
    return None


def _fused(node: Node) -> BatchNorm | None:
    if node.op not in _FUSED or node.definition.attr["is_training"].b:
        return None
    input_tensor, _, _, mean, variance = inputs_of(node)
    return BatchNorm(input_tensor, mean, variance)


def _written_out(node: Node, trace: Trace) -> BatchNorm | None:
    """`x * inverse + (beta - mean * inverse)`, as Keras writes it; inverse is `rsqrt(variance + epsilon) * gamma`."""
    if node.op not in ("AddV2", "Add"):
        return None
    for product, offset in _both_ways(node):
        if product.node.op != "Mul" or product.node not in trace.follows_picture:
            continue
        for input_tensor, inverse in _both_ways(product.node):
            variance, mean = _variance(inverse), _mean(offset, inverse)
            if input_tensor.node in trace.follows_picture and variance and mean:
                return BatchNorm(input_tensor, mean, variance)
    return None


def _both_ways(node: Node) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    first, second = inputs_of(node)
    return (first, second), (second, first)


def _variance(inverse: Tensor, factors: int = _MOST_FACTORS) -> Tensor | None:
    """The variance in `rsqrt(variance + epsilon)`, times gamma or not."""
    node = inverse.node
    if node.op == "Mul" and factors:
        return next((found for factor in inputs_of(node) if (found := _variance(factor, factors - 1))), None)
    if node.op != "Rsqrt":
        return None
    (total,) = inputs_of(node)
    terms = inputs_of(total.node) if total.node.op in ("Add", "AddV2") else ()
    return next((term for term in terms if term.node.op != "Const"), None) or (terms[0] if terms else None)


def _mean(offset: Tensor, inverse: Tensor) -> Tensor | None:
    """The mean in `beta - mean * inverse`, or in `-mean * inverse`."""
    node = offset.node
    if node.op == "Sub":
        return _mean(inputs_of(node)[1], inverse)
    if node.op != "Mul":
        return None
    factors = inputs_of(node)
    others = [factor for factor in factors if factor != inverse]
    if len(others) != 1:
        return None
    return inputs_of(others[0].node)[0] if others[0].node.op == "Neg" else others[0]


def divergences(
    model: SavedModel, batch_norm: BatchNorm, batches: Iterable[Mapping[str, npt.NDArray[np.float32]]]
) -> dict[str, float]:
    """The divergence for each name in `batches`, whose elements map it to a batch as the model takes it.

    Empty where the moving statistics never moved.
    """
    moving = GraphRunner(subgraph(model, batch_norm.mean, batch_norm.variance)).run()
    mean, variance = (values.reshape(-1).astype(np.float64) for values in moving)
    if np.all(mean == 0) and np.all(variance == 1):  # as they are initialised
        return {}
    runner = GraphRunner(subgraph(model, batch_norm.input_tensor))
    sums: dict[str, _Sums] = {}
    for batch in batches:
        for name, pixels in batch.items():
            (input_tensor,) = runner.run(pixels)
            sums.setdefault(name, _Sums(len(mean))).add(input_tensor)
    return {name: _divergence(*total.statistics(), mean, variance) for name, total in sums.items()}


class _Sums:
    """Running sums, from which mean and variance of each channel come."""

    def __init__(self, channels: int) -> None:
        self._count = 0
        self._sum = np.zeros(channels)
        self._squares = np.zeros(channels)

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Count in values of a batch, with the channels last, or first where there are as many there."""
        channels = len(self._sum)
        if values.shape[-1] != channels:
            values = np.moveaxis(values, 1, -1)
        flat = values.reshape(-1, channels).astype(np.float64)
        self._count += len(flat)
        self._sum += flat.sum(axis=0)
        self._squares += np.square(flat).sum(axis=0)

    def statistics(self) -> tuple[Values, Values]:
        """Mean and variance of each channel."""
        mean = self._sum / self._count
        return mean, self._squares / self._count - np.square(mean)


def _divergence(mean: Values, variance: Values, trained_mean: Values, trained_variance: Values) -> float:
    trained = np.maximum(trained_variance, _SMALLEST_VARIANCE)
    seen = np.maximum(variance, _SMALLEST_VARIANCE)
    each = (np.log(trained / seen) + (seen + np.square(mean - trained_mean)) / trained - 1) / 2
    return float(each.mean())
