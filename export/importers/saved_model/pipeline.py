"""A SavedModel as a pipeline: its graph is followed, cut at the picture, and converted with what stands before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from export.errors import ExportError, NotAClassifier
from export.findings import Findings
from export.graph import description
from export.graph.dataflow import Node, Scope
from export.graph.file_input import FileInput
from export.graph.flatten import FlatGraph, flatten, subgraph
from export.graph.running import GraphRunner
from export.graph.saved_model import SavedModel, TensorSpec
from export.graph.trace import in_order
from export.importers.interface import Interface, activation, choose, in_words
from export.importers.pipeline import Pipeline
from export.importers.reference_model import ReferenceModel, TensorProbe
from export.importers.saved_model.pixels import SavedModelPixels
from export.importers.score_path import ScorePath
from export.network import network
from export.options import Options
from export.preprocessing.pixel_model import Recovered
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.recover import recover
from export.progress import Report
from export.source.labels import Labels
from export.verify import pictures
from export.verify.pictures import UNREADABLE
from predictor import Provenance


def saved_model_pipeline(
    model: SavedModel, name: str, options: Options, find_labels: Callable[[int], Labels], report: Report
) -> Pipeline:
    """The pipeline of what the options choose, or of the only signature that classifies."""
    interface = choose(model, options.signature, options.output)
    if interface.pixels is None:
        return _of_files(model, name, interface, options)
    pixels = SavedModelPixels(model, interface, find_labels)
    return _of_pixels(model, name, interface, pixels, recover(pixels, options, report))


def _of_files(model: SavedModel, name: str, interface: Interface, options: Options) -> Pipeline:
    """A model that takes image files preprocesses them itself."""
    if said := options.pixels.explicit():
        raise ExportError(f"The model takes image files and preprocesses them itself; leave out the {said[0]}.")
    score_path = ScorePath.through(model.scope, interface)
    assert score_path.trace.decoder is not None
    file_input = FileInput.of(score_path.trace.decoder)
    spec = next(spec for spec in interface.signature.inputs if spec.name == f"{file_input.placeholder}:0")

    _check_takes_one(spec)

    def read(data: bytes) -> npt.NDArray[Any]:
        return spec.holding(file_input.wrap(data))

    reference_model = score_path.reference_model(model, lambda data: {spec.name: read(data)}, read)
    decoding = description.decoding(score_path.trace.decoder)
    description.check_alternatives(score_path.trace.image, decoding)
    flat = flatten(model, score_path.trace, decoding.channels or _channels_taken(reference_model))
    return Pipeline(
        name=name,
        source=_source(model, name, interface, spec.key),
        signatures=in_words(model),
        decoding=decoding,
        resizing=None,
        preprocessing=None,
        steps=description.steps(flat, score_path.trace.decoder),
        findings=Findings(),
        activation=activation(score_path.scores),
        reference_model=reference_model,
        own_labels=lambda classes: score_path.labels(model, reference_model, classes),
        step=0.0,
        convert=lambda: network.convert(flat),
        network=flat,
    )


def _of_pixels(
    model: SavedModel, name: str, interface: Interface, pixels: SavedModelPixels, recovered: Recovered
) -> Pipeline:
    """A model that takes pixels gets a decoder and the preprocessing of its recipe put in front."""
    assert interface.pixels is not None
    preprocessing, flat, score_path = _smallest_batch(model, interface, recovered.preprocessing)
    fed = TensorProbe(GraphRunner(subgraph(model, preprocessing.tensor())), preprocessing.read)
    tensor = interface.pixels.name

    def feed(data: bytes) -> dict[str, Any]:
        return {tensor: pixels.filled(fed(data))}

    reference_model = score_path.reference_model(model, feed, preprocessing.read)
    return Pipeline(
        name=name,
        source=_source(model, name, interface, interface.pixels.key),
        signatures=in_words(model),
        decoding=preprocessing.decoding,
        resizing=preprocessing.resizing,
        preprocessing=preprocessing,
        steps=preprocessing.in_words(),
        findings=recovered.findings,
        activation=activation(score_path.scores),
        reference_model=reference_model,
        own_labels=lambda classes: score_path.labels(model, reference_model, classes),
        step=0.0,
        convert=lambda: network.convert(flat),
        network=flat,
        assumed=recovered.assumed,
    )


def _check_takes_one(files: TensorSpec) -> None:
    """Refuse a model whose graph is built for several files at a time; how one would go through it is not known."""
    sizes = [size for size in files.shape or () if size not in (None, 1)]
    if sizes:
        raise NotAClassifier(f"The model takes {sizes[0]} files at a time, not one. Export it for a batch of any size.")


def _smallest_batch(
    model: SavedModel, interface: Interface, preprocessing: Preprocessing
) -> tuple[Preprocessing, FlatGraph, ScorePath]:
    """A recipe for one picture, or for as many as the model has been built for where it takes no single one."""
    layout = preprocessing.layout
    for batch in (1,) if layout.batch in (None, 1) else (1, layout.batch):
        attempt = replace(preprocessing, batch=batch)
        score_path = ScorePath.through(*_bound(model, interface, attempt))
        flat = flatten(model, score_path.trace, preprocessing.channels)
        if _batch_of(flat) in (None, batch):
            return attempt, flat, score_path
    raise ExportError(f"The model takes {layout}, and gives no scores for one picture or for {layout.batch}.")


def _bound(
    model: SavedModel, interface: Interface, preprocessing: Preprocessing
) -> tuple[Scope, Interface, Node | None]:
    """The graph with the recipe put in front of it, and the node where the picture appears, if no decoder makes it."""
    assert interface.pixels is not None
    batch = preprocessing.tensor()
    scope = model.scope.bound({interface.pixels.name.partition(":")[0]: batch})
    (placeholder,) = (node for node in in_order(batch, lambda _: False) if node.op == "Placeholder")
    return scope, interface, None if placeholder.definition.attr["dtype"].type == tf.string else placeholder


def _batch_of(flat: FlatGraph) -> int | None:
    """The size of the batch that comes out for the batch that goes in; 0 where they cannot go together."""
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.import_graph_def(flat.graph_def, name="")
    except ValueError:  # the shapes contradict each other
        return 0
    shape = graph.get_tensor_by_name(flat.scores).shape
    size: int | None = None if shape.rank is None or shape.rank < 2 else shape[0]
    return size


def _channels_taken(reference_model: ReferenceModel) -> int:
    """How many channels a network takes that decodes each file with its own: three, or one for gray pictures."""
    for picture, channels in ((pictures.colour(), 3), (pictures.gray(), 1)):
        try:
            reference_model.values(picture.read())
            return channels
        except UNREADABLE:
            continue
    raise ExportError("The model takes each picture with its own channels, but neither colours nor gray ones.")


def _source(model: SavedModel, name: str, interface: Interface, key: str) -> Provenance:
    return Provenance(name, model.fingerprint(), interface.signature.name, key, interface.scores.key)
