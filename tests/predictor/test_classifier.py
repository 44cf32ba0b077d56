"""A loaded model and the labels that it gives."""

from __future__ import annotations

import importlib.util
import inspect
import io
import json
import re
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from predictor import (
    ANY_SCORE,
    BadImage,
    BadModel,
    Classifier,
    Decoding,
    ImageTooLarge,
    Limits,
    ModelInfo,
    Prediction,
    Provenance,
    Resizing,
    UnclassifiableImage,
    best,
    labelled,
)
from predictor.image import decode
from predictor.metadata import KEY

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "examples" / "digits"
SAMPLES = {path.stem: path.read_bytes() for path in sorted((DIGITS / "samples").glob("*.png"))}

COLOURS = ModelInfo(
    name="colours",
    version="0123456789ab",
    labels=("red", "green", "blue"),
    activation="none",
    decoding=Decoding(),
    preprocessing=(),
    source=Provenance("colours", "f" * 64, "serving_default", "image_bytes:0", "scores"),
)
OWN = Decoding(channels=0)


def write_colours(
    path: Path,
    *,
    metadata: str | None = COLOURS.to_json(),
    image: str = "image",
    dtype: int = TensorProto.UINT8,
    channels: int | str = 3,
    more_outputs: tuple[str, ...] = (),
) -> Path:
    """Write a model whose scores are the mean of each channel of the picture, 0 to 255."""
    nodes = [
        helper.make_node("Cast", [image], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values", "axes"], ["scores"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info(image, dtype, ["height", "width", channels])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [channels if isinstance(channels, int) else 3])],
        [helper.make_tensor("axes", TensorProto.INT64, [2], [0, 1])],
    )
    for name in more_outputs:
        graph.node.append(helper.make_node("Shape", [image], [name]))
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.INT64, [3]))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    if metadata is not None:
        helper.set_model_props(model, {KEY: metadata})
    onnx.save(model, path)
    return path


def plain(*colour: int) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (3, 2), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def digits(digits_model: Path) -> Classifier:
    return Classifier.load(digits_model)


@pytest.fixture(scope="module")
def train() -> ModuleType:
    """The example's training script, which knows the pictures that were held back."""
    spec = importlib.util.spec_from_file_location("digits_train", DIGITS / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return Classifier.load(write_colours(tmp_path_factory.mktemp("colours") / "model.onnx"))


# Labels and scores.


def test_accuracy(digits: Classifier, train: ModuleType) -> None:
    """At least 97 % of the digits that were held back in training get their label."""
    _, pictures, _, expected = train.split()
    right = [digits.classify(data, top_k=1)[0].label == str(digit) for data, digit in zip(pictures, expected)]
    assert len(right) == 450
    assert np.mean(right) >= 0.97


@pytest.mark.parametrize("digit", SAMPLES)
def test_sample(digit: str, digits: Classifier) -> None:
    """Each committed sample gets its label, with a score that leaves no doubt."""
    best = digits.classify(SAMPLES[digit], top_k=1)[0]
    assert best.label == digit
    assert best.score > 0.9


def test_probabilities(digits: Classifier) -> None:
    """The scores of a model that ends in a softmax are probabilities of all its labels."""
    predictions = digits.classify(SAMPLES["3"])
    assert sorted(digits.info.labels) == sorted(prediction.label for prediction in predictions)
    assert sum(prediction.score for prediction in predictions) == pytest.approx(1, abs=1e-6)


def test_order(colours: Classifier) -> None:
    """All classes come, by falling score, one with a score of zero too."""
    expected = [Prediction("green", 250.0), Prediction("blue", 120.0), Prediction("red", 0.0)]
    assert expected == colours.classify(plain(0, 250, 120))


def test_scores_below_zero(negative_model: Path) -> None:
    """All classes come where every score is below zero, as logits may be."""
    predictions = Classifier.load(negative_model).classify(SAMPLES["3"])
    assert len(predictions) == 10
    assert max(prediction.score for prediction in predictions) <= 0


def test_ties(colours: Classifier) -> None:
    """Classes of the same score keep the order of the labels."""
    assert [prediction.label for prediction in colours.classify(plain(7, 8, 7))] == ["green", "red", "blue"]


@pytest.mark.parametrize(("top_k", "labels"), [(1, ["green"]), (2, ["green", "blue"]), (9, ["green", "blue", "red"])])
def test_top_k(top_k: int, labels: list[str], colours: Classifier) -> None:
    """With `top_k` the best so many come, or all where there are no more."""
    assert labels == [prediction.label for prediction in colours.classify(plain(10, 250, 120), top_k)]


@pytest.mark.parametrize(("min_score", "labels"), [(120.0, ["green", "blue"]), (120.5, ["green"]), (251.0, [])])
def test_min_score(min_score: float, labels: list[str], colours: Classifier) -> None:
    """With `min_score` those of at least this score come."""
    predictions = colours.classify(plain(10, 250, 120), min_score=min_score)
    assert labels == [prediction.label for prediction in predictions]


def test_top_k_and_min_score(colours: Classifier) -> None:
    """With both, the best so many come, less those below the score."""
    assert [Prediction("green", 250.0)] == colours.classify(plain(10, 250, 120), top_k=2, min_score=200.0)


def test_threads(digits: Classifier) -> None:
    """Sixteen threads that classify at once get the same answers as one."""
    pictures = list(SAMPLES.values()) * 16
    expected = [digits.classify(data) for data in pictures]
    with ThreadPoolExecutor(16) as threads:
        assert expected == list(threads.map(digits.classify, pictures))


def test_warnings_of_others(digits: Classifier) -> None:
    """Threads that classify at once leave the process's filters of warnings as they were."""
    before = list(warnings.filters)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(digits.decode, list(SAMPLES.values()) * 200))
    assert before == list(warnings.filters)


def test_bad_image(digits: Classifier) -> None:
    """What is not a picture is refused with a sentence."""
    with pytest.raises(BadImage) as caught:
        digits.classify(b"This is a text.")
    assert caught.value.reason == "This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."


# What the file says.


def test_info(digits: Classifier) -> None:
    """The file tells its labels, how its scores are made, and where it comes from."""
    info = digits.info
    assert info.labels == tuple("0123456789")
    assert (info.name, info.activation, info.drawing) == ("digits", "softmax", "white-on-black")
    assert re.fullmatch("[0-9a-f]{12}", info.version)
    assert re.fullmatch("[0-9a-f]{64}", info.source.fingerprint)
    assert (info.source.signature, info.source.output) == ("serving_default", "scores")
    assert {"tensorflow", "tf2onnx", "onnx"} <= info.tools.keys()


def test_parity(digits: Classifier) -> None:
    """The file tells how it compared with its original: the same network input, and scores within 1e-5."""
    parity = digits.info.parity
    assert parity is not None
    assert parity.pictures > 0
    assert parity.max_score_difference <= 1e-5
    assert (parity.top1_agreement, parity.identical_inputs) == (1.0, 1.0)


def test_decoding_of_the_file(tmp_path: Path) -> None:
    """Pictures are decoded as the file says, not by a default."""
    accurate = Decoding("accurate", jpeg_smooth_chroma=False)
    info = replace(COLOURS, decoding=accurate)
    classifier = Classifier.load(write_colours(tmp_path / "model.onnx", metadata=info.to_json()))
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    pixels = classifier.decode(file.getvalue())
    np.testing.assert_array_equal(pixels, decode(file.getvalue(), accurate, Limits()))
    assert not np.array_equal(pixels, decode(file.getvalue(), Decoding(), Limits()))


def test_resizing_of_the_file(tmp_path: Path) -> None:
    """Pictures are resized as the file says, after they are decoded."""
    info = replace(COLOURS, decoding=Decoding(decoder="pillow"), resizing=Resizing("pillow-bicubic", 7, 5))
    classifier = Classifier.load(write_colours(tmp_path / "model.onnx", metadata=info.to_json()))
    with Image.open(io.BytesIO(SAMPLES["3"])) as image:
        expected = image.convert("RGB").resize((5, 7), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(classifier.decode(SAMPLES["3"]), np.asarray(expected))


# The channels that the network takes.

OWN_CHANNELS = {
    "gray": ("L", 1),
    "gray with transparency": ("LA", 2),
    "in colour": ("RGB", 3),
    "in colour with transparency": ("RGBA", 4),
}


@pytest.mark.parametrize("wanted", OWN_CHANNELS)
@pytest.mark.parametrize("kind", OWN_CHANNELS)
def test_own_channels(kind: str, wanted: str, tmp_path: Path) -> None:
    """Where pictures keep their own channels, one without those of the network is refused with a sentence."""
    (mode, _), (_, channels) = OWN_CHANNELS[kind], OWN_CHANNELS[wanted]
    info = replace(COLOURS, labels=tuple("abcd"[:channels]), decoding=OWN)
    classifier = Classifier.load(write_colours(tmp_path / "model.onnx", metadata=info.to_json(), channels=channels))
    file = io.BytesIO()
    Image.new(mode, (3, 2)).save(file, "PNG")
    if kind == wanted:
        assert len(classifier.classify(file.getvalue())) == channels
        return
    with pytest.raises(BadImage) as caught:
        classifier.classify(file.getvalue())
    assert caught.value.reason == f"The picture is {kind}; the model takes pictures that are {wanted}."


def test_any_channels(tmp_path: Path) -> None:
    """A network that does not say how many channels it takes gets every picture as it is."""
    metadata = replace(COLOURS, decoding=OWN).to_json()
    classifier = Classifier.load(write_colours(tmp_path / "model.onnx", metadata=metadata, channels="channels"))
    assert classifier.decode(plain(1, 2, 3)).shape == (2, 3, 3)


@pytest.mark.parametrize(("decoding", "channels"), [(Decoding(), 1), (Decoding(channels=1), 3), (OWN, 5)])
def test_channels_of_the_network(decoding: Decoding, channels: int, tmp_path: Path) -> None:
    """A model whose network takes other channels than pictures are decoded to is refused."""
    metadata = replace(COLOURS, labels=tuple("abcde"[:channels]), decoding=decoding).to_json()
    path = write_colours(tmp_path / "model.onnx", metadata=metadata, channels=channels)
    assert refusal(path) == f"it takes pictures of {channels} channels and decodes them to others"


def test_onnxruntime_alone(digits: Classifier, digits_model: Path) -> None:
    """The file is an ordinary ONNX model: onnxruntime alone gives the same scores for the same pixels."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(digits_model), providers=["CPUExecutionProvider"])
    pixels = np.asarray(Image.open(io.BytesIO(SAMPLES["7"])).convert("RGB"))
    (scores,) = session.run(None, {"image": pixels})
    assert digits.info.labels[int(np.argmax(scores))] == "7"
    np.testing.assert_allclose(scores, digits.scores(pixels), rtol=0, atol=1e-6)


# Limits.


def test_default_limits(digits: Classifier) -> None:
    """Without limits given, the defaults hold."""
    assert digits.limits == Limits()


@pytest.mark.parametrize("limits", [Limits(max_bytes=50), Limits(max_pixels=64 * 64 - 1)])
def test_given_limits(limits: Limits, digits_model: Path) -> None:
    """Limits given to `load` hold for every picture."""
    with pytest.raises(ImageTooLarge):
        Classifier.load(digits_model, limits).classify(SAMPLES["3"])


# Pictures that the network cannot take.


def write_crop(path: Path) -> Path:
    """Write a model that crops pictures to 87.5 % of their sides, rounded down, and enlarges the rest."""
    nodes = [
        helper.make_node("Shape", ["image"], ["shape"], end=2),
        helper.make_node("Mul", ["shape", "seven"], ["sevenfold"]),
        helper.make_node("Div", ["sevenfold", "eight"], ["sides"]),
        helper.make_node("Slice", ["image", "zeros", "sides", "axes"], ["crop"]),
        helper.make_node("Cast", ["crop"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["values", "first"], ["batch"]),
        helper.make_node("Transpose", ["batch"], ["channels_first"], perm=[0, 3, 1, 2]),
        helper.make_node("Resize", ["channels_first", "", "", "size"], ["resized"], mode="linear"),
        helper.make_node("ReduceMean", ["resized", "all"], ["scores"], keepdims=0),
    ]
    constants = {"seven": [7], "eight": [8], "zeros": [0, 0], "axes": [0, 1], "first": [0]}
    constants |= {"size": [1, 3, 4, 4], "all": [0, 2, 3]}
    graph = helper.make_graph(
        nodes,
        "crop",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [3])],
        [helper.make_tensor(name, TensorProto.INT64, [len(value)], value) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {KEY: COLOURS.to_json()})
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 2), (500, 1)])
def test_picture_that_the_network_cannot_take(size: tuple[int, int], tmp_path: Path) -> None:
    """A picture of which the network's crop leaves nothing is refused with a sentence, as no second try helps it."""
    classifier = Classifier.load(write_crop(tmp_path / "model.onnx"))
    assert classifier.classify(plain(0, 250, 120))[0] == Prediction("green", 250.0)
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "PNG")
    with pytest.raises(UnclassifiableImage) as caught:
        classifier.classify(file.getvalue())
    assert caught.value.reason == f"The model cannot take a picture of {size[0]} x {size[1]} pixels."
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_not_finite(factor: float, tmp_path: Path) -> None:
    """Scores that are no numbers, or have no end, are an error of the picture, with a sentence."""
    path = write_colours(tmp_path / "model.onnx")
    model = onnx.load(path)
    model.graph.node[-1].output[0] = "means"
    model.graph.node.append(helper.make_node("Mul", ["means", "factor"], ["scores"]))
    model.graph.initializer.append(helper.make_tensor("factor", TensorProto.FLOAT, [3], [1.0, 1.0, factor]))
    onnx.save(model, path)
    with pytest.raises(UnclassifiableImage) as caught:
        Classifier.load(path).classify(plain(1, 2, 3))
    assert caught.value.reason == "The model's scores for this picture of 3 x 2 pixels are not finite numbers."


def test_least_score() -> None:
    """Wherever no least score is said there is none: scores below zero are labels, too."""
    scores = np.array([-3.0, -1.0, -2.0], np.float32)
    assert best(scores) == [1, 2, 0]
    assert labelled(scores, ["a", "b", "c"]) == [Prediction("b", -1.0), Prediction("c", -2.0), Prediction("a", -3.0)]
    functions = (best, labelled, Classifier.classify)
    assert {inspect.signature(each).parameters["min_score"].default for each in functions} == {ANY_SCORE}


# Faults that pass, or that are no model's.


def test_missing_library(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that cannot be imported is not said to be a fault of the model."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="onnxruntime"):
        Classifier.load(digits_model)


# Files that are not such a model.


def refusal(path: Path) -> str:
    """The sentence with which a file is refused, without the path that it begins with."""
    with pytest.raises(BadModel) as caught:
        Classifier.load(path)
    assert caught.value.path == str(path)
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    return caught.value.reason


def test_missing_file(tmp_path: Path) -> None:
    """A path without a file is refused."""
    assert refusal(tmp_path / "model.onnx") == "there is no such file"


def test_folder(tmp_path: Path) -> None:
    """A folder is refused."""
    assert refusal(tmp_path) == "there is no such file"


@pytest.mark.parametrize("data", [b"", b"This is a text.", bytes(1000), SAMPLES["3"]])
def test_other_file(data: bytes, tmp_path: Path) -> None:
    """A file that is not an ONNX model is refused."""
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert refusal(path) == "it is not an ONNX model that onnxruntime can run"


def test_tflite_file(tmp_path: Path) -> None:
    """A .tflite file, which phones run, is told by its first bytes, and what to do is said."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    assert refusal(path) == "it is a TFLite model; make an .onnx file of it with `python -m export`"


def test_cut_model(digits_model: Path, tmp_path: Path) -> None:
    """A model that was not copied to its end is refused."""
    path = tmp_path / "model.onnx"
    path.write_bytes(digits_model.read_bytes()[:-1000])
    assert refusal(path) == "it is not an ONNX model that onnxruntime can run"


def test_no_metadata(tmp_path: Path) -> None:
    """An ONNX model of another origin is refused."""
    path = write_colours(tmp_path / "model.onnx", metadata=None)
    assert refusal(path) == "it was not written by `python -m export`: it carries no labels"


def test_broken_metadata(tmp_path: Path) -> None:
    """A model whose metadata is not JSON is refused."""
    path = write_colours(tmp_path / "model.onnx", metadata="{")
    assert refusal(path).startswith("its metadata is not JSON: ")


def test_other_format(tmp_path: Path) -> None:
    """A model of another version of the metadata is refused, with what to do."""
    document = json.loads(COLOURS.to_json()) | {"format": 9}
    path = write_colours(tmp_path / "model.onnx", metadata=json.dumps(document))
    assert refusal(path) == ("its metadata is not of format 1 or 2: use the version that wrote it, or export it again")


@pytest.mark.parametrize("labels", [("red", "green"), ("red", "green", "blue", "gray"), ()])
def test_label_count(labels: tuple[str, ...], tmp_path: Path) -> None:
    """A model with more or fewer scores than labels is refused."""
    path = write_colours(tmp_path / "model.onnx", metadata=replace(COLOURS, labels=labels).to_json())
    assert refusal(path) == f"it does not turn one image into {len(labels)} scores"


def test_input_name(tmp_path: Path) -> None:
    """A model whose input has another name is refused."""
    path = write_colours(tmp_path / "model.onnx", image="picture")
    assert refusal(path) == "it does not turn one image into 3 scores"


@pytest.mark.parametrize("described", [True, False])
def test_more_outputs(tmp_path: Path, colours: Classifier, described: bool) -> None:
    """Outputs beside the scores, described or not, are left alone by those who do not know them."""
    info = replace(COLOURS, outputs={"shape": {"holds": "the picture's shape"}} if described else {})
    path = write_colours(tmp_path / "more.onnx", metadata=info.to_json(), more_outputs=("shape", "size"))
    assert Classifier.load(path).classify(plain(1, 2, 3)) == colours.classify(plain(1, 2, 3))


def test_input_type(tmp_path: Path) -> None:
    """A model that takes other values than bytes is refused."""
    path = write_colours(tmp_path / "model.onnx", dtype=TensorProto.FLOAT)
    assert refusal(path) == "it does not turn one image into 3 scores"
