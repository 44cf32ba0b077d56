"""The protocols that are spoken, a file each: from the parts of a request to images, from scores to an answer."""
