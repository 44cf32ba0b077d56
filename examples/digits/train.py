"""Train a small convolutional network on scikit-learn's handwritten digits.

Saves it as Vertex AI AutoML saves its image classifiers: signature `serving_default`, inputs `image_bytes` and
`key` (strings), outputs `scores`, `labels` and `key`; decoding, resizing and scaling inside a `map_fn`.

    pip install -r export/requirements.txt -r requirements-dev.txt
    python examples/digits/train.py
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).parent
LABELS = [str(digit) for digit in range(10)]
PICTURE_SIZE = 64  # pixels a side of the pictures made from the 8 x 8 scans
NETWORK_SIZE = 32  # pixels a side of what the network sees
EPOCHS = 80
SEED = 7


def to_png(scan: npt.NDArray[np.float64]) -> bytes:
    """The PNG file, 64 x 64, white ink on black, of one scan: float64 [8, 8] with values 0 to 16."""
    small = Image.fromarray(np.round(scan * (255 / 16)).astype(np.uint8))
    png = io.BytesIO()
    small.resize((PICTURE_SIZE, PICTURE_SIZE), Image.Resampling.BICUBIC).save(png, "PNG", optimize=True)
    return png.getvalue()


def split() -> tuple[list[bytes], list[bytes], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Training pictures, held-back pictures (a quarter), and the digit on each."""
    scans, digits = load_digits(return_X_y=True)
    pictures = [to_png(scan.reshape(8, 8)) for scan in scans]
    train, test, train_digits, test_digits = train_test_split(
        pictures, digits, test_size=0.25, random_state=SEED, stratify=digits
    )
    return train, test, train_digits, test_digits


def save_samples(pictures: list[bytes], digits: npt.NDArray[np.int64]) -> None:
    """Write the first held-back picture of each digit to `samples/`."""
    folder = HERE / "samples"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for digit, label in enumerate(LABELS):
        first = int(np.flatnonzero(digits == digit)[0])
        (folder / f"{label}.png").write_bytes(pictures[first])


def main() -> None:
    """Train, print the accuracy on the held-back digits through the saved signature, write model and samples."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    train, test, train_digits, test_digits = split()

    def preprocess(image_bytes: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(image_bytes, channels=3, expand_animations=False)
        resized = tf.image.resize(pixels, [NETWORK_SIZE, NETWORK_SIZE])
        return tf.ensure_shape(resized, [NETWORK_SIZE, NETWORK_SIZE, 3]) / 255.0

    def preprocess_batch(image_bytes: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(preprocess, image_bytes, fn_output_signature=tf.float32)

    layers = keras.layers
    augmentation = keras.Sequential(
        [
            layers.RandomRotation(0.03, fill_mode="constant"),
            layers.RandomZoom((-0.1, 0.35), fill_mode="constant"),
            layers.RandomTranslation(0.12, 0.12, fill_mode="constant"),
            layers.RandomBrightness((0.0, 0.3), value_range=(0, 1)),
        ]
    )
    network = keras.Sequential()
    for filters in (16, 32, 64):
        network.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        network.add(layers.BatchNormalization())
        network.add(layers.ReLU())
        network.add(layers.MaxPooling2D())
    network.add(layers.Flatten())
    network.add(layers.Dropout(0.3))
    network.add(layers.Dense(len(LABELS), activation="softmax"))
    trained = keras.Sequential([layers.Input([NETWORK_SIZE, NETWORK_SIZE, 3]), augmentation, network])
    trained.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, EPOCHS * 22)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    trained.fit(preprocess_batch(tf.constant(train)), train_digits, batch_size=64, epochs=EPOCHS, verbose=2)

    def serve(image_bytes: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = network(preprocess_batch(image_bytes), training=False)
        labels = tf.tile(tf.constant([LABELS]), [tf.shape(scores)[0], 1])
        return {"scores": scores, "labels": labels, "key": key}

    folder = HERE / "saved_model"
    shutil.rmtree(folder, ignore_errors=True)
    archive = keras.export.ExportArchive()
    archive.track(network)
    strings = [tf.TensorSpec([None], tf.string, name=name) for name in ("image_bytes", "key")]
    archive.add_endpoint("serving_default", serve, input_signature=strings)
    archive.write_out(str(folder), verbose=False)
    save_samples(test, test_digits)

    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]
    keys = tf.constant(["0"] * len(test))
    answers = signature(image_bytes=tf.constant(test), key=keys)["scores"].numpy().argmax(axis=1)
    right = int((answers == test_digits).sum())
    print(f"accuracy on {len(test)} held-back digits: {right / len(test):.2%} ({right} right)")


if __name__ == "__main__":
    main()
