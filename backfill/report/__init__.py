"""The report of a backfill: progress, summary, costs, and a page to look at."""
