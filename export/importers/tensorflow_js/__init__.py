"""TensorFlow.js models, found, checked and opened."""
