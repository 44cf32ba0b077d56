"""TensorFlow.js models, read without TensorFlow.js: a model.json and files with weights, made a SavedModel again."""
