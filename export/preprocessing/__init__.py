"""How pictures became pixels in training, for models that take pixels: recovered, and put in front."""
