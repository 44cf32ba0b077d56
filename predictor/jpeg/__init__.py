"""JPEG files: their segments, what is decoded of them, and how."""
