"""A `.tflite` file in ONNX, by the way that is nearest to what LiteRT answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
import onnx.compose

from export.errors import CannotConvert
from export.tflite import by_tf2onnx
from export.tflite.file import Network
from export.tflite.graph import NotTranslated
from export.tflite.translation import translate

_PREFIX = "network/"


@dataclass(frozen=True)
class Conversion:
    """The network from its input to its float32 output, with names that begin with a prefix of its own.

    hindrance: what keeps a quantised network from being translated, so that tf2onnx converts it: its answers may be off
    by steps. Empty for all others.
    """

    model: onnx.ModelProto
    hindrance: str


def convert(path: Path, network: Network, given: str, wanted: str) -> Conversion:
    """The conversion of a file whose network has been read; CannotConvert says why there is none.

    given, wanted: what the input and the output are called.
    """
    model, hindrance = None, ""
    if network.has_wide_numbers:
        raise CannotConvert(
            "The network computes in whole numbers of 16 bits, which cannot be converted. Convert the original with "
            "tf.lite.OpsSet.TFLITE_BUILTINS_INT8, or without quantisation."
        )
    if network.is_quantised:
        try:
            model = translate(network, (given,), wanted)
        except NotTranslated as reason:
            hindrance = str(reason)
    model = model or by_tf2onnx.convert(path, network, given, wanted)
    return Conversion(onnx.compose.add_prefix(model, _PREFIX, rename_inputs=False, rename_outputs=False), hindrance)
