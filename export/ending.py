"""What is put behind a model so that its output becomes one probability a class."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper


class Ending(Enum):
    """The kinds of output, and how each ends; the value is what the exported model's description says."""

    AS_IS = ""
    SOFTMAX = "softmax (added)"
    TWO_CLASSES = "sigmoid, as two classes"
    TWO_CLASSES_FROM_LOGIT = "sigmoid (added), as two classes"

    @classmethod
    def of(cls, values: npt.NDArray[Any], activation: str) -> Ending:
        """The ending for a model's `values` for a picture, [outputs], that `activation` made.

        Without an activation, values outside 0 to 1 are logits. One value is the probability, or the logit, of the
        second of two classes.
        """
        are_logits = activation == "none" and bool(values.min() < 0 or values.max() > 1)
        if values.size == 1:
            return cls.TWO_CLASSES_FROM_LOGIT if activation == "none" else cls.TWO_CLASSES
        return cls.SOFTMAX if are_logits else cls.AS_IS

    def classes(self, outputs: int) -> int:
        """How many classes so many outputs become."""
        return 2 if self in (Ending.TWO_CLASSES, Ending.TWO_CLASSES_FROM_LOGIT) else outputs

    def apply(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The probabilities, float32 [classes], of a model's output, [outputs]."""
        exact = values.astype(np.float64)
        if self is Ending.SOFTMAX:
            powers = np.exp(exact - exact.max())
            exact = powers / powers.sum()
        if self is Ending.TWO_CLASSES_FROM_LOGIT:
            exact = 1 / (1 + np.exp(-exact))
        if self in (Ending.TWO_CLASSES, Ending.TWO_CLASSES_FROM_LOGIT):
            exact = np.concatenate([1 - exact, exact])
        return exact.astype(np.float32)

    def append(self, graph: onnx.GraphProto, values: str, scores: str) -> None:
        """The same in ONNX, behind `values`, the last node's output; what comes out is called `scores`."""
        if self is Ending.AS_IS:
            graph.node[-1].output[:] = [scores]
        elif self is Ending.SOFTMAX:
            graph.node.append(helper.make_node("Softmax", [values], [scores]))
        else:
            second = values
            if self is Ending.TWO_CLASSES_FROM_LOGIT:
                second = "second_class"
                graph.node.append(helper.make_node("Sigmoid", [values], [second]))
            graph.initializer.append(helper.make_tensor("certain", TensorProto.FLOAT, [1], [1.0]))
            graph.node.append(helper.make_node("Sub", ["certain", second], ["first_class"]))
            graph.node.append(helper.make_node("Concat", ["first_class", second], [scores], axis=0))
