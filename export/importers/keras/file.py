"""A `.keras` or `.h5` file, written out as the SavedModel that Keras makes of it."""

from __future__ import annotations

from pathlib import Path

from export.errors import CannotOpen, first_line
from export.importers.keras.keras2 import file as keras2


def save(path: Path, folder: Path) -> list[Path]:
    """Write the model in a Keras file to `folder` as a SavedModel, and say which files it is.

    Raises CannotOpen when Keras cannot load it.
    """
    import keras  # takes two seconds, and most models are SavedModels

    if keras2.holds_keras2(path):
        keras2.save(path, folder)
        return [path]
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        # Left to itself, Keras 3 exports augmentation layers switched on.
        inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
        keras.Model(inputs, model(inputs, training=False)).export(str(folder), verbose=False)
    except Exception as error:  # Keras raises many types, and those of the model's own code
        raise CannotOpen(
            path,
            f"Keras {keras.__version__} cannot load it: {first_line(error)} Load it in the Python that saved it, and "
            "call model.export(FOLDER).",
        ) from error
    return [path]
