"""The `.tflite` file for phones: from resized pixels on, labels and normalisation in its metadata."""
