"""penlight timed beside torch: ``python -m benchmarks`` prints the table."""
