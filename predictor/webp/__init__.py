"""WebP files: their chunks, and the codes of those stored without loss."""
