"""The activation of a `.tflite` network's output, and how finely it is counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from export.tflite.file import Network

_SILENT = frozenset(("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "QUANTIZE", "DEQUANTIZE", "CAST"))
_ACTIVATIONS = {"SOFTMAX": "softmax", "LOGISTIC": "sigmoid"}
_LINEAR = frozenset(("ADD", "AVERAGE_POOL_2D", "CONV_2D", "FULLY_CONNECTED", "LOG_SOFTMAX", "MEAN", "MUL", "SUB"))


@dataclass(frozen=True)
class Ancestry:
    """Where scores come from.

    activation: as `interface.activation` says it. step: the distance of two neighbouring values where they were counted
    last, in whole numbers; 0 where they never were. before: whether that was before the activation.
    """

    activation: str
    step: float
    before: bool

    @classmethod
    def of(cls, network: Network) -> Ancestry:
        """The ancestry of a network's only output."""
        makers = {index: operation for operation in network.operations for index in operation.outputs}
        index, activation, step, before = network.outputs[0], None, 0.0, False
        for _ in network.operations:  # no more, should they form a circle
            if index not in makers or (activation is not None and step):
                break
            tensor, maker = network.tensors[index], makers[index]
            if not step and tensor.scales.size == 1:
                step, before = float(tensor.scales[0]), activation is not None
            if maker.name in _SILENT:
                index = maker.inputs[0]
            elif activation is None:
                activation = _ACTIVATIONS.get(maker.name, "none" if maker.name in _LINEAR else "")
                index = maker.inputs[0] if maker.name in _ACTIVATIONS else -1
            else:
                break
        return cls(activation or "", step, before)

    def widened(
        self, least: npt.NDArray[np.float64], greatest: npt.NDArray[np.float64], *, from_logits: bool
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Bounds of scores, [classes], when what was counted may be off by a step.

        from_logits: whether the scores are what an activation made of the values.
        """
        if not (from_logits or self.before):
            return least - self.step, greatest + self.step
        # A share grows most when its logit rises by a step while all others fall by one.
        factor = np.exp(2 * self.step)
        return least / (least + (1 - least) * factor), greatest * factor / (1 - greatest + greatest * factor)
