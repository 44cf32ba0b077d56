"""Every kind of model as one pipeline, from a picture's file to scores."""
