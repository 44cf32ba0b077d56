"""What people would use instead, as they would write it."""
