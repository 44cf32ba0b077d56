"""The JSON document that a `model.onnx` carries about itself."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

KEY = "image_classifier"  # its key in the ONNX metadata_props
FORMAT = 1

JpegTransform = Literal["fast", "accurate"]
Drawing = Literal["white-on-black", "black-on-white"]


@dataclass(frozen=True)
class Decoding:
    """How the training pipeline turned a file into pixels; the part of preprocessing no graph can hold.

    jpeg_transform: the inverse DCT, TensorFlow's `dct_method`: `fast` is INTEGER_FAST, `accurate` INTEGER_ACCURATE.
    jpeg_smooth_chroma: TensorFlow's `fancy_upscaling`.
    """

    jpeg_transform: JpegTransform = "fast"
    jpeg_smooth_chroma: bool = True


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

    version: the first 12 hex digits of the SHA-256 of graph, labels and decoding: two files that answer
    differently have different versions.
    activation: what makes the scores: `softmax`, `sigmoid`, `none`, or `softmax (added)` to an original's logits.
    preprocessing: the steps from pixels to the network's input, in words.
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
    decoding = Decoding(**document.pop("decoding"))
    if decoding.jpeg_transform not in get_args(JpegTransform):
        raise ValueError(f"it wants the unknown JPEG transform {decoding.jpeg_transform!r}")
    return ModelInfo(
        labels=tuple(document.pop("labels")),
        preprocessing=tuple(document.pop("preprocessing")),
        decoding=decoding,
        source=Source(**document.pop("source")),
        parity=Parity(**parity) if parity else None,
        **document,
    )
