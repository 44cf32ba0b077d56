"""Quantised `.tflite` files in ONNX, bit for bit as LiteRT runs them by default on x86."""
