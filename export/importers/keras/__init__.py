"""Keras files, found, checked and opened."""
