"""Which signature of a SavedModel classifies, which of its inputs is the picture and which output holds the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from export.errors import CannotConvert, ExportError, NoSuchSignature, NotAClassifier, NotTrusted
from export.graph.dataflow import Scope, Tensor, resolve
from export.graph.saved_model import DEFAULT_SIGNATURE, SavedModel, Signature, TensorSpec
from export.graph.trace import trace
from export.preprocessing.pixel_layout import Layout, written

_NAMES_OF_PROBABILITIES = ("scores", "probabilities", "probs", "softmax", "predictions")
_NAMES_OF_LOGITS = ("logits", "default", "output", "outputs", "output_0")
_SILENT = frozenset(("ExpandDims", "Squeeze", "EnsureShape", "Reshape", "Cast", "StridedSlice", "GatherV2", "TopKV2"))
_ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
_LINEAR = frozenset(("MatMul", "BatchMatMulV2", "BiasAdd", "Add", "AddV2", "Conv2D", "Mul", "Mean", "LogSoftmax"))


@dataclass(frozen=True)
class Interface:
    """The input and the output of a model; `pixels` is None for a model that takes image files."""

    signature: Signature
    scores: TensorSpec
    pixels: TensorSpec | None

    @property
    def layout(self) -> Layout:
        """How the model takes its pixels."""
        assert self.pixels is not None
        return Layout.of(self.pixels.key, self.pixels.dtype, self.pixels.shape)


def choose(model: SavedModel, signature: str | None, output: str | None) -> Interface:
    """The interface of the signature asked for, else of `serving_default`, else of the only one that classifies.

    Raises NoSuchSignature, NotAClassifier which says what the signature lacks, or NotTrusted.
    """
    if signature and signature not in model.signatures:
        raise NoSuchSignature(signature, model.signatures)
    names = [signature] if signature else _preferred(model.signatures)
    found: dict[str, Interface] = {}
    reasons: list[ExportError] = []
    for name in names:
        try:
            found[name] = _interface(model, model.trusted(name), output)
        except (NotAClassifier, CannotConvert) as reason:
            reasons.append(reason)
        except NotTrusted as reason:
            if name in (signature, DEFAULT_SIGNATURE):
                raise
            reasons.append(reason)
        if name == DEFAULT_SIGNATURE and name in found:
            return found[name]
    if len(found) > 1:
        raise NoSuchSignature(None, found)
    if not found:
        raise (
            reasons[0]
            if reasons
            else NotAClassifier("The model has no signature, so nothing can be called. Save it with signatures.")
        )
    return found.popitem()[1]


def activation(tensor: Tensor) -> str:
    """The activation of a tensor: `softmax`, `sigmoid`, `none` for the output of a layer, and "" for anything else."""
    node = resolve(tensor).node
    while node.op in _SILENT:
        node = resolve(node.inputs[0]).node
    return _ACTIVATIONS.get(node.op, "none" if node.op in _LINEAR else "")


def _preferred(signatures: Mapping[str, Signature]) -> list[str]:
    return sorted(signatures, key=lambda name: (name != DEFAULT_SIGNATURE, name))


def _interface(model: SavedModel, signature: Signature, output: str | None) -> Interface:
    scores = _find_scores(model.scope, signature, output)
    pixels = _find_pixels(signature)
    if pixels is None:
        trace(model.scope.tensor(scores.name))  # NotAClassifier where the strings are no pictures' files
    return Interface(signature, scores, pixels)


def _find_pixels(signature: Signature) -> TensorSpec | None:
    """The input that takes a picture's pixels, or None where a string can hold its file."""
    pictures, others = [], []
    reason: NotAClassifier | None = None
    for spec in signature.inputs:
        try:
            Layout.of(spec.key, spec.dtype, spec.shape)
            pictures.append(spec)
        except NotAClassifier as error:
            reason = error
            if not spec.is_string and spec.dtype != tf.bool:
                others.append(spec)
    if len(pictures) > 1 or (others and len(signature.inputs) > 1):
        names = ", ".join(f"{spec.key} ({written(spec.dtype, spec.shape)})" for spec in signature.inputs)
        raise NotAClassifier(
            f"The signature {signature.name!r} takes more than a picture. Its inputs: {names}. Export the part of it "
            "that classifies a single picture, or choose another signature with --signature."
        )
    if not pictures and not any(spec.is_string for spec in signature.inputs):
        raise reason or NotAClassifier(f"The signature {signature.name!r} takes nothing, so no picture either.")
    return pictures[0] if pictures else None


def _find_scores(scope: Scope, signature: Signature, wanted: str | None) -> TensorSpec:
    """The output with one number a class: the `wanted` one, the probabilities, else the logits."""
    _check_no_boxes(signature)
    outputs = [spec for spec in signature.outputs if spec.dtype.is_floating and _can_be_scores(spec, scope)]
    if wanted:
        outputs = [spec for spec in outputs if spec.key == wanted]
    outputs = [spec for spec in outputs if spec.shape is None or len(spec.shape) > 1] or outputs
    if not outputs:
        which = f"no output {wanted!r}" if wanted else "no output"
        raise NotAClassifier(
            f"The signature {signature.name!r} has {which} with one score for each class. {_written_outputs(signature)}"
        )
    named = [spec for name in _NAMES_OF_PROBABILITIES for spec in outputs if spec.key == name]
    activated = [spec for spec in outputs if activation(scope.tensor(spec.name)) in _ACTIVATIONS.values()]
    if any(_is_unclear_beside(activated, spec, scope) for spec in outputs):
        activated = []
    logits = [spec for name in _NAMES_OF_LOGITS for spec in outputs if spec.key == name]
    for choice in (outputs, named[:1], activated, logits[:1]):
        if len(choice) == 1:
            return choice[0]
    raise NotAClassifier(f"Several outputs can be the scores; choose one with --output. {_written_outputs(signature)}")


def _is_unclear_beside(activated: list[TensorSpec], spec: TensorSpec, scope: Scope) -> bool:
    """Whether an output may be scores as well: as many as the activated one's, and not the logits before them."""
    if spec in activated or activation(scope.tensor(spec.name)) == "none":
        return False
    return any(spec.shape == other.shape for other in activated)


def _check_no_boxes(signature: Signature) -> None:
    boxes = [spec.key for spec in signature.outputs if "box" in spec.key.lower() or _are_corners(spec)]
    if boxes:
        raise NotAClassifier(
            f"The signature {signature.name!r} finds objects: its output {boxes[0]!r} holds boxes. Only models that "
            "give one score for each class of the whole picture can be exported."
        )


def _are_corners(spec: TensorSpec) -> bool:
    """Whether it has four numbers for each of several places in a picture."""
    return spec.dtype.is_floating and spec.shape is not None and len(spec.shape) == 3 and spec.shape[2] == 4


def _can_be_scores(spec: TensorSpec, scope: Scope) -> bool:
    """Whether it can be [N, classes], with ones besides, or [classes], or [N] for two classes.

    [N] is also the shape of the best score alone, or of a loss: only what an activation or a layer gives is a score.
    """
    if spec.shape is None:
        return True
    if spec.shape in ((None,), (1,)):
        return activation(scope.tensor(spec.name)) != ""
    return len(spec.shape) >= 1 and sum(size != 1 for size in spec.shape[1:]) <= 1


def _written_outputs(signature: Signature) -> str:
    outputs = ", ".join(f"{spec.key} ({written(spec.dtype, spec.shape)})" for spec in signature.outputs)
    hint = ""
    if any(spec.shape and len(spec.shape) == 4 for spec in signature.outputs):
        hint = " Scores for every pixel or place are not a classifier's."
    return f"Its outputs: {outputs}.{hint} An output that can be exported is a float [N, classes]."


def in_words(model: SavedModel) -> tuple[str, ...]:
    """All signatures with what they take and give, for a person."""
    return tuple(
        f"{name}: {_specs(item.inputs)} to {_specs(item.outputs)}" for name, item in sorted(model.signatures.items())
    )


def _specs(specs: Iterable[TensorSpec]) -> str:
    return ", ".join(f"{spec.key} {written(spec.dtype, spec.shape)}" for spec in specs)
