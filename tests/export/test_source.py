"""A model is found and brought here from wherever it lies, and what is none is refused with what to do."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import h5py
import keras
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.python.saved_model import loader_impl

from export.errors import CannotOpen, Damaged, NotAModel, SeveralModels, TooLarge
from export.importers.importer import Importer
from export.importers.registry import IMPORTERS
from export.source import archive, discovery, integrity, labels
from export.source.source import Source, open_source
from tests.conftest import ROOT
from tests.export.conftest import ExportTo

# Of h5py, when Keras writes a file.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation", "ignore:.*saving your model as an HDF5")

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "saved_model"
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"

(SAVED_MODEL,) = (importer for importer in IMPORTERS if importer.name == "saved_model")
Opened = Callable[..., Source]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Open a source until the test's end."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(open_source(str(path), lambda *_: None))


def zipped(path: Path, files: dict[str, bytes | Path]) -> Path:
    """A zip archive of files given by their names in it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content if isinstance(content, bytes) else content.read_bytes())
    return path


def tarred(path: Path, files: dict[str, bytes | Path], *links: tarfile.TarInfo) -> Path:
    """A tar archive, compressed as its name says."""
    mode = {".tgz": "w:gz", ".gz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as file:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
        for link in links:
            file.addfile(link)
    return path


def saved_model(below: str) -> dict[str, bytes | Path]:
    """The example's files as they lie in an archive."""
    files = (DIGITS / "saved_model.pb", *sorted((DIGITS / "variables").iterdir()))
    return {f"{below}{path.relative_to(DIGITS)}": path for path in files}


def same_files(folder: Path) -> bool:
    """Whether a folder holds the example's files and no others."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        name: Path(path).read_bytes() for name, path in saved_model("").items()
    }


def test_folder(opened: Opened) -> None:
    """A SavedModel's own folder is taken where it lies."""
    assert opened(DIGITS) == Source(SAVED_MODEL, DIGITS, "digits")


def test_saved_model_pb(opened: Opened) -> None:
    """A saved_model.pb stands for its folder."""
    assert opened(DIGITS / "saved_model.pb") == Source(SAVED_MODEL, DIGITS, "digits")


def test_folder_above(tmp_path: Path, opened: Opened) -> None:
    """The folder that an export button leaves, one or two levels above the model, will do."""
    shutil.copytree(DIGITS, tmp_path / "out" / "flowers" / "1")
    for above in (tmp_path / "out", tmp_path / "out" / "flowers"):
        assert opened(above) == Source(SAVED_MODEL, tmp_path / "out" / "flowers" / "1", "flowers")


@pytest.mark.parametrize(
    "name", ["model.zip", "model.tar", "model.tar.gz", "model.TGZ", "model.tar.xz", "model.tar.bz2"]
)
@pytest.mark.parametrize("below", ["", "flowers/1/"])
def test_archive(name: str, below: str, tmp_path: Path, opened: Opened) -> None:
    """A model in an archive is unpacked, and nothing else that lies there."""
    pack = zipped if name.endswith("zip") else tarred
    others: dict[str, bytes | Path] = {f"{below}README.md": b"hello", "__MACOSX/._saved_model.pb": b"mac"}
    found = opened(pack(tmp_path / name.lower(), {**others, **saved_model(below)}))
    assert found.importer.name == "saved_model"
    assert same_files(found.path)


def test_archive_is_cleaned_up(tmp_path: Path) -> None:
    """What was unpacked is gone afterwards."""
    with open_source(str(zipped(tmp_path / "model.zip", saved_model(""))), lambda *_: None) as found:
        assert found.path.exists()
    assert not found.path.exists()


def test_archive_from_windows(tmp_path: Path, opened: Opened) -> None:
    """Backslashes in an archive's names are folders."""
    files = {name.replace("/", "\\"): path for name, path in saved_model("flowers/").items()}
    found = opened(zipped(tmp_path / "model.zip", files))
    assert (found.name, same_files(found.path)) == ("flowers", True)


def test_teachable_machine(tmp_path: Path, opened: Opened) -> None:
    """Teachable Machine's zip is opened as it was downloaded, with the labels beside the model's folder."""
    files = {**saved_model("model.savedmodel/"), "labels.txt": b"0 cat\n1 dog\n"}
    (tmp_path / "pets").mkdir()
    found = opened(zipped(tmp_path / "pets" / "converted_savedmodel.zip", files))
    assert (found.importer.name, found.name) == ("saved_model", "pets")
    assert labels.find(found.labels_folders, None, 2).names == ("cat", "dog")


def test_archive_is_exported(tmp_path: Path, export_to: ExportTo) -> None:
    """A packed model is exported with its name and labels, and the version that its folder gives."""
    packed = export_to(tarred(tmp_path / "digits.tar.gz", saved_model("saved_model/")))
    assert packed.info.name == "digits"
    assert packed.info.version == export_to(DIGITS).info.version


@pytest.mark.parametrize("suffix", [".tflite", ".keras", ".h5"])
def test_labels_beside_a_file_in_an_archive(suffix: str, tmp_path: Path, opened: Opened) -> None:
    """A file is unpacked together with the files that may hold its labels."""
    files = {f"out/model{suffix}": a_model(tmp_path, suffix), "out/dict.txt": b"a", "labels.txt": b"b", "x.txt": b"c"}
    found = opened(zipped(tmp_path / "flowers.zip", files))
    assert found.path.name == f"model{suffix}"
    texts = [path.read_bytes() for folder in found.labels_folders for path in sorted(folder.glob("*.txt"))]
    assert texts == [b"a", b"b"]


def a_model(folder: Path, suffix: str) -> Path:
    """A file that is a model, of the kind that the suffix says."""
    path = folder / f"any{suffix}"
    if suffix == ".tflite":
        path.write_bytes(b"\x1c\x00\x00\x00TFL3")
    else:
        keras.Sequential([keras.layers.Input([2]), keras.layers.Dense(1)]).save(path)
    return path


@pytest.mark.parametrize(("importer", "suffix"), [(each, suffix) for each in IMPORTERS for suffix in each.suffixes])
def test_file(importer: Importer, suffix: str, tmp_path: Path, opened: Opened) -> None:
    """A TFLite or Keras file is taken by its suffix, itself or from its folder."""
    path = a_model(tmp_path, suffix)
    assert opened(path) == opened(tmp_path) == Source(importer, path, "any")


def test_several_models(tmp_path: Path, opened: Opened) -> None:
    """Of several models one has to be chosen; all are named."""
    for name in ("1", "2"):
        shutil.copytree(DIGITS, tmp_path / "models" / name)
    a_model(tmp_path / "models", ".tflite")
    with pytest.raises(
        SeveralModels,
        match=r"models; export one of them:(\n  python -m export \S*models/(1|2|any\.tflite) -o model\.onnx){3}$",
    ):
        opened(tmp_path / "models")


def test_other_files_in_a_saved_model(tmp_path: Path, opened: Opened) -> None:
    """In a SavedModel's own folder other files do not matter."""
    shutil.copytree(DIGITS, tmp_path / "flowers")
    a_model(tmp_path / "flowers", ".tflite")
    assert opened(tmp_path / "flowers").importer.name == "saved_model"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.onnx", "is an ONNX model already"),
        ("model.weights.h5", r"holds weights without their network\. .*model\.export"),
        ("checkpoint", "belongs to a training checkpoint, weights without their network"),
        ("model.ckpt-100.index", "belongs to a training checkpoint, weights without their network"),
        ("model.ckpt-100.data-00000-of-00001", "belongs to a training checkpoint, weights without their network"),
        ("frozen_inference_graph.pb", r"is a frozen graph.*simple_save"),
        ("tensorflowjs_model.pb", r"belongs to TensorFlow\.js before version 1"),
        ("weights_manifest.json", r"belongs to TensorFlow\.js before version 1"),
        ("fingerprint.pb", r"is part of a SavedModel\. Give the folder that holds saved_model\.pb"),
        ("variables.index", r"is part of a SavedModel\. Give the folder that holds saved_model\.pb"),
        ("saved_model.cpb", "is a SavedModel over 2 GB"),
        ("model.ckpt", "is a training checkpoint, weights without their network"),
        ("model.pt", "is a PyTorch model"),
        ("model.mlmodel", "is a Core ML model"),
        ("model.pkl", "is a pickled Python object, which is not opened"),
    ],
)
def test_lookalikes(name: str, message: str, tmp_path: Path, opened: Opened) -> None:
    """What people give in place of a model is recognised, alone and in its folder, with what to do instead."""
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(NotAModel, match=f"this {message}"):
        opened(tmp_path / name)
    with pytest.raises(NotAModel, match=f"it holds no model, and {name} {message}"):
        opened(tmp_path)


def test_archive_in_a_folder(tmp_path: Path, opened: Opened) -> None:
    """An archive in the folder is not searched, but named."""
    zipped(tmp_path / "model.zip", saved_model(""))
    with pytest.raises(NotAModel, match=r"model\.zip is an archive\. Give its path\."):
        opened(tmp_path)


def test_nothing(tmp_path: Path, opened: Opened) -> None:
    """What does not exist, is empty, or holds other things is refused each with its own sentence."""
    with pytest.raises(CannotOpen, match="nowhere: there is no such file or folder"):
        opened(tmp_path / "nowhere")
    with pytest.raises(NotAModel, match=r"there is nothing in it\. Give the folder that holds saved_model\.pb"):
        opened(tmp_path)
    (tmp_path / "cat.jpg").touch()
    with pytest.raises(
        NotAModel,
        match=r"it holds no model, down to 2 levels\. Give a SavedModel.s folder, a \.tflite file, a \.keras or \.h5",
    ):
        opened(tmp_path)
    with pytest.raises(NotAModel, match=r"cat\.jpg: this is no model\. Give a SavedModel's folder"):
        opened(tmp_path / "cat.jpg")


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_git_lfs_pointer_in_a_folder(name: str, tmp_path: Path, opened: Opened) -> None:
    """A Git LFS pointer in place of a part is refused with what to do."""
    shutil.copytree(DIGITS, tmp_path / "digits")
    (tmp_path / "digits" / name).write_text(LFS_POINTER)
    with pytest.raises(Damaged, match=rf"{name}: this is a Git LFS pointer.*git lfs pull"):
        opened(tmp_path / "digits")


@pytest.mark.parametrize("suffix", [".tflite", ".keras", ".h5", ".zip", ".tar.gz"])
def test_git_lfs_pointer_in_place_of_a_file(suffix: str, tmp_path: Path, opened: Opened) -> None:
    """A Git LFS pointer in place of a file or an archive is refused with what to do."""
    path = tmp_path / f"model{suffix}"
    path.write_text(LFS_POINTER)
    with pytest.raises(Damaged, match=r"this is a Git LFS pointer.*git lfs pull"):
        opened(path)


@pytest.mark.parametrize("suffix", [".tflite", ".keras", ".h5"])
def test_damaged_file(suffix: str, tmp_path: Path, opened: Opened) -> None:
    """A file that is cut off is refused."""
    path = a_model(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(Damaged, match=r"any.*\. Copy or export it again\."):
        opened(path)


def test_weights_alone(tmp_path: Path, opened: Opened) -> None:
    """Keras files with weights and no network are refused, whatever they are called."""
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file["kernel"] = [1.0]
    zipped(tmp_path / "model.keras", {"model.weights.h5": b"1"})
    with pytest.raises(NotAModel, match=r"weights without their network.*model\.export"):
        opened(tmp_path / "model.h5")
    with pytest.raises(NotAModel, match=r"no config\.json, the network.*model\.export"):
        opened(tmp_path / "model.keras")


def test_missing_variables(tmp_path: Path, export_to: ExportTo) -> None:
    """A graph without its variables is refused, and what is missing is said."""
    shutil.copy(DIGITS / "saved_model.pb", tmp_path)
    with pytest.raises(CannotOpen, match=r"its weights are missing: there is no variables/variables\.index"):
        export_to(tmp_path)


def test_missing_shard(tmp_path: Path, opened: Opened) -> None:
    """Weights of which some files were not copied along are refused with their numbers."""
    shutil.copytree(DIGITS, tmp_path / "digits")
    data = tmp_path / "digits" / "variables" / "variables.data-00000-of-00001"
    shard = data.rename(data.with_name("variables.data-00000-of-00002"))
    with pytest.raises(CannotOpen, match=r"only 1 of 2 files with its weights are there\. Copy the whole folder"):
        opened(tmp_path / "digits")
    shard.unlink()
    with pytest.raises(CannotOpen, match=r"only 0 of 1 files with its weights are there"):
        opened(tmp_path / "digits")


@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_broken_variables(name: str, tmp_path: Path, export_to: ExportTo) -> None:
    """Weights that are cut off are refused."""
    path = shutil.copytree(DIGITS, tmp_path / "digits") / "variables" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Damaged, match=r"its variables are cut off or damaged\. Copy or export it again"):
        export_to(tmp_path / "digits")


@pytest.mark.parametrize(("size", "message"), [(0.5, "is cut off or damaged"), (0, "holds no graph")])
def test_broken_graph(size: float, message: str, tmp_path: Path, export_to: ExportTo) -> None:
    """A saved_model.pb that is cut off or empty is refused."""
    whole = (DIGITS / "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(whole[: int(len(whole) * size)])
    with pytest.raises(Damaged, match=f"its saved_model.pb {message}. Copy or export it again"):
        export_to(tmp_path)


def test_text_graph(tmp_path: Path, export_to: ExportTo) -> None:
    """A SavedModel whose graph is written as text is exported too."""
    shutil.copytree(DIGITS, tmp_path / "digits")
    graph = loader_impl.parse_saved_model(str(DIGITS))
    (tmp_path / "digits" / "saved_model.pb").unlink()
    (tmp_path / "digits" / "saved_model.pbtxt").write_text(str(graph))
    assert export_to(tmp_path / "digits").info.labels == export_to(DIGITS).info.labels


def test_too_large(tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose weights do not fit into an ONNX file is refused with its size."""
    monkeypatch.setattr(integrity, "MAX_BYTES", 10_000)
    with pytest.raises(TooLarge, match=r"its weights take 0\.0 GB, and an ONNX file holds 2 GB at most"):
        opened(DIGITS)


def trained_in_tensorflow_1(checkpoint: str) -> None:
    """4 kB of weights and 8 kB of Adam's state."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        kernel = tf.compat.v1.get_variable("kernel", [1_000])
        tf.compat.v1.train.AdamOptimizer().minimize(tf.reduce_sum(kernel))
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, checkpoint, write_meta_graph=False)


def trained_in_tensorflow_2(checkpoint: str) -> None:
    """The same."""
    kernel = keras.Variable(tf.zeros([1_000]))
    optimizer = keras.optimizers.Adam()
    optimizer.build([kernel])
    tf.train.Checkpoint(kernel=kernel.value, optimizer=optimizer).write(checkpoint)


@pytest.mark.parametrize("train", [trained_in_tensorflow_1, trained_in_tensorflow_2])
def test_training_variables_do_not_count(
    train: Callable[[str], None], tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state of an optimizer, which is not exported, does not count into a model's size."""
    train(str(tmp_path / "variables" / "variables"))
    (tmp_path / "saved_model.pb").write_bytes(bytes(1_000))
    monkeypatch.setattr(integrity, "MAX_BYTES", 5_500)
    assert opened(tmp_path).path == tmp_path
    monkeypatch.setattr(integrity, "MAX_BYTES", 4_900)
    with pytest.raises(TooLarge):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:\\evil.txt"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_path_out_of_an_archive(pack: Callable[..., Path], name: str, tmp_path: Path, opened: Opened) -> None:
    """An archive with a path that leads out of it is refused."""
    path = pack(tmp_path / f"model.{'zip' if pack is zipped else 'tar'}", {name: b"evil", **saved_model("")})
    with pytest.raises(CannotOpen, match="leads out of the archive"):
        opened(path)
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_link_in_an_archive(kind: bytes, tmp_path: Path, opened: Opened) -> None:
    """A part of the model that is only a link is refused with how to pack it."""
    link = tarfile.TarInfo("variables/variables.index")
    link.type, link.linkname = kind, "/etc/passwd"
    files = {name: path for name, path in saved_model("").items() if "index" not in name}
    with pytest.raises(CannotOpen, match=r"variables/variables\.index in it is a link.*--dereference"):
        opened(tarred(tmp_path / "model.tar", files, link))


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_bomb(pack: Callable[..., Path], tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that grows beyond measure is not unpacked."""
    monkeypatch.setattr(archive, "FREE_BYTES", 1_000_000)
    path = pack(tmp_path / f"model.{'zip' if pack is zipped else 'tgz'}", {"model.tflite": bytes(50_000_000)})
    with pytest.raises(TooLarge, match="unpacked, it is over 200 times as large"):
        opened(path)


def test_password(tmp_path: Path, opened: Opened) -> None:
    """An encrypted archive is refused with what to do."""
    path = zipped(tmp_path / "model.zip", {"model.tflite": b"1234TFL3"})
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)
    with pytest.raises(CannotOpen, match=r"protected by a password\. Unpack it yourself"):
        opened(path)


@pytest.mark.parametrize("name", ["model.zip", "model.tar", "model.tar.gz", "model.tar.xz", "model.tar.bz2"])
@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_truncated_archive(name: str, share: float, tmp_path: Path, opened: Opened) -> None:
    """An archive that is cut off is refused."""
    path = (zipped if name.endswith("zip") else tarred)(tmp_path / name, saved_model(""))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(CannotOpen):
        opened(path)


@settings(max_examples=60, deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(1, 255), name=st.sampled_from(["zip", "tar.gz"]))
def test_changed_byte(position: float, value: int, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever byte of an archive is wrong, the model comes out as it was, or it is refused."""
    path = tmp_path_factory.mktemp("changed") / f"model.{name}"
    content = b"\x1c\x00\x00\x00TFL3" + bytes(range(256))
    (zipped if name == "zip" else tarred)(path, {"model.tflite": content})
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= value
    path.write_bytes(data)
    try:
        with open_source(str(path), lambda *_: None) as found:
            assert found.path.read_bytes() == content
    except CannotOpen:
        pass


def test_progress(tmp_path: Path) -> None:
    """Unpacking reports how many megabytes are done."""
    steps = []
    content = b"\x1c\x00\x00\x00TFL3" + bytes(4_999_992)
    with open_source(str(zipped(tmp_path / "a.zip", {"a.tflite": content})), lambda *step: steps.append(step)):
        pass
    assert steps == [("Unpacking (MB)", done, 5) for done in range(6)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("flowers", "flowers"),
        ("bucket/model-export/icn/tf_saved_model-flowers_2020-2020-02-27T19:34:12.123456Z", "flowers_2020"),
        ("bucket/model-8372/tf-saved-model/2021-06-01T08:00:00.000000Z", "model-8372"),
        ("bucket/model-export/icn/tflite-flowers-2020-02-27T19:34:12.123Z/model.tflite", "flowers"),
        ("home/pets.tar.gz/saved_model", "pets"),
        ("home/pets/model_unquant.tflite", "pets"),
        ("home/pets/model.savedmodel", "pets"),
        ("home/pets.zip/keras_model.h5", "pets"),
        ("models/pets/1624383", "pets"),
        ("downloads/resnet50.h5", "resnet50"),
        ("pets.v2", "pets.v2"),
        ("gunzip", "gunzip"),
        ("1", "1"),
        ("model", "model"),
        ("pets/converted_savedmodel.zip/model.savedmodel", "pets"),
        ("downloads/models/ml/birds/my_model.keras", "birds"),
        (f"{Path.home()}/Downloads/converted_keras.zip/keras_model.h5", "keras_model"),
    ],
)
def test_name(path: str, name: str) -> None:
    """A model is called after the last part of its path that says something."""
    assert discovery.model_name(PurePosixPath(path)) == name


def test_real_models(shared: Path, opened: Opened) -> None:
    """Models that other people exported are found, each with its kind and a name."""
    found = [opened(folder) for folder in sorted((shared / "models").iterdir()) if folder.is_dir()]
    assert [(source.importer.name, source.name) for source in found] == [
        ("tflite", "automl_labeler_model"),
        ("saved_model", "keras3_fashion_logits"),
        ("saved_model", "landcover_per_pixel"),
        ("saved_model", "mcunet_nchw_logits"),
        ("tflite", "mobilenet_v1_0.25_224_1_metadata_1"),
        ("saved_model", "tf1_base64_map_loop"),
    ]


def test_several_in_an_archive(tmp_path: Path, opened: Opened) -> None:
    """Models in an archive have no path that could be given: it has to be unpacked."""
    path = zipped(tmp_path / "models.zip", saved_model("a/") | saved_model("b/"))
    with pytest.raises(SeveralModels, match=r"several models; unpack it, and give the path of one of them: a, b\."):
        opened(path)


@pytest.mark.parametrize("packed", [False, True])
def test_flattened(packed: bool, tmp_path: Path, opened: Opened) -> None:
    """A SavedModel whose folders an upload has taken away is refused with where its weights belong."""
    flat = {
        path.name: path.read_bytes() for path in (*DIGITS.glob("*.pb"), *DIGITS.glob("variables/*")) if path.is_file()
    }
    path = zipped(tmp_path / "model.zip", flat) if packed else tmp_path
    for name, data in {} if packed else flat.items():  # type: ignore[var-annotated]
        (tmp_path / name).write_bytes(data)
    with pytest.raises(CannotOpen, match=r"folder named variables in it, and move variables\.data-.* there") as raised:
        opened(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize("suffix", ["mlpackage", "mlmodelc"])
def test_folder_of_another_tool(suffix: str, tmp_path: Path, opened: Opened) -> None:
    """A folder that is another tool's model is named as such."""
    (tmp_path / f"net.{suffix}" / "Data").mkdir(parents=True)
    with pytest.raises(NotAModel, match="this is a Core ML model"):
        opened(tmp_path / f"net.{suffix}")


def test_temporary_folders_stay_unsaid(tmp_path: Path) -> None:
    """Messages about a model in an archive name the archive, and not the folder that it was unpacked into."""
    path = zipped(tmp_path / "model.zip", {"saved_model.pb": b"no graph"})
    command = [sys.executable, "-m", "export", str(path), "--inspect"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert str(path) in done.stderr
    assert "export-" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["net.pt", "model.tflite", "model.zip", "model.h5"])
def test_refused_without_tensorflow(name: str, tmp_path: Path) -> None:
    """What is no model by its name or its first bytes is refused before TensorFlow is loaded."""
    (tmp_path / name).write_bytes(b"no model")
    program = f"""
import sys, runpy
sys.argv = ["export", {str(tmp_path / name)!r}, "--inspect"]
try:
    runpy.run_module("export", run_name="__main__")
except SystemExit as ended:
    print(ended.code, "tensorflow" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "1 False"
