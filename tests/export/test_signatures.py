"""Which of a model's signatures is exported."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from export.errors import NoSuchSignature
from tests.export import models, signatures
from tests.export.conftest import ExportTo
from tests.export.reference import Reference, assert_exact
from tests.export.signatures import FILES, PIXELS, Signature, decoded

NETWORK = models.network()
PATH = tf.TensorSpec([], tf.string, name="checkpoint_path")
LABELS = tf.TensorSpec([None], tf.int32, name="labels")


def classify(files: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"output": NETWORK(decoded(files))}


def embed(files: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"features": decoded(files)}


def train(files: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
    """As on-device training has it: one loss a picture."""
    return {"loss": -tf.math.log(tf.gather(NETWORK(decoded(files)), labels, batch_dims=1))}


def save(path: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"checkpoint_path": path}


def restore(path: tf.Tensor) -> dict[str, tf.Tensor]:
    """Gives a bias, as long as the scores."""
    return {"bias": NETWORK.weights[-1].value + tf.cast(tf.strings.length(path), tf.float32)}


KINDS: dict[str, dict[str, Signature]] = {
    "infer": {
        "infer": (classify, [FILES]),
        "train": (train, [FILES, LABELS]),
        "save": (save, [PATH]),
        "restore": (restore, [PATH]),
    },
    "default": {"default": (classify, [FILES]), "features": (embed, [FILES])},
    "classify": {"serving_default": (embed, [FILES]), "classify": (classify, [FILES])},
    "serving_default": {"serving_default": (classify, [FILES]), "another": (classify, [FILES])},
}
"""Signatures of one model, by the one of them that is exported."""


@pytest.mark.parametrize("chosen", KINDS)
def test_chosen_signature(chosen: str, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """The default is exported, or else the only signature that classifies, beside those that train, save or embed."""
    folder = signatures.save(tmp_path / "model", KINDS[chosen], network=NETWORK)
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder, chosen)
    assert_exact(export, few_pictures, lambda data: reference(image_bytes=tf.constant([data]))["output"])
    assert export.info.source.signature == chosen


def test_several_that_classify(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Of several that classify, one has to be chosen; they are listed without those that do not."""
    pixels = (lambda pixels: {"output": NETWORK(pixels)}, [PIXELS])
    kinds: dict[str, Signature] = {"files": (classify, [FILES]), "pixels": pixels, "save": (save, [PATH])}
    folder = signatures.save(tmp_path / "model", kinds, network=NETWORK)
    with pytest.raises(NoSuchSignature, match=r"several signatures \(files, pixels\): choose one with --signature"):
        export_to(folder)
    assert export_to(folder, signature="files", images=few_pictures).info.source.signature == "files"


def test_words_for_the_classes(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """An estimator's signature, with a string for each class of each picture, gives its labels."""

    def estimate(files: tf.Tensor) -> dict[str, tf.Tensor]:
        numbers = tf.strings.as_string(tf.range(len(models.LABELS)))
        return {"scores": NETWORK(decoded(files)), "classes": tf.tile(numbers[tf.newaxis], [tf.shape(files)[0], 1])}

    folder = signatures.save(tmp_path / "model", {"predict": (estimate, [FILES])}, network=NETWORK)
    assert export_to(folder, images=few_pictures).info.labels == ("0", "1", "2", "3", "4")
