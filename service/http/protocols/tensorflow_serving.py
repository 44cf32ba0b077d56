"""TensorFlow Serving's REST API: https://www.tensorflow.org/tfx/serving/api_rest."""

from __future__ import annotations

from typing import Any

import flask

from predictor import Classifier
from results.errors import RequestError, as_sentence
from service.http import json_document
from service.http.context import RequestContext
from service.http.protocols import automl_edge, instances, rows
from service.http.responses import json_response
from service.http.route import Route, versions

START = "/v1/models/"
SIGNATURE = "serving_default"


def routes() -> list[Route]:
    """Those of the model, with its version and without."""
    return [route for model in versions(START) for route in _routes(model)]


def _routes(model: str) -> list[Route]:
    return [
        Route("GET", model, status, as_sentence),
        Route("GET", f"{model}/metadata", metadata, as_sentence),
        Route("POST", f"{model}:predict", predict, as_sentence),
        Route("POST", f"{model}:classify", classify, as_sentence),
    ]


def model_version(classifier: Classifier) -> str:
    """The model's version, twelve hexadecimal digits, as the whole number that TensorFlow Serving has."""
    return str(int(classifier.info.version, 16))


def status(context: RequestContext, name: str, version: str | None = None) -> flask.Response:
    """The one version there is, which is available once it is loaded."""
    classifier = _model(context, name, version)
    state = {
        "version": model_version(classifier),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    return json_response({"model_version_status": [state]})


def metadata(context: RequestContext, name: str, version: str | None = None) -> flask.Response:
    """The signature, as the AutoML Edge container has it."""
    classifier = _model(context, name, version)
    spec = {"name": name, "signature_name": "", "version": model_version(classifier)}
    signatures = {SIGNATURE: _signature(len(classifier.info.labels))}
    return json_response({"model_spec": spec, "metadata": {"signature_def": {"signature_def": signatures}}})


def predict(context: RequestContext, name: str, version: str | None = None) -> flask.Response:
    """Scores for `instances`, or in columns for `inputs`."""
    classifier = _model(context, name, version)
    document = context.document()
    _check_signature(document, classifier)
    if "inputs" not in document:
        return json_response(instances.answer(context, document))
    return json_response({"outputs": _outputs(context, document["inputs"])})


def classify(context: RequestContext, name: str, version: str | None = None) -> flask.Response:
    """Pairs of label and score for each of `examples`, in the model's own order."""
    classifier = _model(context, name, version)
    document = context.document()
    _check_signature(document, classifier)
    examples, features = document.get("examples"), document.get("context", {})
    if not isinstance(examples, list) or not examples or not isinstance(features, dict):
        raise RequestError(400, 'The JSON body needs a list "examples" with at least one element.')
    context.check_count(len(examples))
    shared, result = _binaries(features), []
    for index, example in enumerate(examples):
        scores = context.scores_at(f"examples[{index}]", _feature(example, shared, f"examples[{index}]"))
        result.append(list(zip(classifier.info.labels, scores.tolist())))
    return json_response({"result": result})


def _outputs(context: RequestContext, inputs: Any) -> Any:
    """The answer in columns; bare for bare `inputs`."""
    if not isinstance(inputs, dict) or "b64" in inputs:
        return rows.scores(context, _column(context, inputs, "inputs"), "inputs")
    names = {automl_edge.INPUT, context.classifier().info.source.input} & inputs.keys()
    if len(names) != 1 or inputs.keys() - names - {"key"}:
        hint = f" {json_document.SEND_FILES}" if json_document.is_tensor(inputs) else ""
        raise RequestError(400, f'inputs needs one column of pictures, "image_bytes", and may have "key".{hint}')
    (name,) = names
    pictures = _column(context, inputs[name], f"inputs.{name}")
    outputs = {
        "labels": [context.classifier().info.labels] * len(pictures),
        "scores": rows.scores(context, pictures, f"inputs.{name}"),
    }
    return outputs | {"key": inputs["key"]} if "key" in inputs else outputs


def _column(context: RequestContext, values: Any, name: str) -> list[Any]:
    if not isinstance(values, list) or not values:
        raise RequestError(400, f"{name} is not a list with at least one element.")
    context.check_count(len(values))
    return values


def _feature(example: Any, shared: dict[str, Any], place: str) -> bytes:
    """The one picture among an example's features and those that all examples share."""
    features = example if isinstance(example, dict) else {}
    found = _binaries(features) | {name: value for name, value in shared.items() if name not in features}
    if len(found) != 1:
        hint = f" {json_document.SEND_FILES}" if json_document.is_tensor(example) else ""
        raise RequestError(400, f'{place} does not have exactly one feature of the form {{"b64": "…"}}.{hint}')
    (value,) = found.values()
    return rows.binary(value, place)


def _binaries(features: dict[str, Any]) -> dict[str, Any]:
    """Those features, bare or the first of a list, that are objects, as binary values are."""
    first = {name: value[0] if isinstance(value, list) and value else value for name, value in features.items()}
    return {name: value for name, value in first.items() if isinstance(value, dict)}


def _model(context: RequestContext, name: str, version: str | None) -> Classifier:
    """The model; RequestError 404 for another name or version."""
    classifier = context.classifier()
    if name not in ("default", classifier.info.name):
        raise RequestError(404, f"There is no model {name[:100]!r} here; there is 'default'.")
    if version not in (None, classifier.info.version, model_version(classifier)):
        raise RequestError(404, f"There is no version {version[:100]!r} here; there is {model_version(classifier)}.")
    return classifier


def _check_signature(document: dict[str, Any], classifier: Classifier) -> None:
    name = document.get("signature_name", "")
    if name not in ("", SIGNATURE, classifier.info.source.signature):
        raise RequestError(400, f"There is no signature of that name here; there is {SIGNATURE!r}.")


def _signature(classes: int) -> dict[str, Any]:
    return {
        "inputs": {"image_bytes": _tensor("DT_STRING", "image_bytes"), "key": _tensor("DT_STRING", "key")},
        "outputs": {
            "labels": _tensor("DT_STRING", "labels", classes),
            "scores": _tensor("DT_FLOAT", "scores", classes),
            "key": _tensor("DT_STRING", "key"),
        },
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }


def _tensor(dtype: str, name: str, *sizes: int) -> dict[str, Any]:
    """How TensorFlow Serving writes a tensor of any number of rows."""
    dimensions = [{"size": str(size), "name": ""} for size in (-1, *sizes)]
    return {"dtype": dtype, "tensor_shape": {"dim": dimensions, "unknown_rank": False}, "name": f"{name}:0"}
