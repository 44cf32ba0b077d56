"""Objects in buckets and in folders of this machine, behind one interface."""
