"""TensorFlow's operations that ONNX does not have, written in ONNX's own as functions that are then inlined."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
import onnx.inliner
import onnx.parser

OPSET = 18
DOMAIN = "tensorflow"
"""Where TensorFlow's operations live, with its inputs and attributes, until they are written out."""

FUNCTIONS = {
    # The complement of the error function: Keras's exact GELU.
    "Erfc": """
    Erfc (x) => (y)
    {
        one = Constant <value = float {1.0}> ()
        error = Erf (x)
        y = Sub (one, error)
    }
    """,
}

_HEADER = f'<opset_import: ["" : {OPSET}, "{DOMAIN}" : 1], domain: "{DOMAIN}">'


def inline(model: onnx.ModelProto, functions: Iterable[str]) -> onnx.ModelProto:
    """The same model with every call of these functions, given in ONNX's text form, written out."""
    model.functions.extend(onnx.parser.parse_function(_HEADER + text) for text in functions)
    return with_domains_used(onnx.inliner.inline_local_functions(model))


def with_domains_used(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model, its list of operations' domains cut down to those that it uses."""
    used = {node.domain for node in model.graph.node}
    kept = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return model
