"""The two functions' insides: HTTP requests and storage events translated into calls of the predictor."""
