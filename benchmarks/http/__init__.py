"""Measures the HTTP face against fastapi-users: `python -m benchmarks.http`. The method is in docs/performance.md."""
