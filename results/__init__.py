"""Results of classified objects: which labels, which outcome, where and how they are stored."""
