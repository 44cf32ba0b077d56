"""How much work the scans of a JPEG are, known from their headers before any is decoded.

A progressive JPEG has each of its components in several scans, and the decoder passes over all blocks of the component
for each, even where a few bytes say that nothing changes. libjpeg's own script has 2 to 6 scans for a component, in
mozjpeg's there are at most 7.
"""

from __future__ import annotations

from predictor.errors import BadImage, ImageTooLarge
from predictor.jpeg.header import Header
from predictor.jpeg.segments import END_OF_IMAGE, START_OF_SCAN, body, segments

PASSES = 18  # three times libjpeg's own script
ARITHMETIC_PASSES = 6  # that script: to decode arithmetic coding takes three times as long
_BLOCK = 8  # samples, across and down


def check_scans(data: bytes, header: Header) -> None:
    """ImageTooLarge when the scans pass over the picture too often, BadImage when the file ends before its end."""
    blocks = _blocks(header)
    passes = ARITHMETIC_PASSES if header.is_arithmetic else PASSES
    left = passes * sum(blocks.values())
    for segment in segments(data):
        if segment.code == END_OF_IMAGE:
            return
        if segment.code == START_OF_SCAN:
            left -= sum(blocks.get(component, 0) for component in _components(body(data, segment)))
        if left < 0:
            raise ImageTooLarge(
                f"The scans of the JPEG pass over its picture more than {passes} times; "
                "save it anew to have it labelled."
            )
    raise BadImage("The JPEG is cut off before its end.")


def _blocks(header: Header) -> dict[int, int]:
    """How many blocks each component has, by what the scans call it."""
    most_across, most_down = (max(factors) for factors in zip(*header.sampling))
    blocks = {}
    for identifier, (across, down) in zip(header.identifiers, header.sampling):
        columns = -(-header.width * across // (most_across * _BLOCK))
        blocks[identifier] = columns * -(-header.height * down // (most_down * _BLOCK))
    return blocks


def _components(scan: bytes) -> bytes:
    """The identifiers of the components in the scan whose segment says this."""
    return scan[1 : 1 + 2 * scan[0] : 2] if scan else b""
