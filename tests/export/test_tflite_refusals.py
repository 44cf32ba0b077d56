"""`.tflite` files that are refused: damaged, made to do harm, compiled for something else, or no classifiers."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export.errors import CannotOpen, ExportError, NotAClassifier
from export.source import trial_process
from export.tflite import trial
from tests.export import models
from tests.export.conftest import ExportTo
from tests.export.test_tflite import convert
from tests.export.test_tflite_networks import tensorflow1
from tests.export.tflite_files import Step, Tensor, constant, write

CLASSES = 4


def head(tmp_path: Path, *, average: bool = False, classes: int = CLASSES, softmax: bool = False) -> Path:
    """A network that ends in a dense layer, a softmax, or an average pool."""
    tensors = [Tensor((1, 8, 8, 3)), Tensor((1, 1, 1, 3)), Tensor((1, classes)), Tensor((1, classes))]
    kernel = constant(np.random.default_rng(1).normal(0, 1, (classes, 3)).astype(np.float32))
    pool = {"strideH": 1, "strideW": 1, "filterHeight": 8, "filterWidth": 8, "padding": schema.Padding.VALID}
    steps = [Step("AVERAGE_POOL_2D", [0], [1], "Pool2DOptions", pool)]
    if not average:
        steps.append(Step("FULLY_CONNECTED", [1, 4], [2], "FullyConnectedOptions", {}))
    if softmax:
        steps.append(Step("SOFTMAX", [2], [3], "SoftmaxOptions", {"beta": 1.0}))
    path = tmp_path / "head.tflite"
    path.write_bytes(write([*tensors, kernel], steps))
    return path


@pytest.mark.parametrize("average", [True, False], ids=["average pool", "dense layer"])
def test_features(average: bool, tmp_path: Path, export_to: ExportTo) -> None:
    """Numbers that no softmax makes and no labels name may be features; who says that they are scores may have them."""
    path = head(tmp_path, average=average)
    with pytest.raises(NotAClassifier, match=r"They may be features, .*--activation softmax, sigmoid or none"):
        export_to(path, scale="-1..1")
    export = export_to(path, scale="-1..1", activation="softmax")
    assert export.info.activation == "softmax (added)"


def test_one_class(tmp_path: Path, export_to: ExportTo) -> None:
    """A softmax of one class is always 1, and one class; two labels do not fit it."""
    path = head(tmp_path, classes=1, softmax=True)
    (tmp_path / "labels.txt").write_text("only")
    export = export_to(path, scale="-1..1")
    assert export.info.labels == ("only",)
    assert {float(comparison.exported[0]) for comparison in export.verification.comparisons} == {1.0}


def custom(tmp_path: Path, name: str) -> Path:
    path = tmp_path / "model_edgetpu.tflite"
    path.write_bytes(write([Tensor((1, 8, 8, 3), np.uint8, 1, 0), Tensor((1, 4), np.uint8, 1 / 256, 0)],
                           [Step(name, [0], [1])]))  # fmt: skip
    return path


def test_edge_tpu(tmp_path: Path, export_to: ExportTo) -> None:
    """What the Edge TPU's compiler made is named as that."""
    with pytest.raises(CannotOpen, match=r"compiled for the Edge TPU; give the \.tflite from before the compiler"):
        export_to(custom(tmp_path, "edgetpu-custom-op"))


def test_custom_operation(tmp_path: Path, export_to: ExportTo) -> None:
    """Another operation of somebody's own is named."""
    with pytest.raises(CannotOpen, match="an operation of its own, MyOwn, which LiteRT cannot run"):
        export_to(custom(tmp_path, "MyOwn"))


@pytest.mark.parametrize("length", [0, 3, 8, 1000, -1])
def test_truncated(length: int, tmp_path: Path, export_to: ExportTo) -> None:
    """A file that is cut off anywhere is refused with a sentence."""
    path = tensorflow1(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CannotOpen, match=r"model\.tflite: "):
        export_to(path)


def rewritten(path: Path, change: object) -> None:
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    change(model.subgraphs[0])  # type: ignore[operator]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def no_scale(graph: schema.SubGraphT) -> None:
    graph.tensors[3].quantization.scale = np.array([np.nan], np.float32)


def absurd_shape(graph: schema.SubGraphT) -> None:
    graph.tensors[0].shape = np.array([1, 2**20, 2**20, 3], np.int32)


def cycle(graph: schema.SubGraphT) -> None:
    graph.operators[0].inputs = np.array([3, 1, 2], np.int32)


def no_stride(graph: schema.SubGraphT) -> None:
    graph.operators[0].builtinOptions.strideH = 0


@pytest.mark.parametrize("change", [no_scale, absurd_shape, cycle, no_stride])
def test_harmful(change: object, tmp_path: Path, export_to: ExportTo) -> None:
    """A file whose numbers make LiteRT break off, ask for all memory, or read what is not there ends in a sentence."""
    path = tensorflow1(tmp_path)
    rewritten(path, change)
    with pytest.raises(ExportError):
        export_to(path)


def test_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that LiteRT does not finish within its time is given up."""
    monkeypatch.setattr(trial_process, "LONGEST", 0.01)
    with pytest.raises(CannotOpen, match=r"LiteRT does not run it within 0\.01 seconds"):
        trial.check(tensorflow1(tmp_path))


@pytest.mark.parametrize("seed", range(12))
def test_changed_bytes(seed: int, tmp_path: Path) -> None:
    """Whatever bytes are wrong, the file is taken, or refused with a sentence."""
    path = tensorflow1(tmp_path)
    data, changes = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(changes.choice([1, 8, 64])):
        data[changes.randrange(len(data))] = changes.randrange(256)
    path.write_bytes(data)
    with contextlib.suppress(CannotOpen):
        trial.check(path)


def test_float_network_is_read(tmp_path: Path) -> None:
    """A sound file passes the trial."""
    trial.check(convert(models.network(), tmp_path / "model.tflite"))
