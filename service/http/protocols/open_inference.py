"""The Open Inference Protocol, version 2, as KServe, Triton and MLServer speak it.

With two of Triton's extensions: binary tensors, and classification, which answers with labels.
https://kserve.github.io/website/latest/modelserving/data_plane/v2_protocol/
"""

from __future__ import annotations

from typing import Any

import flask
import numpy as np

from predictor import Classifier, Scores, __version__, best
from results.errors import RequestError, as_sentence
from service.http import encoded, json_document, tensors
from service.http.context import RequestContext
from service.http.responses import json_response
from service.http.route import Route, versions
from service.http.tensors import HEADER_LENGTH, Output

INPUT = "image"
OUTPUT = "scores"
START = "/v2"
EXTENSIONS = ["classification", "binary_tensor_data"]
SERVER = {"name": "vertex-classifier-function", "version": __version__, "extensions": EXTENSIONS}


def routes() -> list[Route]:
    """Those of the server, and of the model with its version and without."""
    return [
        Route("GET", START, server, as_sentence),
        Route("GET", f"{START}/health/live", live, as_sentence),
        Route("GET", f"{START}/health/ready", ready, as_sentence),
        *(route for model in versions(f"{START}/models/") for route in _routes(model)),
    ]


def _routes(model: str) -> list[Route]:
    return [
        Route("GET", model, metadata, as_sentence),
        Route("GET", f"{model}/ready", model_ready, as_sentence),
        Route("POST", f"{model}/infer", infer, as_sentence),
    ]


def server(context: RequestContext) -> flask.Response:
    """The metadata of this server."""
    return json_response(SERVER)


def live(context: RequestContext) -> flask.Response:
    """Whoever answers is alive."""
    return json_response({"live": True})


def ready(context: RequestContext) -> flask.Response:
    """Whether the model is loaded, or can be."""
    context.classifier()
    return json_response({"ready": True})


def model_ready(context: RequestContext, name: str, version: str | None = None) -> flask.Response:
    """The same for the model by its name."""
    _model(context, name, version)
    return json_response({"name": name, "ready": True})


def metadata(context: RequestContext, name: str, version: str | None = None) -> flask.Response:
    """The tensors: image files in, a score for every class out."""
    info = _model(context, name, version).info
    return json_response(
        {
            "name": name,
            "versions": [info.version],
            "platform": "onnx_onnxv1",
            "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
            "outputs": [{"name": OUTPUT, "datatype": "FP32", "shape": [-1, len(info.labels)]}],
        }
    )


def infer(context: RequestContext, name: str, version: str | None = None) -> flask.Response:
    """Scores, or with `classification` the best labels, of every picture in the tensor `image`."""
    info = _model(context, name, version).info
    header, binary = _split(context)
    pictures = _pictures(context, header, binary)
    wanted = _wanted(header)
    rows = [context.scores_at(f"{INPUT}[{index}]", _bytes(picture, index)) for index, picture in enumerate(pictures)]
    outputs = [_output(one, np.stack(rows), info.labels) for one in wanted]
    answer: dict[str, Any] = {"model_name": name, "model_version": info.version}
    if isinstance(header.get("id"), str):
        answer["id"] = header["id"]
    return tensors.response(answer, outputs)


def _split(context: RequestContext) -> tuple[dict[str, Any], bytes]:
    """The JSON of a request, and the binary tensors that follow it."""
    data, text = context.body(), context.request.headers.get(HEADER_LENGTH)
    if text is None:
        return json_document.parse(data, context.settings.max_instances), b""
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= len(data)):
        raise RequestError(400, f"{HEADER_LENGTH} is not a number of bytes within the body.")
    return json_document.parse(data[: int(text)], context.settings.max_instances), data[int(text) :]


def _pictures(context: RequestContext, header: dict[str, Any], binary: bytes) -> list[Any]:
    """The elements of the one input: image files, or as JSON their base64."""
    inputs = header.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise RequestError(400, f'The request needs one input, "{INPUT}".')
    (tensor,) = inputs
    if tensor.get("name") != INPUT or tensor.get("datatype") != "BYTES":
        hint = f" {json_document.SEND_FILES}" if tensor.get("datatype") in tensors.NUMBERS else ""
        raise RequestError(400, f'The request needs one input, "{INPUT}" of datatype BYTES.{hint}')
    size = _parameters(tensor).get("binary_data_size")
    pictures: list[Any]
    if size is None:
        pictures = tensors.flat(tensor.get("data"))
    elif size != len(binary):
        raise RequestError(400, f"binary_data_size of {INPUT} is not the {len(binary):,} bytes that follow the JSON.")
    else:
        pictures = tensors.elements(binary, context.settings.max_instances)
    context.check_count(len(pictures))
    tensors.check_shape(tensor.get("shape"), len(pictures))
    return pictures


def _bytes(picture: str | bytes, index: int) -> bytes:
    return picture if isinstance(picture, bytes) else encoded.decode(picture, f"{INPUT}[{index}]")


def _wanted(header: dict[str, Any]) -> list[Output]:
    """The outputs that are asked for: the scores once, if nothing else is said."""
    binary = _parameters(header).get("binary_data_output", False)
    outputs = header.get("outputs", [{"name": OUTPUT}])
    if not isinstance(outputs, list) or len(outputs) > 2 or not all(isinstance(output, dict) for output in outputs):
        raise RequestError(400, "outputs is not a list of one or two objects.")
    return [_wanted_output(output, binary) for output in outputs or [{"name": OUTPUT}]]


def _wanted_output(output: dict[str, Any], binary: Any) -> Output:
    if output.get("name") != OUTPUT:
        raise RequestError(400, f'There is one output here, "{OUTPUT}".')
    parameters = _parameters(output)
    classes = parameters.get("classification", 0)
    if not isinstance(classes, int) or isinstance(classes, bool) or classes < 0:
        raise RequestError(400, "classification is not a number of classes.")
    return Output(OUTPUT, bool(parameters.get("binary_data", binary)), classes)


def _parameters(holder: dict[str, Any]) -> dict[str, Any]:
    parameters = holder.get("parameters", {})
    if not isinstance(parameters, dict):
        raise RequestError(400, "parameters is not a JSON object.")
    return parameters


def _output(wanted: Output, scores: Scores, labels: tuple[str, ...]) -> tensors.Tensor:
    """float32 [pictures, classes], or for classification Triton's texts `score:class:label` [pictures, chosen]."""
    if not wanted.classes:
        return tensors.Tensor(wanted, scores)
    chosen = [[f"{row[i]:f}:{i}:{labels[i]}" for i in best(row, wanted.classes)] for row in scores]
    return tensors.Tensor(wanted, np.array(chosen, dtype=object))


def _model(context: RequestContext, name: str, version: str | None) -> Classifier:
    """The model; RequestError 404 for another name or version."""
    classifier = context.classifier()
    if name not in ("default", classifier.info.name):
        raise RequestError(404, f"There is no model {name[:100]!r} here; there is {classifier.info.name!r}.")
    if version not in (None, classifier.info.version):
        raise RequestError(404, f"There is no version {version[:100]!r} here; there is {classifier.info.version!r}.")
    return classifier
