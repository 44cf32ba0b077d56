"""The options that describe a model; None means: find it in the model."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from export.errors import ExportError
from export.preprocessing.scale import SCALES, Order, Scale
from predictor.metadata import Decoder, Drawing, Fit, JpegTransform, Orientation

DEFAULT_TOLERANCE = 1e-4

TF_RESIZES = ("tf-bilinear", "tf-nearest", "tf-bicubic", "tf-area", "tf-bilinear-antialias", "tf-lanczos3")
"""Resizes of `tf.image.resize`, which go into the graph."""
PILLOW_RESIZES = ("pillow-nearest", "pillow-bilinear", "pillow-bicubic", "pillow-lanczos", "pillow-box")
"""Resizes of Pillow, which run in Pillow before the graph."""
OPENCV_RESIZES = ("cv2-linear", "cv2-area", "cv2-nearest")
"""Resizes of `cv2.resize`, which go into the graph."""
CANVAS_RESIZES = ("chromium-image", "chromium-frame")
"""The drawings of Chromium on a square canvas: of a picture's file, and of a webcam or another canvas."""
USUAL_RESIZES = TF_RESIZES + PILLOW_RESIZES + OPENCV_RESIZES
RESIZES = USUAL_RESIZES + CANVAS_RESIZES

Levels = tuple[float, float, float]
Activation = Literal["softmax", "sigmoid", "none"]
Rounding = Literal["int8", "float16"]


@dataclass(frozen=True)
class PixelOptions:
    """How pictures became pixels in training; only for a model that takes pixels.

    size: (height, width). resize: one of RESIZES. orientation: whether EXIF's is applied. decoder, jpeg_transform: by
    default those that go with the resize. shorter_side: of the fit `shorter-side`, by default that of the size.
    """

    scale: Scale | None = None
    order: Order | None = None
    resize: str | None = None
    fit: Fit | None = None
    orientation: Orientation | None = None
    size: tuple[int, int] | None = None
    decoder: Decoder | None = None
    jpeg_transform: JpegTransform | None = None
    shorter_side: int | None = None

    def explicit(self) -> list[str]:
        """The names of what is said."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]

    def over(self, preset: PixelOptions) -> PixelOptions:
        """All that is said here, and of `preset` what is not."""
        return replace(preset, **{name: getattr(self, name) for name in self.explicit()})


PRESETS = {
    "keras-image-dataset": PixelOptions(resize="tf-bilinear", fit="stretch", orientation="ignore"),
    "keras-load-img": PixelOptions(resize="pillow-nearest", fit="stretch", orientation="ignore"),
    "teachable-machine": PixelOptions(SCALES["-1..1"], "rgb", "pillow-lanczos", "crop", "ignore"),
    "teachable-machine-upload": PixelOptions(SCALES["127"], "rgb", "chromium-image", "crop", "apply"),
    "teachable-machine-webcam": PixelOptions(SCALES["127"], "rgb", "chromium-frame", "crop", "apply"),
    "opencv": PixelOptions(None, "bgr", "cv2-linear", "stretch", "apply"),
    "tf-hub": PixelOptions(SCALES["0..1"], "rgb", "tf-bilinear", "stretch", "ignore"),
    "automl-edge": PixelOptions(SCALES["-1..1"], "rgb", "tf-bilinear", "stretch", "ignore"),
}
"""The common pipelines. Keras's two and OpenCV's deliver 0 to 255 and leave the scale to the user's code or a layer.

The channels' order is that of colours: a model of gray pictures gets them gray, and whole levels are never scaled.
"""


@dataclass(frozen=True)
class Options:
    """The command line's options.

    pixels: with what a preset says. said_pixels: what the user said himself, which alone can contradict the model.
    samples: a folder of pictures like those the model will see. labelled: one folder a class. images: to verify on.
    expected: answers that somebody saw for the images.
    report: the page to write about the proof. tolerance: None for DEFAULT_TOLERANCE, or less than a step where scores
    are whole numbers. quantize, reduced_jpeg: what makes the file faster and no longer exact; the latter is how many
    times the side of what the network sees is left of a JPEG's.
    """

    signature: str | None = None
    output: str | None = None
    name: str | None = None
    labels: Path | None = None
    activation: Activation | None = None
    pixels: PixelOptions = PixelOptions()
    explicit_pixels: PixelOptions | None = None
    samples: Path | None = None
    labelled: Path | None = None
    images: Path | None = None
    expected: Path | None = None
    report: Path | None = None
    tolerance: float | None = None
    drawing: Drawing | None = None
    quantize: Rounding | None = None
    reduced_jpeg: float | None = None

    def __post_init__(self) -> None:
        if self.expected and not self.images:
            raise ExportError(
                "--expected needs the pictures that the answers are for: give their folder with --images."
            )
        if self.approximates and not self.samples:
            raise ExportError(
                "--quantize and --reduced-jpeg need pictures like those the model will see: give them with --samples."
            )

    @property
    def typed(self) -> PixelOptions:
        """The pixel options of the user himself, without what a preset adds."""
        return self.pixels if self.explicit_pixels is None else self.explicit_pixels

    @property
    def approximates(self) -> bool:
        """Whether the file is not to answer exactly as the original."""
        return bool(self.quantize or self.reduced_jpeg)

    @classmethod
    def from_command_line(
        cls,
        *,
        preset: str | None = None,
        scale: str | None = None,
        mean: Levels | None = None,
        std: Levels | None = None,
        channels: Order | None = None,
        resize: str | None = None,
        fit: Fit | None = None,
        orientation: Orientation | None = None,
        size: tuple[int, int] | None = None,
        decoder: Decoder | None = None,
        jpeg_transform: JpegTransform | None = None,
        shorter_side: int | None = None,
        **others: Any,  # the fields of this class as they are
    ) -> Options:
        """The options as the command line names them; ExportError where they contradict each other."""
        if shorter_side and fit not in (None, "shorter-side"):
            raise ExportError(f"--shorter-side goes with --fit shorter-side, not with --fit {fit}.")
        pixels = PixelOptions(
            _scale(scale, mean, std),
            channels,
            resize,
            "shorter-side" if shorter_side else fit,
            orientation,
            size,
            decoder,
            jpeg_transform,
            shorter_side,
        )
        return cls(pixels=pixels.over(PRESETS[preset]) if preset else pixels, explicit_pixels=pixels, **others)


def _scale(name: str | None, mean: Levels | None, std: Levels | None) -> Scale | None:
    if (mean is None) != (std is None):
        raise ExportError("--mean and --std go together: three levels of 0 to 255 each, for red, green and blue.")
    if mean is None or std is None:
        return SCALES[name] if name else None
    if name:
        raise ExportError("--scale and --mean with --std say the same thing twice; leave one of them out.")
    if 0 in std:
        raise ExportError("--std holds a zero, and nothing can be divided by zero.")
    return Scale.standard(mean, std)
