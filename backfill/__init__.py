"""Labels the pictures that are in a bucket or folder already, on this machine or on Dataflow."""
