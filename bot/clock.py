"""The wall clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment: aware UTC. The only place of the bot that reads it."""
    return datetime.now(UTC)
