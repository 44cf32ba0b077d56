"""What was labelled as a page to look at."""
