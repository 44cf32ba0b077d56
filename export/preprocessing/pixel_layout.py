"""The arrangement of the pixels that a model takes."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from export.errors import NotAClassifier

Shape = tuple[int | None, ...] | None
"""None for an unknown rank; None for each unknown dimension."""

DTYPES = frozenset((tf.float32, tf.float16, tf.float64, tf.uint8, tf.int8, tf.int32))


@dataclass(frozen=True)
class Layout:
    """A batch of pictures as a tensor.

    rank: 4, or 3 for gray pictures without a dimension for their channel. height, width: None where any will do.
    batch: the number of pictures, None where any will do.
    """

    dtype: tf.DType
    rank: int
    batch: int | None
    height: int | None
    width: int | None
    channels: int
    channels_first: bool

    @classmethod
    def of(cls, key: str, dtype: tf.DType, shape: Shape) -> Layout:
        """The layout of the input `key`; NotAClassifier for one that does not take pictures."""
        if dtype in DTYPES and shape is not None:
            if len(shape) == 3 and 3 not in shape[1:]:
                return cls(dtype, 3, *shape, channels=1, channels_first=False)
            if len(shape) == 4 and shape[3] in (1, 3):
                return cls(dtype, 4, *shape[:3], channels=shape[3], channels_first=False)
            if len(shape) == 4 and shape[1] in (1, 3):
                return cls(dtype, 4, shape[0], *shape[2:], channels=shape[1], channels_first=True)
        raise NotAClassifier(
            f"The input {key!r} is {written(dtype, shape)}, which is no picture. What can be exported takes image "
            "files (strings), or pixels: [N, height, width, 3], [N, 3, height, width], and with 1 for gray pictures, "
            "or [N, height, width]."
        )

    def __str__(self) -> str:
        size = (self.height, self.width)
        channels = () if self.rank == 3 else (self.channels,)
        sides = (*channels, *size) if self.channels_first else (*size, *channels)
        return written(self.dtype, (self.batch, *sides))


def written(dtype: tf.DType, shape: Shape) -> str:
    """A type and shape for a person: `float32 [N, 224, 224, 3]`."""
    if shape is None:
        return f"{dtype.name} of any shape"
    first = ("N" if shape[0] is None else str(shape[0]),) if shape else ()
    return f"{dtype.name} [{', '.join((*first, *('any' if size is None else str(size) for size in shape[1:])))}]"
