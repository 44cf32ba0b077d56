"""Pictures fitted to the size that a model takes, as a TensorFlow graph: resized after or before the sides are matched.

What `tf.image` and Keras do, in operations that do not depend on what is known of a picture's size beforehand.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from export.preprocessing import opencv

Resize = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""A batch [1, height, width, channels] and a size int32 [2] to the resized batch."""


def fitted(batch: tf.Tensor, height: int, width: int, resize: str, fit: str, shorter: int = 0) -> tf.Tensor:
    """A picture of any size, uint8 or float32 [1, ?, ?, channels], as float32 [1, height, width, channels].

    resize: a key of RESIZES. fit: a key of FITS, or `shorter-side`, for which `shorter` is how long that becomes.
    """
    if fit == "shorter-side":
        made = _from_shorter_side(batch, height, width, RESIZES[resize], shorter)
    else:
        made = FITS[fit](batch, height, width, RESIZES[resize])
    values = tf.cast(made, tf.float32)
    return tf.ensure_shape(values, [1, height, width, batch.shape[3]])


def _nearest(batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ResizeNearestNeighbor(images=batch, size=size, half_pixel_centers=True)


def _bilinear(batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ResizeBilinear(images=batch, size=size, half_pixel_centers=True)


def _bicubic(batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ResizeBicubic(images=batch, size=size, half_pixel_centers=True)


def _area(batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ResizeArea(images=batch, size=size)


def _bilinear_antialias(batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return _scaled(batch, size, kernel="triangle", antialias=True)


def _lanczos3(batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    return _scaled(batch, size, kernel="lanczos3", antialias=False)


def _scaled(batch: tf.Tensor, size: tf.Tensor, *, kernel: str, antialias: bool) -> tf.Tensor:
    scale = tf.cast(size, tf.float32) / tf.cast(tf.shape(batch)[1:3], tf.float32)
    return tf.raw_ops.ScaleAndTranslate(
        images=batch, size=size, scale=scale, translation=tf.zeros([2]), kernel_type=kernel, antialias=antialias
    )


RESIZES: dict[str, Resize] = {
    "tf-bilinear": _bilinear,
    "tf-nearest": _nearest,
    "tf-bicubic": _bicubic,
    "tf-area": _area,
    "tf-bilinear-antialias": _bilinear_antialias,
    "tf-lanczos3": _lanczos3,
    **{name: opencv.called(name) for name in opencv.METHODS},
}
"""The resize of `tf.image.resize` with `method` and `antialias` as named, without antialias where it has none; and
what `cv2.resize` does."""


def _stretch(batch: tf.Tensor, height: int, width: int, resize: Resize) -> tf.Tensor:
    """The whole picture, whatever its aspect ratio."""
    return resize(batch, tf.constant([height, width]))


def _crop(batch: tf.Tensor, height: int, width: int, resize: Resize) -> tf.Tensor:
    """The largest box of the wanted aspect ratio in the middle, as Keras's `crop_to_aspect_ratio`."""
    old_height, old_width = tf.unstack(tf.shape(batch)[1:3])
    # Keras divides floats and truncates; the same in integers does not change when TensorFlow optimises the graph.
    box_height = tf.clip_by_value(old_width * height // width, 1, old_height)
    box_width = tf.clip_by_value(old_height * width // height, 1, old_width)
    top, left = (old_height - box_height) // 2, (old_width - box_width) // 2
    return resize(batch[:, top : top + box_height, left : left + box_width], tf.constant([height, width]))


def _pad(batch: tf.Tensor, height: int, width: int, resize: Resize) -> tf.Tensor:
    """The whole picture in its aspect ratio with 0 around it, as `tf.image.resize_with_pad`.

    A picture so narrow that nothing would be left of it, for which that raises, keeps a line of one pixel.
    """
    old_size = tf.cast(tf.shape(batch)[1:3], tf.float32)
    wanted = tf.constant([height, width])
    # Rounded to float32 after the division: one by constants in float32 changes when TensorFlow optimises the graph.
    ratios = tf.cast(tf.cast(old_size, tf.float64) / tf.constant([height, width], tf.float64), tf.float32)
    exact_size = old_size / tf.reduce_max(ratios)
    size = tf.maximum(tf.cast(tf.floor(exact_size), tf.int32), 1)
    before = tf.maximum(tf.cast(tf.floor((tf.cast(wanted, tf.float32) - exact_size) / 2), tf.int32), 0)
    after = wanted - before - size
    around = tf.pad(tf.stack([before, after], axis=1), [[1, 1], [0, 0]])
    return tf.pad(resize(batch, size), around)


def _pad_first(batch: tf.Tensor, height: int, width: int, resize: Resize) -> tf.Tensor:
    """The whole picture with 0 around it, as much before as behind, then resized, as Keras's `pad_to_aspect_ratio`."""
    old_height, old_width = tf.unstack(tf.cast(tf.shape(batch)[1:3], tf.int64))
    before = [
        tf.maximum(old_width * height // width - old_height, 0) // 2,
        tf.maximum(old_height * width // height - old_width, 0) // 2,
    ]
    checked = _within(MOST_PADDED, old_height + 2 * before[0], old_width + 2 * before[1], tf.stack(before))
    around = tf.pad(tf.stack([checked, checked], axis=1), [[1, 1], [0, 0]])
    return resize(tf.pad(batch, around), tf.constant([height, width]))


def _from_shorter_side(batch: tf.Tensor, height: int, width: int, resize: Resize, shorter: int) -> tf.Tensor:
    """The middle of the picture whose shorter side was resized, as torchvision's `Resize` and `CenterCrop`."""
    old = tf.cast(tf.shape(batch)[1:3], tf.int64)
    longer = tf.reduce_max(old) * shorter // tf.reduce_min(old)
    size = tf.where(old > tf.reduce_min(old), longer, tf.constant(shorter, tf.int64))
    checked = _within(MOST_RESIZED, size[0], size[1], size)
    size = tf.cast(checked, tf.int32)
    spare = size - tf.constant([height, width])
    half = tf.maximum(spare, 0) // 2
    first = half + tf.maximum(spare, 0) % 2 * (half % 2)  # Python rounds halves to even numbers
    before, behind = tf.maximum(-spare, 0) // 2, (tf.maximum(-spare, 0) + 1) // 2
    around = tf.pad(tf.stack([before, behind], axis=1), [[1, 1], [0, 0]])
    framed = tf.pad(resize(batch, size), around)
    return framed[:, first[0] : first[0] + height, first[1] : first[1] + width]


def _within(most: int, height: tf.Tensor, width: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """The value; for a picture of more pixels TensorFlow and onnxruntime fail instead: a row would become gigabytes."""
    return value + tf.gather(tf.zeros([1], tf.int64), tf.cast(height * width > most, tf.int32))


MOST_PADDED, MOST_RESIZED = 2**27, 2**24
"""Pixels that a picture may have after it was padded, and after its shorter side was resized, in float32."""

FITS: dict[str, Callable[[tf.Tensor, int, int, Resize], tf.Tensor]] = {
    "stretch": _stretch,
    "crop": _crop,
    "pad": _pad,
    "crop-to-aspect-ratio": _crop,
    "pad-to-aspect-ratio": _pad_first,
}
"""The fit of a picture whose aspect ratio is not the model's."""
