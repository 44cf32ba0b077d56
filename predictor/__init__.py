"""A `model.onnx` written by `python -m export`, plus the bytes of an image file, gives labelled scores."""

from predictor.classifier import ANY_SCORE, Classifier, Prediction, Scores, best, labelled
from predictor.errors import (
    BadImage,
    BadModel,
    ImageTooLarge,
    PredictorError,
    UnclassifiableImage,
    UnsupportedImage,
)
from predictor.limits import Limits
from predictor.metadata import Decision, Decoding, ModelInfo, Parity, Provenance, Resizing

__version__ = "0.2.0"

__all__ = [
    "ANY_SCORE",
    "BadImage",
    "BadModel",
    "Classifier",
    "Decision",
    "Decoding",
    "ImageTooLarge",
    "Limits",
    "ModelInfo",
    "Parity",
    "Prediction",
    "PredictorError",
    "Provenance",
    "Resizing",
    "Scores",
    "UnclassifiableImage",
    "UnsupportedImage",
    "best",
    "labelled",
]
