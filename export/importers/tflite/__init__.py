"""`.tflite` files, found, checked and opened."""
