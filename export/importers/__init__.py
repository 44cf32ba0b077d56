"""The interface of a kind of source, and a package for each kind."""
