"""Files that people give in place of a model, told by their names."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePosixPath

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

EXPORT_AGAIN = "Build the model in Python, load the weights, and call model.export(FOLDER)."
"""The advice where only weights are there."""

_LOOKALIKES = (
    *(
        (name, "is part of a SavedModel. Give the folder that holds saved_model.pb, with all that belongs to it.")
        for name in ("variables.index", "variables.data-*", "fingerprint.pb", "keras_metadata.pb")
    ),
    ("*.onnx", "is an ONNX model already. Give the model that it was made from."),
    ("*.weights.h5", f"holds weights without their network. {EXPORT_AGAIN}"),
    ("checkpoint", f"belongs to a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("*.index", f"belongs to a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("*.data-?????-of-?????", f"belongs to a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("saved_model.cpb", "is a SavedModel over 2 GB, which an ONNX file cannot hold. Export a smaller network."),
    *(
        (name, "belongs to TensorFlow.js before version 1. Give the model that it was converted from.")
        for name in ("tensorflowjs_model.pb", "weights_manifest.json")
    ),
    (
        "*.pb",
        "is a frozen graph, which does not say what is its input and output. Load it with tf.compat.v1.import_graph_def"
        " and save it with tf.compat.v1.saved_model.simple_save(session, FOLDER, inputs, outputs).",
    ),
    (
        "*model*.json",
        "is a network without the files that hold its weights. Give them all in one folder: of TensorFlow.js the .bin "
        "files, of Keras the .h5 file.",
    ),
    *(
        (f"*.{suffix}", "is a Core ML model. Export it as a SavedModel or TF Lite model instead.")
        for suffix in ("mlmodel", "mlpackage", "mlmodelc")
    ),
    ("*.ckpt", f"is a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("*.ckpt-*", f"belongs to a training checkpoint, weights without their network. {EXPORT_AGAIN}"),
    ("*.pt", "is a PyTorch model. Export it with torch.onnx.export; this command is for TensorFlow."),
    ("*.pth", "is a PyTorch model. Export it with torch.onnx.export; this command is for TensorFlow."),
    ("*.torchscript", "is a PyTorch model. Export it with torch.onnx.export; this command is for TensorFlow."),
    ("*.pkl", "is a pickled Python object, which is not opened, for it may run code. Export a SavedModel instead."),
    ("*.joblib", "is a pickled Python object, which is not opened, for it may run code. Export a SavedModel instead."),
    ("*.params", "belongs to an MXNet model. This command is for TensorFlow."),
    ("*.caffemodel", "is a Caffe model. This command is for TensorFlow."),
    *((f"*{suffix}", "is an archive. Give its path.") for suffix in ARCHIVES),
    ("*.safetensors", f"holds weights without their network. {EXPORT_AGAIN}"),
)
"""The files that people give in place of a model: (name, what it is and what to do)."""


def advice(name: PurePosixPath) -> str | None:
    """The kind of a file that people give in place of a model, and the advice; None for anything else."""
    return next((said for pattern, said in _LOOKALIKES if fnmatch(name.name.lower(), pattern)), None)
