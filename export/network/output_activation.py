"""The activation behind a model that turns its output into one probability a class."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

LARGEST_SUM_ERROR = 1e-3
"""How far from one the sum of probabilities may lie."""


class OutputActivation(Enum):
    """The kinds of output, and how each ends; the value is what the exported model's description says."""

    AS_IS = ""
    SOFTMAX = "softmax (added)"
    SIGMOID = "sigmoid (added)"
    TWO_CLASSES = "sigmoid, as two classes"
    TWO_CLASSES_FROM_LOGIT = "sigmoid (added), as two classes"

    @property
    def is_activation(self) -> bool:
        """Whether it makes probabilities of logits."""
        return self not in (OutputActivation.AS_IS, OutputActivation.TWO_CLASSES)

    @classmethod
    def of(cls, values: npt.NDArray[Any], activation: str) -> OutputActivation:
        """The activation for a model's `values` for some pictures, [pictures, outputs], that `activation` made.

        activation: as `interface.activation` finds it. Logits are what a layer gives, unless it is probabilities as
        it stands, and what is not between 0 and 1. One value is the probability, or the logit, of the second of two
        classes, unless a softmax made it: that has one class.
        """
        are_shares = bool(np.nanmin(values) >= 0 and np.nanmax(values) <= 1)
        if values.shape[1] == 1 and activation == "softmax":
            return cls.AS_IS  # always 1: there is nothing else to choose
        if values.shape[1] == 1:
            is_logit = activation == "none" or not are_shares
            return cls.TWO_CLASSES_FROM_LOGIT if is_logit else cls.TWO_CLASSES
        if activation in ("softmax", "sigmoid"):
            return cls.AS_IS
        if cls.are_probabilities(values) or (are_shares and not activation):
            return cls.AS_IS
        return cls.SOFTMAX

    @staticmethod
    def are_probabilities(values: npt.NDArray[Any]) -> bool:
        """Whether the values for some pictures, [pictures, outputs], are shares that add to one."""
        are_shares = np.nanmin(values) >= 0 and np.nanmax(values) <= 1
        return bool(are_shares and np.allclose(np.nansum(values, axis=1), 1, atol=LARGEST_SUM_ERROR))

    @classmethod
    def said(cls, activation: str, outputs: int) -> OutputActivation:
        """The activation that gives so many outputs this activation: `softmax`, `sigmoid`, or `none`."""
        if outputs == 1 and activation != "softmax":
            return cls.TWO_CLASSES if activation == "none" else cls.TWO_CLASSES_FROM_LOGIT
        return {"softmax": cls.SOFTMAX, "sigmoid": cls.SIGMOID, "none": cls.AS_IS}[activation]

    def classes(self, outputs: int) -> int:
        """How many classes so many outputs become."""
        return 2 if self in (OutputActivation.TWO_CLASSES, OutputActivation.TWO_CLASSES_FROM_LOGIT) else outputs

    def apply(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The probabilities, float32 [classes], of a model's output, [outputs]."""
        exact = values.astype(np.float64)
        if self is OutputActivation.SOFTMAX:
            powers = np.exp(exact - exact.max())
            exact = powers / powers.sum()
        if self in (OutputActivation.SIGMOID, OutputActivation.TWO_CLASSES_FROM_LOGIT):
            exact = 1 / (1 + np.exp(-exact))
        if self in (OutputActivation.TWO_CLASSES, OutputActivation.TWO_CLASSES_FROM_LOGIT):
            exact = np.concatenate([1 - exact, exact])
        return exact.astype(np.float32)

    def append(self, graph: onnx.GraphProto, values: str, scores: str) -> None:
        """The same in ONNX, behind `values`, the last node's output; what comes out is called `scores`."""
        if self is OutputActivation.AS_IS:
            graph.node[-1].output[:] = [scores]
        elif self in (OutputActivation.SOFTMAX, OutputActivation.SIGMOID):
            operation = "Softmax" if self is OutputActivation.SOFTMAX else "Sigmoid"
            graph.node.append(helper.make_node(operation, [values], [scores]))
        else:
            second = values
            if self is OutputActivation.TWO_CLASSES_FROM_LOGIT:
                second = "second_class"
                graph.node.append(helper.make_node("Sigmoid", [values], [second]))
            graph.initializer.append(helper.make_tensor("certain", TensorProto.FLOAT, [1], [1.0]))
            graph.node.append(helper.make_node("Sub", ["certain", second], ["first_class"]))
            graph.node.append(helper.make_node("Concat", ["first_class", second], [scores], axis=0))
