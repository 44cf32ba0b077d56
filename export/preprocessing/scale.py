"""How a network wants its pixel values: the arithmetic between 0 to 255 and what it sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

_MEAN_OF_IMAGENET = (0.485, 0.456, 0.406)
_DEVIATION_OF_IMAGENET = (0.229, 0.224, 0.225)
_CAFFE_MEAN = (123.68, 116.779, 103.939)

Order = Literal["rgb", "bgr", "gray"]
"""The order of the channels that a network sees; `gray` has one."""

Step = tuple[Literal["divide by", "subtract"], tuple[float, ...]]
"""An operation and its operand: one number, or one for each of red, green and blue."""


@dataclass(frozen=True)
class Scale:
    """Steps from pixel values 0 to 255 to what the network sees, in the order and form that training code writes them.

    The form matters: `x / 127.5 - 1` and `(x - 127.5) / 127.5` differ in the last bit.
    """

    name: str
    steps: tuple[Step, ...] = ()

    @classmethod
    def standard(cls, mean: tuple[float, ...], deviation: tuple[float, ...]) -> Scale:
        """`(x - mean) / deviation`, in levels of 0 to 255."""
        steps: tuple[Step, ...] = (("subtract", mean), ("divide by", deviation))
        return cls(f"mean {_written(mean)}, deviation {_written(deviation)}", steps)

    @property
    def is_by_colour(self) -> bool:
        """Whether it treats red, green and blue differently."""
        return any(len(operand) > 1 for _, operand in self.steps)

    def apply(self, values: Any, order: Order) -> Any:
        """The scaled values of float32 [..., channels] in this order: a NumPy array gives one, a tensor a tensor."""
        for operation, operand in self.steps:
            by = np.asarray(operand[::-1] if order == "bgr" else operand, np.float32)
            by = by if by.size > 1 else by[0]
            values = values / by if operation == "divide by" else values - by
        return values


SCALES = {
    scale.name: scale
    for scale in (
        Scale("0..1", (("divide by", (255.0,)),)),
        Scale("-1..1", (("divide by", (127.5,)), ("subtract", (1.0,)))),
        Scale("0..255"),
        Scale("127", (("divide by", (127.0,)), ("subtract", (1.0,)))),
        Scale("128", (("subtract", (128.0,)), ("divide by", (128.0,)))),
        Scale("256", (("divide by", (256.0,)),)),
        Scale("caffe", (("subtract", _CAFFE_MEAN),)),
        Scale(
            "torch",
            (
                ("divide by", (255.0,)),
                ("subtract", _MEAN_OF_IMAGENET),
                ("divide by", _DEVIATION_OF_IMAGENET),
            ),
        ),
    )
}
"""The ones by name; `caffe` and `torch` are the means of ImageNet as those frameworks' networks want them, and the
numbers what pixels are divided by: `x / 127 - 1`, `(x - 128) / 128`, `x / 256`."""

USUAL_SCALES = ("0..1", "-1..1", "0..255", "caffe", "torch")
"""Those that are told apart by samples; the others are too near to one of these."""

USUAL_ORDER: dict[str, Order] = {"caffe": "bgr"}
"""The order that comes with a scale, where it is not RGB: networks from Caffe want blue first."""


def _written(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)
