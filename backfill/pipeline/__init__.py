"""The pipeline: pages of names, pictures, answers, stored results, a summary."""
