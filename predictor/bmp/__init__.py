"""BMP files: their header, and their pixels with run lengths or without."""
