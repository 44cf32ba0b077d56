"""The `.onnx` file that the functions serve: from image files on."""
