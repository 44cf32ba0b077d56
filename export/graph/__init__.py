"""TensorFlow's graphs: opened, followed from picture to scores, cut, copied and run."""
