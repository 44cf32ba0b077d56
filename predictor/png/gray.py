"""Colours to gray as libpng computes it, for TensorFlow's weights.

Where the file declares a gamma, libpng weighs linear light, through tables; else it weighs the samples as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.uint8 | np.uint16]
"""uint8 or uint16 [..., 3], RGB."""
_Table = npt.NDArray[np.uint32]

# Red, green and blue, for TensorFlow's 0.299 and 0.587, in units of 1/32768 as libpng rounds them.
_WEIGHTS = np.array([9797, 19234, 3737], np.uint32)
_WEIGHT_BITS = np.uint32(15)
_HALF = np.uint32(1 << 14)

_GAMMA_UNIT = 100_000  # libpng's gammas have five decimals
_GAMMAS = range(16, 625_000_001)  # it ignores others,
_LINEAR = range(95_000, 105_001)  # and takes these for 1
_SHIFTS = {8: 0, 16: 5}  # of 16 bits it looks up the upper 11

_BLOCK = 1 << 16  # pixels that are weighed at once: the products need 32 bits


@dataclass(frozen=True)
class _Curves:
    """Tables by the upper bits of a sample: to linear light, back from it, and for a colour that is gray already."""

    shift: int
    linear: _Table
    back: _Table
    same: _Table


def to_gray(samples: Samples, gamma: int | None) -> npt.NDArray[np.uint8]:
    """[height, width, 3] to uint8 [height, width, 1]; `gamma` is what the file declares, times 100,000."""
    bits = 8 * samples.itemsize
    curves = _curves(bits, gamma) if gamma is not None and gamma in _GAMMAS else None
    gray = np.empty((*samples.shape[:2], 1), np.uint8)
    colours, levels = samples.reshape(-1, 3), gray.reshape(-1)
    for start in range(0, len(colours), _BLOCK):
        block = colours[start : start + _BLOCK]
        light = _weigh(block, rounded=bits == 16) if curves is None else _weigh_light(block, curves)
        levels[start : start + _BLOCK] = light >> (bits - 8)
    return gray


def _weigh(colours: Samples | _Table, *, rounded: bool) -> npt.NDArray[np.uint32]:
    products = colours.astype(np.uint32) @ _WEIGHTS
    weighed: npt.NDArray[np.uint32] = (products + (_HALF if rounded else np.uint32(0))) >> _WEIGHT_BITS
    return weighed


def _weigh_light(colours: Samples, curves: _Curves) -> npt.NDArray[np.uint32]:
    light = _weigh(curves.linear[colours >> curves.shift], rounded=True)
    is_gray = (colours == colours[:, :1]).all(axis=1)
    gray: npt.NDArray[np.uint32] = np.where(
        is_gray, curves.same[colours[:, 0] >> curves.shift], curves.back[light >> curves.shift]
    )
    return gray


@lru_cache(maxsize=2)
def _curves(bits: int, gamma: int) -> _Curves | None:
    """The tables for samples of 8 or 16 bits; None where libpng needs none."""
    screen = _reciprocal(gamma)
    if gamma in _LINEAR and screen in _LINEAR:
        return None
    levels = 1 << (bits - _SHIFTS[bits])
    top = (1 << bits) - 1
    product = int(gamma * screen / _GAMMA_UNIT + 0.5)  # 1, but for what the reciprocal was rounded by
    same = np.arange(levels, dtype=np.uint32) if bits == 8 else _nearest_of_eight_bits(levels, product)
    return _Curves(_SHIFTS[bits], _power(levels, top, screen), _power(levels, top, _reciprocal(screen)), same)


def _reciprocal(gamma: int) -> int:
    return int(_GAMMA_UNIT**2 / gamma + 0.5)


def _power(levels: int, top: int, gamma: int) -> _Table:
    """0 to `top` in `levels` steps, to the power of `gamma`, as png_build_8bit_table and png_build_16bit_table do."""
    level = np.arange(levels)
    if gamma in _LINEAR:
        return ((level * top + levels // 2) // (levels - 1)).astype(np.uint32)
    return np.floor(top * (level / (levels - 1)) ** (gamma / _GAMMA_UNIT) + 0.5).astype(np.uint32)


def _nearest_of_eight_bits(levels: int, gamma: int) -> _Table:
    """16-bit samples whose lower half repeats the upper one, as png_build_16to8_table rounds to them."""
    between = (np.arange(255) * 257 + 128) / 65_535
    bounds = np.floor(65_535 * between ** (gamma / _GAMMA_UNIT) + 0.5).astype(np.int64)
    bounds = (bounds * (levels - 1) + 32_768) // 65_535 + 1
    return (257 * np.searchsorted(bounds, np.arange(levels), side="right")).astype(np.uint32)
