"""What one webhook costs, measured: ``python -m benchmarks``. No test: no time is asserted anywhere."""
