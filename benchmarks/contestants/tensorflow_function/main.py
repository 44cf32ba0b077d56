"""The function as people write it with TensorFlow and the SavedModel."""

import os
from functools import cache

import flask
import functions_framework
import tensorflow as tf


@cache
def _signature():
    return tf.saved_model.load(os.environ["MODEL"]).signatures["serving_default"]


@functions_framework.http
def classify(request: flask.Request) -> flask.Response:
    """Answer with the five best labels of the picture in the request's body."""
    answer = _signature()(image_bytes=tf.constant([request.get_data()]), key=tf.constant([""]))
    scores, labels = answer["scores"][0].numpy(), answer["labels"][0].numpy()
    best = scores.argsort()[::-1][:5]
    return flask.jsonify({"predictions": [{"label": labels[i].decode(), "score": float(scores[i])} for i in best]})
