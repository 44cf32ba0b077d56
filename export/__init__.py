"""A SavedModel gives one self-describing `model.onnx`, proven equal to it; the only importer of TensorFlow."""
