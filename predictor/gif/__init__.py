"""GIF files: their blocks, and their first frame."""
