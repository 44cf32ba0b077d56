"""The layers of Keras 2 that are built: what class of Keras 3 each becomes, and what weights it has in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WeightSpec:
    """A weight of a layer: its name in the file, the option that gives Keras 3 its first value, whether it is trained.

    when: the option without which the layer has none. A slot without option is read and not needed.
    """

    name: str
    option: str
    trained: bool = True
    when: str = ""


@dataclass(frozen=True)
class LayerSpec:
    """A layer's class in Keras 3, and its weights in the order in which they are made."""

    keras: str
    slots: tuple[WeightSpec, ...] = ()

    def slots_of(self, config: Mapping[str, Any]) -> tuple[WeightSpec, ...]:
        """The weights that a layer with this configuration has."""
        return tuple(slot for slot in self.slots if not slot.when or config.get(slot.when, True))


_BIAS = WeightSpec("bias", "bias_initializer", when="use_bias")
_KERNEL = (WeightSpec("kernel", "kernel_initializer"), _BIAS)
_DEPTHWISE = WeightSpec("depthwise_kernel", "depthwise_initializer")
_SEPARABLE = (_DEPTHWISE, WeightSpec("pointwise_kernel", "pointwise_initializer"), _BIAS)
_SCALE = (
    WeightSpec("gamma", "gamma_initializer", when="scale"),
    WeightSpec("beta", "beta_initializer", when="center"),
)
_BATCH_NORM = LayerSpec(
    "BatchNormalization",
    (
        *_SCALE,
        WeightSpec("moving_mean", "moving_mean_initializer", trained=False),
        WeightSpec("moving_variance", "moving_variance_initializer", trained=False),
    ),
)

KINDS: dict[str, LayerSpec] = {
    **{f"Conv{n}D": LayerSpec(f"Conv{n}D", _KERNEL) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": LayerSpec(f"Conv{n}DTranspose", _KERNEL) for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": LayerSpec(f"DepthwiseConv{n}D", (_DEPTHWISE, _BIAS)) for n in (1, 2)},
    **{f"SeparableConv{n}D": LayerSpec(f"SeparableConv{n}D", _SEPARABLE) for n in (1, 2)},
    "Dense": LayerSpec("Dense", _KERNEL),
    "PReLU": LayerSpec("PReLU", (WeightSpec("alpha", "alpha_initializer"),)),
    **dict.fromkeys(
        ("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"), _BATCH_NORM
    ),
    "LayerNormalization": LayerSpec("LayerNormalization", _SCALE),
    "GroupNormalization": LayerSpec("GroupNormalization", _SCALE),
    "Normalization": LayerSpec(
        "Normalization",
        (
            WeightSpec("mean", "mean", trained=False),
            WeightSpec("variance", "variance", trained=False),
            WeightSpec("count", "", trained=False),  # how many values the two were measured on
        ),
    ),
    **{
        name: LayerSpec(name)
        for name in (
            *(f"{which}Pooling{n}D" for which in ("Max", "Average") for n in (1, 2, 3)),
            *(f"Global{which}Pooling{n}D" for which in ("Max", "Average") for n in (1, 2, 3)),
            *(f"{which}{n}D" for which in ("ZeroPadding", "Cropping", "UpSampling") for n in (1, 2, 3)),
            *("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "UnitNormalization"),
            *("Flatten", "Reshape", "Permute", "RepeatVector"),
            *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
            *("Rescaling", "Resizing", "CenterCrop"),
        )
    },
}

ONLY_IN_TRAINING = frozenset(
    {
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"),
        *("GaussianNoise", "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast"),
        *("RandomBrightness", "RandomTranslation", "RandomHeight", "RandomWidth"),
    }
)
"""Layers that give what they are given, but for training."""

OPERATIONS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})
"""Functions of TensorFlow that the author of a model called on its tensors, in which versions made into layers."""
