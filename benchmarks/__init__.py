"""Measures the bot against bare python-telegram-bot: `python -m benchmarks`. The method is in docs/performance.md."""
