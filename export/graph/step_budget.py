"""How much of a graph that is not loaded yet is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from export.errors import TooComplex
from export.graph.effects import attribute

NodeDef = Any  # protocol buffers without type stubs

MOST_STEPS = 1_000_000
"""Operations and edges that are looked at; a large network with all its functions has a hundredth."""
MOST_BYTES_OF_CONSTANTS = 2**31


@dataclass
class StepBudget:
    """How much of a graph is still looked at."""

    steps: int = MOST_STEPS
    constants: int = MOST_BYTES_OF_CONSTANTS

    def spend(self, steps: int = 1) -> None:
        """TooComplex when it is used up."""
        self.steps -= steps
        if self.steps < 0:
            raise TooComplex(f"it reaches more than {MOST_STEPS:,} operations and edges")

    def hold(self, constant: NodeDef) -> None:
        """TooComplex when this constant and those before take more memory than an ONNX file can hold."""
        value = attribute(constant, "value").tensor
        sizes = [max(dim.size, 0) for dim in value.tensor_shape.dim]
        self.constants -= math.prod(sizes) * (tf.dtypes.as_dtype(value.dtype).size if value.dtype else 1)
        if self.constants < 0:
            raise TooComplex(f"its constants take more than {MOST_BYTES_OF_CONSTANTS / 1e9:.1f} GB")
