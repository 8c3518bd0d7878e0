"""Benchmarks of one webhook: ``python -m benchmarks``. They print times and assert none."""
