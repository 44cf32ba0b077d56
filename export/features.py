"""The features that a file requires of its reader: older ones would decode or resize its pictures otherwise."""

from __future__ import annotations

from predictor import Decoding, Resizing

FIRST_VERSIONS = {"opencv-decoder": "0.2.0", "chromium-canvas": "0.2.0", "aspect-ratio-fits": "0.2.0"}
"""Each feature and the first version of this project that has it."""

_OLD_FITS = ("stretch", "crop", "pad")
_OF_DECODERS = {"opencv": "opencv-decoder", "chromium": "chromium-canvas"}


def required(decoding: Decoding, resizing: Resizing | None) -> dict[str, str]:
    """The features that a reader must have for this decoding and resizing, each with its first version."""
    names = [_OF_DECODERS[decoding.decoder]] if decoding.decoder in _OF_DECODERS else []
    if resizing and resizing.fit not in _OLD_FITS:
        names.append("aspect-ratio-fits")
    return {name: FIRST_VERSIONS[name] for name in names}
