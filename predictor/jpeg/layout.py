"""JPEGs that simplejpeg does not decode as TensorFlow does: unknown layouts of colours, or parts of a few pixels.

Pillow knows every layout, but of TensorFlow's options only two combinations: fast and not smooth, as for its drafts, or
accurate and smooth. Where inks are separate, they are smoothed here, as libjpeg does it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from predictor.errors import BadImage
from predictor.joined import joined
from predictor.jpeg.header import INKS, Header
from predictor.memory import check_memory, check_room
from predictor.metadata import Decoding

_Plane = npt.NDArray[np.int32]
_LEAST_WIDTH = 3  # libjpeg does not smooth what has fewer samples across


def decode(parts: list[memoryview], header: Header, decoding: Decoding) -> npt.NDArray[np.uint8]:
    """The pixels, uint8 [height, width, channels], or inks as the file has them, whose parts these are.

    At worst they are some levels off.
    """
    gray = decoding.channels == 1
    smooth = decoding.jpeg_smooth_chroma
    components = range(1 if gray else header.components)
    smoothed = [component for component in components if smooth and _is_smoothed(header, component, decoding)]
    separate = gray or (header.components == INKS and not header.adobe)
    draft = not smooth or (decoding.jpeg_transform == "fast" and (separate or not smoothed))
    pixels = _decode(parts, header, decoding, draft=draft)
    for component in smoothed if draft else []:
        _smooth(pixels[..., component], _factors(header, component))
    return pixels


def _decode(parts: list[memoryview], header: Header, decoding: Decoding, *, draft: bool) -> npt.NDArray[np.uint8]:
    # For rare JPEGs alone, so that other models do not wait for Pillow.
    from PIL import Image, JpegImagePlugin

    from predictor.bands import converted

    # Not rounded, since Pillow looks for the scale that makes it.
    size = header.width / decoding.jpeg_ratio, header.height / decoding.jpeg_ratio
    try:
        with Image.open(joined(parts), formats=["JPEG"]) as image:
            assert isinstance(image, JpegImagePlugin.JpegImageFile)
            image.draft("L" if decoding.channels == 1 else None, size)  # type: ignore[arg-type]
            scale, _ = image.decoderconfig
            image.decoderconfig = scale, int(draft)
            image.load()
            mode = "RGB" if image.mode == "L" and decoding.channels == 3 else image.mode
            pixels = np.require(converted(image, mode), requirements="W")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        check_memory(error)
        check_room(header.width, header.height)
        raise BadImage(f"The JPEG is damaged: {error}.") from error
    return np.subtract(255, pixels, out=pixels) if header.components == INKS else pixels  # Pillow inverts all inks


def _factors(header: Header, component: int) -> tuple[float, float]:
    """How many pixels, down and across, one sample of the component makes."""
    across, down = header.sampling[component]
    return max(down for _, down in header.sampling) / down, max(across for across, _ in header.sampling) / across


def _is_smoothed(header: Header, component: int, decoding: Decoding) -> bool:
    """Whether libjpeg interpolates between the component's samples; some it has in full when it decodes a part."""
    if decoding.jpeg_ratio == 8:
        return False
    return _factors(header, component) in ([(1, 2), (2, 1), (2, 2)] if decoding.jpeg_ratio == 1 else [(1, 2), (2, 1)])


def _smooth(plane: npt.NDArray[np.uint8], factors: tuple[float, float]) -> None:
    """Interpolate within the plane, uint8 [height, width], between samples that were repeated."""
    height, width = plane.shape
    samples = plane[:: int(factors[0]), :: int(factors[1])].astype(np.int32)
    if factors == (1, 2) and samples.shape[1] >= _LEAST_WIDTH:
        plane[:] = _twice(samples.T, (1, 2), 2).T[:, :width]
    elif factors == (2, 1):
        plane[:] = _twice(samples, (1, 2), 2)[:height]
    elif factors == (2, 2) and samples.shape[1] >= _LEAST_WIDTH:
        rows = _twice(samples, (0, 0), 0)
        plane[:] = _twice(rows.T, (8, 7), 4).T[:height, :width]


def _twice(samples: _Plane, rounding: tuple[int, int], shift: int) -> _Plane:
    """Twice as many rows: three quarters of the nearer sample, one of the farther, times 4 >> shift."""
    before, after = np.vstack([samples[:1], samples[:-1]]), np.vstack([samples[1:], samples[-1:]])
    pairs = [3 * samples + before + rounding[0] >> shift, 3 * samples + after + rounding[1] >> shift]
    return np.stack(pairs, axis=1).reshape(-1, samples.shape[1])
