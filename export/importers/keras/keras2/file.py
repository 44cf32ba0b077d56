"""A file of Keras 2, written out as a SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from export.errors import CannotOpen, first_line
from export.importers.keras.keras2 import (
    architecture,
    archive,
    build,
    hdf5,
    saved_model,
    structure,
    text,
    tf_keras,
    weights,
)
from export.importers.keras.keras2.problems import Malformed, NotTranslated, OwnCode
from export.importers.keras.keras2.structure import Network
from export.importers.keras.keras2.weights import Assigned

_AGAIN = "Save it again in the Python that made it, and copy the whole file."


def holds_keras2(path: Path) -> bool:
    """Whether Keras 2 wrote a file, or an older one; raises CannotOpen where that cannot be read."""
    if not hdf5.is_hdf5(path):
        return archive.version(path).startswith("2")
    try:
        with hdf5.opened(path) as file:
            version = _version(file)
    except (Malformed, OSError) as error:
        raise CannotOpen(path, f"{error}. {_AGAIN}") from error
    return not version.startswith("3")


def save(path: Path, folder: Path) -> None:
    """Write the model to `folder` as a SavedModel; raises CannotOpen with what to do."""
    try:
        (_save_hdf5 if hdf5.is_hdf5(path) else _save_archive)(path, folder)
    except OwnCode as error:
        raise CannotOpen(path, _own_code(path, error)) from error
    except NotTranslated as error:
        raise CannotOpen(path, _not_translated(path, error)) from error
    except (Malformed, OSError) as error:
        raise CannotOpen(path, f"{error}. {_AGAIN}") from error


def _save_hdf5(path: Path, folder: Path) -> None:
    with hdf5.opened(path) as file:
        root, model = _parts(path, file)
        network = structure.network(model)
        saved = hdf5.layers(root)
        try:
            _write(network, lambda: weights.assign(network, saved), folder)
        except NotTranslated as error:
            tf_keras.write(model, network, saved, folder, error)


def _save_archive(path: Path, folder: Path) -> None:
    with archive.opened(path) as (model, file):
        network = structure.network(model)
        _write(network, lambda: archive.assign(network, file), folder)


def _parts(path: Path, file: Any) -> tuple[Any, Any]:
    """The group with the weights, and the model's configuration, which may lie in another file."""
    config = hdf5.text(file, "model_config")
    root = hdf5.weights_group(file)
    _check_version(_version(file))
    backend = hdf5.text(file, "backend") or hdf5.text(root, "backend")
    if backend not in (None, "tensorflow"):
        raise NotTranslated(f"it was trained with {backend}, whose convolutions are turned round")
    if own := hdf5.own_weights(root):
        raise NotTranslated(f"the model has a weight of its own, {own[0]!r}, which belongs to none of its layers")
    if config is not None:
        return root, text.parsed(config)
    model = architecture.beside(path)
    if model is None:
        raise Malformed("it holds weights without their network")
    return root, model


def _version(file: Any) -> str:
    """The version of Keras that wrote a file, in which it stands with the weights at times; 2 where it does not."""
    return hdf5.text(file, "keras_version") or hdf5.text(hdf5.weights_group(file), "keras_version") or "2"


def _check_version(version: str) -> None:
    if version.startswith(("0", "1")):
        raise Malformed(f"Keras {version} wrote it, whose layers Keras 2.2 was the last to know")


def _write(network: Network, assign: Callable[[], Assigned], folder: Path) -> None:
    """Build and write a network; what Keras 3 says against it is a NotTranslated too."""
    weights.check_known(network)
    assigned = assign()
    try:
        built = build.build(network, assigned)
    except (Malformed, NotTranslated, OwnCode):
        raise
    except Exception as error:  # Keras and TensorFlow raise many types
        raise NotTranslated(first_line(error)) from error
    saved_model.write(built, [weight.value for weight in built.weights], folder)


def _own_code(path: Path, error: OwnCode) -> str:
    """The advice for a model that needs code of its author."""
    known = f"{{{error.code!r}: {error.code}}}" if error.code.isidentifier() else "{…}"
    classes = f", custom_objects={known}" if error.code else ""
    return f"{error}: code of its author, which is not run from a file. Where that code is, {_run(path, classes)}"


def _not_translated(path: Path, error: NotTranslated) -> str:
    """The advice for a model that Keras 2 has to build, where it cannot."""
    return f"{error}. In the Python that made it, {_run(path)}"


def _run(path: Path, classes: str = "") -> str:
    """The command that makes a SavedModel of the file where Keras 2 is."""
    return (
        f"run `model = tf.keras.models.load_model({path.name!r}{classes}, compile=False)` and "
        "`tf.saved_model.save(model, 'exported')`, and give the folder `exported`."
    )
