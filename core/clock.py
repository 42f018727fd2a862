"""The wall clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment: aware UTC. Only the faces call this: rules are given the moment."""
    return datetime.now(UTC)
