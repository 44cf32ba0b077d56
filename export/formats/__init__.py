"""The kinds of file that a model becomes, and a package for each."""
