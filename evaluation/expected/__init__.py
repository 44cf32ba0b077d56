"""Answers that somebody saw for pictures, and whether a model gives them too."""
