"""The network in whole numbers of eight bits: smaller and faster, and no longer exactly equal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.compose

from export.errors import CannotApproximate, ExportError, first_line
from export.network.parts import Parts
from predictor.classifier import INPUT, open_session

_WHOLE = frozenset(("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger"))
_WEIGHTED = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul"))

PixelOptions = npt.NDArray[np.uint8]
Feed = dict[str, npt.NDArray[Any]]
"""The network's inputs for one picture, by name."""


def check_float(model: onnx.ModelProto) -> None:
    """CannotApproximate when the model computes in whole numbers already."""
    if any(node.op_type in _WHOLE for node in model.graph.node):
        raise CannotApproximate("The model is quantised already; leave --quantize out.")


def quantize(model: onnx.ModelProto, before: onnx.ModelProto, pictures: Iterable[PixelOptions]) -> onnx.ModelProto:
    """The model with its network quantised for the values that pictures, uint8 [height, width, channels], cause in it.

    before: what `split_network_input` gave. Raises CannotApproximate, and what `pictures` raise.
    """
    parts = Parts.of(model, before)
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        try:
            network = _quantized(_simplified(parts.network, Path(folder)), _feeds(parts, pictures), Path(folder))
        except ExportError:
            raise
        except Exception as error:  # onnxruntime's own errors share no base class but Exception
            raise CannotApproximate(f"onnxruntime cannot quantise the network: {first_line(error)}") from error
    # What onnxruntime made up may be called as something in the preprocessing is.
    network = onnx.compose.add_prefix(network, "int8/", rename_inputs=False, rename_outputs=False)
    return Parts(parts.preprocessing, network).joined()


def _simplified(network: onnx.ModelProto, folder: Path) -> Path:
    """The network as onnxruntime would simplify it when loading: what is left then is quantised, not what goes away."""
    from onnxruntime.quantization import quant_pre_process

    given, simplified = folder / "network.onnx", folder / "simplified.onnx"
    onnx.save(network, given)
    quant_pre_process(given, simplified, skip_symbolic_shape=True)
    _name_nodes(simplified)
    return simplified


def _name_nodes(path: Path) -> None:
    """Name every node by its place: the nodes to leave out are told by their names, which some do not have."""
    model = onnx.load(path)
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"
    onnx.save(model, path)


def _quantized(network: Path, feeds: Iterator[Feed], folder: Path) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType, quantize_static

    quantized = folder / "quantized.onnx"
    quantize_static(
        network,
        quantized,
        _Calibration(feeds),
        per_channel=True,
        # A processor without instructions for it (VNNI) adds two products with 16 bits. Of weights with eight bits
        # the sum may not fit, and such a processor would answer otherwise than the one that judged.
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=_last_layer(onnx.load(network)),
    )
    return onnx.load(quantized)


def _last_layer(network: onnx.ModelProto) -> list[str]:
    """The nodes, by name, from the last layer with weights on: two classes often get the same of 256 levels."""
    nodes = network.graph.node
    last = max(number for number, node in enumerate(nodes) if node.op_type in _WEIGHTED)
    return [node.name for node in nodes[last:]]


def _feeds(parts: Parts, pictures: Iterable[PixelOptions]) -> Iterator[Feed]:
    """The network's inputs for each picture."""
    session = open_session(parts.preprocessing.SerializeToString())
    wanted = [value.name for value in parts.network.graph.input]
    made = [name for name in wanted if name != INPUT]
    for pixels in pictures:
        values: Feed = dict(zip(made, session.run(made, {INPUT: pixels})))
        yield values | ({INPUT: pixels} if INPUT in wanted else {})


class _Calibration:
    """A `CalibrationDataReader`."""

    def __init__(self, feeds: Iterator[Feed]) -> None:
        self._feeds = feeds

    def get_next(self) -> Feed | None:
        """The network's inputs for the next picture; None after the last one."""
        return next(self._feeds, None)
