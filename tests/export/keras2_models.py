"""Small models of Keras 2, built by tf_keras, of every kind of layer and structure that people have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from tf_keras import layers

from tests.export.comparison import resized

SIZE = 32
"""Pixels a side; the networks of keras.applications take no fewer."""

Model = Any


def pixels(photos: Path) -> Any:
    """The photographs as a batch, float32 with levels 0 to 255."""
    return tf.concat([resized(path.read_bytes(), (SIZE, SIZE)) for path in sorted(photos.iterdir())], 0)


def with_weights(model: Model, batch: Any) -> Model:
    """The model with weights that let every layer tell pictures apart; batches are normalised as in `batch`."""
    generator = np.random.default_rng(7)
    for weight in model.weights:
        shape = tuple(weight.shape)
        if weight.dtype.is_floating and len(shape) == 1:
            weight.assign(generator.uniform(0.6, 1.1, shape))
        elif weight.dtype.is_floating and len(shape) > 1:
            weight.assign(generator.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape))
    head = [weight for weight in model.weights if len(weight.shape) == 2][-1]
    head.assign(head * 0.2)  # so that a softmax is not always certain
    trainable = [(layer, layer.trainable) for layer in model._flatten_layers()]
    model.trainable = True
    for layer, _ in trainable:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    model(batch, training=True)
    for layer, was in trainable:
        layer._trainable = was
    return model


def classified(inputs: Any, features: Any, activation: str = "softmax") -> Model:
    """A model that pools features and tells four classes apart."""
    pooled = layers.GlobalAveragePooling2D()(features)
    return tf_keras.Model(inputs, layers.Dense(4, activation=activation)(pooled))


def picture(**options: Any) -> Any:
    return layers.Input([SIZE, SIZE, 3], **options)


def small() -> Any:
    """Pixels of 0 to 1 from those of 0 to 255, so that no layer saturates."""
    return layers.Rescaling(1 / 255)


def teachable_machine() -> Model:
    """A part of MobileNetV2 in a network in a network, and the head that was trained."""
    base = tf_keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), alpha=0.35, include_top=False, weights=None)
    base = tf_keras.Model(base.input, base.get_layer("block_1_project_BN").output)
    features = tf_keras.Sequential([base, layers.GlobalAveragePooling2D()])
    head = tf_keras.Sequential(
        [
            layers.Dense(16, activation="relu", input_shape=[base.output.shape[-1]]),
            layers.Dense(3, use_bias=False, activation="softmax"),
        ]
    )
    return tf_keras.Sequential([features, head])


def partly_frozen() -> Model:
    """Layers of equal shapes, of which some were trained: only the order and their names tell the weights apart."""
    inner_input = values = layers.Input([SIZE, SIZE, 8])
    for number in range(5):
        values = layers.Conv2D(8, 3, padding="same", activation="relu", trainable=number > 2)(values)
        values = layers.BatchNormalization(trainable=number > 3)(values)
    inputs = picture()
    return classified(inputs, tf_keras.Model(inner_input, values)(layers.Conv2D(8, 3, padding="same")(small()(inputs))))


def frozen_around_trained() -> Model:
    """The network is off as a whole and its first layer on, which Keras does not save before 2.13."""
    inner_input = picture()
    values = layers.Conv2D(3, 3, padding="same", name="first")(inner_input)
    inner = tf_keras.Model(inner_input, layers.BatchNormalization()(layers.Conv2D(3, 3, name="second")(values)))
    inner.trainable = False
    inner.get_layer("second").trainable = True
    inputs = picture()
    return classified(inputs, inner(small()(inputs), training=False))


def shared() -> Model:
    """Networks and layers at several places, branches that are saved in another order than they are built."""
    inner_input = picture()
    inner = tf_keras.Model(inner_input, layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(inner_input)))
    chain = tf_keras.Sequential(
        [layers.Conv2D(3, 1, input_shape=[SIZE, SIZE, 4]), layers.BatchNormalization(scale=False)]
    )
    inputs = picture()
    once = chain(inner(small()(inputs)))
    late, early = layers.Conv2D(6, 3, name="zz")(inner(once)), layers.Conv2D(6, 3, name="aa")(inner(once))
    both = layers.Conv2D(6, 1, name="both")
    merged = [both(late), both(early), layers.add([late, early]), layers.maximum([late, early])]
    merged += [layers.multiply([late, early]), layers.average([late, early]), layers.subtract([late, early])]
    return classified(inputs, layers.concatenate(merged), "sigmoid")


def activations() -> Model:
    """One after the other all values would be alike, so they stand side by side."""
    inputs = picture()
    values = layers.Conv2D(3, 3)(layers.Rescaling(1 / 64, -2)(inputs))
    names = ("hard_sigmoid", "elu", "selu", "softplus", "softsign", "tanh", "sigmoid", "swish", "gelu", "exponential")
    functions = (tf.nn.leaky_relu, tf.nn.relu6, tf.nn.silu, tf.nn.softmax, layers.LeakyReLU(0.4))
    branches = [layers.Conv2D(2, 1, activation=name)(values) for name in (*names, *functions, "linear", "mish")]
    branches += [layers.LeakyReLU(0.1)(values), layers.LeakyReLU()(values), layers.PReLU(shared_axes=[1, 2])(values)]
    branches += [layers.ThresholdedReLU(0.3)(values), layers.ELU(0.7)(values), layers.Activation("softmax")(values)]
    branches.append(layers.ReLU(1.5, negative_slope=0.1, threshold=0.2)(values))
    model = classified(inputs, layers.Concatenate()(branches), "linear")
    return tf_keras.Model(inputs, layers.Softmax()(model.output))


def convolutions() -> Model:
    inputs = picture()
    values = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu")(small()(inputs))
    values = layers.SeparableConv2D(8, 3, depth_multiplier=2, dilation_rate=2)(
        layers.ZeroPadding2D(((1, 0), (0, 2)))(values)
    )
    values = layers.Conv2D(8, 3, groups=4, use_bias=False)(layers.Cropping2D(1)(values))
    values = layers.Conv2DTranspose(6, 3, strides=2, padding="same", output_padding=1)(layers.UpSampling2D()(values))
    values = layers.UpSampling2D(interpolation="bilinear")(layers.AveragePooling2D(3, 2, padding="same")(values))
    values = layers.MaxPooling2D(padding="same")(layers.LayerNormalization()(values))
    values = layers.SpatialDropout2D(0.3)(layers.UnitNormalization()(layers.GroupNormalization(groups=2)(values)))
    values = layers.Reshape((-1, 6))(layers.Permute((2, 1, 3))(values))
    values = layers.GlobalMaxPooling1D()(layers.Conv1D(6, 3)(layers.GaussianNoise(0.2)(values)))
    values = layers.AlphaDropout(0.2)(layers.Dropout(0.4, noise_shape=[None, 6])(values))
    return tf_keras.Model(inputs, layers.Dense(4, activation="softmax")(values))


def preprocessing() -> Model:
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(3).normal(0.4, 0.3, (20, 5, 5, 3)))
    return tf_keras.Sequential(
        [
            layers.InputLayer([SIZE, SIZE, 3]),
            *(layers.RandomFlip("horizontal"), layers.RandomRotation(0.2), layers.RandomZoom(0.2, 0.2)),
            *(layers.RandomContrast(0.2), layers.RandomTranslation(0.1, 0.1), layers.RandomBrightness(0.2)),
            *(layers.Resizing(28, 26), layers.CenterCrop(24, 20), small(), normalization),
            *(layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0]), layers.Conv2D(6, 3)),
            *(layers.Flatten(), layers.Dense(4, activation="softmax")),
        ]
    )


def crop_to_aspect_ratio() -> Model:
    return tf_keras.Sequential(
        [
            layers.InputLayer([SIZE, SIZE, 3]),
            *(layers.Resizing(28, 20, interpolation="bicubic", crop_to_aspect_ratio=True), small()),
            *(layers.Flatten(), layers.Dense(4, activation="softmax")),
        ]
    )


def operators() -> Model:
    """Functions of TensorFlow between the layers."""
    inputs = picture()
    values = 1.0 - (inputs / 255.0 - 0.5) * 2.0
    values = tf.cast(values[:, 1:-1, :, ::-1], "float32")
    values = layers.Conv2D(6, 3)(tf.pad(values, [[0, 0], [1, 1], [2, 0], [0, 0]]))
    values = tf.nn.relu6(values + 3.0) * (1 / 6.0) * values
    values = tf.concat([values, tf.math.square(tf.reduce_max(values, [1, 2], keepdims=True)) - values], -1) * 0.1
    pooled = tf.reduce_mean(values, [1, 2])
    return tf_keras.Model(inputs, tf.nn.softmax(layers.Dense(4)(pooled) + layers.Dense(4)(pooled)))


def preprocessed(module: Any) -> Callable[[], Model]:
    def build() -> Model:
        inputs = picture()
        return classified(inputs, layers.Conv2D(6, 3)(module.preprocess_input(inputs)))

    return build


def built_by_training() -> Model:
    """A Sequential that says nowhere what it takes, but for what it was built with."""
    model = tf_keras.Sequential([small(), layers.Conv2D(6, 3, activation="relu"), layers.Flatten(), layers.Dense(4)])
    model.compile("adam", tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(np.zeros((4, SIZE, SIZE, 3), np.float32), np.arange(4), verbose=0)
    return model


def legacy_optimizer() -> Model:
    model = tf_keras.Sequential([picture(), small(), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(4)])
    model.compile(tf_keras.optimizers.legacy.RMSprop(0.01), tf_keras.losses.SparseCategoricalCrossentropy(True))
    model.fit(np.ones((4, SIZE, SIZE, 3), np.float32), np.arange(4), verbose=0)
    return model


def channels_first() -> Model:
    first = {"data_format": "channels_first"}
    inputs = layers.Input([3, SIZE, SIZE])
    values = layers.Conv2D(4, 3, padding="same", **first)(small()(inputs))
    values = layers.MaxPooling2D(**first)(layers.BatchNormalization(axis=1)(values))
    values = layers.Flatten(**first)(values)
    return tf_keras.Model(inputs, layers.Dense(4, activation="softmax")(values))


def attention() -> Model:
    """What is not built of Keras 3's layers, but by Keras 2 itself."""
    inputs = picture()
    patches = layers.Reshape((-1, 8))(layers.Conv2D(8, 8, strides=8)(small()(inputs)))
    values = layers.MultiHeadAttention(2, 4)(patches, patches)
    values = layers.TimeDistributed(layers.Dense(6, activation="relu"))(layers.Add()([patches, values]))
    return tf_keras.Model(inputs, layers.Dense(4, activation="softmax")(layers.Flatten()(values)))


KINDS: dict[str, Callable[[], Model]] = {
    **{
        build.__name__: build
        for build in (
            *(partly_frozen, frozen_around_trained, shared, activations, convolutions),
            *(preprocessing, crop_to_aspect_ratio, operators, built_by_training, legacy_optimizer, channels_first),
        )
    },
    **{
        f"preprocess_input of {module.__name__.rpartition('.')[2]}": preprocessed(module)
        for module in (
            tf_keras.applications.mobilenet_v2,
            tf_keras.applications.resnet50,
            tf_keras.applications.densenet,
        )
    },
}
