"""What changes if another model takes over: stored answers beside those of a model, or of another place."""
