"""The JSON document that a `model.onnx` carries about itself."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

KEY = "image_classifier"  # its key in the ONNX metadata_props
FORMAT = 1

JpegTransform = Literal["fast", "accurate"]
JpegRatio = Literal[1, 2, 4, 8]
Channels = Literal[0, 1, 3]
Decoder = Literal["tensorflow", "pillow"]
Orientation = Literal["ignore", "apply"]
ResizeMethod = Literal["pillow-nearest", "pillow-bilinear", "pillow-bicubic", "pillow-lanczos", "pillow-box"]
Fit = Literal["stretch", "crop", "pad"]
Drawing = Literal["white-on-black", "black-on-white"]
Quantization = Literal["int8"]


@dataclass(frozen=True)
class Decoding:
    """How the training pipeline turned a file into pixels; the part of preprocessing no graph can hold.

    jpeg_transform: the inverse DCT, TensorFlow's `dct_method`: `fast` is INTEGER_FAST, `accurate` INTEGER_ACCURATE.
    jpeg_smooth_chroma: TensorFlow's `fancy_upscaling`.
    jpeg_ratio: TensorFlow's `ratio`: a JPEG is decoded to a half, a quarter or an eighth of its sides.
    jpeg_least: 0, or not as in training, to be faster: a JPEG is decoded to the smallest of these parts of its sides
    that leaves so many pixels each.
    channels: 1 gray, 3 RGB, 0 as many as the file has.
    decoder: `tensorflow` is `tf.io.decode_image`; `pillow` is `PIL.Image.open` and `convert`, which knows no JPEG
    options: those of the defaults, except that its transform is accurate.
    orientation: whether the picture is turned as its EXIF says, as `PIL.ImageOps.exif_transpose` does.
    """

    jpeg_transform: JpegTransform = "fast"
    jpeg_smooth_chroma: bool = True
    jpeg_ratio: JpegRatio = 1
    channels: Channels = 3
    decoder: Decoder = "tensorflow"
    orientation: Orientation = "ignore"
    jpeg_least: int = 0

    def __post_init__(self) -> None:
        _check_choices(self)
        if self.decoder == "pillow" and (self.channels == 0 or self.jpeg_ratio != 1):
            raise ValueError("it wants Pillow to decode without a number of channels or to a part of the size")
        if self.jpeg_least and (self.decoder == "pillow" or self.jpeg_ratio != 1):
            raise ValueError("it wants JPEGs decoded to a part of their size for two reasons, or by Pillow")

    def of_jpeg(self, height: int, width: int) -> Decoding:
        """The same for a JPEG of so many pixels, with the ratio that `jpeg_least` makes of them."""
        if not self.jpeg_least:
            return self
        # libjpeg rounds sides up.
        fitting = [ratio for ratio in get_args(JpegRatio) if -(-min(height, width) // ratio) >= self.jpeg_least]
        return dataclasses.replace(self, jpeg_ratio=max(fitting, default=1), jpeg_least=0)


@dataclass(frozen=True)
class Resizing:
    """How Pillow resizes the decoded picture to height x width pixels before the graph.

    fit: `stretch` is `Image.resize`, `crop` `ImageOps.fit`, `pad` `ImageOps.pad` in black.
    """

    method: ResizeMethod
    height: int
    width: int
    fit: Fit = "stretch"

    def __post_init__(self) -> None:
        _check_choices(self)
        if not all(type(side) is int and side > 0 for side in (self.height, self.width)):
            raise ValueError(f"it wants pictures of {self.height} x {self.width} pixels")


@dataclass(frozen=True)
class Source:
    """Where the model came from; `fingerprint` is the SHA-256 of the SavedModel's files."""

    name: str
    fingerprint: str
    signature: str
    input: str
    output: str


@dataclass(frozen=True)
class Parity:
    """How the finished file compared with the original, measured on `pictures` pictures.

    max_score_difference: largest absolute difference of any score.
    top1_agreement, identical_inputs: shares of the pictures, 0 to 1; `identical_inputs` counts those for which
    the network saw exactly, bit for bit, what it saw in TensorFlow.
    """

    pictures: int
    max_score_difference: float
    top1_agreement: float
    identical_inputs: float


@dataclass(frozen=True)
class ModelInfo:
    """All that a model file says of itself.

    version: the first 12 hex digits of the SHA-256 of graph, labels, decoding and resizing: two files that
    answer differently have different versions.
    activation: what makes the scores: `softmax`, `sigmoid`, `none`, or `softmax (added)` to an original's logits.
    resizing: what Pillow does between decoding and the graph; None: nothing.
    preprocessing: the steps from pixels to the network's input, in words.
    quantization: what the network was rounded to after it was proven equal; None: nothing.
    drawing: the colours of ink and paper, for a model whose pictures are drawn by hand.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    activation: str
    decoding: Decoding
    preprocessing: tuple[str, ...]
    source: Source
    parity: Parity | None = None
    drawing: Drawing | None = None
    resizing: Resizing | None = None
    quantization: Quantization | None = None
    tools: dict[str, str] = dataclasses.field(default_factory=dict)

    def to_json(self) -> str:
        """The document, as it stands in the file."""
        return json.dumps({"format": FORMAT} | dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ModelInfo:
        """Read the document; a ValueError says what is wrong with it."""
        try:
            document = json.loads(text)
        except ValueError as error:
            raise ValueError(f"its metadata is not JSON: {error}") from error
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise ValueError(f"its metadata is not of format {FORMAT}: export it again with this version")
        try:
            return _from_document(document)
        except (KeyError, TypeError) as error:
            raise ValueError(f"its metadata is incomplete: {error}") from error


def _from_document(document: dict[str, Any]) -> ModelInfo:
    parity = document.pop("parity")
    resizing = document.pop("resizing", None)
    return ModelInfo(
        labels=tuple(document.pop("labels")),
        preprocessing=tuple(document.pop("preprocessing")),
        decoding=Decoding(**document.pop("decoding")),
        resizing=Resizing(**resizing) if resizing else None,
        source=Source(**document.pop("source")),
        parity=Parity(**parity) if parity else None,
        **document,
    )


def _check_choices(part: Decoding | Resizing) -> None:
    """ValueError when a field that is a choice has another value: guessing one would change the pixels."""
    for name, kind in get_type_hints(type(part)).items():
        value = getattr(part, name)
        choices = (False, True) if kind is bool else get_args(kind)
        # 1 and True are equal, yet not the same in a document.
        if choices and not any(type(value) is type(choice) and value == choice for choice in choices):
            raise ValueError(f"it wants the unknown {name} {value!r}")
