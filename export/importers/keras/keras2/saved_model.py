"""A model of Keras 2 or 3 as a SavedModel with one signature, without what Keras adds for training."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def write(model: Any, variables: list[Any], folder: Path) -> None:
    """Write what the model answers when it is not in training; `variables` are those of TensorFlow in it.

    Keras's own export traces the network three times, and takes five times as long.
    """
    import tensorflow as tf

    names = [re.sub(r"\W", "_", one.name.partition(":")[0], flags=re.ASCII) for one in model.inputs]
    specs = [tf.TensorSpec(one.shape, one.dtype, name) for one, name in zip(model.inputs, names)]

    @tf.function(input_signature=specs)  # type: ignore[untyped-decorator]
    def serve(*inputs: Any) -> dict[str, Any]:
        outputs = model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
        listed = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {f"output_{index}": output for index, output in enumerate(listed)}

    module = tf.Module()
    module.variables_of_model = variables
    tf.saved_model.save(module, str(folder), signatures=serve)
