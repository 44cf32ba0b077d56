"""`--quantize` and `--reduced-jpeg`: faster and no longer exact, judged by samples; all else is as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from PIL import Image

from examples.digits import train
from export.errors import CannotApproximate, ExportError, NotEqual
from export.options import Options
from export.verify.approximation import MOST_CALIBRATED, divided
from export.verify.pictures import Picture
from predictor import Classifier
from tests.conftest import ROOT
from tests.export import models, photographs
from tests.export.conftest import ExportTo
from tests.export.running import exported
from tests.export.test_tflite import convert

DIGITS = ROOT / "examples" / "digits" / "saved_model"
FEWEST = 200


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits held back from the example's training, 450 pictures."""
    folder = tmp_path_factory.mktemp("held_back")
    for number, png in enumerate(train.split()[1]):
        (folder / f"{number:03}.png").write_bytes(png)
    return folder


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As few parts of photographs as are enough."""
    return photographs.save(tmp_path_factory.mktemp("patches"), photographs.patches(FEWEST, models.SIZE, seed=4)[0])


@dataclass(frozen=True)
class Quantized:
    """The example quantised by the command line: the file, the page, and what was printed."""

    model: Path
    page: Path
    printed: str


@pytest.fixture(scope="module")
def quantized(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Quantized:
    folder = tmp_path_factory.mktemp("quantized")
    model, page = folder / "model.onnx", folder / "report.html"
    command = [sys.executable, "-m", "export", str(DIGITS), "-o", str(model), "--report", str(page), "--name", "digits"]
    done = subprocess.run(
        [*command, "--quantize", "int8", "--samples", str(digits)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Calibrating on samples, 200 of 200" in done.stderr
    return Quantized(model, page, done.stdout)


def test_agreement_is_printed(quantized: Quantized) -> None:
    """The summary shows the proof of the float file as ever, and then how near the quantised one is."""
    before, after = quantized.printed.split(
        "Then              the network quantised to int8\nJudged by         225 samples\n"
    )
    assert "Verified on       450 pictures\nNetwork input     100% bit-identical\n" in before
    assert "Top label         100% the same\n" in before
    assert after.startswith("Scores differ by  at most 0.")
    assert " of 225 the same\nWritten " in after


def test_answers(quantized: Quantized, digits: Path) -> None:
    """The file gives TensorFlow's label for 99 % of the pictures, those that it was calibrated on and the others."""
    signature = tf.saved_model.load(str(DIGITS)).signatures["serving_default"]
    files = [path.read_bytes() for path in sorted(digits.iterdir())]
    expected = signature(image_bytes=tf.constant(files), key=tf.constant([""] * len(files)))["scores"].numpy()
    classifier = Classifier.load(quantized.model)
    answers = np.stack([classifier.scores(classifier.decode(data)) for data in files])
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.99
    assert np.abs(answers - expected).max() > 1e-4  # what is exact was not quantised


def test_the_file_says_so(quantized: Quantized, digits_model: Path) -> None:
    """The metadata say that the file is quantised, by what, and how near it is; its version is its own."""
    info, exact = Classifier.load(quantized.model).info, Classifier.load(digits_model).info
    assert (exact.quantization, info.quantization) == (None, "int8")
    assert info.version != exact.version
    assert "onnxruntime" in info.tools
    assert info.parity is not None
    assert info.parity.pictures == 225
    assert 0.99 <= info.parity.top1_agreement <= 1
    assert info.parity.max_score_difference > 1e-4


def test_the_page_says_so(quantized: Quantized) -> None:
    """The page does not call a quantised file equal, and shows how near it is."""
    text = quantized.page.read_text(encoding="utf-8")
    assert "Before it was changed, model.onnx answered as the original does" in text
    assert "<dt>Then</dt><dd>the network quantised to int8</dd>" in text


def test_smaller(quantized: Quantized, digits_model: Path) -> None:
    """Weights take a quarter of their bytes, but for the last layer's; the preprocessing is what it was."""
    exact, rounded = (onnx.load(path).graph for path in (digits_model, quantized.model))
    assert quantized.model.stat().st_size < 0.7 * digits_model.stat().st_size
    convolution = next(number for number, node in enumerate(exact.node) if node.op_type == "Conv")
    preprocessing = {node.SerializeToString() for node in exact.node[: convolution - 1]}
    assert preprocessing <= {node.SerializeToString() for node in rounded.node}


def test_standard_operations(quantized: Quantized) -> None:
    """A quantised file holds no operation outside ONNX's own set, and its convolutions take whole numbers alone."""
    model = onnx.load(quantized.model)
    assert [opset.domain for opset in model.opset_import] == [""]
    makers = {output: node.op_type for node in model.graph.node for output in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert {makers[name] for node in convolutions for name in node.input} == {"DequantizeLinear"}


def test_same_version(quantized: Quantized, digits: Path, export_to: ExportTo) -> None:
    """Quantising again by the same samples, in another process, gives the same version."""
    again = export_to(DIGITS, quantize="int8", samples=digits, name="digits").info
    assert again.version == Classifier.load(quantized.model).info.version


def test_merged_padding(tmp_path: Path, patches: Path, export_to: ExportTo) -> None:
    """A network whose padding tf2onnx merges into the first convolution, as EfficientNet's, is quantised, too."""
    layers = keras.layers
    padded = keras.Sequential(
        [layers.Input([models.SIZE, models.SIZE, 3]), layers.ZeroPadding2D(1), *models.network().layers[:1]]
    )
    classified = keras.Sequential([padded, layers.Flatten(), layers.Dense(5, activation="softmax")])
    source = models.save_pixels(classified, tmp_path / "model")
    assert export_to(source, scale="0..1", quantize="int8", samples=patches).info.quantization == "int8"


def outliers(size: int = models.SIZE) -> keras.Model:
    """A network with one channel a million times larger than those that the answer depends on."""
    network = models.network(size=size)
    first, second = (layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    kernel, bias = first.get_weights()
    kernel[..., 0] *= 1e6
    first.set_weights([kernel, bias])
    kernel, bias = second.get_weights()
    kernel[:, :, 0] *= 1e-6
    second.set_weights([kernel, bias])
    return network


def test_other_labels_are_refused(tmp_path: Path, patches: Path) -> None:
    """A network that cannot be rounded without other labels is refused with both counts, and nothing is written."""
    source = models.save_bytes(outliers(), tmp_path / "model", models.decode_and_resize)
    target, page = tmp_path / "model.onnx", tmp_path / "report.html"
    options = Options(samples=patches, quantize="int8", report=page)
    with pytest.raises(NotEqual, match=r"label is chosen for \d\d of 100 samples, fewer than 99%; a score differs"):
        exported(source, target, options)
    assert not target.exists()
    assert "Not exported. With the network quantised to int8, the original" in page.read_text(encoding="utf-8")


def test_judged_by_others() -> None:
    """No sample that the range of values is found by judges; all others do."""
    samples = [Picture(str(number), bytes) for number in range(2 * MOST_CALIBRATED + 7)]
    calibrating, judging = divided(samples)
    assert len(calibrating) == MOST_CALIBRATED
    assert not {picture.name for picture in calibrating} & {picture.name for picture in judging}
    assert judging == samples[1::2]


def test_no_samples() -> None:
    """Without samples there is nothing to find the range of values by."""
    with pytest.raises(ExportError, match=r"--quantize and --reduced-jpeg need pictures .*: give them with --samples"):
        Options.from_command_line(quantize="int8")


def test_few_samples(tmp_path: Path, patches: Path, export_to: ExportTo) -> None:
    """Under 200 samples are refused, before anything takes long: a hundredth of half of them is less than one."""
    samples = shutil.copytree(patches, tmp_path / "samples")
    next(samples.iterdir()).unlink()
    with pytest.raises(CannotApproximate, match=r"of 99 a single one .* 1%: give at least 200 with"):
        export_to(DIGITS, quantize="int8", samples=samples)


def test_unreadable_samples(tmp_path: Path, patches: Path, export_to: ExportTo) -> None:
    """Samples that cannot be read do not count."""
    samples = shutil.copytree(patches, tmp_path / "samples")
    for path in sorted(samples.iterdir())[:2]:  # one to calibrate on, one to judge by
        path.write_bytes(b"no picture")
    with pytest.raises(CannotApproximate, match="of 99 a single one"):
        export_to(DIGITS, quantize="int8", samples=samples)
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs were expected")
def test_quantized_already(tmp_path: Path, patches: Path, export_to: ExportTo) -> None:
    """A .tflite file in whole numbers is refused; it is exported without the option."""
    source = convert(models.network(), tmp_path / "model.tflite", quantised_to=(tf.uint8, tf.uint8))
    with pytest.raises(CannotApproximate, match="quantised already; leave --quantize out"):
        export_to(source, quantize="int8", samples=patches)
    assert not (tmp_path / "model.onnx").exists()


def test_half_precision(tmp_path: Path, patches: Path, export_to: ExportTo) -> None:
    """A network that computes in half precision, which onnxruntime does not quantise, is refused."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        inner = models.network()
    finally:
        keras.config.set_dtype_policy("float32")
    pixels = keras.layers.Input([models.SIZE, models.SIZE, 3])
    scores = keras.layers.Activation("linear", dtype="float32")(inner(pixels))
    source = models.save_pixels(keras.Model(pixels, scores), tmp_path / "model")
    with pytest.raises(CannotApproximate, match="onnxruntime cannot quantise the network: "):
        export_to(source, scale="0..1", tolerance=0.01, quantize="int8", samples=patches)


def test_only_for_files(tmp_path: Path) -> None:
    """Without a file to write the option is a wrong command line."""
    command = [
        sys.executable,
        "-m",
        "export",
        str(DIGITS),
        "--inspect",
        "--quantize",
        "int8",
        "--samples",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "--quantize rounds what -o FILE writes" in done.stderr) == (2, True)


@pytest.fixture(scope="module")
def large_digits(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As few as are enough of the digits, as JPEGs of 512 pixels a side."""
    folder = tmp_path_factory.mktemp("large")
    for path in sorted(digits.iterdir())[:FEWEST]:
        large = Image.open(path).convert("RGB").resize((512, 512), Image.Resampling.BICUBIC)
        large.save(folder / f"{path.stem}.jpg", quality=95)
    return folder


def test_reduced_jpegs(large_digits: Path, digits_model: Path, export_to: ExportTo) -> None:
    """An eighth of large JPEGs is decoded where that is twice the network's input, and TensorFlow's labels are kept."""
    export = export_to(DIGITS, reduced_jpeg=2.0, samples=large_digits)
    classifier, exact = Classifier.load(export.path), Classifier.load(digits_model)
    assert (classifier.info.decoding.jpeg_least, exact.info.decoding.jpeg_least) == (64, 0)
    assert "JPEGs reduced to no less than 64 pixels a side" in classifier.info.preprocessing
    assert classifier.info.version != exact.info.version
    files = [path.read_bytes() for path in sorted(large_digits.iterdir())]
    assert {classifier.decode(data).shape for data in files} == {(64, 64, 3)}
    signature = tf.saved_model.load(str(DIGITS)).signatures["serving_default"]
    expected = signature(image_bytes=tf.constant(files), key=tf.constant([""] * len(files)))["scores"].numpy()
    answers = np.stack([classifier.scores(classifier.decode(data)) for data in files])
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.99


def test_both(large_digits: Path, export_to: ExportTo) -> None:
    """A file can be quantised and reduce JPEGs; it is judged with both."""
    approximation = export_to(DIGITS, reduced_jpeg=2.0, quantize="int8", samples=large_digits).approximation
    assert approximation is not None
    assert approximation.what == "the network quantised to int8 and JPEGs reduced to no less than 64 pixels a side"
    assert approximation.verification.parity.pictures == FEWEST / 2


def test_fine_detail_is_refused(tmp_path: Path, unlabelled: Path, export_to: ExportTo) -> None:
    """Where the labels hang on single pixels, which a reduction averages, nothing is written."""
    generator = np.random.default_rng(1)
    (tmp_path / "noise").mkdir()
    for number in range(FEWEST):
        noise = generator.integers(0, 256, (200, 200, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "noise" / f"{number}.jpg", quality=95)
    with pytest.raises(NotEqual, match="With JPEGs reduced to no less than 48 pixels a side, the original's label is"):
        export_to(unlabelled, reduced_jpeg=2.0, samples=tmp_path / "noise")
    assert not (tmp_path / "model.onnx").exists()


def test_only_large_jpegs_judge(patches: Path, unlabelled: Path, export_to: ExportTo) -> None:
    """Samples that are not reduced prove nothing of it: PNGs, and JPEGs that are small."""
    with pytest.raises(CannotApproximate, match=r"second JPEG of at least 95 pixels a side .* of 0 a single"):
        export_to(unlabelled, reduced_jpeg=2.0, samples=patches)


def test_pillow_does_not_reduce(patches: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """A model whose pictures Pillow decodes is refused."""
    source = models.save_pixels(models.network(), tmp_path / "model")
    with pytest.raises(CannotApproximate, match="--reduced-jpeg does not go with a model that has Pillow decode"):
        export_to(source, scale="0..1", resize="pillow-bilinear", reduced_jpeg=2.0, samples=patches)
