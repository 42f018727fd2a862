"""``python -m sandbox``: a small Telegram of one's own."""

from __future__ import annotations

from sandbox.commands import app

app()
