"""SavedModels, found, checked and opened."""
