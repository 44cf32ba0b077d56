"""Objects in Cloud Storage: where they are, how they are read, and how the newest result is kept."""
