"""What models that take files give beside the scores, in which shape, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export.errors import NotAClassifier
from export.network.output_activation import OutputActivation
from tests.export import models, signatures
from tests.export.conftest import ExportTo
from tests.export.reference import Reference, assert_exact

LABELS = tf.constant(models.LABELS)
CLASSES = len(models.LABELS)

Answer = Callable[[tf.Tensor], dict[str, tf.Tensor]]
Outputs = dict[str, np.ndarray]


def answers_to(folder: Path, scores: Callable[[Outputs], np.ndarray]) -> Callable[[bytes], np.ndarray]:
    """For a file what `scores` makes of the original's outputs."""
    reference = Reference(folder)
    return lambda data: scores(reference(image_bytes=tf.constant([data])))


SHAPES: dict[str, Answer] = {
    "[N, 1, 1, C]": lambda logits: {"scores": tf.nn.softmax(logits)[:, tf.newaxis, tf.newaxis]},
    "[N, 1, C]": lambda logits: {"scores": tf.expand_dims(tf.nn.softmax(logits), 1)},
    "[N, C, 1, 1]": lambda logits: {"scores": tf.nn.softmax(logits)[:, :, tf.newaxis, tf.newaxis]},
    "best beside": lambda logits: {
        "scores": tf.nn.softmax(logits),
        "class_id": tf.argmax(logits, 1),
        "class": tf.gather(LABELS, tf.argmax(logits, 1)),
        "confidence": tf.reduce_max(tf.nn.softmax(logits), 1),
    },
    "logits beside": lambda logits: {"a": logits, "b": tf.nn.softmax(logits), "features": tf.ones([1, 4, 4, 2])},
}


@pytest.mark.parametrize("name", SHAPES)
def test_scores_among_outputs(name: str, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """The scores are found by shape and by what makes them, whatever stands beside."""
    folder = signatures.save_default(tmp_path / "model", SHAPES[name], labels=LABELS)
    export = export_to(folder, images=few_pictures)
    assert_exact(export, few_pictures, answers_to(folder, lambda outputs: outputs[export.info.source.output]))
    assert export.info.activation == "softmax"


def test_logits_alone(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Logits get a softmax, which is reported."""
    folder = signatures.save_default(tmp_path / "model", lambda logits: {"output_0": logits})
    export = export_to(folder, images=few_pictures)
    assert_exact(export, few_pictures, answers_to(folder, lambda outputs: tf.nn.softmax(outputs["output_0"])))
    assert export.info.activation == "softmax (added)"


def test_one_class(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """A softmax of one class is always 1: one class, not the second of two."""
    folder = signatures.save_default(tmp_path / "model", lambda logits: {"scores": tf.nn.softmax(logits[:, :1])})
    export = export_to(folder, images=few_pictures)
    assert (export.info.labels, export.info.activation) == (("class_0",), "softmax")
    assert all(comparison.exported.tolist() == [1] for comparison in export.verification.comparisons)


def test_one_sigmoid_in_one_dimension(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """One probability a picture, [N], is that of the second of two classes."""
    folder = signatures.save_default(tmp_path / "model", lambda logits: {"p": tf.sigmoid(logits)[:, 0]})
    export = export_to(folder, images=few_pictures)
    assert_exact(export, few_pictures, answers_to(folder, lambda outputs: [1 - outputs["p"], outputs["p"]]))


def by_top_k(logits: tf.Tensor, k: int) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.math.top_k(tf.nn.softmax(logits), k)


def by_argsort(logits: tf.Tensor, k: int) -> tuple[tf.Tensor, tf.Tensor]:
    probabilities = tf.nn.softmax(logits)
    order = tf.argsort(probabilities, direction="DESCENDING")
    return tf.gather(probabilities, order, batch_dims=1), order


def by_sort_and_argsort(logits: tf.Tensor, k: int) -> tuple[tf.Tensor, tf.Tensor]:
    probabilities = tf.nn.softmax(logits)
    return tf.sort(probabilities, direction="DESCENDING"), tf.argsort(probabilities, direction="DESCENDING")


SORTINGS = [(by_top_k, CLASSES), (by_top_k, 3), (by_top_k, 1), (by_argsort, CLASSES), (by_sort_and_argsort, CLASSES)]


def in_class_order(outputs: Outputs) -> np.ndarray:
    """Scores as the label strings beside them name their classes; NaN for classes that are not named."""
    said = dict(zip((name.decode() for name in outputs["labels"][0]), outputs["scores"][0]))
    return np.array([said.get(label, np.nan) for label in models.LABELS])


@pytest.mark.parametrize(("sort", "k"), SORTINGS)
def test_sorted_scores(
    sort: Callable[..., tuple[tf.Tensor, tf.Tensor]],
    k: int,
    tmp_path: Path,
    few_pictures: Path,
    export_to: ExportTo,
) -> None:
    """Label strings in the order of the scores: the sorting is undone, and every class gets its name."""

    def answer(logits: tf.Tensor) -> dict[str, tf.Tensor]:
        values, indices = sort(logits, k)
        return {"scores": values, "labels": tf.gather(LABELS, indices)}

    folder = signatures.save_default(tmp_path / "model", answer, labels=LABELS)
    export = export_to(folder, images=few_pictures)
    assert_exact(export, few_pictures, answers_to(folder, in_class_order))
    assert export.info.labels == tuple(models.LABELS)


def test_some_sorted_logits(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """A softmax over the best logits takes the others too, which the graph has before it sorts."""

    def answer(logits: tf.Tensor) -> dict[str, tf.Tensor]:
        values, indices = tf.math.top_k(logits, 3)
        return {"logits": values, "labels": tf.gather(LABELS, indices), "all": tf.nn.softmax(logits)}

    folder = signatures.save_default(tmp_path / "model", answer, labels=LABELS)
    export = export_to(folder, images=few_pictures, output="logits")
    assert_exact(export, few_pictures, answers_to(folder, lambda outputs: outputs["all"]))
    assert export.info.labels == tuple(models.LABELS)


@pytest.fixture(scope="module")
def named_by_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that looks the names of its three best classes up in a table."""
    keys = tf.range(CLASSES, dtype=tf.int64)
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, LABELS), "?")

    def answer(logits: tf.Tensor) -> dict[str, tf.Tensor]:
        values, indices = by_top_k(logits, 3)
        return {"scores": values, "labels": table.lookup(tf.cast(indices, tf.int64))}

    return signatures.save_default(tmp_path_factory.mktemp("named_by_table") / "model", answer, table=table)


def test_names_in_a_table(named_by_table: Path, export_to: ExportTo) -> None:
    """A table names the best classes only; the message says how to name all."""
    with pytest.raises(NotAClassifier, match=r"by a table \(LookupTableFindV2\).*with --labels\."):
        export_to(named_by_table)


def test_names_in_a_table_and_a_file(
    named_by_table: Path, tmp_path: Path, few_pictures: Path, export_to: ExportTo
) -> None:
    """With --labels the same model is exported, its sorting undone."""
    (tmp_path / "labels.txt").write_text("\n".join(models.LABELS))
    export = export_to(named_by_table, images=few_pictures, labels=tmp_path / "labels.txt")
    assert_exact(export, few_pictures, answers_to(named_by_table, in_class_order))


def test_ids_beside_sorted_scores(tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Class numbers in the order of the scores say as well which class is which."""

    def answer(logits: tf.Tensor) -> dict[str, tf.Tensor]:
        values, indices = by_top_k(logits, CLASSES)
        return {"scores": values, "classes": indices}

    def scores(outputs: Outputs) -> np.ndarray:
        return outputs["scores"][0][np.argsort(outputs["classes"][0])]

    folder = signatures.save_default(tmp_path / "model", answer)
    assert_exact(export_to(folder, images=few_pictures), few_pictures, answers_to(folder, scores))


def test_sums_of_shares() -> None:
    """What a layer gives is probabilities where it adds to one within a thousandth, and logits otherwise."""
    for sum_, expected in ((1.0009, OutputActivation.AS_IS), (1.002, OutputActivation.SOFTMAX)):
        values = np.array([[0.25, 0.75], [0.5, sum_ - 0.5]])
        assert OutputActivation.of(values, "none") is expected
