"""The smallest pictures: which of them a model cannot take is measured, and said in summary, page and file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from export.report import summary
from export.verify import pictures
from export.verify.sizes import TRIED
from predictor import BadImage, Classifier
from tests.export import models, signatures
from tests.export.conftest import ExportTo
from tests.export.reference import Reference
from tests.export.test_model_garden import Served, decode_all, save


def impossible_for(folder: Path) -> list[tuple[int, int]]:
    """The sizes for which TensorFlow itself raises."""
    reference, found = Reference(folder), []
    for size in TRIED:
        try:
            reference(image_bytes=tf.constant([pictures.plain(size, ("PNG", "RGB")).read()]))
        except tf.errors.InvalidArgumentError:
            found.append(size)
    return found


@pytest.mark.parametrize("crops", [True, False])
def test_crop(crops: bool, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Of a model whose crop of tiny pictures is empty those sizes are named that TensorFlow cannot take."""
    served = Served(crops=crops)

    def serve(model: Any, files: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probs": served.probabilities(served.logits(model, decode_all(files)))}

    folder = save(tmp_path / "model", serve, signatures.FILES)
    export = export_to(folder, images=few_pictures, report=tmp_path / "page.html")
    expected = impossible_for(folder)
    assert bool(expected) == crops
    classifier = Classifier.load(export.path)
    assert list(classifier.info.impossible_sizes) == expected
    notes = summary.notes(export.subject, export.verification)
    named = [note for note in notes if "the model cannot take pictures of 1 x 1, 2 x 1, " in note]
    assert bool(named) == crops
    assert ("the model cannot take pictures of 1 x 1, 2 x 1, " in (tmp_path / "page.html").read_text()) == crops
    for size in expected:
        with pytest.raises(BadImage):
            classifier.scores(classifier.decode(pictures.plain(size, ("PNG", "RGB")).read()))


def test_another_format(tmp_path: Path, export_to: ExportTo, few_pictures: Path) -> None:
    """Sizes are not blamed where it is the format that a model cannot take: it is asked in one that it can."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        is_jpeg = tf.debugging.Assert(tf.strings.substr(data, 0, 2) == b"\xff\xd8", ["no JPEG"])
        with tf.control_dependencies([is_jpeg]):
            return models.decode_and_resize(tf.identity(data))

    export = export_to(models.save_bytes(models.network(), tmp_path / "model", preprocess), images=few_pictures)
    assert export.info.impossible_sizes == ()
    assert export.verification.unreadable != ()  # the PNG files among the pictures
