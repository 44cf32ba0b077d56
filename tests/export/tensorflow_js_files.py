"""TensorFlow.js models as its converter writes them: graphs frozen and optimised by TensorFlow, weights in shards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import config_pb2, device_properties_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer
from tensorflow.python.grappler.cluster import Cluster

SHARD_BYTES = 4096
"""The converter's are of 4 MB; small ones make several."""

Stored = tuple[dict[str, Any], bytes]
"""An entry of the manifest and the bytes of its values."""


def quantized(name: str, values: np.ndarray, dtype: str | None = None) -> Stored:
    """A weight as the converter stores it; floats in uint8, uint16 or float16 where a type is said."""
    entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": _kept(values)}
    if values.dtype.kind in "OSU":
        strings = [value if isinstance(value, bytes) else str(value).encode() for value in values.ravel()]
        return entry, b"".join(len(value).to_bytes(4, "little") + value for value in strings)
    values = np.asarray(values, {"bool": np.uint8}.get(entry["dtype"], entry["dtype"]))
    if dtype is None or entry["dtype"] != "float32":
        return entry, values.tobytes()
    entry["quantization"] = {"dtype": dtype, "original_dtype": "float32"}
    if dtype == "float16":
        return entry, values.astype(np.float16).tobytes()
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    scale = (high - low) / np.iinfo(dtype).max or 1.0
    entry["quantization"] |= {"scale": scale, "min": low}
    return entry, np.round((values - low) / scale).astype(dtype).tobytes()


def _kept(values: np.ndarray) -> str:
    kinds = {"f": "float32", "i": "int32", "u": "int32", "b": "bool", "c": "complex64"}
    return kinds.get(values.dtype.kind, "string")


def write(
    folder: Path,
    topology: Mapping[str, Any],
    stored: Iterable[Stored],
    *,
    shard_bytes: int = SHARD_BYTES,
    name: str = "model.json",
    **others: Any,
) -> Path:
    """Write model.json and the shards of one group of weights; the folder."""
    stored = list(stored)
    data = b"".join(part for _, part in stored)
    parts = [data[start : start + shard_bytes] for start in range(0, len(data), shard_bytes)]
    paths = [f"group1-shard{number}of{len(parts)}.bin" for number in range(1, len(parts) + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    for path, part in zip(paths, parts):
        (folder / path).write_bytes(part)
    manifest = [{"paths": paths, "weights": [entry for entry, _ in stored]}]
    (folder / name).write_text(json.dumps({"modelTopology": topology, "weightsManifest": manifest, **others}))
    return folder


def frozen(function: Callable[..., Any], *specs: tf.TensorSpec) -> Any:
    """A function of tensors as a graph with constants, optimised by Grappler as the converter does; with its names."""
    concrete = convert_variables_to_constants_v2(
        tf.function(function, input_signature=list(specs)).get_concrete_function(), lower_control_flow=False
    )
    graph_def = concrete.graph.as_graph_def()
    for node in graph_def.node:
        node.device = "/device:CPU:0"  # Grappler fuses only what is said to be there
    outputs = [tensor.name for tensor in concrete.outputs]
    inputs = [tensor.name for tensor in concrete.inputs]
    meta_graph = tf.compat.v1.train.export_meta_graph(graph_def=graph_def, graph=concrete.graph)
    meta_graph.collection_def["train_op"].node_list.value.extend(outputs)
    config = config_pb2.ConfigProto()
    rewrite = config.graph_options.rewrite_options
    rewrite.meta_optimizer_iterations = 1
    rewrite.optimizers.extend(["pruning", "constfold", "dependency", "remap", "constfold", "dependency"])
    device = device_properties_pb2.NamedDevice(name="/device:CPU:0")
    device.properties.type = "CPU"
    device.properties.environment["architecture"] = "4"
    optimized = tf_optimizer.OptimizeGraph(config, meta_graph, cluster=Cluster(devices=[device]))
    for node in optimized.node:
        node.ClearField("device")
        if node.op == "_FusedDepthwiseConv2dNative":
            node.op = "FusedDepthwiseConv2dNative"  # TensorFlow.js's own name for it
    return optimized, inputs, outputs


def write_graph(
    folder: Path,
    graph_def: Any,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    *,
    quantization: str | None = None,
    **others: Any,
) -> Path:
    """Write a graph whose constants become weights, with a signature where inputs and outputs are given."""
    stored = []
    for part in (graph_def.node, *(function.node_def for function in graph_def.library.function)):
        for node in part:
            if node.op == "Const":
                stored.append(quantized(node.name, tf.make_ndarray(node.attr["value"].tensor), quantization))
                _clear(node.attr["value"].tensor)
    if inputs and outputs:
        signature = meta_graph_pb2.SignatureDef()
        for field, names in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for key, name in names.items():
                field[key].name = name
        others["signature"] = json_format.MessageToDict(signature)
    topology = json_format.MessageToDict(graph_def)
    return write(folder, topology, stored, **{"format": "graph-model", "generatedBy": "2.15.0", **others})


def _clear(tensor: Any) -> None:
    for field, _ in tensor.ListFields():
        if field.name not in ("dtype", "tensor_shape"):
            tensor.ClearField(field.name)
