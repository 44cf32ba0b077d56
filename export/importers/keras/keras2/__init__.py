"""Models that Keras 2 saved as HDF5, read as data and built again of the layers of Keras 3."""
