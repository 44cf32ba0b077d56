"""`-o model.tflite`: what LiteRT answers for it, beside what TensorFlow computes from exactly the same pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from export.errors import CannotApproximate, CannotConvert, ExportError, NotEqual
from export.exporter import Export
from export.options import Options
from export.source.tflite_metadata import TfliteMetadata
from tests.export import models, photographs, tensorflow1
from tests.export.comparison import decoded, resized
from tests.export.conftest import ExportTo
from tests.export.running import exported
from tests.export.test_tflite import convert, litert

SIZE, LABELS = models.SIZE, models.LABELS
TOLERANCE = 1e-5  # of float32, in another order of additions

Expected = Callable[[Any], Any]
"""Of resized pixels, float32 [1, height, width, 3] with levels 0 to 255, the scores of the original."""
WriteTo = Callable[..., Export]


@pytest.fixture
def write_to(tmp_path: Path, few_pictures: Path) -> WriteTo:
    """Export a model to `model.tflite` in the test's own folder; options as the command line names them."""

    def run(source: Path, **options: Any) -> Export:
        said = {"images": few_pictures, **options}
        return exported(source, tmp_path / "model.tflite", Options.from_command_line(**said))

    return run


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "names.txt").write_text("\n".join(LABELS))
    return tmp_path / "names.txt"


def files(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    network = models.network()
    source = models.save_bytes(network, folder / "model", models.decode_and_resize, labels=LABELS)
    return source, {}, lambda pixels: network(pixels / 255.0)


def scaled_before(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    network = models.network()

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
        values = tf.image.convert_image_dtype(pixels, tf.float32)[..., ::-1] * 2.0 - 1.0
        return tf.ensure_shape(tf.image.resize(values, [SIZE, SIZE]), [SIZE, SIZE, 3])

    source = models.save_bytes(network, folder / "model", preprocess)
    return source, {}, lambda pixels: network(pixels[..., ::-1] / 127.5 - 1.0)


def whole_levels(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    network = models.network()

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
        whole = tf.cast(tf.image.resize(pixels, [SIZE, SIZE]), tf.uint8)
        return tf.cast(tf.ensure_shape(whole, [SIZE, SIZE, 3]), tf.float32) / 255.0

    source = models.save_bytes(network, folder / "model", preprocess)
    return source, {}, lambda pixels: network(tf.cast(tf.cast(pixels, tf.uint8), tf.float32) / 255.0)


def pixels_in_blue_first(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    network = models.network()
    source = models.save_pixels(network, folder / "model")
    mean = tf.constant([103.939, 116.779, 123.68])
    return source, {"scale": "caffe"}, lambda pixels: network(pixels[..., ::-1] - mean)


def keras_file(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    inner = models.network(classes=1, activation="sigmoid")
    inputs = keras.layers.Input([SIZE, SIZE, 3])
    model = keras.Model(inputs, inner(keras.layers.Rescaling(1 / 127.5, -1)(inputs)))
    model.save(folder / "model.keras")

    def expected(pixels: Any) -> Any:
        second = model(pixels)
        return tf.concat([1 - second, second], axis=1)

    return folder / "model.keras", {}, expected


def tensorflow_1(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    with tensorflow1.session() as opened:
        data = tf.compat.v1.placeholder(tf.string, [None], "files")
        pictures = tf.map_fn(tensorflow1.pixels, data, tf.float32)
        scores = tf.nn.softmax(tensorflow1.network(pictures, tensorflow1.variable))
        opened.run(tf.compat.v1.global_variables_initializer())
        source = tensorflow1.save(opened, folder / "model", {"files": data}, {"scores": scores})
    return source, {}, lambda pixels: tf.nn.softmax(tensorflow1.network(pixels, tensorflow1.constant))


def float_tflite(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    source = convert(models.network(activation=None), folder / "source" / "model.tflite")
    options = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375), "channels": "bgr"}

    def expected(pixels: Any) -> Any:
        scaled = (pixels - np.float32(options["mean"])) / np.float32(options["std"])
        return tf.nn.softmax(litert(source, scaled[..., ::-1]))

    return source, options, expected


def int8_tflite(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    source = convert(models.network(), folder / "source" / "model.tflite", quantised_to=(tf.int8, tf.uint8))
    return source, {}, lambda pixels: litert(source, np.rint(pixels) - 128.0)


def uint8_tflite(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    source = convert(models.network(), folder / "source" / "model.tflite", quantised_to=(tf.uint8, tf.uint8))
    return source, {}, lambda pixels: litert(source, np.rint(pixels))


def logits_in_whole_numbers(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    network = models.network(activation=None)
    source = convert(network, folder / "source" / "model.tflite", quantised_to=(tf.uint8, tf.int8))
    return source, {}, lambda pixels: tf.nn.softmax(litert(source, np.rint(pixels)))


def one_unit_tflite(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    network = models.network(classes=1, activation=None)
    source = convert(network, folder / "source" / "model.tflite")

    def expected(pixels: Any) -> Any:
        second = tf.sigmoid(litert(source, pixels / 127.5 - 1.0))
        return tf.concat([1 - second, second], axis=1)

    return source, {"scale": "-1..1", "activation": "sigmoid"}, expected


def channels_first_tflite(folder: Path) -> tuple[Path, dict[str, Any], Expected]:
    inputs = keras.layers.Input([3, SIZE, SIZE])
    network = keras.Model(inputs, models.network()(keras.layers.Permute((2, 3, 1))(inputs)))
    source = convert(network, folder / "source" / "model.tflite")
    return source, {"scale": "0..1"}, lambda pixels: litert(source, np.moveaxis(pixels / 255.0, 3, 1))


KINDS = (
    files,
    scaled_before,
    whole_levels,
    pixels_in_blue_first,
    keras_file,
    tensorflow_1,
    float_tflite,
    int8_tflite,
    uint8_tflite,
    logits_in_whole_numbers,
    one_unit_tflite,
    channels_first_tflite,
)


def asked(path: Path, pixels: Any) -> npt.NDArray[np.float32]:
    """LiteRT's scores for resized pixels, float32 [1, height, width, channels] with levels 0 to 255."""
    (given,) = Interpreter(model_path=str(path)).get_input_details()
    is_whole = given["dtype"] == np.uint8
    return litert(path, np.rint(pixels) if is_whole else pixels)


@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs were expected")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras with NumPy 2
@pytest.mark.parametrize("kind", KINDS)
def test_scores(
    kind: Any, tmp_path: Path, few_pictures: Path, labels: Path, write_to: WriteTo, export_to: ExportTo
) -> None:
    """The file answers as TensorFlow does for the same pixels, names its classes, and is itself a source."""
    source, options, expected = kind(tmp_path)
    named = {} if kind in (files, keras_file, one_unit_tflite) else {"labels": labels}
    export = write_to(source, **options, **named)
    assert export.verification.parity.max_score_difference <= TOLERANCE
    for path in sorted(few_pictures.iterdir()):
        pixels = np.asarray(resized(path.read_bytes()))
        pixels = np.floor(pixels) if kind is whole_levels else pixels
        np.testing.assert_allclose(asked(export.path, pixels), expected(pixels), atol=TOLERANCE, err_msg=path.name)
    metadata = TfliteMetadata.read(export.path)
    assert metadata.labels == export.info.labels
    assert (metadata.mean, metadata.std, metadata.color_space) == ((0.0,), (1.0,), "rgb")
    again = export_to(export.path, images=few_pictures, tolerance=0.01)
    assert again.info.labels == export.info.labels


def save_with(folder: Path, network: Any, preprocess: Callable[[tf.Tensor], tf.Tensor]) -> Path:
    """A model that takes files and sees what `preprocess` makes of the decoded pixels."""
    return models.save_bytes(
        network,
        folder / "model",
        lambda data: preprocess(tf.io.decode_image(data, channels=3, expand_animations=False)),
        labels=LABELS,
    )


def test_levels_go_in_whole(tmp_path: Path, write_to: WriteTo) -> None:
    """A model that makes whole levels of resized pixels takes whole levels: nothing is cut off twice."""
    source, _, _ = whole_levels(tmp_path)
    (given,) = Interpreter(model_path=str(write_to(source).path)).get_input_details()
    assert (given["dtype"], given["shape"].tolist()) == (np.uint8, [1, SIZE, SIZE, 3])


def test_crop_and_pad_stand_before(tmp_path: Path, few_pictures: Path, write_to: WriteTo) -> None:
    """What is cropped and padded in the graph is left to the program, however it depends on the picture's size."""
    network = models.network()
    source = save_with(tmp_path, network, lambda pixels: tf.image.resize_with_pad(pixels, SIZE, SIZE) / 255.0)
    path = write_to(source).path
    for picture in sorted(few_pictures.iterdir()):
        pixels = tf.image.resize_with_pad(decoded(picture.read_bytes()), SIZE, SIZE)
        np.testing.assert_allclose(asked(path, pixels), network(pixels / 255.0), atol=TOLERANCE)


def test_gray(tmp_path: Path, few_pictures: Path, write_to: WriteTo) -> None:
    """A network for gray pictures takes one channel, and its metadata call it gray."""
    network = models.network(channels=1)
    path = write_to(models.save_pixels(network, tmp_path / "model"), scale="0..1").path
    for picture in sorted(few_pictures.iterdir()):
        pixels = resized(picture.read_bytes(), channels=1)
        np.testing.assert_allclose(asked(path, pixels), network(pixels / 255.0), atol=TOLERANCE)
    assert TfliteMetadata.read(path).color_space == "gray"


def test_gray_without_channels(tmp_path: Path, few_pictures: Path, write_to: WriteTo) -> None:
    """A .tflite file that takes [1, height, width] becomes one that takes a channel of gray."""
    inputs = keras.layers.Input([SIZE, SIZE])
    network = keras.Model(inputs, models.network(channels=1)(keras.layers.Reshape([SIZE, SIZE, 1])(inputs)))
    source = convert(network, tmp_path / "source" / "model.tflite")
    path = write_to(source, scale="0..1").path
    for picture in sorted(few_pictures.iterdir()):
        pixels = np.asarray(resized(picture.read_bytes(), channels=1))
        np.testing.assert_allclose(asked(path, pixels), litert(source, pixels[..., 0] / 255.0), atol=TOLERANCE)


def test_pillow(tmp_path: Path, write_to: WriteTo) -> None:
    """Pixels that Pillow resizes are whole levels, and so is what the file takes."""
    source = models.save_pixels(models.network(), tmp_path / "model")
    export = write_to(source, preset="teachable-machine")
    (given,) = Interpreter(model_path=str(export.path)).get_input_details()
    assert given["dtype"] == np.uint8
    assert export.verification.parity.max_score_difference <= TOLERANCE


def any_size() -> Any:
    """A network that sees pictures in their own size."""
    layers = keras.layers
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [layers.Input([None, None, 3]), layers.Conv2D(8, 3), layers.GlobalMaxPooling2D(), layers.Dense(5, "softmax")]
    )


@pytest.mark.parametrize(
    ("network", "preprocess", "why"),
    [
        (any_size, lambda pixels: tf.cast(tf.ensure_shape(pixels, [None, None, 3]), tf.float32), "one size"),
        (models.network, lambda pixels: tf.image.resize(tf.square(tf.cast(pixels, tf.float32)), [24, 24]), "a factor"),
        (models.network, lambda pixels: tf.image.resize(mixed(pixels), [24, 24]), "mixes"),
    ],
    ids=["any size", "squared", "mixed"],
)
def test_not_for_phones(network: Any, preprocess: Any, why: str, tmp_path: Path, write_to: WriteTo) -> None:
    """What no phone does before the file is asked is refused, and no file is left."""
    source = save_with(tmp_path, network(), preprocess)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CannotConvert, match=why):
        write_to(source)
    assert sorted(tmp_path.iterdir()) == before


def mixed(pixels: tf.Tensor) -> tf.Tensor:
    red, green, blue = tf.unstack(tf.cast(pixels, tf.float32), axis=2)
    return tf.stack([(red + green) / 2, (green + blue) / 2, blue], axis=2)


def test_labels_of_several_lines(tmp_path: Path, write_to: WriteTo) -> None:
    """A label that holds the end of a line would be two: refused."""
    source = models.save_bytes(
        models.network(), tmp_path / "model", models.decode_and_resize, labels=["a", "b\nc", "d", "e", "f"]
    )
    with pytest.raises(CannotConvert, match="end of a line"):
        write_to(source)
    assert not (tmp_path / "model.tflite").exists()


def test_unequal(tmp_path: Path, write_to: WriteTo) -> None:
    """A file that differs by more than the tolerance takes no older file's place."""
    source, _, _ = files(tmp_path)
    (tmp_path / "model.tflite").write_bytes(b"an older file")
    with pytest.raises(NotEqual, match="does not answer as the original"):
        write_to(source, tolerance=1e-12)
    assert (tmp_path / "model.tflite").read_bytes() == b"an older file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.tflite"]


@pytest.mark.parametrize(
    ("target", "options", "why"),
    [
        ("model.pb", {}, "can be .onnx or .tflite"),
        ("model", {}, "can be .onnx or .tflite"),
        ("model.tflite", {"drawing": "white-on-black"}, "--drawing is for .onnx files"),
        ("model.tflite", {"reduced_jpeg": 2.0}, "--reduced-jpeg is for .onnx files"),
        ("model.onnx", {"quantize": "float16"}, "float16 is for .tflite files"),
    ],
)
def test_options(target: str, options: dict[str, Any], why: str, tmp_path: Path, unlabelled: Path) -> None:
    """The suffix says what is written, and options that mean nothing for it are refused before any work."""
    said = Options.from_command_line(samples=tmp_path, **options)
    with pytest.raises(ExportError, match=why):
        exported(unlabelled, tmp_path / target, said)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As few parts of photographs as are enough to judge by."""
    return photographs.save(tmp_path_factory.mktemp("patches"), photographs.patches(200, SIZE, seed=4)[0])


@pytest.mark.parametrize(("kind", "words"), [("int8", "quantised to int8"), ("float16", "rounded to float16")])
def test_rounded(kind: str, words: str, tmp_path: Path, patches: Path, write_to: WriteTo) -> None:
    """A rounded file is smaller, is judged by samples, and chooses TensorFlow's labels."""
    network = models.network(classes=2)
    source = models.save_bytes(network, tmp_path / "model", models.decode_and_resize)
    exact = write_to(source).size
    export = write_to(source, quantize=kind, samples=patches)
    assert export.approximation is not None
    assert words in export.approximation.what
    assert export.approximation.verification.parity.pictures == 100
    assert export.size < 0.8 * exact
    pixels = [np.asarray(resized(path.read_bytes())) for path in sorted(patches.iterdir())[1::2]]
    answers = np.concatenate([asked(export.path, batch) for batch in pixels])
    scores = np.asarray(network(np.concatenate(pixels) / 255.0))
    assert (answers.argmax(axis=1) == scores.argmax(axis=1)).mean() >= 0.99
    assert np.abs(answers - scores).max() > TOLERANCE


def uneven() -> Any:
    """A network with one channel a thousand times larger than those that the answer depends on."""
    network = models.network()
    first, second = (layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    kernel, bias = first.get_weights()
    kernel[..., 0] *= 1e3
    first.set_weights([kernel, bias])
    kernel, bias = second.get_weights()
    kernel[:, :, 0] *= 1e-3
    second.set_weights([kernel, bias])
    return network


def test_other_labels(tmp_path: Path, patches: Path, write_to: WriteTo) -> None:
    """A network that cannot be rounded without other labels is refused, and nothing is written."""
    source = models.save_bytes(uneven(), tmp_path / "model", models.decode_and_resize)
    with pytest.raises(NotEqual, match=r"label is chosen for \d\d of 100 samples, fewer than 99%"):
        write_to(source, quantize="int8", samples=patches)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_rounding_a_copy(tmp_path: Path, patches: Path, write_to: WriteTo) -> None:
    """The network of a .tflite file is copied, never rounded."""
    source = convert(models.network(), tmp_path / "source" / "model.tflite")
    with pytest.raises(CannotApproximate, match="copied as it is"):
        write_to(source, scale="0..1", quantize="int8", samples=patches)
    assert not (tmp_path / "model.tflite").exists()
