"""How good a model is on pictures whose labels are known; none of it is deployed."""
