"""What ./bench runs: see docs/benchmark.md."""
