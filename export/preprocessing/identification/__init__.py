"""The recipe that gives the answers which somebody saw: sought among all that there are, and named only where clear."""
