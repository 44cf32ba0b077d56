"""A `.tflite` file in ONNX, by the way that is nearest to what LiteRT answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
import onnx.compose

from export.tflite import by_tf2onnx
from export.tflite.file import Network
from export.tflite.graph import NotTranslated
from export.tflite.translation import translate

_PREFIX = "network/"


@dataclass(frozen=True)
class Conversion:
    """The network from its input to its float32 output, with names that begin with a prefix of its own.

    is_quantised: whether it computes in whole numbers. inexact: why those may be off by a step, as the end of a
    sentence; empty where the file answers bit for bit as LiteRT does, and for networks of real numbers.
    """

    model: onnx.ModelProto
    is_quantised: bool
    inexact: str


def convert(path: Path, network: Network, given: str, wanted: str) -> Conversion:
    """The conversion of a file whose network has been read; CannotConvert says why there is none.

    given, wanted: what the input and the output are called.
    """
    inexact = ""
    model = None
    if network.is_quantised:
        try:
            model = translate(network, given, wanted)
        except NotTranslated as reason:
            inexact = str(reason)
    model = model or by_tf2onnx.convert(path, network, given, wanted)
    model = onnx.compose.add_prefix(model, _PREFIX, rename_inputs=False, rename_outputs=False)
    return Conversion(model, network.is_quantised, inexact)
