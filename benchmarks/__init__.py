"""What Dotscience costs, beside what people use today: ``python -m benchmarks``. See docs/reference/performance.md."""
