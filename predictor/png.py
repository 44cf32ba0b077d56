"""PNG files to pixels, as TensorFlow has libpng read them."""

from __future__ import annotations

import io
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image

from predictor.errors import BadImage
from predictor.gray import Samples, to_gray

# The header, PNG specification 11.2.2; offsets in the file.
_HEADER_NAME = slice(12, 16)
_BIT_DEPTH = 24
_COLOUR_TYPE = 25
_GRAY, _PALETTE, _GRAY_AND_ALPHA = 0, 3, 4
_CHANNELS = {_GRAY: 1, 2: 3, _PALETTE: 3, _GRAY_AND_ALPHA: 2, 6: 4}

# The CRC-32s of the profiles in which libpng 1.6 recognises sRGB: those of the ICC, and Hewlett-Packard's.
_SRGB_PROFILES = frozenset((0x3B8772B9, 0x427EBB21, 0x306FD8AE, 0xBBEF7812, 0x5D5129CE, 0x182EA552, 0xF29E526D))

# libpng's gammas have five decimals.
_SRGB_GAMMA = 45_455
_GAMMA_UNIT = 100_000


def decode(image: Image.Image, data: bytes, channels: int) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, channels], where 0 channels are the file's own 1 to 4; 16 bits lose the lower eight."""
    if data[_HEADER_NAME] != b"IHDR":
        raise BadImage("The image is damaged: its header does not come first.")
    colour_type = data[_COLOUR_TYPE]
    transparent_palette = colour_type == _PALETTE and "transparency" in image.info
    wanted = channels or (4 if transparent_palette else _CHANNELS[colour_type])
    if colour_type in (_GRAY, _GRAY_AND_ALPHA):
        gray = _gray(image)
        return np.repeat(gray[..., :1], 3, axis=2) if wanted == 3 else gray[..., :wanted]
    if wanted == 4:
        return np.asarray(image.convert("RGBA"))
    image.info.pop("transparency", None)  # of which Pillow would warn
    rgb = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    return rgb if wanted == 3 else to_gray(_samples(rgb, image, data), _gamma(image))


def _gray(image: Image.Image) -> npt.NDArray[np.uint8]:
    """The gray of a file without colours, and its alpha if it has one: uint8 [height, width, 1 or 2]."""
    if image.mode.startswith("I"):  # 16 bits
        return (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)[..., np.newaxis]
    if image.mode == "RGBA":  # Pillow opens 16 bits of gray and alpha so
        return np.asarray(image)[..., [0, 3]]
    if image.mode == "LA":
        return np.asarray(image)
    return np.asarray(image.convert("L"))[..., np.newaxis]


def _gamma(image: Image.Image) -> int | None:
    """The gamma that the file declares for its samples, times 100,000."""
    if "srgb" in image.info or zlib.crc32(image.info.get("icc_profile") or b"") in _SRGB_PROFILES:
        return _SRGB_GAMMA
    return round(image.info["gamma"] * _GAMMA_UNIT) if "gamma" in image.info else None


def _samples(rgb: npt.NDArray[np.uint8], image: Image.Image, data: bytes) -> Samples:
    """The colours with all their bits: of 16, Pillow gives the higher eight only, in `rgb`."""
    if data[_BIT_DEPTH] < 16:
        return rgb
    with Image.open(io.BytesIO(data), formats=["PNG"]) as again:
        # Read with its bytes swapped, a picture has the lower eight bits where the higher ones are expected.
        again.tile = [tile._replace(args=str(tile.args).replace(";16B", ";16L")) for tile in again.tile]
        again.load()
        lower = np.asarray(again)[..., :3]
    samples: npt.NDArray[np.uint16] = rgb.astype(np.uint16) << 8 | lower
    return samples
