"""Proof that a file answers as the reference model does."""
