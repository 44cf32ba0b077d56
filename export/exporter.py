"""From a SavedModel to a verified `model.onnx`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
import tensorflow as tf
import tf2onnx

from export import description, labels, model_file, pictures
from export.dataflow import Scope
from export.ending import Ending
from export.errors import CannotConvert, NotAClassifier
from export.flatten import FlatGraph, flatten
from export.labels import Labels
from export.network import to_onnx, without_network_input
from export.options import Options
from export.original import Original
from export.parity import Verification, Verifier
from export.progress import Report
from export.recipe import Recipe
from export.saved_model import SavedModel, Signature, TensorSpec
from export.source import open_source
from predictor import BadModel, Classifier, Decoding, ModelInfo, Source

_SCORES_NAMES = ("scores", "probabilities", "probs", "softmax", "predictions")


@dataclass(frozen=True)
class Export:
    """A finished file and what was found on the way."""

    path: Path
    info: ModelInfo
    verification: Verification
    labels_source: str
    labels_notes: tuple[str, ...]

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self.path.stat().st_size


def export_model(source: str, target: Path, options: Options, report: Report) -> Export:
    """Export the SavedModel at the path or `gs://` address `source` to the file `target`.

    Raises an ExportError, and leaves `target` as it was, unless the file is verified.
    """
    report("Opening the SavedModel", 0, None)
    with (
        open_source(source, report) as opened,
        SavedModel(opened.path) as model,
        model_file.replacing(target) as temporary,
    ):
        report("Cutting the graph at its image decoder", 0, None)
        found = _find(model, options)
        outputs = _choose_ending(found)
        named = _find_labels(found, found.original.ending.classes(outputs), options.labels, opened.labels_folders)
        report("Converting the network to ONNX", 0, None)
        whole = to_onnx(found.flat, outputs, found.original.ending)
        shipped = without_network_input(whole)
        info = _describe(found, opened.name, shipped, named.names, options)
        model_file.write(shipped, info, temporary)
        verifier = Verifier(found.original, _load(temporary), whole.SerializeToString())
        verification = verifier.verify(_reported(options.images, report))
        verification.check(options.tolerance)
        info = dataclasses.replace(info, parity=verification.parity)
        model_file.write(shipped, info, temporary)
    return Export(target, info, verification, labels_source=named.source, labels_notes=named.notes)


@dataclass(frozen=True)
class _Found:
    """What is exported: a way through the model, from the signature's input `image` to its output `scores`."""

    model: SavedModel
    signature: Signature
    image: TensorSpec
    scores: TensorSpec
    flat: FlatGraph
    decoding: Decoding
    original: Original


def _find(model: SavedModel, options: Options) -> _Found:
    """Find the way from picture to scores.

    A model that takes pixels gets the decoder and the preprocessing of its recipe put in front; from there on it is a
    model that takes files.
    """
    signature = model.signature(options.signature)
    scores = _find_scores(signature, options.output)
    recipes = {}
    if not any(spec.is_string for spec in signature.inputs):
        pixels = _only_input(signature)
        recipes[pixels.name] = Recipe.for_input(pixels, options).tensor()
    scope = Scope.of_graph(model.graph, {name.partition(":")[0]: tensor for name, tensor in recipes.items()})
    flat = flatten(model, scope.tensor(scores.name))
    decoding = description.decoding(flat)
    computed = {name: f"{tensor.node.name}:{tensor.index}" for name, tensor in recipes.items()}
    image = next(spec for spec in signature.inputs if spec.name in (flat.bytes_input, *computed))
    original = Original(model, signature, scores, flat, computed)
    return _Found(model, signature, image, scores, flat, decoding, original)


def _only_input(signature: Signature) -> TensorSpec:
    if len(signature.inputs) != 1:
        names = ", ".join(spec.key for spec in signature.inputs) or "none"
        raise NotAClassifier(f"The signature {signature.name!r} does not take one picture. Its inputs: {names}.")
    return signature.inputs[0]


def _find_scores(signature: Signature, wanted: str | None) -> TensorSpec:
    """The output with one float a class: the `wanted` one, else one of a usual name, else the only one."""
    outputs = [spec for spec in signature.outputs if spec.dtype.is_floating and _is_vector(spec.shape)]
    names = (wanted,) if wanted else _SCORES_NAMES
    named = [spec for name in names for spec in outputs if spec.key == name]
    if named:
        return named[0]
    if len(outputs) == 1 and not wanted:
        return outputs[0]
    every = ", ".join(f"{spec.key} ({spec.dtype.name} {list(spec.shape or ())})" for spec in signature.outputs)
    if len(outputs) > 1 and not wanted:
        raise NotAClassifier(f"Several outputs can be the scores; choose one with --output. There are: {every}.")
    which = f"no output {wanted!r}" if wanted else "no output"
    raise NotAClassifier(
        f"The signature {signature.name!r} has {which} with one score for each class. Its outputs: {every}."
    )


def _is_vector(shape: tuple[int | None, ...] | None) -> bool:
    """Whether it can be [N, classes], with ones between."""
    return shape is None or (len(shape) >= 2 and all(size == 1 for size in shape[1:-1]))


def _choose_ending(found: _Found) -> int:
    """Look at the values for a picture and tell the original how they end; how many values there are."""
    values = found.original.scores(pictures.made()[0].read())
    found.original.ending = Ending.of(values, description.activation(found.flat))
    return len(values)


def _find_labels(found: _Found, classes: int, path: Path | None, folders: tuple[Path, ...]) -> Labels:
    """The labels in the user's file, else those that the model gives for every picture, else in a file with it."""
    if path:
        return labels.read(path, classes)
    samples = [picture.read() for picture in pictures.made()[:2]]
    for output in found.signature.outputs:
        if output.is_string:
            first, second = (found.original.text(output, data) for data in samples)
            if first == second and len(first) == classes:
                return labels.check(first, classes, f"the output {output.key!r}")
    return labels.find(folders, None, classes)


def _describe(
    found: _Found, name: str, shipped: onnx.ModelProto, names: tuple[str, ...], options: Options
) -> ModelInfo:
    return ModelInfo(
        name=options.name or name,
        version=model_file.version(shipped, names, found.decoding),
        labels=names,
        activation=found.original.ending.value or description.activation(found.flat),
        decoding=found.decoding,
        preprocessing=description.preprocessing(found.flat),
        source=Source(
            name=name,
            fingerprint=found.model.fingerprint(),
            signature=found.signature.name,
            input=found.image.key,
            output=found.scores.key,
        ),
        drawing=options.drawing,
        tools={"tensorflow": tf.__version__, "tf2onnx": tf2onnx.__version__, "onnx": onnx.__version__},
    )


def _load(path: Path) -> Classifier:
    try:
        return Classifier.load(path)
    except BadModel as error:
        raise CannotConvert(f"onnxruntime cannot run the converted network: {error.__cause__ or error}") from error


def _reported(folder: Path | None, report: Report) -> Iterator[pictures.Picture]:
    """The pictures to verify on, each announced before it is used."""
    chosen = pictures.from_folder(folder) if folder else pictures.made()
    for done, picture in enumerate(chosen):
        report("Verifying on pictures", done, len(chosen))
        yield picture
    report("Verifying on pictures", len(chosen), len(chosen))
