"""Speed, memory, size and cost, measured beside what people would use instead: see README.md."""
