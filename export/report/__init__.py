"""The proof as a page to look at."""
