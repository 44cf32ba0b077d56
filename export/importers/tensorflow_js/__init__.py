"""TensorFlow.js models, found, checked and made SavedModels again, without TensorFlow.js."""
