"""What every kind of source is to the exporter, and a package for each kind."""
