"""Decoders in the graph: what they are told is read off it, and pictures are decoded alike without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from export.errors import CannotConvert
from predictor import Decoding
from tests.export import models, tensorflow1
from tests.export.conftest import ExportTo
from tests.export.reference import TOLERANCE, Reference, assert_exact

Decode = Callable[[tf.Tensor], tf.Tensor]


def decode_jpeg_with(**options: object) -> Decode:
    return lambda data: tf.io.decode_jpeg(data, **{"channels": 3, **options})


DECODERS: dict[str, tuple[Decode, Decoding]] = {
    "gray": (
        lambda data: tf.image.grayscale_to_rgb(tf.io.decode_jpeg(data, channels=1)),
        Decoding(channels=1),
    ),
    "half the size": (decode_jpeg_with(ratio=2), Decoding(jpeg_ratio=2)),
    "a quarter of the size": (decode_jpeg_with(ratio=4), Decoding(jpeg_ratio=4)),
    "an eighth of the size": (decode_jpeg_with(ratio=8), Decoding(jpeg_ratio=8)),
    "fast transform": (decode_jpeg_with(dct_method="INTEGER_FAST"), Decoding()),
    "accurate transform": (decode_jpeg_with(dct_method="INTEGER_ACCURATE"), Decoding(jpeg_transform="accurate")),
    "plain chroma": (decode_jpeg_with(fancy_upscaling=False), Decoding(jpeg_smooth_chroma=False)),
    "by conditions": (tensorflow1.decode_by_conditions, Decoding()),
}


def save(decode: Decode, folder: Path) -> Path:
    """A model that decodes in a way of its own."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        resized = tf.image.resize(tf.ensure_shape(decode(data), [None, None, 3]), [models.SIZE] * 2)
        return tf.ensure_shape(resized, [models.SIZE, models.SIZE, 3]) / 255.0

    return models.save_bytes(models.network(), folder, preprocess)


@pytest.mark.parametrize("name", DECODERS)
def test_decoders(name: str, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """What a decoder is told in the graph, the predictor does alike: the network sees the same bits."""
    decode, decoding = DECODERS[name]
    folder = save(decode, tmp_path / "model")
    export = export_to(folder, images=few_pictures)
    reference = Reference(folder)
    assert_exact(export, few_pictures, lambda data: reference(image_bytes=tf.constant([data]))["scores"])
    assert export.info.decoding == decoding


def test_channels_of_the_file(tmp_path: Path, export_to: ExportTo) -> None:
    """A decoder that leaves a file its own channels is followed; pictures that the network cannot take are listed."""
    export = export_to(save(decode_jpeg_with(channels=0), tmp_path / "model"))
    assert export.info.decoding == Decoding(channels=0)
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.parity.max_score_difference < TOLERANCE
    assert "gray JPEG" in [picture.name for picture in export.verification.unreadable]


def test_unsupported_decoder(tmp_path: Path, export_to: ExportTo) -> None:
    """A decoder of a part of the picture is refused with what it does, before anything is converted."""
    source = save(lambda data: tf.io.decode_and_crop_jpeg(data, [0, 0, 1, 1], channels=3), tmp_path / "model")
    with pytest.raises(CannotConvert, match=r"a part of the picture only.*supported"):
        export_to(source)
