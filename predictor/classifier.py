"""The classifier: a loaded model that answers with labels."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from predictor.errors import BadImage, BadModel, UnclassifiableImage
from predictor.image import Pixels, decode
from predictor.limits import Limits
from predictor.memory import check_memory
from predictor.metadata import KEY, ModelInfo

if TYPE_CHECKING:
    import onnxruntime

Scores = npt.NDArray[np.float32]
"""float32 [classes], in the order of the model's labels."""

ANY_SCORE = -math.inf
"""The least score where none is asked for: scores below zero, as logits may be, are labels too."""

INPUT = "image"
OUTPUT = "scores"
_KINDS = {1: "gray", 2: "gray with transparency", 3: "in colour", 4: "in colour with transparency"}


@dataclass(frozen=True)
class Prediction:
    """A label and its score; with a softmax or sigmoid at the model's end, 0 to 1."""

    label: str
    score: float


class Classifier:
    """One loaded model; safe to call from many threads at once."""

    def __init__(self, session: onnxruntime.InferenceSession, info: ModelInfo, limits: Limits) -> None:
        self.info = info
        self.limits = limits
        self._session = session
        self._channels = _channels(session)

    @classmethod
    def load(cls, path: str | os.PathLike[str], limits: Limits | None = None) -> Classifier:
        """Load a `model.onnx` written by `python -m export`.

        Raises BadModel, which says why a file is not one, ImportError when onnxruntime cannot be imported, and
        MemoryError when there is not enough memory now.
        """
        path = Path(path)
        if not path.is_file():
            raise BadModel(str(path), "there is no such file")
        try:
            session = open_session(path)
        except ImportError:
            raise
        except Exception as error:  # onnxruntime's own errors share no base class but Exception
            check_memory(error)
            raise BadModel(str(path), _not_onnx(path)) from error
        info = _read_info(session, path)
        _check_interface(session, info, path)
        return cls(session, info, limits or Limits())

    def classify(self, data: bytes, top_k: int | None = None, min_score: float = ANY_SCORE) -> list[Prediction]:
        """The labels of an image file by falling score: the `top_k` best (None: all) of at least `min_score`.

        Raises BadImage when the bytes cannot be classified, however often they are tried, and MemoryError when there
        is not enough memory now.
        """
        return labelled(self.scores(self.decode(data)), self.info.labels, top_k, min_score)

    def decode(self, data: bytes) -> Pixels:
        """The pixels of an image file as this model's training made them: uint8 [height, width, channels].

        Raises BadImage when the bytes cannot be decoded, or are a picture of another kind than the network takes, and
        MemoryError when there is not enough memory now.
        """
        if self.info.resizing is None:
            pixels = decode(data, self.info.decoding, self.limits)
        else:
            from predictor.resizing import read  # with Pillow, which other models may not need

            pixels = read(data, self.info.decoding, self.info.resizing, self.limits)
        if pixels.shape[2] != self._channels and self._channels is not None:
            kind, wanted = _KINDS[pixels.shape[2]], _KINDS[self._channels]
            raise BadImage(f"The picture is {kind}; the model takes pictures that are {wanted}.")
        return pixels

    def scores(self, pixels: Pixels) -> Scores:
        """The score of every class, float32 [classes] and finite, for uint8 [height, width, channels].

        Raises UnclassifiableImage when the network cannot take the picture, or gives scores that are no numbers, and
        MemoryError when there is not enough memory now.
        """
        height, width, _ = pixels.shape
        try:
            (scores,) = self._session.run([OUTPUT], {INPUT: pixels})
        except Exception as error:  # onnxruntime's own errors share no base class but Exception
            check_memory(error)
            raise UnclassifiableImage(f"The model cannot take a picture of {width} x {height} pixels.") from error
        assert isinstance(scores, np.ndarray)
        if not np.isfinite(scores).all():
            raise UnclassifiableImage(
                f"The model's scores for this picture of {width} x {height} pixels are not finite numbers."
            )
        return scores


def best(scores: Scores, top_k: int | None = None, min_score: float = ANY_SCORE) -> list[int]:
    """The classes by falling score, equal ones in order: the `top_k` best (None: all) of at least `min_score`."""
    order = np.argsort(-scores, kind="stable")[:top_k]
    return [int(i) for i in order if scores[i] >= min_score]


def labelled(
    scores: Scores, labels: Sequence[str], top_k: int | None = None, min_score: float = ANY_SCORE
) -> list[Prediction]:
    """The same classes with their labels and scores."""
    return [Prediction(labels[i], float(scores[i])) for i in best(scores, top_k, min_score)]


def open_session(model: Path | bytes) -> onnxruntime.InferenceSession:
    """An onnxruntime session on a file, or on its bytes."""
    # Since 1.29 onnxruntime reports to Microsoft, with retries in the background, unless told so before its import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread a request: two requests side by side finish more pictures than one request on two threads.
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what is an error is raised, and need not be written among the lines of the log
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _not_onnx(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(8)[4:] == b"TFL3":
            return "it is a TFLite model; make an .onnx file of it with `python -m export`"
    return "it is not an ONNX model that onnxruntime can run"


def _read_info(session: onnxruntime.InferenceSession, path: Path) -> ModelInfo:
    document = session.get_modelmeta().custom_metadata_map.get(KEY)
    if document is None:
        raise BadModel(str(path), "it was not written by `python -m export`: it carries no labels")
    try:
        return ModelInfo.from_json(document)
    except ValueError as error:
        raise BadModel(str(path), str(error)) from error


def _channels(session: onnxruntime.InferenceSession) -> int | None:
    """How many channels the network takes; None: any number."""
    (image,) = session.get_inputs()
    last = image.shape[-1] if image.shape else None
    return last if isinstance(last, int) else None


def _check_interface(session: onnxruntime.InferenceSession, info: ModelInfo, path: Path) -> None:
    inputs = [(value.name, value.type) for value in session.get_inputs()]
    # Other outputs are optional: who does not know them does not fetch them.
    scores = [(value.type, value.shape) for value in session.get_outputs() if value.name == OUTPUT]
    if inputs != [(INPUT, "tensor(uint8)")] or scores != [("tensor(float)", [len(info.labels)])]:
        raise BadModel(str(path), f"it does not turn one image into {len(info.labels)} scores")
    channels = _channels(session)
    decoded = (info.decoding.channels,) if info.decoding.channels else tuple(_KINDS)
    if channels is not None and channels not in decoded:
        raise BadModel(str(path), f"it takes pictures of {channels} channels and decodes them to others")
