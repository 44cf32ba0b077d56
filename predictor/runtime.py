"""The libraries that run here and that decide, to the last bit, what a model answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PACKAGES = ("numpy", "onnxruntime", "pillow", "simplejpeg")
"""Their names on PyPI."""


def versions() -> dict[str, str]:
    """The version of each of PACKAGES, by its name."""
    import numpy
    import onnxruntime
    import PIL  # which is small; what opens files is in PIL.Image
    import simplejpeg

    modules: dict[str, Any] = {"numpy": numpy, "onnxruntime": onnxruntime, "pillow": PIL, "simplejpeg": simplejpeg}
    return {package: str(modules[package].__version__) for package in PACKAGES}


def differences(tools: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The packages that run here in another version than a file was verified with: that version, and the one here.

    tools: `ModelInfo.tools`; a package that an old file does not name is left out.
    """
    here = versions()
    return {name: (tools[name], here[name]) for name in PACKAGES if tools.get(name, here[name]) != here[name]}
