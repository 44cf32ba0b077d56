"""The network in ONNX: converted, with TensorFlow's own operations written out, and as a file."""
