"""The networks that are measured, each in every form that a contestant takes; made once, in build/benchmarks.

Their weights are random: speed does not depend on them. `python -m benchmarks.models` makes what is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "benchmarks"
DIGITS = ROOT / "examples" / "digits" / "saved_model"
SIZE = 224  # pixels a side of what the two networks of Keras see


@dataclass(frozen=True)
class Network:
    """One network; `keras_name` is the class in keras.applications, None for the example of this project.

    scale, offset: from pixels 0 to 255 to what the network takes.
    """

    name: str
    keras_name: str | None = None
    scale: float = 1.0
    offset: float = 0.0

    @property
    def saved_model(self) -> Path:
        """A SavedModel with the signature of AutoML: image files in, scores and labels out."""
        return FOLDER / self.name / "saved_model" if self.keras_name else DIGITS

    @property
    def exported(self) -> Path:
        """What `python -m export` makes of it."""
        return FOLDER / self.name / "model.onnx"

    @property
    def bare(self) -> Path:
        """The network alone, float32 [1, height, width, 3] in: what `exported` holds behind the preprocessing."""
        return FOLDER / self.name / "network.onnx"

    @property
    def lite(self) -> Path:
        """The network alone for LiteRT; not made of the example."""
        return FOLDER / self.name / "network.tflite"


MOBILENET = Network("MobileNetV2", "MobileNetV2", 1 / 127.5, -1.0)
EFFICIENTNET = Network("EfficientNetB0", "EfficientNetB0")
DIGIT_NETWORK = Network("digits")
NETWORKS = (MOBILENET, EFFICIENTNET, DIGIT_NETWORK)


def make_all() -> None:
    """Make every network, in processes of its own: TensorFlow would stay in memory."""
    for network in NETWORKS:
        if not _is_made(network):
            subprocess.run([sys.executable, "-m", "benchmarks.models", network.name], cwd=ROOT, check=True)


def _is_made(network: Network) -> bool:
    """Whether all forms are there, from the exporter as it is now."""
    sources = (path for folder in ("export", "pages", "predictor") for path in (ROOT / folder).rglob("*.py"))
    return network.bare.exists() and network.bare.stat().st_mtime > max(path.stat().st_mtime for path in sources)


def _make(network: Network) -> None:
    """Make the forms of a network; the SavedModel only once."""
    network.bare.parent.mkdir(parents=True, exist_ok=True)
    if network.keras_name and not network.lite.exists():
        _save_keras(network)
    _export(network)
    _save_bare(network)


def _save_keras(network: Network) -> None:
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, str(network.keras_name))(weights=None, input_shape=(SIZE, SIZE, 3))

    def preprocess(image_bytes: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(image_bytes, channels=3, expand_animations=False)
        return tf.ensure_shape(tf.image.resize(pixels, [SIZE, SIZE]), [SIZE, SIZE, 3])

    _save_with_files(model, network, preprocess)
    network.lite.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _save_with_files(model: Any, network: Network, preprocess: Callable[[Any], Any]) -> None:
    """A SavedModel as AutoML's: decoding and resizing in a `map_fn`, labels and keys beside the scores."""
    import keras
    import tensorflow as tf

    labels = [f"class {index}" for index in range(model.output_shape[-1])]

    def serve(image_bytes: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.map_fn(preprocess, image_bytes, fn_output_signature=tf.float32)
        scores = model(pixels * network.scale + network.offset, training=False)
        return {"scores": scores, "labels": tf.tile(tf.constant([labels]), [tf.shape(scores)[0], 1]), "key": key}

    archive = keras.export.ExportArchive()
    archive.track(model)
    strings = [tf.TensorSpec([None], tf.string, name=name) for name in ("image_bytes", "key")]
    archive.add_endpoint("serving_default", serve, input_signature=strings)
    archive.write_out(str(network.saved_model), verbose=False)


def _export(network: Network) -> None:
    command = [sys.executable, "-m", "export", str(network.saved_model), "-o", str(network.exported)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _save_bare(network: Network) -> None:
    """Cut where the first convolution reads; what turns its input's channels to the front is part of the network."""
    import onnx
    import onnx.utils

    from predictor.classifier import OUTPUT

    model = onnx.shape_inference.infer_shapes(onnx.load(network.exported))
    makers = {output: node for node in model.graph.node for output in node.output}
    convolution = next(node for node in model.graph.node if node.op_type == "Conv")
    maker = makers[convolution.input[0]]
    start = maker.input[0] if maker.op_type == "Transpose" else convolution.input[0]
    onnx.save(onnx.utils.Extractor(model).extract_model([start], [OUTPUT]), network.bare)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _make(next(network for network in NETWORKS if network.name == sys.argv[1]))
