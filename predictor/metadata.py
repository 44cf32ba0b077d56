"""The JSON document that a `model.onnx` carries about itself; docs/model-file.md specifies it."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

KEY = "image_classifier"  # its key in the ONNX metadata_props
FORMAT = 2
READABLE = (1, 2)
"""The formats that are read; docs/model-file.md says what each is."""
FEATURES: frozenset[str] = frozenset(("opencv-decoder", "chromium-canvas", "aspect-ratio-fits"))
"""The features that a file may require of its reader, and that this one has."""

JpegTransform = Literal["fast", "accurate"]
JpegRatio = Literal[1, 2, 4, 8]
Channels = Literal[0, 1, 3]
Decoder = Literal["tensorflow", "pillow", "opencv", "chromium"]
Orientation = Literal["ignore", "apply"]
CanvasMethod = Literal["chromium-image", "chromium-frame"]
PillowMethod = Literal["pillow-nearest", "pillow-bilinear", "pillow-bicubic", "pillow-lanczos", "pillow-box"]
ResizeMethod = Literal[PillowMethod, CanvasMethod]
Fit = Literal["stretch", "crop", "pad", "crop-to-aspect-ratio", "pad-to-aspect-ratio", "shorter-side"]
Drawing = Literal["white-on-black", "black-on-white"]
Quantization = Literal["int8"]
Size = tuple[int, int]
"""Width and height, in pixels."""


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
    options: those of the defaults, except that its transform is accurate; `opencv` is `cv2.imread`, in the order RGB;
    `chromium` is what its canvas draws, to which JPEGs may be reduced as far as `jpeg_least` says.
    orientation: whether the picture is turned as its EXIF says, as `PIL.ImageOps.exif_transpose` does, or `cv2.imread`.
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
        if self.channels not in {"opencv": (1, 3), "chromium": (3,)}.get(self.decoder, get_args(Channels)):
            raise ValueError(f"it wants {self.decoder} to decode to {self.channels} channels")
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
    """How Pillow, or Chromium's canvas, resizes the decoded picture to height x width pixels before the graph.

    fit: `stretch` is `Image.resize`, `crop` `ImageOps.fit`, `pad` `ImageOps.pad` in black, the next two Keras's, the
    last torchvision's `Resize` of the shorter side to `shorter` and `CenterCrop`. The canvas is square and crops.
    """

    method: ResizeMethod
    height: int
    width: int
    fit: Fit = "stretch"
    shorter: int = 0

    def __post_init__(self) -> None:
        _check_choices(self)
        if not all(type(side) is int and side > 0 for side in (self.height, self.width)):
            raise ValueError(f"it wants pictures of {self.height} x {self.width} pixels")
        if type(self.shorter) is not int or self.shorter < 0 or (self.fit == "shorter-side") != (self.shorter > 0):
            raise ValueError(f"it wants a shorter side of {self.shorter} pixels with the fit {self.fit!r}")
        if self.method in get_args(CanvasMethod) and (self.height, self.fit) != (self.width, "crop"):
            raise ValueError("it wants a canvas that is no square or does not crop")


@dataclass(frozen=True)
class Provenance:
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
class Reproduction:
    """How many of the answers that somebody saw for pictures the file gives too, to so many decimals."""

    pictures: int
    reproduced: int
    decimals: int


UNSURE = "unsure"
"""The decision where no label's score is high enough."""


@dataclass(frozen=True)
class Decision:
    """From which score on the best label is taken for the answer, and what was measured of that.

    score: the least score that decides. error, confidence: at most that share of decided answers is wrong, with that
    confidence, on pictures like those measured. pictures: how many the bound was measured on, of which the share
    `answered` was decided.
    """

    score: float
    error: float
    confidence: float
    answered: float
    pictures: int

    def __post_init__(self) -> None:
        if type(self.score) not in (int, float) or not math.isfinite(self.score):
            raise ValueError(f"it decides from the score {self.score!r} on, which is no number")

    def of(self, label: str, score: float) -> str:
        """The best label, or `unsure` when its score is too low."""
        return label if score >= self.score else UNSURE


@dataclass(frozen=True)
class ModelInfo:
    """All that a model file says of itself.

    version: 12 hex digits that follow from all that decides answers: two files that answer differently have different
    versions.
    activation: what makes the scores: `softmax`, `sigmoid`, `none`, or `softmax (added)` to an original's logits.
    resizing: what Pillow does between decoding and the graph; None: nothing.
    preprocessing: the steps from pixels to the network's input, in words.
    quantization: what the network was rounded to after it was proven equal; None: nothing.
    drawing: the colours of ink and paper, for a model whose pictures are drawn by hand.
    tools: the versions of the libraries that made the file, and of those with which parity was measured, by their
    names on PyPI.
    requires: the features without which answers would be wrong, each with the first version of this project that
    reads it.
    outputs: what each output beside `scores` holds, by its name.
    decision: which answers are sure enough; None: it was not measured.
    reproduction: how it compared with answers that somebody saw; None: it was not compared.
    assumed: what nobody said of the preprocessing and nothing showed, in words.
    impossible_sizes: of the sizes of pictures tried, those that the model cannot take.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    activation: str
    decoding: Decoding
    preprocessing: tuple[str, ...]
    source: Provenance
    parity: Parity | None = None
    drawing: Drawing | None = None
    resizing: Resizing | None = None
    quantization: Quantization | None = None
    tools: dict[str, str] = dataclasses.field(default_factory=dict)
    requires: dict[str, str] = dataclasses.field(default_factory=dict)
    outputs: dict[str, Any] = dataclasses.field(default_factory=dict)
    decision: Decision | None = None
    impossible_sizes: tuple[Size, ...] = ()
    reproduction: Reproduction | None = None
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        on_canvas = self.resizing is not None and self.resizing.method in get_args(CanvasMethod)
        if on_canvas != (self.decoding.decoder == "chromium"):
            raise ValueError("it wants a decoder and a resizing of which one is Chromium's and the other is not")

    def to_json(self) -> str:
        """The document, as it stands in the file; without what older readers do not know, where it says nothing."""
        document = {"format": FORMAT} | dataclasses.asdict(self)
        if self.resizing and not self.resizing.shorter:
            del document["resizing"]["shorter"]
        return json.dumps(document, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ModelInfo:
        """Read the document; a ValueError says what is wrong with it."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"its metadata is not JSON: {error}") from error
        _check_readable(document)
        try:
            return _from_document(document)
        except (KeyError, TypeError) as error:
            raise ValueError(f"its metadata is incomplete: {error}") from error


def _check_readable(document: Any) -> None:
    """ValueError for a document of another format, or with features that this reader does not have."""
    form = document.get("format") if isinstance(document, dict) else None
    if type(form) is not int or form not in READABLE:
        readable = " or ".join(map(str, READABLE))
        raise ValueError(f"its metadata is not of format {readable}: use the version that wrote it, or export it again")
    required = document.get("requires", {})
    for feature in required.keys() - FEATURES if isinstance(required, dict) else [required]:
        version = required[feature] if isinstance(required, dict) else None
        raise ValueError(f"it requires the feature {feature!r}, which version {version} of this project has")


def _from_document(document: dict[str, Any]) -> ModelInfo:
    """Fields that are not known are left out, but for those that decide pixels."""
    resizing, parity, decision = document.get("resizing"), document["parity"], document.get("decision")
    reproduction = document.get("reproduction")
    known: dict[str, Any] = _known(ModelInfo, document) | {
        "labels": _texts(document["labels"]),
        "preprocessing": _texts(document["preprocessing"]),
        "decoding": Decoding(**_all_known(Decoding, document["decoding"])),
        "resizing": Resizing(**_all_known(Resizing, resizing)) if resizing else None,
        "source": Provenance(**_known(Provenance, document["source"])),
        "parity": Parity(**_known(Parity, parity)) if parity else None,
        "decision": Decision(**_known(Decision, decision)) if decision else None,
        "reproduction": Reproduction(**_known(Reproduction, reproduction)) if reproduction else None,
        "assumed": _texts(document.get("assumed", [])),
        "impossible_sizes": tuple(tuple(size) for size in document.get("impossible_sizes", [])),
    }
    return ModelInfo(**known)


def _known(kind: type, values: Any) -> dict[str, Any]:
    """Of a JSON object what a dataclass has fields for."""
    if not isinstance(values, dict):
        raise TypeError(f"{kind.__name__.lower()} is no object")
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _all_known(kind: type, values: Any) -> dict[str, Any]:
    """All of a JSON object; ValueError for what the dataclass has no field for: to ignore it would change pixels."""
    known = _known(kind, values)
    for name in values.keys() - known.keys():
        raise ValueError(f"its {kind.__name__.lower()} has the unknown field {name!r}: use the version that wrote it")
    return known


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("labels and preprocessing are lists of texts")
    return tuple(values)


def _check_choices(part: Decoding | Resizing) -> None:
    """ValueError when a field that is a choice has another value: guessing one would change the pixels."""
    for name, kind in get_type_hints(type(part)).items():
        value = getattr(part, name)
        choices = (False, True) if kind is bool else get_args(kind)
        # 1 and True are equal, yet not the same in a document.
        if choices and not any(type(value) is type(choice) and value == choice for choice in choices):
            raise ValueError(f"it wants the unknown {name} {value!r}")
