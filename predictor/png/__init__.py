"""PNG files: their chunks, and their pixels as libpng makes them."""
