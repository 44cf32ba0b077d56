"""From a picture's file to a model's own scores: what every kind of model is for the rest of the exporter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnx

from export.findings import Findings
from export.graph.flatten import FlatGraph
from export.importers.reference_model import ReferenceModel
from export.preprocessing.preprocessing import Preprocessing
from predictor import Decoding, Provenance, Resizing

if TYPE_CHECKING:  # it makes pipelines itself
    from export.importers.tflite.model import TfliteModel


@dataclass(frozen=True)
class Pipeline:
    """A model, opened and understood.

    name: the model's name in answers. source: where it came from. signatures: all that the model has, for a person.
    decoding, resizing: what is done before the graph. preprocessing: that of a model that takes pixels. steps: the
    preprocessing in words. findings: why it is this preprocessing. activation: what makes the model's own output, as
    `interface.activation` says it. own_labels: the names that it gives so many classes, if it does. step: the distance
    of two neighbouring values, for a model whose output is in whole numbers. convert: makes what `network.convert`
    gives. network: what it makes it of, for other formats. assumed: what nobody
    said of the preprocessing and nothing showed, in words. may_be_features: whether nothing in this kind of file tells
    scores from other numbers.
    """

    name: str
    source: Provenance
    signatures: tuple[str, ...]
    decoding: Decoding
    resizing: Resizing | None
    preprocessing: Preprocessing | None
    steps: tuple[str, ...]
    findings: Findings
    activation: str
    reference_model: ReferenceModel
    own_labels: Callable[[int], OwnLabels | None]
    step: float
    convert: Callable[[], onnx.ModelProto]
    network: FlatGraph | TfliteModel
    may_be_features: bool = False
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnLabels:
    """The names that a model itself gives its classes, in the order of the scores, and the part of it that does."""

    names: list[str]
    source: str
